"""What readers call the channels of the built-in rules."""

from __future__ import annotations

from collections.abc import Mapping

LABELS: Mapping[str, Mapping[str, str]] = {
    "Direct": {"vi": "Truy cập trực tiếp", "en": "Direct"},
    "Cross-network": {"vi": "Quảng cáo đa mạng", "en": "Cross-network"},
    "Paid Shopping": {"vi": "Quảng cáo mua sắm", "en": "Paid shopping"},
    "Paid Search": {"vi": "Quảng cáo tìm kiếm", "en": "Paid search"},
    "Paid Social": {"vi": "Quảng cáo mạng xã hội", "en": "Paid social"},
    "Paid Video": {"vi": "Quảng cáo video", "en": "Paid video"},
    "Display": {"vi": "Quảng cáo hiển thị", "en": "Display"},
    "Paid Other": {"vi": "Quảng cáo khác", "en": "Other paid"},
    "Organic Shopping": {"vi": "Sàn mua sắm tự nhiên", "en": "Organic shopping"},
    "Organic Social": {"vi": "Mạng xã hội tự nhiên", "en": "Organic social"},
    "Organic Video": {"vi": "Video tự nhiên", "en": "Organic video"},
    "AI Assistant": {"vi": "Trợ lý AI", "en": "AI assistant"},
    "Organic Search": {"vi": "Tìm kiếm tự nhiên", "en": "Organic search"},
    "Referral": {"vi": "Trang giới thiệu", "en": "Referral"},
    "Email": {"vi": "Email", "en": "E-mail"},
    "Affiliates": {"vi": "Tiếp thị liên kết", "en": "Affiliates"},
    "Audio": {"vi": "Quảng cáo âm thanh", "en": "Audio"},
    "SMS": {"vi": "Tin nhắn SMS", "en": "SMS"},
    "Mobile Push Notifications": {"vi": "Thông báo đẩy", "en": "Push notifications"},
    "Unassigned": {"vi": "Chưa phân loại", "en": "Unassigned"},
}
