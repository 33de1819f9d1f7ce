"""A map on paper: one landscape sheet, filled, with letters as large as fit and never too small to read.

What does not fit at all, and what no script has measured, goes on on the next sheet.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import browser
import pytest
from sample_map import BOOK, DAY, book, current, drawn

from journey_lib import journey_map as maps
from journey_lib import map_page
from journey_lib.map_drawings import KEPT

DEMO = Path(__file__).parents[1] / "data" / "demo" / "maps" / "journey_map.yaml"
SHEET = {"width": 1511, "height": 1054}  # A3 landscape less its margins, in pixels
LEGIBLE, UNMEASURED = 6.5, 6.0  # points; the second side by side, and where no script could measure
# What is on the sheet as it is about to be printed: its smallest letters and where its last line ends.
SEEN = """() => {
  dispatchEvent(new Event("beforeprint"));
  return [...document.querySelectorAll(".jmap")].map((map) => {
    const fit = +getComputedStyle(map).zoom, top = map.getBoundingClientRect().top;
    const shown = (e) => e.getClientRects().length && !e.closest(".unseen, .jm-details");
    const texts = document.createTreeWalker(map, NodeFilter.SHOW_TEXT);
    let least = 99, said = "";
    while (texts.nextNode()) {
      const e = texts.currentNode.parentElement;
      if (!texts.currentNode.data.trim() || !shown(e)) continue;
      said += texts.currentNode.data + " ";
      least = Math.min(least, parseFloat(getComputedStyle(e).fontSize) * fit * 0.75);
    }
    const legend = map.querySelector(".jm-legend").getBoundingClientRect(), box = map.getBoundingClientRect();
    const below = Math.max(...[...map.querySelectorAll(".jm-grid td > *")].filter(shown)
      .map((e) => e.getBoundingClientRect().bottom));
    return { least, fit, said, short: /jm-short-(\\d)/.exec(map.className)?.[1] ?? 0,
             last: below - legend.top, end: legend.bottom - top, right: box.right };
  });
}"""


def on_paper(seen: browser.Visit) -> list[dict[str, Any]]:
    seen.page.emulate_media(media="print")
    seen.page.set_viewport_size(SHEET)
    found: list[dict[str, Any]] = seen.page.evaluate(SEEN)
    return found


def sheets(seen: browser.Visit) -> list[tuple[float, float]]:
    """The pages of the print, each with its width and height in points."""
    printed: bytes = seen.page.pdf(prefer_css_page_size=True, print_background=True)
    boxes = re.findall(rb"/MediaBox\s*\[([\d. ]+)\]", printed)
    return [(float(box.split()[2]), float(box.split()[3])) for box in boxes]


def rich(entries: int = 9) -> maps.Map:
    """A map of the demo shop's stages in which every cell says a lot."""
    words = [
        f"Điều thứ {n} mà khách kể với nhân viên cửa hàng trong tuần vừa qua" for n in range(1, entries + 1)
    ]
    lanes = ("steps", "doing", "thinking", "pains", "gains", "expectations", "moments", "touchpoints")
    stages = [
        {"stage": f"s{n}", "label": f"Giai đoạn {n}", **dict.fromkeys(lanes, words[: 2 + n])}
        for n in range(1, 6)
    ]
    said = {
        "author": "CX",
        "date": DAY,
        "maps": [{"map": "rich", "kind": "day", "title": "Nhiều lời", "stages": stages}],
    }
    return maps.drawn(maps.book(said), "rich")


def every(language: str) -> dict[str, maps.Map]:
    demo = maps.read(DEMO)
    now = maps.blueprint(current(authored=drawn()), drawn("behind"))
    return {
        "measured": now,
        "wanted": maps.future(now, drawn("wanted")),
        **{name: maps.drawn(demo, name) for name in demo.names},
        "rich": rich(),
    }


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_kind_of_map_fills_one_landscape_sheet_with_letters_that_can_be_read(
    tmp_path, language
) -> None:
    with browser.running() as chromium:
        for name, whole in every(language).items():
            file = tmp_path / f"{name}.html"
            file.write_text(map_page.page(whole, language=language, as_of=DAY), "utf-8")
            with browser.visit(chromium, file) as seen:
                ((width, height),) = sheets(seen)
                assert width > height, name
                (paper,) = on_paper(seen)
                assert paper["least"] >= LEGIBLE - 0.01, name
                assert 0.94 * SHEET["height"] <= paper["end"] <= SHEET["height"], name
                assert paper["last"] <= 1, f"{name}: a cell runs into the legend"
                assert paper["right"] <= SHEET["width"] + 1, name
                assert seen.said == []


@pytest.mark.browser
@pytest.mark.slow
def test_no_interval_and_no_department_is_broken_across_lines(tmp_path) -> None:
    """On the screen, on a phone and on paper each stands on one line, as wide as its column lets it."""
    broken = """() => [...document.querySelectorAll(".jm-ends, .jm-tags em")].filter((e) => e.offsetHeight
      > 1.6 * parseFloat(getComputedStyle(e).lineHeight)).map((e) => e.innerText)"""
    maps_of = every("vi")
    with browser.running() as chromium:
        for name in ("measured", "wanted", "current"):
            file = tmp_path / f"{name}.html"
            file.write_text(map_page.page(maps_of[name], language="vi", as_of=DAY), "utf-8")
            for phone in (False, True):
                with browser.visit(chromium, file, phone=phone) as seen:
                    assert seen.page.locator(".jm-ends, .jm-tags em").count() > 1, name
                    assert seen.page.evaluate(broken) == [], (name, phone)
                    if not phone:
                        on_paper(seen)
                        assert seen.page.evaluate(broken) == [], name


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("script", [True, False])
def test_what_one_sheet_cannot_hold_goes_on_in_full_on_the_next_in_letters_as_large(tmp_path, script) -> None:
    whole = rich(30)
    board = maps.side_by_side([whole, dataclasses.replace(whole, name="other")])
    file = tmp_path / "board.html"
    file.write_text(map_page.page(board, language="vi", as_of=DAY), "utf-8")
    with browser.running() as chromium, browser.visit(chromium, file, script=script) as seen:
        assert len(sheets(seen)) in (2, 3)
        (paper,) = on_paper(seen)
        assert paper["least"] >= (LEGIBLE if script else UNMEASURED) - 0.01
        assert paper["short"] == 0
        assert "more on screen" not in paper["said"]


@pytest.mark.browser
@pytest.mark.slow
def test_beside_a_map_that_has_a_lane_one_that_has_not_takes_no_room_on_paper(tmp_path) -> None:
    demo = maps.read(DEMO)
    now, wanted = (maps.drawn(demo, name) for name in ("current", "future"))
    file = tmp_path / "board.html"
    file.write_text(map_page.page(maps.side_by_side([now, wanted]), language="en", as_of=DAY), "utf-8")
    with browser.running() as chromium, browser.visit(chromium, file) as seen:
        rows = seen.page.locator(".jm-again")
        assert rows.count() == len({*now.lanes, *wanted.lanes})
        (paper,) = on_paper(seen)
        assert paper["least"] >= UNMEASURED - 0.01
        assert sum(row.is_visible() for row in rows.all()) == len(wanted.lanes)


@pytest.mark.browser
@pytest.mark.slow
def test_only_a_map_that_would_be_too_small_to_read_is_shortened_and_it_says_by_how_much(tmp_path) -> None:
    with browser.running() as chromium:
        for name, whole in (("few", current(authored=drawn())), ("rich", rich())):
            file = tmp_path / f"{name}.html"
            file.write_text(map_page.page(whole, language="en"), "utf-8")
            with browser.visit(chromium, file) as seen:
                before = seen.page.locator(".jmap").inner_text()
                (paper,) = on_paper(seen)
                step = int(paper["short"])
                assert (step > 0) == (name == "rich")
                assert "more on screen" not in before
                told = [int(n) for n in re.findall(r"\+(\d+) more on screen", paper["said"])]
                left = [
                    len(cell.entries) - KEPT[step - 1]
                    for cell in whole.cells
                    if step and len(cell.entries) > KEPT[step - 1] + 1
                ]
                assert sorted(told) == sorted(left)


@pytest.mark.browser
@pytest.mark.slow
def test_without_scripts_a_map_can_be_read_as_well(tmp_path) -> None:
    """Nobody has measured it: it may take a second sheet, and then begins that with its stages again."""
    with browser.running() as chromium:
        for name, whole in every("vi").items():
            file = tmp_path / f"{name}.html"
            file.write_text(map_page.page(whole, language="vi", as_of=DAY), "utf-8")
            with browser.visit(chromium, file, script=False) as seen:
                assert len(sheets(seen)) == (2 if name == "rich" else 1), name
                (paper,) = on_paper(seen)
                assert paper["least"] >= UNMEASURED - 0.01, name
                assert paper["right"] <= SHEET["width"] + 1, name


@pytest.mark.browser
@pytest.mark.slow
def test_after_printing_the_screen_is_as_it_was(tmp_path) -> None:
    file = tmp_path / "map.html"
    file.write_text(map_page.page(rich(), language="vi"), "utf-8")
    with browser.running() as chromium, browser.visit(chromium, file) as seen:
        before = seen.page.screenshot()
        seen.page.evaluate('dispatchEvent(new Event("beforeprint"))')
        assert seen.page.screenshot() == before


def test_the_first_of_every_kind_of_evidence_is_kept_before_the_second_of_any() -> None:
    notes = "[aa, bb, cc, dd, {vi: zz, assumed: true}]"
    text = BOOK.replace("- stage: ask\n", f"- stage: ask\n        doing: {notes}\n")
    page = map_page.fragment(maps.drawn(book(text), "now"), language="vi")
    (cell,) = [cell for cell in re.findall(r"<td.*?</td>", page, re.DOTALL) if 'jm-text">aa<' in cell]
    late = {said: kept for kept, said in re.findall(r'<li(.*?)>\s*<span class="jm-text">(\w\w)<', cell)}
    assert late == {"aa": "", "bb": "", "zz": "", **dict.fromkeys(("cc", "dd"), ' class="jm-late-3"')}
    assert re.findall(r'jm-rest-(\d)">còn (\d) ý', cell) == [("3", "2")]
