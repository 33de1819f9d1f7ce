"""Every column of a table can be read: on paper, which does not scroll, and by scrolling on a screen."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import browser
import pandas as pd
import pytest

from journey_lib import i18n, tables, theme

TEMPLATES = Path(tables.__file__).parent / "templates"
SHEETS = ("page", "report")
STYLE = theme.css() + "".join((TEMPLATES / name / f"{name}.css").read_text("utf-8") for name in SHEETS)
PAPER = 680  # pixels between the margins of an upright A4
ROWS = {
    "touchpoint": "Quảng cáo nhắc lại sản phẩm đã xem",
    "conversion": "11,9% (10,8%–13,0%)",
    "stage": "Bị thu hút",
    "channels": "Tìm kiếm tự nhiên, Truy cập trực tiếp",
}
COUNTS = ("customers", "touches", "journeys", "over", "orders", "value", "cost", "visits", "days", "rows")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser.running() as program:
        yield program


def page(folder: Path, columns: int) -> Path:
    """A page with one table of so many columns, four of them words."""
    i18n.speak("vi")
    numbers = COUNTS[: columns - len(ROWS)]
    frame = pd.DataFrame([{**ROWS, **dict.fromkeys(numbers, 1_234_567)}] * 3)
    formats = {**dict.fromkeys(ROWS, "text"), **dict.fromkeys(numbers, "number")}
    table = tables.table_html(frame, caption="Điểm chạm", formats=formats)
    file = folder / f"{columns}.html"
    file.write_text(
        f'<!doctype html><html lang="vi"><meta charset="utf-8"><style>{STYLE}</style>'
        f'<div class="sheet"><main>{table}</main></div></html>',
        encoding="utf-8",
    )
    return file


@pytest.mark.slow
@pytest.mark.parametrize("columns", [5, 8, 11, 14])
def test_on_paper_no_column_is_cut_off(chromium: Any, tmp_path: Path, columns: int) -> None:
    with browser.visit(chromium, page(tmp_path, columns)) as visit:
        visit.page.emulate_media(media="print")
        visit.page.set_viewport_size({"width": PAPER, "height": 900})
        wide = visit.page.evaluate("document.querySelector('table').offsetWidth")
        assert wide <= visit.page.evaluate("document.querySelector('.table').clientWidth") + 1
        assert visit.overflow() <= 0
        size = visit.page.evaluate("parseFloat(getComputedStyle(document.querySelector('td')).fontSize)")
        assert size >= 8, "letters below six points are no letters"


READ = """async png => {
  const image = new Image();
  image.src = 'data:image/png;base64,' + png;
  await image.decode();
  const canvas = document.createElement('canvas'), pen = canvas.getContext('2d');
  pen.drawImage(image, 0, 0);
  return pen.getImageData(0, 0, 1, 1).data[1];
}"""


def edge(visit: Any, x: int) -> int:
    """How bright (green, of 255) the table's box is so many pixels from its right, below 0 from its left."""
    left, top, right = visit.page.evaluate(
        "(e => [e.left, e.top, e.right])(document.querySelector('.table').getBoundingClientRect())"
    )
    spot = {"x": right - x if x > 0 else left - x - 1, "y": top + 4, "width": 1, "height": 1}
    png = base64.b64encode(visit.page.screenshot(clip=spot)).decode()
    return int(visit.page.evaluate(READ, png))


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("cut", [14, 30, 200])
def test_a_shade_says_that_a_table_goes_on_however_little_of_it_is_cut_off(
    chromium: Any, tmp_path: Path, cut: int, dark: bool
) -> None:
    with browser.visit(chromium, page(tmp_path, 11), dark=dark) as visit:
        visit.page.set_viewport_size({"width": 2600, "height": 900})
        # as wide as the table less what is to be cut off
        visit.page.evaluate(
            "cut => { const box = document.querySelector('.table');"
            " box.style.width = box.querySelector('table').offsetWidth - cut + 'px'; }",
            cut,
        )
        here = visit.page.evaluate(
            "document.querySelector('.table').scrollWidth - document.querySelector('.table').clientWidth"
        )
        assert here > 0
        plain = edge(visit, 40)
        assert abs(edge(visit, 2) - plain) > 12, "no shade at the right"
        visit.page.evaluate("document.querySelector('.table').scrollLeft = 9999")
        assert abs(edge(visit, 2) - plain) <= 3, "a shade where nothing follows"
        assert abs(edge(visit, -2) - plain) > 12, "no shade at the left"


@pytest.mark.slow
@pytest.mark.parametrize("wide", [1280, 390])
def test_scrolled_to_its_end_a_row_still_says_what_it_is_of_and_no_interval_is_broken(
    chromium: Any, tmp_path: Path, wide: int
) -> None:
    i18n.speak("vi")
    frame = pd.DataFrame([{**ROWS, **dict.fromkeys(COUNTS, 1_234_567)}] * 3)
    formats = {"touchpoint": "text", "conversion": "interval", **dict.fromkeys(COUNTS, "number")}
    file = page(tmp_path, 14)
    table = tables.table_html(frame, caption="Điểm chạm", formats=formats)
    file.write_text(
        f'<!doctype html><html lang="vi"><meta name="viewport" content="width=device-width">'
        f'<style>{STYLE}</style><div class="sheet"><main>{table}</main></div></html>',
        encoding="utf-8",
    )
    with browser.visit(chromium, file) as visit:
        visit.page.set_viewport_size({"width": wide, "height": 900})
        left, lines = visit.page.evaluate(
            """() => { const box = document.querySelector(".table"); box.scrollLeft = 9999;
            const head = box.querySelector("tbody th"), span = document.createRange();
            span.selectNodeContents(box.querySelector("tbody td"));
            return [head.getBoundingClientRect().left - box.getBoundingClientRect().left,
                    span.getClientRects().length]; }"""
        )
        assert (left, lines) == (0, 1)
        assert visit.overflow() <= 0


@pytest.mark.slow
def test_on_paper_words_stand_apart_from_the_number_before_them(chromium: Any, tmp_path: Path) -> None:
    """A number ends where its column ends, words begin where theirs begins: without room they read as one."""
    frame = pd.DataFrame(
        [
            {
                "source": "orders",
                "place": "raw",
                "kept_apart": 15,
                "why": "no customer: 3",
                "share": "9,3 – 16,0",
            }
        ]
    )
    formats = {"source": "text", "place": "text", "kept_apart": "number", "why": "text", "share": "interval"}
    table = tables.table_html(frame, caption="Nguồn", formats=formats)
    file = page(tmp_path, 14)
    file.write_text(
        f'<!doctype html><html lang="vi"><meta charset="utf-8"><style>{STYLE}</style>'
        f'<div class="sheet"><main>{table}</main></div></html>',
        encoding="utf-8",
    )
    with browser.visit(chromium, file) as visit:
        visit.page.emulate_media(media="print")
        visit.page.set_viewport_size({"width": PAPER, "height": 900})
        gap = visit.page.evaluate(
            "(([a, b]) => parseFloat(getComputedStyle(a).paddingRight)"
            " + parseFloat(getComputedStyle(b).paddingLeft))"
            "([...document.querySelectorAll('tbody td')].slice(1, 3))"
        )
        assert gap >= 12
        # and a column of words begins under its head, also beside the names of the rows
        left = "e => e.getBoundingClientRect().left + parseFloat(getComputedStyle(e).paddingLeft)"
        heads, cells = (
            [each.evaluate(left) for each in visit.page.locator(where).all()]
            for where in ("thead th.text", "tbody :is(th[scope=row], td.text)")
        )
        assert heads == pytest.approx(cells, abs=1)
