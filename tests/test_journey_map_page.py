"""What readers see of a map: in words and without colour, whatever its texts hold, on screen and on paper."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import browser
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from nbformat import v4
from sample_map import BOOK, DAY, HOSTILE, book, current, drawn, hostile
from sample_report import PROVENANCE

from journey_lib import exporter, i18n, map_drawings, map_figures, map_page, map_stills, map_words
from journey_lib import journey_map as maps

DEMO = Path(__file__).parents[1] / "data" / "demo" / "maps" / "journey_map.yaml"
SVG = "{http://www.w3.org/2000/svg}"


def whole() -> maps.Map:
    return maps.blueprint(current(authored=drawn()), drawn("behind"))


def text_of(markup: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


# --- words ----------------------------------------------------------------------------------------------


def test_every_cell_says_in_words_how_it_is_known() -> None:
    page = map_page.fragment(whole(), language="en", as_of=DAY)
    rows = re.findall(r'<tr class="jm-row.*?</tr>', page, re.DOTALL)
    assert len(rows) == len(whole().lanes)
    for cell in [cell for row in rows for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]:
        assert re.search(r"measured|reported|authored|assumed|missing", text_of(cell)), cell
    assert "past its review date, 30 Jun 2025" in page


def test_a_map_speaks_the_language_it_is_asked_for_and_leaves_the_process_as_it_was() -> None:
    page = map_page.page(whole(), language="vi")
    assert "Đường tầm nhìn của khách" in page
    assert "Nhắn tin" in page
    assert "Writes a message" not in page
    assert '<html lang="vi">' in page
    assert i18n.language() == "en"


def test_every_flow_is_told_in_words_drawn_or_not() -> None:
    page = text_of(map_page.fragment(current(), language="en"))
    assert "from See to Buy" in page
    assert "from Ask to See" in page
    (skip,) = [flow for flow in current().flows if flow.way == "skip"]
    assert f"from See to Buy: {i18n.percent(skip.share)} of the steps" in page


@pytest.mark.parametrize(
    ("value", "low", "high", "direction", "said"),
    [
        (0.5, 0.45, 0.55, "at_least", "met"),
        (0.5, 0.45, 0.55, "at_most", "missed"),
        (0.3, 0.2, 0.41, "at_least", "close"),
        (0.3, 0.2, 0.4, "at_least", "missed"),
        (0.3, 0.2, 0.4, "at_most", "met"),
        (0.4, None, None, "at_least", "met"),
    ],
)
def test_a_target_is_met_or_missed_only_where_the_interval_tells(value, low, high, direction, said) -> None:
    entry = maps.Entry(
        maps.Measured(90, "customers", "funnel"),
        number=maps.Number(value, "share", low, high),
        target=0.4,
        direction=direction,
    )
    assert map_figures.verdict(entry) == said


def test_a_target_of_what_nobody_measures_is_said_to_be_unmeasured() -> None:
    page = text_of(map_page.fragment(current(authored=drawn()), language="en"))
    assert "NPS ? target ≥ 40.0% · not measured" in page


def test_an_author_who_is_a_department_goes_by_its_name_and_any_other_by_what_was_written() -> None:
    text = BOOK.replace("author: Care\n", "author: care\n").replace(
        "review: 2025-06-30}", "review: 2025-06-30, author: Lan}"
    )
    for language, name in (("vi", "Chăm sóc"), ("en", "Customer care")):
        with i18n.speaking(language):
            whole = maps.drawn(maps.book(yaml.safe_load(text)), "now")
            page = map_page.fragment(whole, language=language, as_of=DAY)
            head = page[page.index('class="jm-by"') : page.index("</header>")]
            assert name in text_of(head)
            assert maps.stale(whole, DAY).table["author"].tolist() == ["Lan"]
            still = map_stills.svg(whole, language=language)
        assert name in still
        assert "· Lan" in text_of(page)
        assert ">care<" not in page + still


def test_where_no_stage_has_a_feeling_there_is_no_curve_on_the_page_or_the_still() -> None:
    bare = "\n".join(line for line in BOOK.splitlines() if "feeling" not in line)
    for text, curves in ((BOOK, True), (bare, False)):
        shown = current(authored=maps.drawn(maps.book(yaml.safe_load(text)), "now"))
        assert ('class="jm-curve"' in map_page.fragment(shown, language="en")) == curves
        assert ('stroke-dasharray="2 4"' in map_stills.svg(shown, language="en")) == curves
        assert "Feeling" in map_page.fragment(shown, language="en")


@pytest.mark.parametrize(
    ("number", "said", "apart"),
    [
        (maps.Number(0.699, "share"), "69.9%", "+69.9 points"),
        (maps.Number(-0.248, "share"), "-24.8%", "−24.8 points"),
        (maps.Number(12.0, "count"), "12", "+12"),
        (maps.Number(-1500.4, "money", currency="VND"), "-₫1,500", "−1,500"),
        (maps.Number(0.052, "per_100"), "0.05", "+0.05"),
    ],
)
def test_a_figure_and_a_difference_are_told_in_their_unit(number, said, apart) -> None:
    assert map_figures.value(number) == said
    assert map_figures.apart(number) == apart


def test_the_coverage_of_the_map_stands_at_its_head() -> None:
    share = i18n.percent(maps.coverage(whole()).facts["measured"], 0)
    assert f"{share} of cells measured" in text_of(map_page.fragment(whole(), language="en"))[:900]


@pytest.mark.parametrize(
    ("days", "said"),
    [(2.04, "2.0 days"), (0.5, "12 hours"), (0.05, "1 hour"), (0.002, "3 minutes"), (0.0001, "1 minute")],
)
def test_a_time_is_told_in_the_unit_that_suits_it(days, said) -> None:
    assert map_figures.waiting(days) == said


# --- nothing a text holds is markup ------------------------------------------------------------------------


def test_markup_in_any_text_of_people_or_data_is_only_text() -> None:
    page = map_page.page(hostile(), language="en", names={}, as_of=DAY)
    assert page.count("&lt;script&gt;alert(1)") >= 8
    assert "<img" not in page
    assert "<script>alert" not in page
    drawing = map_stills.svg(hostile(), language="en")
    assert "<script" not in drawing
    assert ElementTree.fromstring(drawing).tag == f"{SVG}svg"  # noqa: S314 - our own text


def test_a_map_reaches_a_report_as_data_and_is_drawn_there() -> None:
    bundle = map_page.bundle(hostile(), language="en", names={}, as_of=DAY)
    cell = v4.new_code_cell("run.show(now)")
    # Whatever HTML the notebook holds beside the data, the page does not take it.
    forged = {**bundle, "text/html": "<b>forged</b>"}
    cell.outputs = [v4.new_output("display_data", data=forged)]
    nb = v4.new_notebook(cells=[v4.new_markdown_cell("# Map"), cell])
    page = exporter.page(nb, language="en", title="Map", provenance=PROVENANCE, currency="VND")
    assert 'class="jmap"' in page
    assert "jm-grid" in page
    assert "forged" not in page
    assert "<script>alert" not in page


def test_a_report_without_a_map_carries_none_of_its_looks() -> None:
    nb = v4.new_notebook(cells=[v4.new_markdown_cell("# Nothing")])
    page = exporter.page(nb, language="en", title="Nothing", provenance=PROVENANCE, currency="VND")
    assert "jm-grid" not in page


# --- what is drawn ----------------------------------------------------------------------------------------


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=8), st.floats(0, 1))
def test_a_curve_goes_through_its_points_and_never_beyond_two_neighbours(values, at) -> None:
    assert map_drawings.smooth(values, list(range(len(values)))) == pytest.approx(values)
    for k in range(len(values) - 1):
        (between,) = map_drawings.smooth(values, [k + at])
        low, high = sorted(values[k : k + 2])
        assert low - 1e-9 <= between <= high + 1e-9


def test_a_curve_breaks_where_a_stage_has_no_feeling() -> None:
    _first, gap, last = map_drawings.curve([(0.5, 0.4, 0.6), None, (-0.5, None, None)])
    assert (gap.line, gap.band) == ("", "")
    assert last.line == ""  # a point by itself is a face, no line
    joined = map_drawings.curve([(0.5, 0.4, 0.6), (-0.5, None, None)])
    assert joined[0].line.endswith(joined[1].line.split("L")[0].removeprefix("M").replace("0.0", "100.0", 1))
    assert joined[0].band


def test_arcs_are_as_wide_as_their_share_and_rare_ones_are_left_to_words() -> None:
    flows = tuple(
        maps.Flow("see", target, way, 10, 100, share, 0, 1)
        for target, way, share in (("ask", "next", 0.4), ("buy", "skip", 0.2), ("see", "repeat", 0.9))
    )
    rare = maps.Flow("ask", "buy", "next", 1, 1000, 0.009, 0, 1)
    shown = map_drawings.arcs(
        maps.Map("m", "current", drawn().stages, (), flows=(*flows, rare)), forward=True
    )
    assert [arc.flow.target for arc in shown] == ["ask", "buy"]
    assert shown[0].width - 1.2 == pytest.approx(2 * (shown[1].width - 1.2))
    assert shown[1].height > shown[0].height


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_still_is_text_in_one_drawing_without_style_sheet_or_address(language) -> None:
    drawing = map_stills.svg(whole(), language=language, as_of=DAY)
    root = ElementTree.fromstring(drawing)  # noqa: S314 - our own text
    words = " ".join(part.text or "" for part in root.iter(f"{SVG}text"))
    assert {"vi": "Đường tương tác", "en": "Line of interaction"}[language] in words
    assert {"vi": "Sốt ruột", "en": "Impatient"}[language] in words
    assert not re.search(r"https?://(?!www\.w3\.org)|<style|<foreignObject|href", drawing)
    bottom = float(root.get("height"))
    assert max(float(part.get("y")) for part in root.iter(f"{SVG}text")) < bottom


def test_a_still_becomes_a_picture_and_one_page() -> None:
    assert map_stills.png(drawn(), language="vi", scale=1).startswith(b"\x89PNG")
    made = map_stills.pdf(drawn(), language="vi")
    assert made.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", made)) == 1


# --- in a browser -------------------------------------------------------------------------------------------


def pages(folder: Path) -> dict[str, Path]:
    now = whole()
    made = {
        "current": map_page.page(now, language="vi", as_of=DAY),
        "future": map_page.page(maps.future(now, drawn("wanted")), language="en"),
        "board": map_page.page(maps.side_by_side([now, current(authored=drawn())]), language="en"),
        "hostile": map_page.page(hostile(), language="vi", as_of=DAY),
        "long": map_page.page(
            maps.drawn(book(BOOK.replace("Busy", "busy " * 200).replace("Bận rộn", "Dài" * 90)), "now"),
            language="vi",
        ),
    }
    for name, page in made.items():
        (folder / f"{name}.html").write_text(page, "utf-8")
    return {name: folder / f"{name}.html" for name in made}


@pytest.mark.browser
@pytest.mark.slow
def test_no_rule_of_accessibility_is_broken_nothing_is_fetched_and_nothing_sticks_out(tmp_path) -> None:
    with browser.running() as chromium:
        for name, page in pages(tmp_path).items():
            for dark, phone in ((False, False), (True, False), (False, True)):
                with browser.visit(chromium, page, dark=dark, phone=phone) as seen:
                    assert seen.complaints() == [], (name, dark, phone)
                    assert seen.asked == []
                    assert seen.said == []
                    assert seen.overflow() <= 0, (name, dark, phone)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("language", ["vi", "en"])
def test_maps_of_every_kind_can_be_used_by_everybody_in_both_languages(tmp_path, language) -> None:
    """Axe on the demo's maps as people wrote them, and on those with figures: light, dark, and on a phone."""
    demo = maps.read(DEMO)
    every = {name: maps.drawn(demo, name) for name in demo.names}
    every |= {"measured": whole(), "wanted": maps.future(whole(), drawn("wanted"))}
    assert {each.kind for each in every.values()} == {"current", "future", "day", "support"}
    assert any(each.blueprint for each in every.values())
    with browser.running() as chromium:
        for name, shown in every.items():
            page = tmp_path / f"{name}.html"
            page.write_text(map_page.page(shown, language=language, as_of=DAY), "utf-8")
            for dark, phone in ((False, False), (True, False), (False, True)):
                with browser.visit(chromium, page, dark=dark, phone=phone) as seen:
                    assert seen.faults() == [], (name, dark, phone)


@pytest.mark.browser
@pytest.mark.slow
def test_on_a_phone_a_map_reads_stage_by_stage_with_no_script_and_nothing_to_scroll_sideways(
    tmp_path,
) -> None:
    page = pages(tmp_path)["current"]
    with browser.running() as chromium, browser.visit(chromium, page, phone=True, script=False) as seen:
        heads = seen.page.locator(".jm-stages th").evaluate_all(
            "l => l.map(e => e.getBoundingClientRect().top)"
        )
        assert heads == sorted(heads)
        assert heads[0] < heads[1] < heads[2]
        for number, top in enumerate(heads, start=1):
            cells = seen.page.locator(f".jm-row td:nth-child({number + 1}):not(.jm-none)")
            boxes = cells.evaluate_all(
                "l => l.map(e => e.getBoundingClientRect()).map(b => [b.top, b.left, b.width])"
            )
            after = heads[number] if number < len(heads) else float("inf")
            assert all(top < y < after for y, _left, _width in boxes), number
            assert all(left >= 0 and 300 < width <= 390 for _y, left, width in boxes)
            shown = cells.locator(".jm-small").evaluate_all(
                "l => l.every(e => e.offsetHeight > 0 && e.innerText)"
            )
            assert shown
        smallest = seen.page.locator(".jmap :is(li, p, small, span, b)").evaluate_all(
            "l => Math.min(...l.filter(e => e.offsetHeight && e.innerText)"
            ".filter(e => !e.closest('.unseen, .jm-share-of'))"
            ".map(e => parseFloat(getComputedStyle(e).fontSize)))"
        )
        assert smallest >= 11


@pytest.mark.browser
@pytest.mark.slow
def test_a_map_of_any_kind_is_one_landscape_sheet_on_paper(tmp_path) -> None:
    with browser.running() as chromium:
        for name, page in pages(tmp_path).items():
            if name == "board":  # maps side by side may take two
                continue
            with browser.visit(chromium, page) as seen:
                sheet: Any = seen.page.pdf(prefer_css_page_size=True, print_background=True)
            assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == 1, name
            (box,) = set(re.findall(rb"/MediaBox\s*\[([\d. ]+)\]", sheet))
            width, height = map(float, box.split()[2:])
            assert width > height


def test_a_mark_of_evidence_leads_to_the_rows_of_its_cell(tmp_path) -> None:
    page = map_page.page(current(authored=drawn()), language="en")
    leads = set(re.findall(r'href="#(jmap-1-0-[a-z]+-[a-z]+)"', page))
    rows = set(re.findall(r'<tr id="(jmap-1-0-[a-z]+-[a-z]+)"', page))
    assert leads
    assert leads <= rows


def test_a_code_nobody_has_a_name_for_is_written_as_words_and_a_step_with_both_its_ends() -> None:
    assert map_words.point("dp_news_banner", {}) == "Dp news banner"
    assert map_words.point("a>b", {"a": "Advert", "b": "Basket"}) == "Advert → Basket"
    entry = maps.Entry(maps.Measured(9, "journeys", "touchpoints"), name="exit:chat")
    assert (
        map_words.called(entry, "pains", "en", {"chat": "Messenger chat"})
        == "Journeys end at: Messenger chat"
    )


def test_a_review_date_is_judged_on_the_day_that_is_given() -> None:
    early = map_page.fragment(drawn(), language="en", as_of=dt.date(2025, 6, 30))
    assert "past its review date" not in early
    assert HOSTILE not in early
