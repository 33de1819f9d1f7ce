"""Channels by rule: one row a visit; what it says of itself, and the channel it came through."""

from __future__ import annotations

import time
import unicodedata
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from tables import cells

from journey_lib import channels
from journey_lib.engine import connect
from journey_lib.errors import ConfigError, DataError, ParameterError
from journey_lib.sources import visits


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


NEAR_MISSES = """
    source      | medium           | campaign             | channel
    (direct)    |                  |                      | Unassigned
                | (none)           |                      | Unassigned
    google      | cpc              | cross network        | Paid Search
    amazon      | unpaid           |                      | Organic Shopping
    facebook    | free             |                      | Organic Social
    blog        | socials          |                      | Unassigned
    vimeo       | cp               |                      | Paid Video
    news.vn     | displays         |                      | Unassigned
    news.vn     | unpaid           |                      | Unassigned
    blog        | x                | eshop                | Organic Shopping
    blog        | x                | workshop             | Unassigned
    blog        | x                | e shop               | Organic Shopping
    chatgpt.com | referral         |                      | Referral
    blog        | ai assistant     |                      | Unassigned
    blog        | organics         |                      | Unassigned
    blog.vn     | referrals        |                      | Unassigned
    crm         | emails           |                      | Unassigned
    partner     | affiliates       |                      | Unassigned
    spotify     | audios           |                      | Unassigned
    crm         | smsgate          |                      | Unassigned
    app         | pushed           |                      | Unassigned
    """


def test_what_nearly_fits_a_rule_does_not():
    all_as_expected(NEAR_MISSES)


@pytest.mark.parametrize(
    ("trap", "visit", "channel"),
    [
        ("cpm from an unknown source", "somewhere.vn | cpm | ", "Display"),
        ("cpm from a known source", "facebook | cpm | ", "Paid Social"),
        ("direct without brackets", "direct | none | ", "Unassigned"),
        ("cross-network is in the campaign", "x | cpc | a cross-network b", "Cross-network"),
        ("cross-network is not in the medium", "x | cross-network | ", "Unassigned"),
        ("social-media", "blog | social-media | ", "Organic Social"),
        ("social media", "blog | social media | ", "Organic Social"),
        ("case", "google | CPC | ", "Paid Search"),
        ("interstitial", "x | interstitial | ", "Display"),
        ("interstitial misspelt", "x | intersitial | ", "Unassigned"),
        ("push at the end", "x | web-push | ", "Mobile Push Notifications"),
        ("mobile anywhere", "x | in-mobile-app | ", "Mobile Push Notifications"),
        ("notification anywhere", "x | app notifications | ", "Mobile Push Notifications"),
        ("a source named email is not referral's", "email | referral | ", "Referral"),
    ],
)
def test_the_traps_that_other_implementations_fall_into(trap, visit, channel):
    all_as_expected(f"source | medium | campaign | channel\n{visit} | {channel}")


def test_a_site_is_known_in_every_country_and_under_its_usual_prefixes():
    all_as_expected(
        """
        source              | medium   | channel
        google.de           | referral | Organic Search
        www.google.co.uk    | referral | Organic Search
        google.com.vn       | cpc      | Paid Search
        uk.search.yahoo.com | referral | Organic Search
        amazon.co.jp        | referral | Organic Shopping
        lm.facebook.com     | referral | Organic Social
        m.facebook.com      | paid     | Paid Social
        vn.linkedin.com     | referral | Organic Social
        google.evil.example | referral | Referral
        notgoogle.de        | referral | Referral
        line.vn             | referral | Referral
        mail.google.com     | referral | Referral
        """
    )


def test_the_lists_of_sites_are_in_lower_case_and_name_each_site_once():
    for extensions in ((), ("vietnam",)):
        kinds = channels.load(extensions=extensions).categories.values()
        sites = [site for kind in kinds for site in kind]
        assert len(sites) == len(set(sites)) > 300
        assert all(site == site.strip().casefold() for site in sites)


def test_the_kind_of_table_does_not_matter():
    visit = {"source": ["google", None], "medium": ["cpc", None], "unknown": [1, 2]}
    frame, table = pd.DataFrame(visit), pa.table(visit)
    assert channels.assign(channels.load(), frame) == channels.assign(channels.load(), table)
    assert channels.assign(channels.load(), frame[:0]) == []


def test_case_and_blanks_never_make_another_channel_and_what_they_would_have_is_counted():
    rules = channels.load()
    typed = pd.DataFrame({"source": ["Google", "google ", "google"], "medium": ["CPC", "cpc", "cpc"]})
    assert channels.assign(rules, typed) == ["Paid Search"] * 3
    assert channels.changed_by_case(rules, typed, [5, 2, 9]) == 7


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


def test_what_a_channel_rests_on_is_told(tmp_path):
    rules = channels.load(custom=own(tmp_path, "- {channel: Đại lý, when: {source: daily}}"))
    traffic = pd.DataFrame(
        {
            "source": ["daily", "google", None, "google", "x"],
            "medium": [None, "cpc", None, "cpc", "y"],
            "network": [None, "Display Network", None, None, None],
            "click_id": [None, "gclid", "gclid", "gclid", None],
        }
    )
    assert channels.evidence(rules, traffic) == ["own rule", "ad platform", "click id", "tags", "nothing"]
    said = channels.explain(rules, source="google.de", medium="CPC")
    assert "Paid Search" in said
    assert "source is of search" in said
    assert "tags" in said
    assert "nothing set: Direct" in channels.explain(rules)
    with pytest.raises(ParameterError, match="Did you mean 'source'"):
        channels.explain(rules, sorce="google")


def test_every_click_id_that_the_sources_tell_names_a_channel():
    told = pd.DataFrame({"click_id": visits.CLICK_IDS})
    assert channels.UNASSIGNED not in channels.assign(channels.load(), told)


def test_a_click_id_nobody_knows_names_no_channel_and_is_not_direct():
    all_as_expected("click_id | channel\nzclid.1 | Unassigned\nCjwKCA | Unassigned\ngclidx | Unassigned")


def test_before_may_2026_there_was_no_assistant():
    visit = "source | medium | channel\nchatgpt.com | ai-assistant | {}"
    all_as_expected(visit.format("Unassigned"), channels.load("ga4-2025"))
    all_as_expected(visit.format("AI Assistant"), channels.load("ga4-2026-05"))


def test_vietnamese_sites_are_known_to_the_extension_only():
    arrived = """
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
    all_as_expected(arrived.format(*before))
    all_as_expected(arrived.format(*after), channels.load(extensions=["vietnam"]))


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


# Each takes longer than a working day on a text that nearly fits.
ENDLESS = ("(a|a)*$", "((a+))+$", "([a-z]+)*$", "(?:a+){20,}", "a?" * 30 + "a" * 30, ".*.*.*.*=")


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
        ("- {channel: x, when: {source: '/(a+)+$/'}}", "repeats too much"),
        (f"- {{channel: x, when: {{source: '/{'a' * 300}/'}}}}", "too long"),
        ("- {channel: x, when: {source: [[a]]}}", "a text, a list of texts, or null"),
        ("- {channel: !!python/object/apply:os.system ['true'], when: {source: a}}", "cannot be read"),
        ("a: [", "cannot be read"),
        ("- {channel: x, when: {source: a}, any: {source: b}}", "both when and any"),
        ("- {channel: x, when: {source: ['/a/', b]}}", "stands in a list"),
        *((f"- {{channel: x, when: {{source: '/{text}/'}}}}", "for ever") for text in ENDLESS),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_its_place(tmp_path, text, said):
    with pytest.raises(ConfigError) as caught:
        channels.load(custom=own(tmp_path, text))
    assert said in str(caught.value)
    assert "channels.yaml" in str(caught.value)


@pytest.mark.parametrize(
    "pattern", [r"^dl[0-9]+", r"a+.*=", r"a?a?.*.*=", r"[*+]\(x\)*", "(?:zalo|oa)[ _-]?ads"]
)
def test_a_pattern_that_is_taken_ends_soon(tmp_path, pattern):
    rules = channels.load(custom=own(tmp_path, f"- {{channel: x, when: {{campaign: '/{pattern}/'}}}}"))
    began = time.perf_counter()
    channels.assign(rules, pd.DataFrame({"campaign": ["a" * 5_000]}))
    assert time.perf_counter() - began < 5


def test_own_words_and_patterns_fit_whatever_their_case_or_the_way_their_marks_are_stored(tmp_path):
    text = """
- {channel: Đại lý, when: {campaign: "/^DL[0-9]+/"}}
- {channel: Tờ rơi, when: {campaign: Tờ rơi}}
- {channel: Quầy, when: {campaign: "/quầy .*/"}}
"""
    rules = channels.load(custom=own(tmp_path, unicodedata.normalize("NFD", text)))
    typed = pd.DataFrame(
        {"campaign": ["dl12", "DL12", "tờ rơi", unicodedata.normalize("NFD", "TỜ RƠI"), "Quầy 1"]}
    )
    assert channels.assign(rules, typed) == ["Đại lý", "Đại lý", "Tờ rơi", "Tờ rơi", "Quầy"]


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
        ["blanks", "campaign", 3],
        ["blanks", "source", 5],
        ["internal", "referrer", 2],
        ["no_rule", "medium", 4],
        ["personal", "campaign", 3],
        ["personal", "page (e)", 90],
        ["personal", "source", 3],
        ["spelling", "source", 7],
    ]
    said = found.table.to_csv()
    assert "an@example" not in said
    assert "an%40example" not in said
    assert "345" not in said


def test_clean_links_have_no_findings():
    links = pd.DataFrame({"source": ["google"], "medium": ["cpc"], "campaign": ["tet_2026"], "rows": [3]})
    assert channels.lint(links, channels.load()).table.empty


def linted(**link: str | None) -> pd.DataFrame:
    frame = pd.DataFrame({**{name: [value] for name, value in link.items()}, "rows": [3]}, dtype=object)
    return channels.lint(frame, channels.load(), own_domains=["https://www.shop.vn/"]).table


@pytest.mark.parametrize(
    "private",
    [
        "an@example.com",
        "an%40example.com",
        "an%2540example.com",
        "an+tet@example.com",
        "0912 345 678",
        "0912+345+678",
        "(091) 234 5678",
        "+84912345678",
        "%2B84912345678",
        "+1 415 555 2671",
    ],
)
@pytest.mark.parametrize("field", ["source", "medium", "campaign", "page"])
def test_no_address_and_no_number_is_ever_shown(private, field):
    text = f"https://x.vn/a?q={private}&name=Nguyen" if field == "page" else private
    table = linted(**{"source": "crm", "medium": "email", field: text})
    assert "personal" in set(table["issue"])
    said = table.to_csv()
    for part in ("example", "345", "4567", "555", "Nguyen"):
        assert part not in said.replace("example,rows", "")


@pytest.mark.parametrize("told", ["email=an", "an%40x.vn", "%2B84912345678", "q=(091)%20234%205678", "sdt=9"])
def test_every_address_the_linter_would_name_is_kept_for_it(told, tmp_path):
    page = f"https://x.vn/a?{told}"
    assert (linted(source="crm", medium="email", page=page)["issue"] == "personal").any()
    with connect(tmp_path) as engine:
        engine.run("CREATE TABLE seen AS SELECT unnest($1::VARCHAR[]) AS url", [[page, "https://x.vn/a", ""]])
        visits.keep_pages("SELECT * FROM seen", "url", engine, "found")
        assert engine.rows("SELECT page, rows FROM found_pages ORDER BY page") == [(page, 1), (None, 1)]


def test_each_parameter_of_an_address_is_counted_by_its_own_name():
    table = linted(source="crm", medium="email", page="https://x.vn/a?email=an&sdt=9&step=2")
    assert sorted(table["field"]) == ["page (email)", "page (sdt)"]


@pytest.mark.parametrize(
    ("page", "field", "example"),
    [
        ("https://x.vn/a?email=an&utm_source=crm", "page (email)", "x.vn/a?email=•••&utm_source=•••"),
        ("https://x.vn/a?an@example.com=1", "page (•••)", "x.vn/a?•••=•••"),
        ("https://x.vn/an@example.com/a", "page", "x.vn/•••/a"),
        ("http://[x?e=an@example.com", "page", "•••"),
    ],
)
def test_of_a_page_with_personal_data_only_its_place_is_shown(page, field, example):
    (row,) = linted(source="crm", medium="email", page=page).to_dict("records")
    assert (row["field"], row["example"]) == (field, example)


@pytest.mark.parametrize(
    "link", [{"referrer": "https://pay.shop.vn/a"}, {"source": "m.shop.vn"}, {"source": "shop.vn"}]
)
def test_tags_between_own_pages_are_found_by_referrer_or_by_source(link):
    table = linted(**{"source": "crm", "medium": "email", **link})
    assert table[["issue", "rows"]].to_numpy().tolist() == [["internal", 3]]


@pytest.mark.parametrize(
    "link", [{"referrer": "http://[half"}, {"referrer": "https://notshop.vn"}, {"page": "x y://"}]
)
def test_what_is_no_address_or_no_page_of_ours_is_no_finding(link):
    assert linted(source="crm", medium="email", **link).empty


def test_the_linter_takes_an_empty_table_and_misses_the_count_of_rows():
    nothing = pd.DataFrame(
        {name: [] for name in ("source", "medium", "campaign", "page", "referrer", "rows")}
    )
    assert channels.lint(nothing, channels.load(), own_domains=["shop.vn"]).table.empty
    untagged = pd.DataFrame({"referrer": ["https://shop.vn/a"], "rows": [3]})
    assert channels.lint(untagged, channels.load(), own_domains=["shop.vn"]).table.empty
    with pytest.raises(DataError, match="no column 'rows'"):
        channels.lint(nothing.drop(columns="rows"), channels.load())
