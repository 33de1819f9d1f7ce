"""What Vietnamese customers write about shops, pages, staff and answers, in clauses as in `words_vi`.

More slots: ``{cho}`` how long they waited for an answer, ``{noi}`` where the store is.
"""

from __future__ import annotations

from journey_lib.demo.words_vi import Phrases

CARE: Phrases = {
    "checkout": {
        -2: (
            "bấm thanh toán cả chục lần đều báo lỗi, phát điên",
            "điền xong hết thông tin tới bước trả tiền thì văng ra, mất luôn giỏ hàng",
            "thanh toán trên điện thoại cứ quay vòng vòng rồi báo lỗi",
            "trang thanh toán đơ cứng, thử ba lần ba lần lỗi",
            "web {hu} ngay bước cuối, có tiền mà không mua được",
            "bấm đặt hàng xong màn hình trắng tinh, không biết có đơn hay chưa",
        ),
        -1: (
            "thanh toán bị lỗi",
            "bước thanh toán không qua được",
            "trả tiền trên điện thoại báo lỗi hoài",
            "không đặt được hàng, cứ báo thử lại sau",
            "nút đặt hàng bấm không ăn",
            "giỏ hàng bị mất khi sang bước thanh toán",
        ),
        1: (
            "thanh toán nhanh gọn",
            "đặt hàng dễ, vài bước là xong",
            "nhiều cách trả tiền, tiện",
            "quét mã cái là xong",
            "đặt hàng không rắc rối",
        ),
        2: (
            "thanh toán mượt cực kỳ, chưa tới một phút",
            "đặt hàng quá tiện, bấm ba cái là xong",
            "lần đầu thấy chỗ nào thanh toán dễ vậy",
        ),
    },
    "website": {
        -2: (
            "web lag kinh khủng, tải mãi không lên hình",
            "tìm hoài không ra món cần, lọc kiểu gì cũng ra đồ khác",
            "trang web rối như canh hẹ, bấm nhầm quảng cáo suốt",
        ),
        -1: (
            "web tải hơi chậm",
            "bộ lọc khó {xai}",
            "hình trên web ít quá, không thấy rõ chất vải",
            "thông tin kích thước ghi không rõ",
            "tìm kiếm ra kết quả lung tung",
            "hết hàng mà vẫn hiện, bấm vô mới biết",
        ),
        1: (
            "web dễ tìm đồ",
            "giao diện gọn, dễ nhìn",
            "hình ảnh rõ, mô tả kỹ",
            "xem hàng trên web thấy ổn",
            "có ảnh khách mặc thật nên dễ chọn",
        ),
        2: (
            "web đẹp, lướt hoài không chán",
            "trang web mượt, tìm cái gì ra cái đó",
            "mô tả chi tiết từng số đo, quá có tâm",
        ),
    },
    "app": {
        -2: (
            "app cứ mở lên là văng",
            "cập nhật xong đăng nhập không được nữa, bực",
            "app {hu} suốt, xoá cho nhẹ máy",
        ),
        -1: (
            "app hơi giật",
            "app hay bắt đăng nhập lại",
            "app thông báo nhiều quá",
            "tìm đơn cũ trong app khó",
        ),
        1: ("app dễ {xai}", "app chạy ổn", "theo dõi đơn trên app tiện", "app giờ mượt hơn trước"),
        2: (
            "app quá tiện, mua gì cũng vài giây",
            "app mượt, giao diện xinh xỉu",
            "bản mới của app ngon hẳn",
        ),
    },
    "staff": {
        -2: (
            "nhân viên bấm điện thoại, hỏi không thèm ngẩng mặt lên",
            "nhân viên ở {noi} nhìn khách từ đầu tới chân, thái độ coi thường",
            "hỏi size thì nhân viên gắt, tưởng {toi} tới xin",
            "nhân viên nói trống không với người lớn tuổi, quá vô lễ",
            "đứng đợi cả buổi không một nhân viên nào ra hỏi",
        ),
        -1: (
            "nhân viên chưa nhiệt tình",
            "nhân viên ở {noi} hơi lạnh lùng",
            "nhân viên không rành sản phẩm",
            "bạn thu ngân chậm với mặt khó chịu",
            "hỏi gì cũng bảo không biết",
            "nhân viên cứ đi kè kè theo, khó chịu",
        ),
        1: (
            "nhân viên nhiệt tình",
            "nhân viên tư vấn dễ hiểu",
            "mấy bạn ở {noi} lịch sự",
            "nhân viên lấy size nhanh",
            "bạn nhân viên vui vẻ, không ép mua",
        ),
        2: (
            "nhân viên ở {noi} dễ thương xỉu, tư vấn tận tình từng chút",
            "bạn nhân viên phối đồ cho {toi} quá có gu",
            "nhân viên chạy đi tìm size cho khách dù quán đông, cảm ơn nhiều lắm",
            "chưa thấy chỗ nào nhân viên chu đáo như cửa hàng {noi}",
        ),
    },
    "store": {
        -2: (
            "xếp hàng tính tiền gần cả tiếng, có mỗi một quầy mở",
            "phòng thử đồ bẩn, đèn hỏng, gương mờ",
            "cửa hàng bừa bộn như bãi chiến trường, đồ rớt đầy sàn",
            "nóng như lò, máy lạnh {hu} mà không ai sửa",
        ),
        -1: (
            "xếp hàng thanh toán lâu",
            "phòng thử ít quá phải đợi",
            "chỗ gửi xe chật",
            "cửa hàng ở {noi} hơi bừa",
            "cửa hàng hết size mà không báo trước",
            "nhạc mở to quá, nhức đầu",
        ),
        1: (
            "cửa hàng sạch sẽ, dễ chọn",
            "không gian ở {noi} thoáng",
            "trưng bày đẹp, dễ tìm",
            "thử đồ thoải mái",
            "có chỗ cho con nít ngồi chờ",
        ),
        2: (
            "cửa hàng {noi} trưng bày đẹp như triển lãm",
            "không gian quá xinh, đi một vòng là muốn mua hết",
            "vô cửa hàng thơm mát, thử đồ mê luôn",
        ),
    },
    "answers": {
        -2: (
            "gọi tổng đài chờ {cho} không ai bắt máy",
            "gọi năm lần bảy lượt toàn nghe nhạc chờ, {cho} mới có người trả lời",
            "nhắn {cho} mới thấy rep, khách chắc đi hết rồi",
            "hotline như không tồn tại, đợi {cho} rồi tự tắt máy",
            "chờ {cho} chỉ để nghe câu tụi em sẽ liên hệ lại",
            "tổng đài cho khách đợi {cho}, thử hỏi ai chịu nổi",
        ),
        -1: (
            "tổng đài trả lời chậm, chờ {cho}",
            "đợi {cho} mới có người nghe máy",
            "rep lâu quá, {cho} mới trả lời",
            "gọi mấy lần mới gặp được người",
            "chờ máy hơi lâu",
            "phải gọi lại lần hai mới có người tiếp",
        ),
        1: (
            "trả lời nhanh",
            "gọi là có người nghe máy liền",
            "rep tin nhắn nhanh",
            "hỏi cái được trả lời ngay",
            "không phải chờ máy lâu",
        ),
        2: (
            "rep nhanh như điện, vừa hỏi xong đã có câu trả lời",
            "tổng đài bắt máy liền, giải quyết trong vài phút",
            "trả lời cực nhanh kể cả buổi tối",
        ),
    },
    "care": {
        -2: (
            "tổng đài viên nói năng khó nghe, còn dập máy trước",
            "giải thích vòng vo đổ lỗi cho khách",
            "hỏi ba người ba câu trả lời khác nhau, không ai chịu trách nhiệm",
            "nhân viên chăm sóc khách hàng mà như đi đòi nợ",
            "hứa gọi lại rồi mất hút",
        ),
        -1: (
            "trả lời như đọc kịch bản, không đúng câu hỏi",
            "tư vấn cho có",
            "giải quyết chưa tới nơi",
            "phải kể lại từ đầu mỗi lần gặp người khác",
            "giọng bạn tổng đài hơi khó chịu",
            "hỏi một đằng trả lời một nẻo",
        ),
        1: (
            "bạn tổng đài nói chuyện dễ thương",
            "được hướng dẫn rõ ràng",
            "hỗ trợ tận tình",
            "giải đáp đúng điều {toi} cần",
            "bạn chat kiên nhẫn",
        ),
        2: (
            "bạn hỗ trợ có tâm kinh khủng, lo cho tới khi xong mới thôi",
            "chăm sóc khách hàng quá tốt, xin lỗi rồi đền ngay không hỏi nhiều",
            "chưa thấy tổng đài nào nhẹ nhàng và rành việc như vậy",
            "gọi một cuộc là xong hết, quá hài lòng",
        ),
    },
    "returns": {
        -2: (
            "đổi trả khó như lên trời, bắt quay video chụp hình đủ kiểu",
            "gửi trả rồi mà tiền mãi không thấy hoàn",
            "nói đổi trả miễn phí mà bắt {toi} chịu hai đầu phí ship",
            "lúc bán thì ngọt, lúc trả hàng thì né như né tà",
        ),
        -1: (
            "đổi hàng hơi mất thời gian",
            "hoàn tiền lâu",
            "thủ tục trả hàng lằng nhằng",
            "phải hỏi nhiều lần mới được đổi",
        ),
        1: (
            "đổi size dễ dàng",
            "được đổi hàng không hỏi nhiều",
            "hoàn tiền đúng hẹn",
            "trả hàng thủ tục gọn",
        ),
        2: (
            "đổi trả nhanh gọn bất ngờ, có người tới tận nhà lấy",
            "hoàn tiền ngay trong ngày, quá uy tín",
        ),
    },
    "messages": {
        -2: (
            "ngày nào cũng nhắn quảng cáo, chặn số này nó nhắn số khác",
            "từ chối nhận tin rồi vẫn spam sms, phiền không chịu được",
        ),
        -1: (
            "tin nhắn quảng cáo nhiều quá",
            "tin gửi dày quá",
            "mới xem có một lần mà quảng cáo bám theo cả tuần",
        ),
        1: ("tin khuyến mãi gửi đúng lúc cần", "thông báo đơn hàng qua Zalo tiện"),
        2: ("nhờ tin nhắn mà săn được mã xịn, cảm ơn shop",),
    },
    "membership": {
        -2: ("tích điểm cả năm tự dưng bị trừ sạch, không một lời giải thích",),
        -1: ("điểm tích không thấy cộng", "lên hạng khó quá", "điểm đổi được ít quà quá"),
        1: ("tích điểm đổi quà cũng vui", "hạng thành viên có quà sinh nhật", "điểm cộng nhanh"),
        2: ("thành viên được ưu đãi quá xịn, bõ công mua ở đây",),
    },
}
