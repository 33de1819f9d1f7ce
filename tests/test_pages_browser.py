"""What readers meet: the pages in a real browser, from the disk, with no network to fall back on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import altair as alt
import browser
import pandas as pd
import pytest
from nbformat import v4
from sample_report import HOSTILE, PROVENANCE, charts, code, notebook
from test_publish import at, record
from test_voice_charts import SPOTS

from journey_lib import charts_voice, exporter, publish, tables
from journey_lib.model import Language, Result

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOOKS = [(language, dark) for language in ("vi", "en") for dark in (False, True)]
look = pytest.mark.parametrize(("language", "dark"), LOOKS, ids=str)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser.running() as running:
        yield running


def write(folder: Path, name: str, language: Language, *, failed: bool = False) -> Path:
    nb = notebook(language, charts()[:1] if failed else None)
    if failed:
        cell = code("session.credit(touches)")
        trace = [
            f"frame {n} with a line that is rather longer than any phone is wide, and goes on"
            for n in range(30)
        ]
        cell.outputs = [v4.new_output("error", ename="ValueError", evalue=f"no {HOSTILE}", traceback=trace)]
        nb.cells.append(cell)
    said = {**PROVENANCE, "language": language, "status": "failed" if failed else "ok"}
    title = PROVENANCE["report_title"][language]
    page = folder / f"{name}.html"
    page.write_text(
        exporter.page(nb, language=language, title=title, provenance=said, currency="VND"), "utf-8"
    )
    return page


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A good and a failed page in each language, and an index with every kind of news."""
    folder = tmp_path_factory.mktemp("pages")
    made = {language: write(folder, language, language) for language in ("vi", "en")}
    made |= {
        f"failed-{language}": write(folder, f"failed-{language}", language, failed=True)
        for language in ("vi", "en")
    }
    facts = [{"name": "credit", "facts": {"conversions": 38201, "value": 13.6e9, HOSTILE: HOSTILE}}]
    reports = folder / "reports"
    record(reports, "a", facts=facts, currency="VND", started=at(1))
    record(reports, "b", status="failed", error=f"no {HOSTILE}", started=at(2))
    record(reports, "c", report="journey_map", status="failed", error="the kernel died", started=at(2))
    made["index"] = publish.index(reports)
    return made


# --- the report ---


@look
def test_a_page_asks_for_nothing_complains_of_nothing_and_draws_every_chart(
    chromium: Any, pages: dict[str, Path], language: str, dark: bool
) -> None:
    with browser.visit(chromium, pages[language], dark=dark) as seen:
        assert seen.draw_all() == len(charts())
        assert seen.asked == []
        assert seen.said == []
        assert seen.overflow() <= 0


@look
def test_no_rule_of_accessibility_is_broken(
    chromium: Any, pages: dict[str, Path], language: str, dark: bool
) -> None:
    with browser.visit(chromium, pages[language], dark=dark) as seen:
        seen.draw_all()
        seen.page.click("[data-does=code]")
        assert seen.complaints() == []


def test_on_a_phone_nothing_sticks_out_and_every_chart_is_as_wide_as_the_page_allows(
    chromium: Any, pages: dict[str, Path]
) -> None:
    with browser.visit(chromium, pages["vi"], phone=True) as seen:
        assert seen.draw_all() == len(charts())
        assert seen.overflow() <= 0
        assert seen.said == []
        assert seen.complaints() == []
        for live in seen.page.locator(".live").all():
            drawn, room = live.evaluate(
                "e => [e.querySelector('svg').getBoundingClientRect().width, e.clientWidth]"
            )
            assert room - 4 <= drawn <= room
        assert not seen.page.locator(".contents details").evaluate("d => d.open")


def test_on_a_phone_long_words_of_a_chart_take_lines_and_leave_it_room(chromium: Any, tmp_path: Path) -> None:
    """Names beside the plot, titles and legends: in one line each they took all of a phone's width."""
    names = [f"p{n} · Chuộng quảng cáo bám đuổi, không mấy để ý ưu đãi" for n in range(1, 6)]
    kinds = ["chân dung kém ổn định nhất", "trung bình của tất cả các chân dung"]
    rows = pd.DataFrame({"row": names, "at": [0.1, 0.2, 0.3, 0.4, 0.5], "kind": [*kinds, *kinds, kinds[0]]})
    said = "42,8% (n = 369)"
    base = alt.Chart(rows.assign(said=said))
    x = alt.X("at:Q", title="Độ rộng của nhóm so với dữ liệu không có nhóm nào (1: không tụ lại hơn)")
    y = alt.Y("row:N", sort=names, title=None, axis=alt.Axis(labelLimit=240))
    dots = base.mark_point().encode(x=x, y=y, color=alt.Color("kind:N", title=None))
    told = base.mark_text(align="left", dx=8).encode(x=x, y=y, text="said:N")
    chart = alt.layer(dots, told).properties(title="Ai?", description="Dots.", height=alt.Step(24))
    nb = notebook("vi", [chart])
    page = tmp_path / "page.html"
    provenance = {**PROVENANCE, "language": "vi"}
    page.write_text(
        exporter.page(nb, language="vi", title="Ai?", provenance=provenance, currency="VND"), "utf-8"
    )
    with browser.visit(chromium, page, phone=True) as seen:
        assert seen.draw_all() == 1
        assert seen.said == []
        live = seen.page.locator(".live").first
        inside, room = live.evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert inside <= room
        plot, told_of = live.evaluate(
            "e => [e.querySelector('.mark-group.role-frame .background').getBoundingClientRect().width,"
            " [...e.querySelectorAll('text')].map(t => t.textContent).join(' ')]"
        )
        assert plot > room / 4
        assert "…" not in told_of
        assert told_of.count(said) == 5


def test_weeks_are_drawn_although_the_page_may_run_no_code_of_its_own(chromium: Any, tmp_path: Path) -> None:
    """Vega's interpreter took milliseconds for a year: no bar and no axis, and nothing on the console."""
    spots = Result("hot_spots", SPOTS[SPOTS["customers"] >= 10], {}, {"k": 10})
    nb = notebook("en", [charts_voice.hot_spots(spots, {}, "2025")])
    page = tmp_path / "page.html"
    provenance = {**PROVENANCE, "language": "en"}
    page.write_text(
        exporter.page(nb, language="en", title="?", provenance=provenance, currency="VND"), "utf-8"
    )
    with browser.visit(chromium, page) as seen:
        assert seen.draw_all() == 1
        assert seen.said == []
        wide = "all => all.map(e => e.getBoundingClientRect().width)"
        bars = seen.page.locator(".live .mark-rect path").evaluate_all(wide)
        assert len(bars) == 3
        assert min(bars) > 50


def test_on_a_phone_the_head_of_a_wide_table_is_read_without_scrolling(chromium: Any, tmp_path: Path) -> None:
    row = {"channel": "Zalo", **dict.fromkeys("abcdefgh", 100_000)}
    formats = {"channel": "text"} | dict.fromkeys("abcdefgh", "number")
    caption = "Mỗi nhóm tốt hơn hay kém hơn những người khác ở điểm nào, và bao nhiêu"
    table = tables.table_html(pd.DataFrame([row]), caption=caption, formats=formats)
    nb = notebook("vi", [])
    nb.cells.append(code("session.table(wide)", {"text/html": table, "text/plain": "table"}))
    page = tmp_path / "page.html"
    said = {**PROVENANCE, "language": "vi"}
    page.write_text(exporter.page(nb, language="vi", title="Wide", provenance=said, currency="VND"), "utf-8")
    with browser.visit(chromium, page, phone=True) as seen:
        wide = seen.page.locator(".table").last
        assert wide.evaluate("e => e.scrollWidth > e.clientWidth")
        right = wide.locator("caption span").evaluate("e => e.getBoundingClientRect().right")
        assert right <= browser.PHONE["width"]


def test_on_a_laptop_a_table_of_ten_columns_needs_no_scrolling(chromium: Any, tmp_path: Path) -> None:
    """The text is narrow, so that it is read well; a table goes on into the room beside it."""
    counts = ("journeys", "customers", "over", "conversions")
    formats = {"channel": "text"} | dict.fromkeys(counts, "number") | {"conversion_rate": "percent:2"}
    formats |= {"low": "percent:2", "high": "percent:2", "value": "money:VND", "touches": "number:1"}
    formats |= {"median_days": "number:1"}
    row = {"channel": "Sàn thương mại điện tử", **dict.fromkeys(counts, 197_996), "conversion_rate": 0.1687}
    row |= {"low": 0.1349, "high": 0.9946, "value": 278_581_000.0, "touches": 8.3, "median_days": 11.6}
    nb = notebook("en", [])
    table = tables.table_html(pd.DataFrame([row]), caption="Journeys", formats=formats)
    nb.cells.append(code("session.table(wide)", {"text/html": table, "text/plain": "table"}))
    page = tmp_path / "page.html"
    said = {**PROVENANCE, "language": "en"}
    page.write_text(exporter.page(nb, language="en", title="Wide", provenance=said, currency="VND"), "utf-8")
    with browser.visit(chromium, page) as seen:
        wide = seen.page.locator(".table").last
        inside, room, right = wide.evaluate(
            "e => [e.scrollWidth, e.clientWidth, e.getBoundingClientRect().right]"
        )
        assert wide.locator("thead th").count() == 10
        assert inside <= room
        assert right <= browser.DESK["width"]
        assert seen.overflow() <= 0


def test_a_tooltip_writes_money_as_vietnamese_readers_do_and_a_hostile_name_as_words(
    chromium: Any, pages: dict[str, Path]
) -> None:
    with browser.visit(chromium, pages["vi"]) as seen:
        seen.draw_all()
        bars = seen.page.locator("#chart-1 .mark-rect path")
        tooltip = seen.page.locator("#vg-tooltip-element")
        bars.nth(0).hover()
        tooltip.wait_for(state="visible")
        assert "357.960.000\N{NO-BREAK SPACE}₫" in tooltip.inner_text()
        bars.nth(4).hover()
        tooltip.get_by_text("<script>").wait_for()
        assert tooltip.locator("img, script").count() == 0
        assert seen.said == []


def test_a_slider_moves_its_chart_without_a_kernel(chromium: Any, pages: dict[str, Path]) -> None:
    with browser.visit(chromium, pages["vi"]) as seen:
        seen.draw_all()
        line = seen.page.locator("#chart-6 .mark-line path").first
        before = line.get_attribute("d")
        seen.page.get_by_label("Half-life").press("ArrowRight")
        seen.page.wait_for_function(
            "before => document.querySelector('#chart-6 .mark-line path').getAttribute('d') !== before",
            arg=before,
        )


def test_code_is_behind_one_button(chromium: Any, pages: dict[str, Path]) -> None:
    with browser.visit(chromium, pages["vi"]) as seen:
        blocks = seen.page.locator(".code")
        assert [block.is_visible() for block in blocks.all()] == [False] * blocks.count()
        button = seen.page.get_by_role("button", name="Hiện mã")
        button.click()
        assert blocks.count() > 8
        assert all(block.is_visible() for block in blocks.all())
        assert button.get_attribute("aria-pressed") == "true"


def test_light_and_dark_can_be_chosen_and_charts_follow(chromium: Any, pages: dict[str, Path]) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    with browser.visit(chromium, pages["vi"]) as seen:
        seen.draw_all()
        cell = seen.page.locator("#chart-2 .mark-rect path").first
        light = (seen.page.evaluate(background), cell.get_attribute("fill"))
        seen.page.locator("[data-does=theme]").click()
        seen.page.wait_for_function(
            "f => document.querySelector('#chart-2 .mark-rect path').getAttribute('fill') !== f", arg=light[1]
        )
        assert seen.page.evaluate(background) != light[0]
        assert seen.said == []


def test_on_paper_a_page_is_light_and_shows_the_stills(
    chromium: Any, pages: dict[str, Path], tmp_path: Path
) -> None:
    with browser.visit(chromium, pages["vi"], dark=True) as seen:
        seen.draw_all()
        seen.page.emulate_media(media="print")
        assert (
            seen.page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--ink')")
            == "#1b2430"
        )
        assert [s.is_visible() for s in seen.page.locator(".still svg").all()] == [True] * len(charts())
        assert not any(live.is_visible() for live in seen.page.locator(".live").all())
        assert not seen.page.locator(".bar").is_visible()
        seen.page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
        assert (tmp_path / "page.pdf").stat().st_size > 30_000


def test_without_scripts_the_stills_and_all_words_are_there(chromium: Any, pages: dict[str, Path]) -> None:
    with browser.visit(chromium, pages["vi"], script=False) as seen:
        assert [s.is_visible() for s in seen.page.locator(".still svg").all()] == [True] * len(charts())
        assert seen.page.get_by_role("heading", name="Ai được ghi nhận?").is_visible()


def test_a_hostile_name_runs_nowhere(chromium: Any, pages: dict[str, Path]) -> None:
    for name in ("vi", "failed-vi", "index"):
        with browser.visit(chromium, pages[name]) as seen:
            seen.page.on("dialog", lambda dialog: pytest.fail(dialog.message))
            seen.draw_all()
            assert seen.said == []


def test_what_is_smuggled_in_afterwards_may_not_run_either(chromium: Any, pages: dict[str, Path]) -> None:
    with browser.visit(chromium, pages["vi"]) as seen:
        seen.page.evaluate(
            """() => {
                const script = document.createElement("script");
                script.textContent = "window.owned = 1";
                document.body.append(script);
                const image = '<img src="https://example.org/x" onerror="window.owned = 1">';
                document.body.insertAdjacentHTML("beforeend", image);
            }"""
        )
        seen.page.wait_for_timeout(300)
        assert seen.page.evaluate("window.owned") is None
        assert len([line for line in seen.said if "Content Security Policy" in line]) >= 2


# --- the failed report ---


@look
def test_a_failed_page_is_seen_to_have_failed_and_breaks_no_rule(
    chromium: Any, pages: dict[str, Path], language: str, dark: bool
) -> None:
    with browser.visit(chromium, pages[f"failed-{language}"], dark=dark, phone=True) as seen:
        assert seen.page.get_by_role("alert").first.is_visible()
        assert seen.page.locator(".code.failed").is_visible()
        seen.page.locator("#failure summary").click()
        assert seen.draw_all() == 1
        assert seen.overflow() <= 0
        assert (seen.asked, seen.said) == ([], [])
        assert seen.complaints() == []


# --- the index ---


@look
def test_the_index_speaks_both_languages_and_breaks_no_rule(
    chromium: Any, pages: dict[str, Path], language: str, dark: bool
) -> None:
    with browser.visit(chromium, pages["index"], dark=dark) as seen:
        seen.page.locator(f"[data-speaks={language}]").click()
        assert seen.page.evaluate("document.documentElement.lang") == language
        heading = {"vi": "Báo cáo", "en": "Reports"}
        assert seen.page.locator("h1").inner_text() == heading[language]
        seen.page.locator("summary").first.click()
        assert (seen.asked, seen.said) == ([], [])
        assert seen.complaints() == []


def test_the_index_fits_a_phone_and_leads_to_a_report(chromium: Any, pages: dict[str, Path]) -> None:
    with browser.visit(chromium, pages["index"], phone=True) as seen:
        assert seen.overflow() <= 0
        seen.page.get_by_role("link", name="Phân bổ đóng góp theo kênh").first.click()
        assert seen.page.url.endswith("/demo/vi/channel_attribution.html")
