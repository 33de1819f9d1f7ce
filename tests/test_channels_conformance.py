"""The rule engine and its data against the table of manual traffic, written out once more in plain Python."""

from __future__ import annotations

import itertools
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey_lib import channels

SHOPPING = {"amazon", "amazon.fr", "ebay", "etsy.com"}
SEARCH = {"google", "google.co.uk", "bing", "duckduckgo"}
SOCIAL = {"facebook", "instagram.com", "linkedin"}
VIDEO = {"youtube", "vimeo.com"}
SOURCES = [
    *(None, "(direct)", "direct", "news.vn", "email", "e_mail", "sms", "firebase", "crm"),
    *sorted(SHOPPING | SEARCH | SOCIAL | VIDEO),
]
MEDIUMS = [
    *(None, "(none)", "(not set)", "none", "cpc", "ppc", "cpm", "cpa-network", "retargeting", "paid"),
    *(
        "paidsocial",
        "unpaid",
        "display",
        "banner",
        "expandable",
        "interstitial",
        "organic",
        "referral",
        "app",
    ),
    *(
        "link",
        "social",
        "social-network",
        "social-media",
        "sm",
        "social network",
        "social media",
        "video",
        "online-video",
    ),
    *("email", "e-mail", "e mail", "affiliate", "affiliates", "audio", "sms", "push", "webpush", "pushed"),
    *("mobile_web", "notification", "ai-assistant", "cross-network", "newsletter"),
]
CAMPAIGNS = [
    None,
    "tet",
    "cross-network brand",
    "shopping_q1",
    "spring shop",
    "workshop",
    "a1shop",
    "(ai-assistant)",
]
COMBINATIONS = list(itertools.product(SOURCES, MEDIUMS, CAMPAIGNS))


def by_the_table(source: str | None, medium: str | None, campaign: str | None, assistants: bool) -> str:  # noqa: C901, PLR0911, PLR0912 - it is a table
    medium_, campaign_ = medium or "", campaign or ""
    paid = re.fullmatch(r".*cp.*|ppc|retargeting|paid.*", medium_) is not None
    shop = re.fullmatch(r".*(([^a-df-z]|^)shop|shopping).*", campaign_) is not None
    if (source == "(direct)" and medium in ("(not set)", "(none)")) or (source is None and medium is None):
        return "Direct"
    if "cross-network" in campaign_:
        return "Cross-network"
    if paid and (source in SHOPPING or shop):
        return "Paid Shopping"
    if paid and source in SEARCH:
        return "Paid Search"
    if paid and source in SOCIAL:
        return "Paid Social"
    if paid and source in VIDEO:
        return "Paid Video"
    if medium_ in ("display", "banner", "expandable", "interstitial", "cpm"):
        return "Display"
    if paid:
        return "Paid Other"
    if source in SHOPPING or shop:
        return "Organic Shopping"
    if source in SOCIAL or medium_ in (
        "social", "social-network", "social-media", "sm", "social network", "social media",
    ):  # fmt: skip
        return "Organic Social"
    if source in VIDEO or "video" in medium_:
        return "Organic Video"
    if assistants and medium_ == "ai-assistant":
        return "AI Assistant"
    if source in SEARCH or medium_ == "organic":
        return "Organic Search"
    if medium_ in ("referral", "app", "link"):
        return "Referral"
    mail = ("email", "e-mail", "e_mail", "e mail")
    if source in mail or medium_ in mail:
        return "Email"
    if medium_ == "affiliate":
        return "Affiliates"
    if medium_ == "audio":
        return "Audio"
    if source == "sms" or medium_ == "sms":
        return "SMS"
    if medium_.endswith("push") or "mobile" in medium_ or "notification" in medium_ or source == "firebase":
        return "Mobile Push Notifications"
    return "Unassigned"


@pytest.mark.parametrize("name", ["ga4-2025", "ga4-2026-05"])
def test_every_combination_is_named_as_the_table_names_it(name):
    assert len(COMBINATIONS) >= 1_500
    rules = channels.load(name)
    traffic = pd.DataFrame(COMBINATIONS, columns=["source", "medium", "campaign"], dtype=object)
    expected = [by_the_table(*visit, assistants=name == "ga4-2026-05") for visit in COMBINATIONS]
    found = channels.assign(rules, traffic)
    wrong = {
        visit: (ours, table)
        for visit, ours, table in zip(COMBINATIONS, found, expected, strict=True)
        if ours != table
    }
    assert wrong == {}


RULES = channels.load()


@given(st.sampled_from(COMBINATIONS), st.randoms(use_true_random=False))
def test_case_and_blanks_around_a_value_never_change_the_channel(visit, random):
    def shaken(value: str | None) -> str | None:
        if value is None:
            return None
        letters = "".join(random.choice((sign.upper(), sign.lower())) for sign in value)
        return random.choice(("", " ", "\t")) + letters + random.choice(("", "  "))

    table = pd.DataFrame(
        [visit, tuple(map(shaken, visit))], columns=["source", "medium", "campaign"], dtype=object
    )
    plain, changed = channels.assign(RULES, table)
    assert plain == changed


@given(st.lists(st.sampled_from(COMBINATIONS), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_that_of_columns_matters(visits, random):
    names = ["source", "medium", "campaign"]
    table = pd.DataFrame(visits, columns=names, dtype=object)
    found = channels.assign(RULES, table)
    order = random.sample(range(len(visits)), len(visits))
    turned = table.iloc[order][random.sample(names, 3)]
    assert channels.assign(RULES, turned) == [found[place] for place in order]
