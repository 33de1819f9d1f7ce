"""The demo shop itself, as one frozen table: a Vietnamese retailer of clothes and household goods.

Every number is invented to be plausible, none is measured. Prices are VND of 2025.
"""

from __future__ import annotations

from journey_lib.demo.shop_channels import CHANNELS
from journey_lib.demo.world import (
    Campaign,
    Hours,
    Mailing,
    Price,
    Season,
    Shock,
    Trial,
    World,
)

_SEASONS = (
    Season("tet", "tet", -32, -4, 1.85, 0.25, 1.25),
    Season("tet_holiday", "tet", -3, 6, 0.12, -1.0, 0.7),
    Season("valentine", "02-14", -5, 0, 1.15, 0.05, 1.05),
    Season("women_day", "03-08", -9, 0, 1.45, 0.15, 1.1),
    Season("reunification", "04-30", -4, 1, 1.1, 0.05, 1.0),
    Season("back_to_school", "08-20", -15, 16, 1.28, 0.1, 1.08),
    Season("double_9", "09-09", -1, 0, 1.5, 0.3, 1.15),
    Season("double_10", "10-10", -1, 0, 1.4, 0.25, 1.1),
    Season("vn_women_day", "10-20", -8, 0, 1.4, 0.15, 1.1),
    Season("double_11", "11-11", -3, 0, 2.3, 0.5, 1.4),
    Season("black_friday", "black_friday", -2, 2, 1.6, 0.35, 1.3),
    Season("double_12", "12-12", -3, 0, 2.1, 0.45, 1.35),
    Season("christmas", "12-24", -7, 0, 1.25, 0.1, 1.1),
)

_MAILINGS = (
    Mailing("email", "em_newsletter", "open", "email", (1,), 3.0, 1.9, 9.0),
    Mailing("email", "em_offer", "click", "email", (4,), 5.0, 0.5, 10.0),
    Mailing("sms", "sms_voucher", "message", "phone", (), 1.0, 1.3, 10.5),
    Mailing("push", "push_offer", "open", "app", (0, 2, 3, 5, 6), 7.0, 3.0, 11.5),
    Mailing("zalo", "zalo_oa_post", "open", "phone", (3,), 4.0, 0.9, 19.0),
)

_PRICES = (
    Price("paid_search", click=1_700, shown=17),
    Price("facebook", thousand=22_000, shown=30),
    Price("zalo", thousand=16_000, contact=60, shown=24),
    Price("tiktok", thousand=14_000, shown=38),
    Price("youtube", thousand=19_000, shown=20),
    Price("email", contact=90, shown=4.6),
    Price("sms", contact=850, shown=1),
    Price("push", contact=30, shown=14),
    Price("affiliate", commission=0.09, shown=25),
    Price("marketplace", click=1_500, commission=0.075, shown=30),
    Price("display", thousand=7_500, shown=42),
    Price("retargeting", thousand=30_000, shown=16),
    Price("store", rent=1_400),
    Price("event", contact=3_000, rent=500),
    Price("outdoor", rent=1_500),
    Price("call_centre", contact=5_500),
    Price("sales_staff", contact=4_000),
)

_CAMPAIGNS = (
    Campaign("paid_search", "search_brand", 0.35),
    Campaign("paid_search", "search_generic", 0.65),
    Campaign("paid_search", "search_double_day", 0.6, "double_11"),
    Campaign("paid_search", "search_double_day", 0.6, "double_12"),
    Campaign("facebook", "fb_always_on", 0.6),
    Campaign("facebook", "fb_catalogue", 0.4),
    Campaign("facebook", "fb_tet", 1.0, "tet"),
    Campaign("facebook", "fb_women_day", 0.8, "women_day"),
    Campaign("facebook", "fb_women_day", 0.8, "vn_women_day"),
    Campaign("facebook", "fb_double_day", 1.2, "double_11"),
    Campaign("facebook", "fb_double_day", 1.2, "double_12"),
    Campaign("zalo", "zalo_always_on", 1.0),
    Campaign("zalo", "zalo_tet", 0.8, "tet"),
    Campaign("tiktok", "tt_always_on", 0.7),
    Campaign("tiktok", "tt_creators", 0.3),
    Campaign("tiktok", "tt_back_to_school", 0.8, "back_to_school"),
    Campaign("tiktok", "tt_double_day", 1.2, "double_11"),
    Campaign("tiktok", "tt_double_day", 1.2, "double_12"),
    Campaign("youtube", "yt_always_on", 1.0),
    Campaign("youtube", "yt_tet", 1.5, "tet"),
    Campaign("email", "em_members", 1.0),
    Campaign("sms", "sms_vouchers", 1.0),
    Campaign("push", "push_app", 1.0),
    Campaign("affiliate", "af_network", 1.0),
    Campaign("marketplace", "mp_ads_and_fees", 1.0),
    Campaign("display", "dp_news_sites", 1.0),
    Campaign("display", "dp_tet", 0.8, "tet"),
    Campaign("retargeting", "rt_catalogue", 1.0),
    Campaign("store", "st_window_displays", 1.0),
    Campaign("event", "ev_city_events", 1.0),
    Campaign("outdoor", "ooh_base", 1.0),
    Campaign("outdoor", "ooh_tet", 1.2, "tet"),
    Campaign("call_centre", "cc_agents", 1.0),
    Campaign("sales_staff", "staff_advice", 1.0),
)

_AFTERCARE = (
    ("email", "em_thank_you", "open", 0.4, 0.02),
    ("zalo", "zalo_order_notice", "open", 0.35, 0.1),
    ("email", "em_review_request", "open", 0.17, 7.0),
    ("call_centre", "cc_support", "call", 0.08, 3.0),
)

_HOURS: dict[Hours, tuple[float, ...]] = {
    "online": (12, 6, 3, 2, 2, 4, 10, 20, 32, 38, 40, 50, 62, 46, 36, 34, 35, 36, 38, 50, 72, 80, 62, 32),
    "street": (2, 1, 1, 1, 2, 8, 35, 75, 70, 40, 35, 45, 45, 35, 35, 40, 60, 85, 70, 45, 35, 25, 12, 5),
    "shop": (0, 0, 0, 0, 0, 0, 0, 0, 6, 30, 45, 45, 32, 26, 36, 48, 55, 68, 86, 96, 84, 34, 0, 0),
    "office": (0, 0, 0, 0, 0, 0, 0, 0, 50, 95, 100, 80, 35, 45, 85, 90, 85, 65, 40, 35, 30, 0, 0, 0),
}

_SHOCKS = (
    Shock("tiktok", "03-17", "04-20", 0.6),  # credits of the platform for new advertisers
    Shock("facebook", "06-09", "07-06", 1.7),  # a change in its auction
    Shock("paid_search", "10-13", "11-02", 1.5),  # a rival bids on the same words
)

# pairs that help each other: a face after a screen, a visit after a message
_SYNERGIES = (
    ("outdoor", "store", 0.25),
    ("tiktok", "marketplace", 0.25),
    ("youtube", "facebook", 0.2),
    ("email", "sales_staff", 0.2),
)

_TRIALS = (
    Trial("email_summer", "email", "members", 0.5, "06-02", "07-27"),
    Trial("email_autumn", "email", "members", 0.5, "09-22", "11-16"),
    Trial("retargeting_holdout", "retargeting", "browsers", 0.5, "08-04", "10-26"),
    Trial("facebook_provinces", "facebook", "provinces", 0.3, "03-24", "05-04"),
    Trial("outdoor_provinces", "outdoor", "provinces", 0.3, "10-27", "12-21"),
    Trial("retargeting_study", "retargeting", "panel", 0.5, "05-12", "07-20"),
)

BASE = World(
    channels=CHANNELS,
    seasons=_SEASONS,
    mailings=_MAILINGS,
    prices=_PRICES,
    campaigns=_CAMPAIGNS,
    aftercare=_AFTERCARE,
    weekdays=(0.9, 0.87, 0.88, 0.92, 1.03, 1.22, 1.18),
    month_days=((1, 1.05), (5, 1.12), (12, 1.0), (18, 0.92), (27, 1.0)),
    hours=_HOURS,
    trials=_TRIALS,
    shocks=_SHOCKS,
    synergies=_SYNERGIES,
)
