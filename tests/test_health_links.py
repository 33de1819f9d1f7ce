"""The tags of links in the data health report: counted while preparing, told by issue, no address kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest
import test_source_adobe
import test_source_snowplow
from click.testing import CliRunner

import journey_lib as jl
from journey_lib import cli, findings_health, findings_links, health, session
from journey_lib.prepare import prepare, read_manifest

CONFIG = """
name: shop
timezone: Asia/Ho_Chi_Minh
currency: VND
conversions: {purchase: {event_type: purchase}}
channels: {own_domains: [shop.vn]}
sources:
  - {table: events, format: csv, path: events.csv}
"""

# source, medium, campaign, network, channel (where the source names it), and how many rows say so
TAGGED = """
google        | cpc         | tet          |        |      | 60
Google        | cpc         | tet          |        |      | 6
fanpage       | socal       | <b>tet</b>   |        |      | 5
zns           | oa          | tet          |        | zalo | 9
crm           | email       | an@tiem.vn   |        |      | 4
shop.vn       | referral    |              |        |      | 3
google        | cpc         | Tết 2026 sale | Search |      | 7
google        | (not set)   | (not set)    |        |      | 2
              |             |              |        |      | 10
"""
TAGS, CONCERNED = 96, 6 + 5 + 4 + 3


def opened(folder: Path, tagged: str = TAGGED) -> jl.open:
    folder.joinpath("journey.yaml").write_text(CONFIG, encoding="utf-8")
    head = "event_id,customer_id,timestamp,event_type,source,medium,campaign,network,channel"
    lines, number = [head], 0
    for line in tagged.strip().splitlines():
        *values, rows = (value.strip() for value in line.split("|"))
        for _ in range(int(rows)):
            number += 1
            moment = f"2026-01-{number % 27 + 1:02} 10:{number % 60:02}:00"
            lines.append(f"e{number},c{number},{moment},visit,{','.join(values)}")
    folder.joinpath("events.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return jl.open(folder)


@pytest.fixture
def found(tmp_path: Path) -> health.Evidence:
    return health.evidence(opened(tmp_path), "2026-01-31")


def test_every_issue_is_counted_once_a_row_and_only_where_it_does_harm(found):
    told = health.links(found)
    rows = told.table[["issue", "field", "values", "rows", "of"]].to_numpy().tolist()
    assert sorted(rows) == [
        ["internal", "source", 1, 3, TAGS],
        ["no_rule", "medium", 1, 5, TAGS],
        ["personal", "campaign", 1, 4, TAGS],
        ["spelling", "source", 1, 6, TAGS],
    ]  # not of zalo, whose channel is known; nor of what Google Ads wrote, or where nothing was set
    assert told.facts == {"issues": 4, "rows": TAGS, "concerned": CONCERNED, "personal": 4}
    assert told.table.set_index("issue").loc["no_rule", "meant"] == "social"


def test_the_summary_has_a_line_for_tags_and_one_for_people(found):
    trust = health.trust(found).table.set_index("check")
    line = trust.loc["links"]
    assert (line["state"], line["number"], line["of"]) == ("look", CONCERNED, TAGS)
    assert trust.loc["personal", "state"] == "look"
    lines = findings_health.summary(health.trust(found))
    assert any("Rows with faulty tags: 18 of 96 (18.8%), written in several ways" in line for line in lines)
    assert "personal" in health.trust(found).facts["look"]
    assert health.trust(found, health.Limits(tags=0.2)).table.set_index("check").loc["links", "state"] == "ok"


def test_no_persons_address_is_kept_with_the_results(found, tmp_path):
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("work/*") if path.is_file())
    assert b"tiem.vn" not in kept
    assert "•••" in set(health.links(found).table["example"])


@pytest.mark.parametrize(
    ("language", "said"), [("en", "written in several ways"), ("vi", "viết theo nhiều cách khác nhau")]
)
def test_the_section_is_shown_in_both_languages_with_markup_escaped(tmp_path, monkeypatch, language, said):
    shown: list[str] = []
    monkeypatch.setattr(session, "display", lambda what, **_: shown.append(what.data))
    run = session.start(str(opened(tmp_path, TAGGED.replace("fanpage", "face<b>\x1b book")).path), language)
    told = health.links(health.evidence(run.workspace, "2026-01-31"))
    run.say(findings_links.links(told))
    run.table(findings_links.shown(told))
    run.say(findings_links.reading(told))
    section, table, reading = shown[-3:]
    assert section.startswith("## ")
    assert "96" in section
    assert said in table
    assert "face&lt;b&gt;" in table
    assert "\x1b" not in table
    assert reading.startswith("**")


def test_without_sources_that_say_where_visits_come_from_there_is_no_section(tmp_path, monkeypatch):
    shown: list[object] = []
    monkeypatch.setattr(session, "display", lambda what, **_: shown.append(what))
    run = session.start(str(opened(tmp_path, "| | | | zalo | 9").path), "en")
    found = health.evidence(run.workspace, "2026-01-31")
    told = health.links(found)
    assert told is None
    run.say(findings_links.links(told))
    run.table(findings_links.shown(told))
    run.say(findings_links.reading(told))
    run.record(told)
    assert shown == []
    assert not {"links", "personal"} & set(health.trust(found).table["check"])
    assert not (run.workspace.work / "links.parquet").exists()


@pytest.mark.usefixtures("elsewhere")
def test_the_version_of_the_rules_and_the_unassigned_share_are_printed(tmp_path):
    workspace = opened(tmp_path)
    ran = CliRunner().invoke(cli.cli, ["prepare", "-w", str(tmp_path)])
    assert "channels by the rules ga4-2026-05: 82 rows named, 5 (5.75%) Unassigned" in ran.output
    said = findings_health.channels(health.matches(health.evidence(workspace, "2026-01-31")))
    assert "`ga4-2026-05`" in said
    assert "**5** of them (5.75%)" in said


def test_the_record_is_read_back_as_it_was_written(tmp_path):
    workspace = opened(tmp_path)
    made = prepare(workspace)
    assert made.links == read_manifest(workspace).links
    assert read_manifest(workspace).links["rows"] == TAGS


ADDRESSES = (
    *("https://shop.vn/a?email=an%40tiem.vn&step=2",) * 3,
    *("https://shop.vn/a?email=binh@tiem.vn&sdt=0912345678",) * 2,
    *("https://shop.vn/a?gclid=Cj0KCQiA1234567890abc&step=2",) * 5,
    "https://shop.vn/a",
    "(not set)",
)


def of_ga4(number: int, address: str) -> str:
    params = [
        {"key": "ga_session_id", "value": {"int_value": "1"}},
        {"key": "page_location", "value": {"string_value": address}},
    ]
    micros = str(1_767_225_600_000_000 + number * 60_000_000)
    said = {"event_timestamp": micros, "event_name": "page_view", "user_pseudo_id": f"u{number}"}
    return json.dumps(said | {"event_params": params})


def of_segment(number: int, address: str) -> str:
    path = "/" + address.partition("?")[0].partition("shop.vn/")[2]
    page = {"url": address, "path": path, "search": "?" + address.partition("?")[2]}
    said = {"type": "page", "messageId": f"m{number}", "anonymousId": f"u{number}", "context": {"page": page}}
    return json.dumps(said | {"timestamp": f"2026-01-01T00:{number:02}:00Z"})


def of_snowplow(number: int, address: str) -> str:
    said = {
        "derived_tstamp": f"2026-01-01 00:{number:02}:00.000", "event_name": "page_view",
        "event_id": f"00000000-0000-4000-8000-{number:012}", "domain_userid": f"u{number}",
        "domain_sessionidx": "1", "page_url": address, "page_urlquery": address.partition("?")[2],
    }  # fmt: skip
    return test_source_snowplow.line(said)


def of_matomo(number: int, address: str) -> str:
    action = {"type": "action", "timestamp": 1_767_225_600 + 60 * number, "url": address}
    said = {"idVisit": number, "visitorId": f"{number + 1:016x}", "userId": None, "referrerType": "direct"}
    return json.dumps(said | {"actionDetails": [action]})


def of_adobe(number: int, address: str) -> str:
    """Pages have no name of their own, so that Adobe calls them by their address."""
    seconds = 1_767_225_600 + 60 * number
    hit = test_source_adobe.hit(
        1, hit_time_gmt=seconds, visit_start_time_gmt=seconds, post_visid_high=number + 1, hitid_low=number,
        post_pagename=address, post_page_url=address if number % 2 else "",
    )  # fmt: skip
    return "\t".join(str(hit.get(name, "")) for name in test_source_adobe.COLUMNS)


def of_table(number: int, address: str) -> str:
    return f"e{number},c{number},2026-01-01 00:{number:02}:00,visit,{address}"


HEAD = "event_id,customer_id,timestamp,event_type,touchpoint\n"
# How each kind of source tells of a visit to a page, the file it stands in and what stands above.
TELLS: dict[str, tuple[Callable[[int, str], str], str, str]] = {
    "ga4": (of_ga4, "events_20260101.json", ""),
    "segment": (of_segment, "events_1.json", ""),
    "snowplow": (of_snowplow, "events_1", ""),
    "matomo": (of_matomo, "events_visits.json", ""),
    "adobe": (of_adobe, "events_hit_data.tsv", ""),
    "csv": (of_table, "events_1.csv", HEAD),
}


def visited(folder: Path, form: str = "ga4", addresses: Sequence[str] = ADDRESSES) -> jl.open:
    """An export of one visit a row, each of a page whose address is as it was typed."""
    config = CONFIG.replace("format: csv, path: events.csv", f"format: {form}, path: 'events_*'")
    folder.joinpath("journey.yaml").write_text(config + "identity: {}\n", encoding="utf-8")
    tells, file, above = TELLS[form]
    rows = [tells(number, address) for number, address in enumerate(addresses)]
    folder.joinpath(file).write_text(above + "\n".join(rows) + "\n", encoding="utf-8")
    if form == "adobe":
        folder.joinpath("column_headers.tsv").write_text("\t".join(test_source_adobe.COLUMNS) + "\n")
    return jl.open(folder)


def kept(folder: Path) -> str:
    """All that stands in `work/`, as bytes and as the tables say it."""
    files = [path.read_bytes() for path in folder.glob("work/**/*") if path.is_file()]
    tables = list(folder.glob("work/**/*.parquet"))
    assert len(tables) > 1
    said = b"".join(files) + "".join(pd.read_parquet(path).to_csv() for path in tables).encode()
    return said.decode("utf-8", "replace")


@pytest.mark.parametrize("form", TELLS)
@pytest.mark.usefixtures("elsewhere")
def test_personal_data_in_page_addresses_is_counted_by_parameter_and_never_kept(tmp_path, monkeypatch, form):
    monkeypatch.setenv("JOURNEY_IDENTITY_KEY", "0123456789abcdef" * 4)
    ran = CliRunner().invoke(cli.cli, ["check", "-w", str(visited(tmp_path, form).path)])
    # Only GA4 says "(not set)", which elsewhere is no address either.
    assert "Personal data in page addresses: 5 of 11" in ran.output, ran.output
    found = health.evidence(jl.open(tmp_path), "2026-01-31")
    rows = health.links(found).table[["issue", "field", "rows", "of"]].to_numpy().tolist()
    assert rows == [["personal", "page (email)", 5, 11], ["personal", "page (sdt)", 2, 11]]
    assert "5** of **11** rows" in findings_links.links(health.links(found))
    said = kept(tmp_path) + ran.output
    secrets = ["tiem.vn", "tiem", "0912345678", "binh"]
    if form not in ("csv", "adobe"):  # whose touchpoints may be addresses, with all that tells of nobody
        secrets.append("Cj0KCQ")
    for secret in secrets:
        assert secret not in said


def test_a_touchpoint_that_is_an_address_loses_what_tells_of_a_person_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setenv("JOURNEY_IDENTITY_KEY", "0123456789abcdef" * 4)
    shown = {
        "https://shop.vn/gio-hang?step=2": "https://shop.vn/gio-hang?step=2",
        "https://shop.vn/gio-hang?email=an@tiem.vn&step=2": "https://shop.vn/gio-hang",
        "/gio-hang?step=3&sdt=0912345678": "/gio-hang",
        "shop.vn/gio-hang?x=binh%40tiem.vn#top": "shop.vn/gio-hang",
        "/tai-khoan/an@tiem.vn/don": "/tai-khoan/•••/don",
        "/san-pham/0912345678?mau=do": "/san-pham/0912345678?mau=do",  # a number of goods
        "Hotline 0912 345 678": "Hotline 0912 345 678",  # no address: so the shop calls it
        "Tư vấn/Zalo": "Tư vấn/Zalo",
    }
    table = jl.touches.load(visited(tmp_path, "csv", [*shown]))
    assert set(table.touchpoints) == set(shown.values())
    assert "tiem.vn" not in kept(tmp_path)


def test_a_file_of_types_is_guarded_as_one_of_text_is(tmp_path, monkeypatch):
    monkeypatch.setenv("JOURNEY_IDENTITY_KEY", "0123456789abcdef" * 4)
    opened = visited(tmp_path, "csv")
    rows = pd.read_csv(tmp_path / "events_1.csv", parse_dates=["timestamp"])
    (tmp_path / "events_1.csv").unlink()
    rows.assign(event_id=range(len(rows))).to_parquet(tmp_path / "events_1.parquet")
    config = (tmp_path / "journey.yaml").read_text("utf-8").replace("format: csv", "format: parquet")
    (tmp_path / "journey.yaml").write_text(config.replace("identity: {}\n", ""), encoding="utf-8")
    table = jl.touches.load(jl.open(opened.path))
    assert "https://shop.vn/a" in table.touchpoints
    assert "tiem.vn" not in kept(tmp_path)
    assert read_manifest(jl.open(tmp_path)).links["pages_personal"] == 5
