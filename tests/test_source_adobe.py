"""Adobe's data feeds, with the traps they are known for."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import journey_lib as jl
from journey_lib import sources
from journey_lib.demo import export_shop, exports
from journey_lib.engine import connect
from journey_lib.errors import DataError
from tests import shops
from tests.test_doors import workspace

SOURCE = "{table: events, format: adobe, path: '*.tsv*'}"
COLUMNS = (
    *("exclude_hit", "hit_source", "hit_time_gmt", "visit_num", "visit_page_num", "visit_start_time_gmt"),
    *(
        "hitid_high",
        "hitid_low",
        "visid_high",
        "post_visid_high",
        "post_visid_low",
        "pagename",
        "post_pagename",
    ),
    *("post_page_url", "post_page_event", "event_list", "post_event_list", "post_product_list"),
    *("post_purchaseid", "duplicate_purchase", "campaign", "post_campaign", "ref_type", "ref_domain"),
    *("post_search_engine", "paid_search", "va_closer_id", "post_evar5", "post_currency"),
)
NOON = 1_735_732_800  # 1 January 2025, 12:00 UTC
NOWHERE = (None,) * 5


def hit(page: int = 1, **more: Any) -> dict[str, Any]:
    """The hit of a visit on this page of it, ten seconds a page."""
    usual = {
        "exclude_hit": 0, "hit_source": 1, "hit_time_gmt": NOON + 10 * page, "visit_num": 1,
        "visit_page_num": page, "visit_start_time_gmt": NOON, "hitid_high": 1, "hitid_low": page,
        "post_visid_high": 12, "post_visid_low": 34, "post_pagename": f"trang {page}",
        "post_page_event": 0, "post_currency": "VND", "ref_type": 6,
    }  # fmt: skip
    return usual | more


def write(folder: Path, *hits: dict[str, Any] | str, columns: tuple[str, ...] = COLUMNS) -> None:
    lines = [h if isinstance(h, str) else "\t".join(str(h.get(c, "")) for c in columns) for h in hits]
    (folder / "hit_data.tsv").write_bytes("".join(f"{line}\n" for line in lines).encode())
    (folder / "column_headers.tsv").write_text("\t".join(columns) + "\n")


def staged(folder: Path, source: str = SOURCE) -> pd.DataFrame:
    opened = workspace(folder, source)
    with connect(folder / "scratch") as engine:
        sources.stage(opened.sources[0], opened, engine, "staged")
        frame = engine.arrow("SELECT * FROM staged ORDER BY file, row, reason").to_pandas()
    return frame.astype(object).where(frame.notna(), None)


def told(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    return list(frame[list(columns)].itertuples(index=False, name=None))


def came(folder: Path, *hits: dict[str, Any]) -> list[tuple[Any, ...]]:
    write(folder, *hits)
    return told(staged(folder), "source", "medium", "campaign", "click_id", "network")


def test_hits_are_read_by_the_names_beside_them(tmp_path):
    write(
        tmp_path,
        hit(1, visid_high=99, pagename="before", post_evar5="KH1"),
        hit(2, pagename="sent", post_pagename=""),
        hit(3, post_pagename="", post_page_url="https://shop.vn/gio-hang?x=1", post_page_event=100),
    )
    (tmp_path / "event.tsv").write_text("1\tPurchase\n")
    frame = staged(tmp_path, SOURCE[:-1] + ", columns: {user_id: post_evar5}}")
    assert told(frame, "cookie", "user_id", "touchpoint", "event_type", "reason") == [
        ("12-34", "KH1", "trang 1", "page_view", None),
        ("12-34", None, "sent", "page_view", None),
        ("12-34", None, "/gio-hang", "link", None),
    ]
    assert [str(time) for time in frame["timestamp"]] == [
        "2025-01-01 12:00:10", "2025-01-01 12:00:20", "2025-01-01 12:00:30"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ("", "page_view"),
        ("100,101,10075", "page_view"),  # variables were set
        ("2", "view_item"),
        ("12,200", "add_to_cart"),
        ("11", "begin_checkout"),
        ("2,12,1", "purchase"),
        ("100,201=3,200", "event2"),
        ("20100", "event101"),
        ("205", "Đăng ký"),
    ],
)
def test_what_a_hit_was_is_told_by_its_events(tmp_path, events, expected):
    write(tmp_path, hit(event_list="1", post_event_list=events or "100"))
    (tmp_path / "event.tsv").write_text("205\tĐăng ký\n201\tCustom Event 2\n")
    assert told(staged(tmp_path), "event_type") == [(expected,)]


def test_revenue_is_the_sum_of_the_products_and_only_of_purchases(tmp_path):
    write(
        tmp_path,
        hit(1, post_event_list="12", post_product_list="tui;A;1;90000"),
        hit(2, post_event_list="1", post_product_list="tui;A^,B^;C;2;180000;;,;D;1;20000.5,;E;;"),
        hit(3, post_event_list="1", post_product_list="tui;A;1;nhiều"),
        hit(4, post_event_list="1"),
    )
    assert told(staged(tmp_path), "value", "currency", "reason") == [
        (None, None, None),
        (200_000.5, "VND", None),
        (None, "VND", "value cannot be read"),
        (None, "VND", None),
    ]


def test_what_adobe_leaves_out_is_left_out_with_its_reason_and_is_no_arrival(tmp_path):
    write(
        tmp_path,
        hit(1, exclude_hit=2),
        hit(2, hit_source=5),
        hit(3, hit_source=2),  # sent with its own time, as apps do
        hit(4, post_visid_high=0, post_visid_low=0),
        hit(5, hit_time_gmt="x"),
        "one\ttwo",
    )
    assert told(staged(tmp_path), "reason", "source") == [
        ("hit is excluded by Adobe", None),
        ("hit was uploaded, not made by a visitor", None),
        (None, "(direct)"),
        ("cookie is empty", None),
        ("timestamp cannot be read", None),
        ("line is malformed", None),
    ]


def test_a_purchase_that_is_told_twice_is_kept_once(tmp_path):
    bought = {"post_event_list": "1", "post_product_list": ";A;1;5"}
    write(
        tmp_path,
        hit(1, **bought, post_purchaseid="P1"),
        hit(2, **bought, post_purchaseid="P1"),
        hit(3, **bought, duplicate_purchase=1),
        hit(4, **bought),
        hit(5, **bought),  # without an id nothing tells them apart
    )
    again = "purchase id was already seen"
    assert told(staged(tmp_path), "reason") == [(None,), (again,), (again,), (None,), (None,)]


@pytest.mark.parametrize(
    "wrong",
    [{"post_product_list": ";A;1;nhiều"}, {"post_visid_high": 0, "post_visid_low": 0}, {"hit_time_gmt": "x"}],
)
def test_of_a_purchase_that_is_told_twice_the_copy_that_can_be_used_is_kept(tmp_path, wrong):
    bought = {"post_event_list": "1", "post_product_list": ";A;1;5", "post_purchaseid": "P1"}
    write(tmp_path, hit(1, **bought | wrong), hit(2, **bought))
    assert told(staged(tmp_path), "value", "reason")[1] == (5, None)


def test_a_purchase_of_somebody_known_by_another_column_can_be_used(tmp_path):
    nobody = {"post_visid_high": 0, "post_visid_low": 0}
    bought = {"post_event_list": "1", "post_product_list": ";A;1;5", "post_purchaseid": "P1"}
    write(tmp_path, hit(1, **bought, **nobody, post_evar5="KH1"), hit(2, **bought))
    named = SOURCE.replace("}", ", columns: {user_id: post_evar5}}")
    assert told(staged(tmp_path, named), "reason") == [(None,), ("purchase id was already seen",)]


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ({"ref_type": 6}, ("(direct)", "(none)", None, None, None)),
        ({"ref_type": 3, "post_search_engine": 17}, ("google", "organic", None, None, None)),
        ({"ref_type": 3, "post_search_engine": 17, "paid_search": 1}, ("google", "cpc", None, None, None)),
        ({"ref_type": 2, "ref_domain": "www.bao.vn"}, ("bao.vn", "referral", None, None, None)),
        ({"ref_type": 9, "ref_domain": "facebook.com"}, ("facebook.com", "social", None, None, None)),
        (
            {"post_page_url": "https://a.vn/?utm_source=Zalo+OA&utm_medium=oa&utm_campaign=t%E1%BA%BFt"},
            ("Zalo OA", "oa", "tết", None, None),
        ),
        ({"campaign": "sem:1", "post_campaign": "sem:1"}, (None, None, "sem:1", None, None)),
        ({"post_campaign": "sem:1"}, ("(direct)", "(none)", None, None, None)),  # left over from before
        ({"post_page_url": "https://a.vn/?gclid=Cj0"}, (None, None, None, "gclid", None)),
        ({"va_closer_id": 4}, ("(direct)", "(none)", None, None, "adobe channel 4")),
        ({"visit_num": 0}, NOWHERE),
    ],
)
def test_where_a_visit_came_from_stands_at_its_first_hit_only(tmp_path, first, expected):
    (tmp_path / "search_engines.tsv").write_text("17\tGoogle\n")
    visit = {"visit_num": first.get("visit_num", 1)}
    assert came(tmp_path, hit(2, **visit), hit(1, **first), hit(3, **visit)) == [NOWHERE, expected, NOWHERE]


def test_each_visit_has_its_own_arrival(tmp_path):
    later = {"visit_num": 2, "visit_start_time_gmt": NOON + 99_999}
    other = {"post_visid_low": 35}
    found = came(tmp_path, hit(1), hit(1, **later), hit(1, **other), hit(2, **other))
    assert [row[0] for row in found] == ["(direct)", "(direct)", "(direct)", None]


def test_tabs_and_line_ends_in_a_value_end_neither_cell_nor_hit(tmp_path):
    write(
        tmp_path,
        hit(1, post_pagename="a\\\tb"),  # a backslash before a real tab
        hit(2, post_pagename="a\\\nb"),  # and before a real line end
        hit(3, post_pagename="a\\tb\\nc"),  # and in letters
        hit(4, post_pagename="C:\\\\tui", post_evar5='say "hi'),
    )
    assert told(staged(tmp_path), "touchpoint", "reason") == [
        ("a b", None), ("a b", None), ("a b c", None), ("C:\\tui", None)
    ]  # fmt: skip


def test_an_escape_on_the_edge_of_a_piece_is_not_cut(tmp_path, monkeypatch):
    monkeypatch.setattr("journey_lib.sources.adobe_files.PIECE", 7)
    write(tmp_path, *(hit(n, post_pagename="\\\\" * n + "\\\tx\\\ny") for n in range(1, 6)))
    assert told(staged(tmp_path), "touchpoint") == [("\\" * n + " x y",) for n in range(1, 6)]


def test_a_thousand_columns_are_read_for_the_few_that_are_needed(tmp_path):
    columns = (*(f"post_prop{n}" for n in range(600)), *COLUMNS, *(f"evar{n}" for n in range(600)))
    write(tmp_path, hit(1, post_prop3="<script>"), hit(2), columns=columns)
    packed = gzip.compress((tmp_path / "hit_data.tsv").read_bytes())
    (tmp_path / "hit_data.tsv").unlink()
    (tmp_path / "01-shop_20250101.tsv.gz").write_bytes(packed)
    assert told(staged(tmp_path), "touchpoint", "reason") == [("trang 1", None), ("trang 2", None)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: (d / "column_headers.tsv").unlink(), "no column_headers.tsv beside them"),
        (lambda d: (d / "b-column_headers.tsv").write_text("a"), "more than one column_headers.tsv"),
        (lambda d: (d / "column_headers.tsv").write_text("a\tb\n"), "has no column hit_time_gmt, visit_num"),
        (lambda d: (d / "column_headers.tsv").write_text("\n"), "column_headers.tsv is empty"),
        (lambda d: (d / "hit_data.tsv").unlink(), "none of the files holds hits"),
        (lambda d: (d / "x-lookup_data.tsv.tar.gz").write_bytes(b"x"), "is packed"),
    ],
)
def test_a_feed_that_is_not_whole_is_refused(tmp_path, change, said):
    write(tmp_path, hit())
    change(tmp_path)
    with pytest.raises(DataError, match=said):
        staged(tmp_path)


@pytest.mark.slow
def test_the_demo_shop_read_back_is_the_same(tmp_path):
    shop = shops.made(tmp_path / "shop", 120)
    opened = jl.open(exports.export(shop.folder / "raw", tmp_path / "export", "adobe"))
    with connect(tmp_path / "scratch") as engine:
        sources.stage(opened.sources[0], opened, engine, "staged")
        rows = engine.rows(
            "SELECT user_id, epoch(timestamp)::BIGINT, touchpoint, event_type, source, medium, value, cookie"
            " FROM staged WHERE reason IS NULL"
        )
        apart = dict(engine.rows("SELECT reason, count(*) FROM staged WHERE reason IS NOT NULL GROUP BY ALL"))
        assert engine.one("SELECT count(*) FROM staged WHERE source = '(direct)' AND campaign <> ''")[0] == 0
    known = export_shop.read(shop.folder / "raw").rows
    expected = Counter(
        (
            row.customer_id, int(row.time.timestamp()), row.touchpoint, row.event_type,
            *(export_shop.arrival(row.channel) if row.channel else (None, None)),
            None if pd.isna(row.value) else row.value, row.cookie,
        )
        for row in known.itertuples()
    )  # fmt: skip
    assert Counter(tuple(row) for row in rows) == expected
    firsts = len({row.time.strftime("%m") for row in known.itertuples()} & {f"{m:02}" for m in range(1, 13)})
    assert set(apart) == {"hit is excluded by Adobe", "hit was uploaded, not made by a visitor"}
    assert all(0 < count <= firsts for count in apart.values())
