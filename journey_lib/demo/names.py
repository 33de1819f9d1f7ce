"""Vietnamese names and places: how common each is. Nobody here is real; the frequencies are.

Family names follow the shares usually quoted for the country (Lê Trung Hoa, *Họ và tên người Việt Nam*,
2005), with the northern and southern spellings of the same family kept to their regions. Places are the
provinces and districts as customers wrote them before the reforms of 2025: a customer file still
holds those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Region = Literal["north", "central", "south"]
REGIONS: tuple[Region, ...] = ("north", "central", "south")

# family name, then its weight in the north, the centre and the south
FAMILIES: tuple[tuple[str, float, float, float], ...] = (
    ("Nguyễn", 39.0, 36.0, 34.0),
    ("Trần", 11.0, 11.5, 11.5),
    ("Lê", 8.6, 10.5, 9.8),
    ("Phạm", 8.2, 5.8, 6.4),
    ("Hoàng", 4.8, 3.6, 0.7),
    ("Huỳnh", 0.1, 2.6, 5.9),
    ("Phan", 2.2, 5.2, 4.3),
    ("Vũ", 4.9, 0.6, 1.3),
    ("Võ", 0.2, 4.6, 4.6),
    ("Đặng", 2.1, 2.2, 2.1),
    ("Bùi", 2.6, 1.5, 1.7),
    ("Đỗ", 2.4, 1.0, 1.1),
    ("Hồ", 0.6, 2.4, 1.6),
    ("Ngô", 1.3, 1.3, 1.3),
    ("Dương", 1.1, 0.8, 1.2),
    ("Lý", 0.3, 0.2, 0.9),
    ("Đinh", 1.1, 0.7, 0.5),
    ("Trương", 0.7, 1.3, 1.3),
    ("Đoàn", 0.8, 0.7, 0.6),
    ("Mai", 0.6, 0.6, 0.6),
    ("Trịnh", 0.7, 0.5, 0.4),
    ("Lâm", 0.2, 0.3, 0.9),
    ("Đào", 0.8, 0.4, 0.3),
    ("Hà", 0.7, 0.5, 0.3),
    ("Cao", 0.5, 0.6, 0.5),
    ("Lương", 0.6, 0.4, 0.4),
    ("Tạ", 0.5, 0.2, 0.3),
    ("Tô", 0.3, 0.2, 0.4),
    ("Châu", 0.05, 0.3, 0.6),
    ("Thái", 0.2, 0.4, 0.4),
    ("Quách", 0.3, 0.1, 0.3),
    ("La", 0.2, 0.1, 0.2),
)

# common two-word given names (middle + given), the commonest first
WOMEN = (
    "Ngọc Anh", "Phương Anh", "Thu Hà", "Thanh Thảo", "Khánh Linh", "Thùy Linh", "Minh Anh", "Ngọc Hân",
    "Thu Trang", "Thanh Hương", "Mai Anh", "Phương Thảo", "Bảo Ngọc", "Thùy Dương", "Hồng Nhung",
    "Thanh Tâm", "Quỳnh Anh", "Kim Ngân", "Thu Hương", "Bích Ngọc", "Hồng Hạnh", "Thanh Vân", "Mỹ Linh",
    "Phương Linh", "Thanh Hà", "Thu Thảo", "Ngọc Mai", "Kim Oanh", "Thùy Trang", "Diệu Linh", "Ngọc Trâm",
    "Tuyết Mai", "Thanh Thủy", "Cẩm Tú", "Bảo Trân", "Ngọc Diệp", "Hoài Thương", "Thanh Trúc", "Yến Nhi",
    "Tường Vy", "Thảo Vy", "Ánh Tuyết", "Quỳnh Như", "Kiều Trang", "Minh Châu", "Bảo Châu", "Hải Yến",
    "Lan Anh", "Vân Anh", "Hoàng Yến", "Thu Hiền", "Minh Nguyệt", "Thúy Hằng", "Như Quỳnh", "Minh Thư",
    "Anh Thư", "Gia Hân", "Trúc Quỳnh", "Hà My", "Trà My", "Diễm My", "Huyền Trang", "Thu Huyền",
    "Khánh Huyền", "Mỹ Duyên", "Thùy Dung", "Phương Dung", "Kim Chi", "Linh Chi", "Quế Chi", "Hương Giang",
    "Trà Giang", "Thanh Loan", "Bích Phượng", "Xuân Mai",
)  # fmt: skip
MEN = (
    "Minh Quân", "Đức Anh", "Tuấn Anh", "Quang Huy", "Hoàng Long", "Minh Tuấn", "Quốc Huy", "Minh Đức",
    "Thành Đạt", "Hoàng Nam", "Anh Tuấn", "Quốc Việt", "Minh Hoàng", "Gia Huy", "Đức Minh", "Quang Minh",
    "Hữu Phước", "Thành Trung", "Minh Khôi", "Anh Dũng", "Trung Kiên", "Quốc Bảo", "Gia Bảo", "Thanh Tùng",
    "Hoàng Phúc", "Xuân Trường", "Đình Phong", "Tiến Dũng", "Mạnh Hùng", "Minh Trí", "Hữu Nghĩa",
    "Công Thành", "Ngọc Sơn", "Hải Đăng", "Thanh Bình", "Đăng Khoa", "Anh Khoa", "Duy Khánh", "Quốc Khánh",
    "Nhật Minh", "Hữu Thắng", "Quang Vinh", "Phú Quý", "Trọng Nghĩa", "Tấn Phát", "Tấn Tài", "Hoàng Anh",
    "Việt Hoàng", "Khánh Duy", "Thế Anh", "Đức Thắng", "Bá Thành", "Viết Cường", "Chí Thanh", "Minh Thuận",
    "Thanh Phong", "Hoàng Hải", "Tiến Đạt", "Ngọc Quang", "Đình Khôi",
)  # fmt: skip
# given names that follow Thị and Văn, the middle names of an older generation
AFTER_THI = (
    "Hương", "Lan", "Hoa", "Hằng", "Hạnh", "Thủy", "Hồng", "Nga", "Thu", "Mai", "Hà", "Huệ", "Loan",
    "Liên", "Yến", "Phượng", "Dung", "Oanh", "Tuyết", "Nhung", "Thảo", "Vân", "Hiền", "Trang", "Tâm",
    "Ngân", "Xuân", "Cúc", "Thoa", "Thanh", "Bích Ngọc", "Thu Hà", "Thanh Hương", "Kim Oanh", "Hồng Hạnh",
    "Ngọc Mai", "Minh Nguyệt", "Thu Hiền", "Mỹ Dung", "Thúy Hằng", "Bé", "Út", "Sáu", "Lành",
)  # fmt: skip
AFTER_VAN = (
    "Hùng", "Dũng", "Tuấn", "Cường", "Thắng", "Nam", "Hải", "Sơn", "Long", "Minh", "Đức", "Tùng", "Thành",
    "Bình", "Hòa", "Quang", "Toàn", "Trung", "Phúc", "Lâm", "Khánh", "Tài", "Hậu", "Thuận", "Quý", "Tiến",
    "Kiên", "Đạt", "Hiếu", "Chiến", "Lợi", "Út", "Tâm", "Phong",
)  # fmt: skip
# of these, the ones that parents only began to choose about 1985, and the ones they had given up by then
RECENT = frozenset(
    {
        "Phương Anh", "Khánh Linh", "Minh Anh", "Ngọc Hân", "Mai Anh", "Bảo Ngọc", "Quỳnh Anh", "Phương Linh",
        "Diệu Linh", "Ngọc Trâm", "Bảo Trân", "Ngọc Diệp", "Yến Nhi", "Tường Vy", "Thảo Vy", "Quỳnh Như",
        "Bảo Châu", "Minh Thư", "Anh Thư", "Gia Hân", "Trúc Quỳnh", "Hà My", "Trà My", "Diễm My",
        "Khánh Huyền", "Linh Chi", "Quế Chi", "Minh Quân", "Đức Anh", "Thành Đạt", "Gia Huy", "Minh Khôi",
        "Quốc Bảo", "Gia Bảo", "Hoàng Phúc", "Hải Đăng", "Đăng Khoa", "Anh Khoa", "Nhật Minh", "Khánh Duy",
        "Tiến Đạt",
    }
)  # fmt: skip
BYGONE = frozenset({"Cúc", "Thoa", "Bé", "Út", "Sáu", "Lành"})
TURN = 1985  # the year of birth between the two


@dataclass(frozen=True)
class City:
    """A province or city: its share of the shop's public, its region and districts, the largest first."""

    name: str
    share: float
    region: Region
    districts: tuple[str, ...]


def _city(name: str, share: float, region: Region, districts: str) -> City:
    return City(name, share, region, tuple(districts.split(",")))


CITIES: tuple[City, ...] = (
    _city(
        "TP. Hồ Chí Minh",
        27.0,
        "south",
        "TP. Thủ Đức,Bình Tân,Gò Vấp,Quận 12,Bình Thạnh,Tân Bình,Tân Phú,Quận 8,Bình Chánh,Quận 7,Hóc Môn,"
        "Củ Chi,Quận 6,Quận 10,Quận 11,Quận 3,Phú Nhuận,Quận 4,Quận 5,Quận 1,Nhà Bè",
    ),
    _city(
        "Hà Nội",
        21.0,
        "north",
        "Hoàng Mai,Hà Đông,Đống Đa,Long Biên,Bắc Từ Liêm,Nam Từ Liêm,Hai Bà Trưng,Cầu Giấy,Thanh Xuân,"
        "Đông Anh,Ba Đình,Gia Lâm,Thanh Trì,Tây Hồ,Hoài Đức,Hoàn Kiếm,Sóc Sơn,Chương Mỹ",
    ),
    _city("Đà Nẵng", 6.0, "central", "Hải Châu,Thanh Khê,Liên Chiểu,Sơn Trà,Cẩm Lệ,Hòa Vang,Ngũ Hành Sơn"),
    _city("Bình Dương", 5.5, "south", "Thuận An,Dĩ An,Thủ Dầu Một,Bến Cát,Tân Uyên"),
    _city("Đồng Nai", 5.2, "south", "Biên Hòa,Trảng Bom,Long Thành,Nhơn Trạch,Long Khánh,Vĩnh Cửu"),
    _city("Hải Phòng", 4.6, "north", "Lê Chân,Ngô Quyền,Thủy Nguyên,Kiến An,Hải An,Hồng Bàng,An Dương"),
    _city("Cần Thơ", 4.2, "south", "Ninh Kiều,Bình Thủy,Cái Răng,Ô Môn,Thốt Nốt"),
    _city("Nghệ An", 2.9, "central", "TP. Vinh,Quỳnh Lưu,Diễn Châu,Nghi Lộc,Yên Thành,Cửa Lò"),
    _city("Thanh Hóa", 2.9, "central", "TP. Thanh Hóa,Hoằng Hóa,Quảng Xương,Nghi Sơn,Sầm Sơn,Bỉm Sơn"),
    _city("Khánh Hòa", 2.5, "central", "Nha Trang,Ninh Hòa,Cam Ranh,Diên Khánh,Vạn Ninh"),
    _city("Thừa Thiên Huế", 2.3, "central", "TP. Huế,Hương Thủy,Hương Trà,Phú Vang,Phú Lộc"),
    _city("Quảng Ninh", 2.3, "north", "Hạ Long,Cẩm Phả,Uông Bí,Móng Cái,Đông Triều,Quảng Yên"),
    _city("Bắc Ninh", 2.2, "north", "TP. Bắc Ninh,Từ Sơn,Quế Võ,Yên Phong,Tiên Du,Thuận Thành"),
    _city("Bà Rịa - Vũng Tàu", 2.2, "south", "Vũng Tàu,Bà Rịa,Phú Mỹ,Long Điền,Xuyên Mộc"),
    _city("Lâm Đồng", 2.1, "central", "Đà Lạt,Bảo Lộc,Đức Trọng,Lâm Hà,Di Linh"),
    _city("Đắk Lắk", 2.0, "central", "Buôn Ma Thuột,Krông Pắc,Ea Kar,Buôn Hồ,Cư M'gar"),
    _city("An Giang", 1.9, "south", "Long Xuyên,Châu Đốc,Chợ Mới,Tân Châu,Châu Phú"),
    _city("Nam Định", 1.6, "north", "TP. Nam Định,Hải Hậu,Giao Thủy,Ý Yên,Nghĩa Hưng"),
    _city("Thái Nguyên", 1.6, "north", "TP. Thái Nguyên,Phổ Yên,Sông Công,Đại Từ,Phú Bình"),
)

# the shop's own stores: touchpoint, city, weight among the stores of that city
STORES: tuple[tuple[str, str, float], ...] = (
    ("store_quan_1", "TP. Hồ Chí Minh", 0.38),
    ("store_go_vap", "TP. Hồ Chí Minh", 0.34),
    ("store_thu_duc", "TP. Hồ Chí Minh", 0.28),
    ("store_cau_giay", "Hà Nội", 0.55),
    ("store_ha_dong", "Hà Nội", 0.45),
    ("store_hai_chau", "Đà Nẵng", 1.0),
    ("store_ninh_kieu", "Cần Thơ", 1.0),
    ("store_le_chan", "Hải Phòng", 1.0),
)
# where people go whose own province has no store
NEAREST: dict[Region, str] = {
    "north": "store_cau_giay",
    "central": "store_hai_chau",
    "south": "store_quan_1",
}
