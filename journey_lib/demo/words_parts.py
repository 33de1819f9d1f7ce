"""The small change of customers' writing: goods, openings, joints, endings, short cuts, faces, nonsense."""

from __future__ import annotations

CLOTHES = (
    "áo sơ mi", "áo thun", "áo khoác", "áo len", "áo polo", "áo kiểu", "đầm", "váy", "chân váy", "quần tây",
    "quần jean", "quần short", "bộ đồ ngủ", "áo dài cách tân", "đồ bộ", "áo chống nắng", "quần ống suông",
)  # fmt: skip
CERAMICS = ("bộ chén", "bình hoa gốm", "ly sứ", "bộ ấm trà", "đĩa gốm", "lọ gốm", "tô sứ", "ly gốm")
TEXTILES = ("chăn", "ga giường", "vỏ gối", "rèm cửa", "khăn trải bàn", "thảm", "khăn tắm")
GOODS = (CLOTHES, CERAMICS, TEXTILES)
GOODS_SHARES = (0.62, 0.22, 0.16)
COLOURS = (
    "trắng", "đen", "kem", "be", "nâu", "xanh rêu", "xanh navy", "xanh than", "hồng phấn", "đỏ đô",
    "vàng bơ", "xám", "tím than", "cam đất",
)  # fmt: skip
ENGLISH = {
    "áo sơ mi": "shirt", "áo thun": "T-shirt", "áo khoác": "jacket", "áo len": "sweater",
    "áo polo": "polo shirt", "áo kiểu": "blouse", "đầm": "dress", "váy": "dress", "chân váy": "skirt",
    "quần tây": "trousers", "quần jean": "jeans", "quần short": "shorts", "bộ đồ ngủ": "pyjamas",
    "áo dài cách tân": "ao dai", "đồ bộ": "home set", "áo chống nắng": "sun jacket",
    "quần ống suông": "wide trousers", "bộ chén": "bowl set", "tô sứ": "bowl", "ly gốm": "cup",
    "bình hoa gốm": "vase", "ly sứ": "mug", "bộ ấm trà": "tea set", "đĩa gốm": "plate", "chăn": "blanket",
    "ga giường": "bed sheet", "vỏ gối": "pillow case", "rèm cửa": "curtain", "khăn trải bàn": "tablecloth",
    "thảm": "rug", "khăn tắm": "towel", "lọ gốm": "jar",
    "trắng": "white", "đen": "black", "kem": "cream", "be": "beige", "nâu": "brown",
    "xanh rêu": "olive", "xanh navy": "navy", "xanh than": "dark blue", "hồng phấn": "pink",
    "đỏ đô": "burgundy", "vàng bơ": "yellow", "xám": "grey", "tím than": "indigo", "cam đất": "terracotta",
}  # fmt: skip

# words that differ: in the north, in the centre, in the south
REGIONAL: dict[str, tuple[str, str, str]] = {
    "dat": ("đắt", "đắt", "mắc"),
    "vo": ("vỡ", "bể", "bể"),
    "hu": ("hỏng", "hư", "hư"),
    "xai": ("dùng", "dùng", "xài"),
    "the": ("thế", "vậy", "vậy"),
    "nhe": ("nhé", "nghe", "nha"),
    "a": ("ạ", "ạ", "ạ"),
    "chen": ("bát", "chén", "chén"),
}

PLACES = {
    "store_quan_1": "Quận 1",
    "store_go_vap": "Gò Vấp",
    "store_thu_duc": "Thủ Đức",
    "store_cau_giay": "Cầu Giấy",
    "store_ha_dong": "Hà Đông",
    "store_hai_chau": "Hải Châu",
    "store_ninh_kieu": "Ninh Kiều",
    "store_le_chan": "Lê Chân",
}

# before the first clause, by whether something good, middling or bad follows
OPENINGS: dict[int, tuple[str, ...]] = {
    1: (
        "Shop ơi", "Cảm ơn shop", "Nói chung là", "Phải khen một câu,", "Công nhận", "Thật sự là",
        "Ai đang phân vân thì", "Nhận {mon} hôm qua,", "Mới nhận {mon},", "Mua {mon} cho mẹ,",
        "Mua {mon} làm quà,", "Review nhẹ:", "Đánh giá thật lòng:", "Không ngờ luôn,", "Woa",
    ),
    0: (
        "Góp ý chút:", "Nói chung", "Theo {toi} thấy thì", "Cảm nhận của {toi}:", "Công bằng mà nói",
        "Nhận hàng rồi,", "Đánh giá khách quan:", "{Toi} thấy",
    ),
    -1: (
        "Shop ơi", "Nói thật là", "Thất vọng,", "Trời ơi", "Bực mình thật sự,", "Góp ý thẳng:",
        "Không hiểu sao", "Phải nói là", "Làm ăn kiểu này thì chịu,", "Buồn ghê,", "Lần này thì",
        "Cho hỏi sao", "{Toi} không hài lòng,", "Haizz", "Ê shop,",
    ),
}  # fmt: skip
ASKING = ("Cho hỏi sao", "Không hiểu sao")  # openings that make the clause a question

CLOSINGS: dict[int, tuple[str, ...]] = {
    2: (
        "sẽ ủng hộ shop dài dài", "10 điểm không có nhưng", "chấm 10/10", "5 sao nha",
        "nên mua nha mọi người",
        "sẽ giới thiệu cho bạn bè", "chúc shop buôn may bán đắt", "lần sau ghé tiếp", "yêu shop",
        "cảm ơn shop nhiều lắm", "đã rủ cả phòng mua", "hóng mẫu mới", "mãi ủng hộ", "đáng mua lắm",
        "mong shop giữ phong độ {nhe}",
    ),
    1: (
        "sẽ quay lại", "cảm ơn shop", "sẽ ủng hộ tiếp", "lần sau mua tiếp", "cho 4 sao", "vậy là ổn rồi",
        "đáng mua", "mọi người mua thử {nhe}", "hài lòng", "ok {nhe}", "tạm hài lòng với {mon} này",
    ),
    0: (
        "để xem thêm", "xem lần sau thế nào", "cho 3 sao", "chắc phải {xai} thêm mới biết", "vậy thôi",
        "mong shop cải thiện thêm", "cũng được", "khi nào rảnh tính tiếp", "nói vậy thôi chứ không sao",
    ),
    -1: (
        "mong shop cải thiện", "shop xem lại {nhe}", "lần sau chắc cân nhắc", "cho 2 sao", "hơi buồn",
        "rút kinh nghiệm {nhe} shop", "shop chú ý giúp {toi}", "mong lần sau tốt hơn",
        "shop xem lại khâu này {a}", "chắc không mua lại",
    ),
    -2: (
        "không bao giờ quay lại", "cho 1 sao còn thấy nhiều", "mất niềm tin", "mọi người né ra nha",
        "yêu cầu shop giải quyết", "đề nghị xem lại cách làm việc", "một lần rồi thôi", "cạch tới già",
        "quá thất vọng", "trả lại tiền cho {toi}", "tẩy chay luôn", "xem lại đi shop", "hết muốn mua",
    ),
}  # fmt: skip

AND = (", ", ", ", ", ", ". ", ". ", ", với lại ", ", mà còn ", " nữa, ", ", thêm nữa ", ", được cái nữa là ")
AND_BAD = (", ", ", ", ". ", ". ", ", đã vậy ", ", lại còn ", ", chưa kể ", ", xong ", ", thêm vụ ")
BUT = (" nhưng ", " nhưng ", " mà ", ", tiếc là ", ", chỉ có điều ", ", mỗi tội ", " nhưng mà ", ", có điều ")
BUT_GOOD = (" nhưng ", " nhưng được cái ", ", bù lại ", ", được cái ", " nhưng mà ", ", may là ")

MIDDLING = (
    "bình thường", "tạm ổn", "cũng được", "không có gì đặc biệt", "tạm được", "ở mức trung bình",
    "chấp nhận được", "cũng ok, không xuất sắc", "bình thường như bao chỗ khác", "không khen không chê",
    "được mặt này mất mặt kia", "tàm tạm", "y như mọi lần", "vừa đủ {xai}", "đúng tầm giá",
)  # fmt: skip

STOCK: dict[int, tuple[str, ...]] = {
    2: (
        "quá tuyệt", "10đ", "tuyệt vời", "xuất sắc", "đỉnh", "ưng quá", "rất hài lòng", "quá ok",
        "mê", "10/10", "rất tốt", "hài lòng 100%", "siêu ưng", "xịn xò", "perfect",
        "good job shop", "👍👍👍", "❤️❤️❤️",
    ),
    1: (
        "ok", "tốt", "hài lòng", "ổn", "good", "đẹp", "cũng ưng", "okie", "oke shop", "được", "khá ổn", "👍",
        "ổn áp", "tốt nha", "ok shop",
    ),
    0: ("bình thường", "tạm", "bt", "tạm được", "cũng thường", "ko ý kiến", "tạm ổn", "so so", "cũng dc"),
    -1: (
        "chán", "tệ", "hơi tệ", "chưa ổn", "không thích", "kém", "thất vọng", "cần cải thiện", "👎",
        "chưa ưng", "không như ý", "hơi chán",
    ),
    -2: (
        "quá tệ", "tệ hại", "quá thất vọng", "0 điểm", "chán hẳn", "kinh khủng", "không thể tệ hơn", "👎👎👎",
        "quá chán", "tức", "1 sao", "dở tệ", "bó tay",
    ),
}  # fmt: skip

IRRELEVANT = (
    "không có gì", "ko có", "khong", "không", ".", "...", "asdf", "123", "test", "hihi", "ahihi", "k",
    "chưa {xai} nên chưa biết", "mua cho em gái nên không rõ", "shop có bán nồi không", "hôm nay trời mưa",
    "cho hỏi shop có tuyển nhân viên không", "đang bận", "để sau", "tặng thêm voucher đi shop",
    "ai biết quán bún ngon gần {noi} chỉ với", "chấm điểm cho xong", "lấy xu", "đánh giá nhận xu",
    "hình ảnh mang tính chất nhận xu", "chưa nghĩ ra", "tới giờ ăn cơm", "nhà {toi} ở gần đây",
    "điện thoại sắp hết pin", "kết bạn zalo không shop", "chúc mọi người cuối tuần vui vẻ", "no comment",
    "mai mua tiếp hay thôi ta", "con {toi} bấm nhầm", "bấm nhầm", "2/9 có sale không",
    "đội bóng hôm qua đá chán quá", "{toi} chưa mở hàng", "hỏi nhiều quá", "xin link cái túi trong hình",
)  # fmt: skip

FACES: dict[int, tuple[str, ...]] = {
    2: ("😍", "🥰", "❤️", "😍😍", "💯", "🥰🥰🥰", "❤️❤️", "👍👍", "🤩", "😘", "💕", "<3", "^^", "🌹", "✨"),
    1: ("😊", "👍", "🙂", "😄", "👌", ":)", "^^", ":D", "☺️", "🌷", "=))"),
    0: ("😅", "🤔", "🙂", ":)", "😐", ":v"),
    -1: ("😞", "🙁", "😕", "😢", ":(", "😓", "🥲", "=((", ":((", "😩"),
    -2: ("😡", "😤", "👎", "🤬", "😡😡", "😭", "😭😭", "🙄", "💔", "👎👎", "T_T", "😠"),
}

# what nearly everyone shortens when typing on a phone, and what the young spell their own way
SHORT: dict[str, str] = {
    "không": "ko", "được": "đc", "sản phẩm": "sp", "nhân viên": "nv", "mọi người": "mn", "khách hàng": "kh",
    "giao hàng": "ship", "cửa hàng": "ch", "vận chuyển": "vc", "điện thoại": "đt", "bình thường": "bt",
    "chất lượng": "cl", "khuyến mãi": "km", "tin nhắn": "tn", "cảm ơn": "cám ơn",
}  # fmt: skip
TEEN: dict[str, str] = {
    "không": "k", "được": "dc", "gì": "j", "quá": "wá", "rồi": "r", "vậy": "z", "nhưng": "nhưg",
    "mình": "mk", "với": "vs", "biết": "bít", "thích": "thik", "yêu": "iu", "luôn": "lun", "bây giờ": "bh",
    "mọi người": "mn", "sản phẩm": "sp", "nhân viên": "nv", "nhiều": "nhìu", "vui": "zui", "vẫn": "zẫn",
    "nha": "nhaaa", "trời ơi": "tr ơi", "cũng": "cx", "những": "nhữg", "cảm ơn": "thankiu", "đẹp": "đẹppp",
    "đi": "ik", "chồng": "ck", "vợ": "vk", "hàng": "hàg", "bạn": "b", "giao hàng": "ship", "thôi": "thui",
    "trả lời": "rep", "làm": "lm", "bình thường": "bthg", "người": "ng", "hông": "hong",
}  # fmt: skip
