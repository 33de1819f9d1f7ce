"""Channels by rule: one row a visit; what it says of itself, and the channel it came through."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tables import cells

from journey_lib import channels
from journey_lib.errors import ConfigError


def named(text: str, rules: channels.Rules | None = None) -> list[tuple[str, str]]:
    """(found, expected) of every row; an empty cell is not set."""
    rows = cells(text)
    expected = [row.pop("channel") for row in rows]
    traffic = pd.DataFrame(rows).replace("", None)
    return list(zip(channels.assign(rules or channels.load(), traffic), expected, strict=True))


def all_as_expected(text: str, rules: channels.Rules | None = None) -> None:
    found = named(text, rules)
    assert [pair[0] for pair in found] == [pair[1] for pair in found]


def test_every_rule_of_the_table_has_its_visit_and_its_near_miss():
    all_as_expected(
        """
        source      | medium           | campaign             | channel
        (direct)    | (none)           |                      | Direct
        (direct)    | (not set)        |                      | Direct
                    |                  |                      | Direct
        (direct)    | referral         |                      | Referral
        direct      | none             |                      | Unassigned
        google      | cpc              | spring cross-network | Cross-network
        google      | cross-network    |                      | Organic Search
        shop.app    | cpc              |                      | Paid Shopping
        blog        | ppc              | autumn_shop          | Paid Shopping
        blog        | ppc              | workshop             | Paid Other
        google      | cpc              |                      | Paid Search
        bing        | paid-search      |                      | Paid Search
        facebook    | paid_social      |                      | Paid Social
        youtube     | cpv              |                      | Paid Video
        youtube     | cpc              |                      | Paid Video
        news.vn     | cpm              |                      | Display
        news.vn     | display          |                      | Display
        news.vn     | interstitial     |                      | Display
        news.vn     | intersitial      |                      | Unassigned
        news.vn     | retargeting      |                      | Paid Other
        news.vn     | banner           |                      | Display
        amazon      | referral         |                      | Organic Shopping
        l.facebook.com | referral      |                      | Organic Social
        blog        | social-media     |                      | Organic Social
        blog        | social media     |                      | Organic Social
        youtube.com | referral         |                      | Organic Video
        blog        | paidvideo        |                      | Paid Other
        blog        | video            |                      | Organic Video
        chatgpt.com | ai-assistant     | (ai-assistant)       | AI Assistant
        google      | organic          |                      | Organic Search
        blog        | organic          |                      | Organic Search
        blog.vn     | referral         |                      | Referral
        crm         | email            |                      | Email
        e-mail      | newsletter       |                      | Email
        crm         | newsletter       |                      | Unassigned
        partner     | affiliate        |                      | Affiliates
        spotify     | audio            |                      | Audio
        sms         | blast            |                      | SMS
        app         | webpush          |                      | Mobile Push Notifications
        firebase    | x                |                      | Mobile Push Notifications
        """
    )


def test_case_and_blanks_never_make_another_channel_and_what_they_would_have_is_counted():
    rules = channels.load()
    visits = pd.DataFrame({"source": ["Google", "google ", "google"], "medium": ["CPC", "cpc", "cpc"]})
    assert channels.assign(rules, visits) == ["Paid Search"] * 3
    assert channels.changed_by_case(rules, visits, [5, 2, 9]) == 7


def test_what_the_ad_platform_says_goes_before_what_somebody_typed():
    all_as_expected(
        """
        source | medium | network                | creative_format | engine   | click_id  | channel
        google | email  | Google Search          |                 |          |           | Paid Search
        google | cpc    | YouTube Videos         |                 |          |           | Paid Video
        google | cpc    | Google Display Network |                 |          |           | Display
        google | cpc    | Cross-network          |                 |          |           | Cross-network
               |        |                        | Audio           |          |           | Audio
               |        |                        | Unknown         |          |           | Paid Other
               |        |                        |                 | facebook |           | Paid Social
               |        |                        |                 |          | gclid.abc | Paid Search
               |        |                        |                 |          | dclid.abc | Display
               |        |                        |                 |          | ttclid.1  | Paid Social
               |        |                        |                 |          | fbclid.1  | Organic Social
        zalo   | social |                        |                 |          | gclid.abc | Organic Social
        """
    )


def test_before_may_2026_there_was_no_assistant():
    visit = "source | medium | channel\nchatgpt.com | ai-assistant | {}"
    all_as_expected(visit.format("Unassigned"), channels.load("ga4-2025"))
    all_as_expected(visit.format("AI Assistant"), channels.load("ga4-2026-05"))


def test_vietnamese_sites_are_known_to_the_extension_only():
    visits = """
        source       | medium   | channel
        shopee.vn    | cpc      | {}
        lazada       | referral | {}
        tiki.vn      | referral | {}
        coccoc       | organic  | {}
        cốc cốc      | cpc      | {}
        oa.zalo.me   | referral | {}
        vnexpress.net | referral | Referral
        """
    before = ["Paid Other", "Referral", "Referral", "Organic Search", "Paid Other", "Organic Social"]
    after = [
        "Paid Shopping",
        "Organic Shopping",
        "Organic Shopping",
        "Organic Search",
        "Paid Search",
        "Organic Social",
    ]
    all_as_expected(visits.format(*before))
    all_as_expected(visits.format(*after), channels.load(extensions=["vietnam"]))


def own(folder: Path, text: str) -> Path:
    (folder / "channels.yaml").write_text(text, encoding="utf-8")
    return folder / "channels.yaml"


def test_the_users_own_rules_come_first(tmp_path):
    file = own(
        tmp_path,
        """
- {channel: Zalo OA, when: {source: [zalo, oa.zalo.me], medium: "/^(social|oa)$/"}}
- channel: Tờ rơi
  when: [{campaign: tờ rơi quận 1}, {source: qr, medium: null}]
""",
    )
    rules = channels.load(extensions=["vietnam"], custom=file)
    assert rules.version == "ga4-2026-05 + vietnam + custom (2)"
    all_as_expected(
        """
        source | medium | campaign       | channel
        Zalo   | social |                | Zalo OA
        zalo   | cpc    |                | Paid Social
        x      | y      | Tờ rơi Quận 1  | Tờ rơi
        qr     |        |                | Tờ rơi
        qr     | print  |                | Unassigned
        """,
        rules,
    )
    assert "channels.yaml, rule 1" in channels.explain(rules, source="ZALO", medium="social")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("channel: x", "not a list"),
        ("- [1]", "is not a mapping"),
        ("- {channel: x, wen: {source: a}}", "Did you mean 'when'?"),
        ("- {channel: x, when: {sourc: a}}", "Did you mean 'source'?"),
        ("- {channel: x, when: {category: socal}}", "Did you mean 'social'?"),
        ("- {when: {source: a}}", "needs a channel"),
        ("- {channel: (start), when: {source: a}}", "needs a channel"),
        ("- {channel: x}", "needs a condition"),
        ("- {channel: x, when: {source: '/(/'}}", "a pattern is none"),
        ("- {channel: x, when: {source: '/(a+)+$/'}}", "repeats a repeat"),
        (f"- {{channel: x, when: {{source: '/{'a' * 300}/'}}}}", "too long"),
        ("- {channel: x, when: {source: [[a]]}}", "a text, a list of texts, or null"),
        ("- {channel: !!python/object/apply:os.system ['true'], when: {source: a}}", "cannot be read"),
        ("a: [", "cannot be read"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_its_place(tmp_path, text, said):
    with pytest.raises(ConfigError) as caught:
        channels.load(custom=own(tmp_path, text))
    assert said in str(caught.value)
    assert "channels.yaml" in str(caught.value)


def test_rules_and_extensions_have_names():
    with pytest.raises(ConfigError, match="Did you mean 'ga4-2026-05'"):
        channels.load("ga4-2026-5")
    with pytest.raises(ConfigError, match="Did you mean 'vietnam'"):
        channels.load(extensions=["vietnm"])


def test_every_channel_of_the_rules_has_a_name_in_both_languages():
    for name in ("ga4-2025", "ga4-2026-05"):
        assert {*channels.load(name).channels, channels.UNASSIGNED} <= set(channels.LABELS)
    assert all(set(words) == {"vi", "en"} for words in channels.LABELS.values())


# --- the linter of links ---


def test_the_linter_finds_what_will_become_a_channel_nobody_asked_for():
    links = pd.DataFrame(
        {
            "source": ["facebook", "Facebook", "news letter", "oa", "an@example.com", "google"],
            "medium": ["paid_social", "paid_social", "email", "zaloads", "email", "cpc"],
            "campaign": ["tet", "tet", "tet", "tet", "0912 345 678", "tet"],
            "referrer": [None, None, None, None, None, "https://www.shop.vn/a"],
            "page": ["https://shop.vn/?e=an%40example.com", *[None] * 5],
            "rows": [90, 7, 5, 4, 3, 2],
        }
    )
    found = channels.lint(links, channels.load(), own_domains=["shop.vn"])
    rows = found.table[["issue", "field", "rows"]].to_dict("split")["data"]
    assert sorted(rows) == [
        ["has blanks", "campaign", 3],
        ["has blanks", "source", 5],
        ["internal link with tags", "referrer", 2],
        ["no rule fits", "medium", 4],
        ["personal data", "campaign", 3],
        ["personal data", "page (e)", 90],
        ["personal data", "source", 3],
        ["written in several ways", "source", 7],
    ]
    said = found.table.to_csv()
    assert "an@example" not in said
    assert "an%40example" not in said
    assert "345" not in said


def test_clean_links_have_no_findings():
    links = pd.DataFrame({"source": ["google"], "medium": ["cpc"], "campaign": ["tet_2026"], "rows": [3]})
    assert channels.lint(links, channels.load()).table.empty
