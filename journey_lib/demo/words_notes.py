"""What stands in tickets: questions and requests in customers' own words, and the notes agents take.

Besides the slots of `words_vi`: ``{don}`` the order's number, ``{so}`` the customer's telephone number,
``{khach}`` how an agent calls the customer, ``{size}`` a size, ``{size2}`` another.
"""

from __future__ import annotations

# questions by topic; nobody is angry yet
REQUESTS: dict[str, tuple[str, ...]] = {
    "order_status": (
        "đơn của {toi} tới đâu rồi {a}",
        "cho {toi} hỏi đơn {don} khi nào giao {nhe}",
        "{toi} mới đặt hôm qua, không thấy tin nhắn xác nhận",
        "check giúp {toi} đơn {don} với",
        "bao giờ thì {toi} nhận được hàng vậy shop",
        "{toi} muốn đổi địa chỉ nhận hàng sang chỗ làm",
        "nhờ shop giao ngoài giờ hành chính giúp {toi}",
        "đổi số điện thoại nhận hàng giúp {toi} {nhe}",
        "xin mã vận đơn để {toi} theo dõi",
    ),
    "cancellation": (
        "cho {toi} huỷ đơn {don} với, đặt nhầm",
        "{toi} muốn huỷ đơn vì đặt trùng",
        "huỷ giúp {toi} đơn vừa đặt, {toi} muốn đổi màu",
        "không cần nữa, shop huỷ đơn giúp {toi}",
        "{toi} đặt nhầm size, huỷ để đặt lại {nhe}",
    ),
    "cancelled_late": (
        "chờ lâu quá rồi, huỷ đơn giúp {toi}",
        "trễ hẹn mà không ai báo, {toi} huỷ đơn {don}",
        "{toi} huỷ đơn vì giao chậm quá",
        "quá hẹn {tre} ngày rồi, huỷ đơn trả tiền cho {toi}",
    ),
    "delivery_waiting": (
        "đơn của {toi} quá hẹn mà vẫn chưa thấy đâu",
        "hẹn {hen} ngày mà giờ vẫn chưa có hàng",
        "đơn {don} trễ hẹn rồi mà không ai báo tiếng nào",
        "trễ {tre} ngày rồi, bao giờ mới giao",
        "{toi} cần gấp mà hàng vẫn chưa tới, shop giao kiểu gì {the}",
        "quá hẹn {tre} ngày vẫn báo đang vận chuyển là sao",
        "hàng của {toi} kẹt ở kho hay sao mà lâu {the}",
        "theo dõi đơn {don} thấy đứng im một chỗ mấy hôm nay",
        "giao trễ hẹn, gọi bên vận chuyển không ai nghe",
    ),
    "returns": (
        "{toi} muốn đổi {mon} sang màu {mau}",
        "thủ tục trả hàng như thế nào {a}",
        "{toi} gửi trả {mon} rồi, bao giờ được hoàn tiền",
        "đổi hàng ở cửa hàng được không shop",
        "{toi} muốn trả lại {mon}, không hợp",
        "phí ship đổi hàng ai trả vậy shop",
        "{ao} không vừa, {toi} đổi size {size} sang size {size2} được không",
    ),
    "advice": (
        "{ao} này còn size {size} không shop",
        "cao 1m58 nặng 52 ký mặc size nào vừa",
        "cao 1m72 nặng 70kg thì lấy size {size} hay {size2} {a}",
        "{mon} này còn màu {mau} không",
        "cho {toi} xin giá {mon}",
        "shop có ship {tinh} không, mấy ngày tới",
        "{gom} này {xai} được trong lò vi sóng không",
        "chất vải {ao} này có nóng không shop",
        "có giao trong ngày không {a}",
        "mua số lượng nhiều có giảm giá không",
        "cửa hàng ở {noi} mở cửa tới mấy giờ",
        "{mon} khi nào có hàng lại",
        "shop có xuất hoá đơn công ty không",
        "cho xin thêm hình thật của {mon}",
        "giặt máy {ao} này được không {a}",
        "có gói quà không shop, {toi} muốn tặng",
        "{gom} này cao bao nhiêu phân",
        "ở {tinh} có cửa hàng không {a}",
        "chăn ga này vừa nệm 1m6 không",
        "{mon} có bảo hành không shop",
    ),
    "membership": (
        "{toi} mua rồi mà chưa thấy cộng điểm",
        "điểm tích luỹ của {toi} đổi được gì",
        "làm sao để lên hạng Vàng {a}",
        "quà sinh nhật thành viên nhận ở đâu",
        "{toi} đổi số điện thoại, chuyển điểm qua số mới được không",
        "thẻ thành viên của {toi} quét không ra",
    ),
    "promotion": (
        "mã giảm giá {toi} nhập không được",
        "hôm nay có chương trình gì không shop",
        "voucher này áp chung với hàng sale được không",
        "mã freeship còn {xai} được không {a}",
        "sao {toi} không thấy mã giảm trong ví",
    ),
    "messages": (
        "đừng nhắn quảng cáo cho {toi} nữa",
        "làm sao để tắt tin nhắn khuyến mãi",
        "{toi} đã từ chối nhận tin mà vẫn bị gửi sms",
        "xoá số của {toi} khỏi danh sách gửi tin giúp",
    ),
}

# after a complaint, what the customer wants
PLEAS = (
    "shop kiểm tra giúp {toi}", "gọi lại cho {toi} gấp", "shop xử lý sao đây",
    "cho {toi} câu trả lời rõ ràng",
    "{toi} cần giải quyết trong hôm nay", "mong shop phản hồi sớm", "shop xem lại giúp {toi} {nhe}",
    "gọi lại số {so} giúp {toi}", "đơn {don} nha shop", "mã đơn {don}", "giờ tính sao đây shop",
    "đề nghị trả lời {toi}", "đợi shop trả lời", "xin hướng xử lý {a}",
)  # fmt: skip
GREETINGS = ("shop ơi", "alo shop", "cho {toi} hỏi", "ad ơi", "chào shop", "em ơi", "hi shop", "dạ")

# notes of agents who listened on the telephone or stood at the counter
NOTES: dict[str, tuple[str, ...]] = {
    "delivery_waiting": (
        "{khach} báo đơn {don} quá hẹn {tre} ngày chưa nhận được, đã chuyển kho kiểm tra",
        "{khach} phản ánh giao chậm, hẹn {hen} ngày chưa có hàng",
        "{khach} gọi giục đơn {don}, đã quá hẹn, cần kho phản hồi gấp",
        "đơn {don} quá hẹn, {khach} cần hàng gấp, đã xin lỗi",
        "{khach} hỏi đơn trễ, kho trung chuyển báo đang kẹt hàng",
        "{khach} bức xúc vì trễ hẹn {tre} ngày, yêu cầu giao trong hôm nay",
    ),
    "delivery_time": (
        "{khach} báo đơn {don} giao trễ {tre} ngày so với hẹn, đã ghi nhận",
        "{khach} phản ánh giao hàng chậm, hẹn {hen} ngày mà {ngay} ngày mới nhận được",
        "{khach} gọi về đơn giao trễ, khá bức xúc, cần kho giải trình",
        "{khach} khiếu nại giao trễ {tre} ngày, yêu cầu hoàn phí ship",
        "đơn {don} giao trễ hẹn, đã xin lỗi {khach} và gửi voucher",
    ),
    "order_status": (
        "{khach} hỏi tình trạng đơn {don}, đã báo ngày giao dự kiến",
        "{khach} muốn đổi địa chỉ nhận hàng, đã cập nhật",
        "{khach} hỏi mã vận đơn, đã nhắn qua Zalo",
        "{khach} đề nghị giao sau 18h, đã ghi chú cho bên giao",
        "{khach} chưa nhận tin xác nhận, đơn đã lên hệ thống",
    ),
    "cancellation": (
        "{khach} yêu cầu huỷ đơn {don}, đặt nhầm, đã huỷ",
        "{khach} huỷ đơn do đổi ý, kho chưa xuất hàng",
        "{khach} đặt trùng, huỷ một đơn giữ một đơn",
    ),
    "cancelled_late": (
        "{khach} huỷ đơn {don} vì chờ lâu, đã xin lỗi và gửi voucher",
        "{khach} huỷ do giao trễ {tre} ngày, không đồng ý chờ thêm",
    ),
    "returns": (
        "{khach} đổi {mon} sang màu {mau}, đã tạo phiếu đổi",
        "{khach} muốn trả {mon}, hướng dẫn gửi về kho",
        "{khach} hỏi tiền hoàn, đã kiểm tra với kế toán",
        "{khach} đổi size {size} sang {size2}, hẹn lấy hàng tận nhà",
        "{khach} trả hàng tại cửa hàng, hàng còn tem mác",
    ),
    "material": (
        "{khach} báo {ao} giặt lần đầu bị ra màu, đã xin hình",
        "{khach} phản ánh {mon} lỗi, chờ ảnh để xử lý",
        "{khach} chê chất lượng {mon} không như quảng cáo, xin đổi trả",
        "{khach} báo {gom} nứt sau khi {xai}, đã chuyển bộ phận chất lượng",
        "{khach} báo đường may {ao} bung chỉ, đề nghị đổi mới",
    ),
    "size": (
        "{khach} báo {ao} không đúng bảng size, tư vấn đổi",
        "{khach} phản ánh {ao} mặc chật so với size tư vấn",
        "{khach} báo {gom} nhỏ hơn mô tả",
    ),
    "wrong_item": (
        "{khach} nhận sai màu, đặt {mau}, đã tạo phiếu đổi",
        "{khach} báo thiếu một món trong đơn {don}, kho đang rà camera",
        "giao nhầm hàng cho {khach}, cần thu hồi và giao lại",
    ),
    "packaging": (
        "{khach} báo {gom} {vo} khi nhận, đã có hình",
        "hộp móp khi giao, {khach} không đồng ý nhận",
        "{khach} phản ánh đóng gói sơ sài, hàng bị trầy",
    ),
    "courier": (
        "{khach} phản ánh thái độ nhân viên giao hàng, đã ghi nhận chuyển kho vận",
        "shipper báo giao thất bại nhưng {khach} nói có ở nhà",
    ),
    "checkout": (
        "{khach} thanh toán trên điện thoại báo lỗi, đã thử nhiều lần",
        "{khach} không đặt được hàng trên web di động, nhờ đặt hộ",
        "lỗi bước thanh toán, {khach} gửi ảnh màn hình, đã chuyển IT",
    ),
    "advice": (
        "{khach} hỏi size {ao}, tư vấn size {size}",
        "{khach} hỏi còn hàng {mon} màu {mau} không",
        "tư vấn {mon} cho {khach}, hẹn qua cửa hàng xem",
        "{khach} hỏi giá sỉ {mon}, chuyển sales",
        "{khach} hỏi giờ mở cửa cửa hàng {noi}",
        "{khach} hỏi chương trình khuyến mãi đang chạy",
        "{khach} hỏi phí ship về {tinh}",
        "{khach} phân vân giữa hai mẫu {mon}, gửi thêm hình qua Zalo",
        "{khach} hỏi {gom} {xai} được lò vi sóng không, đã trả lời",
        "{khach} hỏi hoá đơn công ty",
    ),
    "membership": (
        "{khach} hỏi điểm tích luỹ, đã tra giúp",
        "{khach} báo chưa được cộng điểm, đã bổ sung",
        "{khach} đổi số điện thoại thành viên",
    ),
    "promotion": (
        "{khach} nhập mã giảm giá không được, mã đã hết hạn",
        "{khach} hỏi điều kiện voucher",
        "{khach} hỏi lịch sale, đã tư vấn",
    ),
    "messages": (
        "{khach} yêu cầu không nhận tin quảng cáo, đã chặn",
        "{khach} phàn nàn tin nhắn khuyến mãi quá nhiều",
    ),
    "staff": (
        "{khach} phản ánh thái độ nhân viên cửa hàng {noi}",
        "{khach} góp ý nhân viên {noi} thiếu nhiệt tình, chuyển cửa hàng trưởng",
    ),
    "store": (
        "{khach} góp ý cửa hàng {noi} xếp hàng lâu",
        "{khach} phản ánh phòng thử ở {noi} không sạch",
    ),
    "price": ("{khach} thắc mắc giá {mon} giảm ngay sau khi mua",),
    "as_pictured": (
        "{khach} nói màu {mon} khác hình trên web, xin đổi",
        "{khach} chê {mon} không giống hình",
    ),
    "general": ("{khach} không hài lòng, chưa nói rõ lý do, hẹn gọi lại",),
}
SLOW_NOTES = (
    "gọi nhỡ, gọi lại sau {cho}", "{khach} phàn nàn chờ máy {cho}", "tồn từ ca trước, {cho} mới gọi lại được",
    "xin lỗi {khach} vì phản hồi chậm {cho}",
)  # fmt: skip
MISSED = (
    "Cuộc gọi nhỡ", "cuộc gọi nhỡ, chưa gọi lại", "Khách gọi không ai bắt máy",
    "Nhỡ khi đang chờ máy", "khách tắt máy khi đang chờ", "gọi lại khách không nghe máy",
    "Gọi nhỡ, chưa rõ nội dung",
)  # fmt: skip
AFTER_NOTES = ("", "", "", "đã xử lý", "chờ khách phản hồi", "hẹn gọi lại", "kh ok", "đã nhắn Zalo")
NOTE_SHORT = {"khách": "kh", "khuyến mãi": "km", "không": "ko", "được": "đc", "nhân viên": "nv"}

ENGLISH_REQUESTS: dict[str, tuple[str, ...]] = {
    "order_status": ("where is my order {don}?", "when will my order arrive", "can I change the address"),
    "cancellation": ("please cancel my order {don}", "ordered by mistake, please cancel"),
    "cancelled_late": ("it is taking too long, cancel order {don}", "still not here, please cancel"),
    "delivery_waiting": (
        "my order {don} is late, where is it",
        "you promised {hen} days and it is still not here",
        "still waiting for my order, it should have been here already",
    ),
    "returns": ("how do I return the {mon}?", "I'd like to exchange for {mau}", "when do I get my refund"),
    "advice": (
        "do you have this {mon} in {mau}?",
        "which size for 170 cm, 65 kg",
        "do you deliver to {tinh}",
        "what time does the {noi} store close",
    ),
    "membership": ("my points are missing", "how do I become a gold member"),
    "promotion": ("my voucher doesn't work", "any promotion today?"),
    "messages": ("please stop sending me promotions", "how do I unsubscribe"),
}
ENGLISH_PLEAS = ("please check", "please call me back", "order {don}", "what will you do about it", "help")
