"""What readers see of planned against actual: the diagram, the tables, the sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import altair as alt
import pytest
from tables import touches

from journey_lib import (
    charts_conformance,
    conformance,
    findings_conformance,
    i18n,
    maps,
    session,
    tables,
    theme,
)
from journey_lib.model import Result

PLAN = maps.plan(
    {
        "name": {"vi": "Mua hàng", "en": "Buying"},
        "steps": [
            {"step": "discover", "label": {"vi": "Biết đến", "en": "Discover"}, "any_of": ["tiktok"]},
            {"step": "compare", "label": {"vi": "So sánh", "en": "<Compare>"}, "any_of": ["search"]},
            {"step": "buy", "label": {"vi": "Mua", "en": "Buy"}, "any_of": ["store", "shop"]},
        ],
    }
)
PATHS = ["tiktok search store"] * 3 + ["tiktok store"] * 2 + ["store search tiktok", "radio", "search tiktok"]
LOG = "who | when | channel | sale\n" + "\n".join(
    f"c{number} | 01-{day + 1:02} 08:00 | {name} | {5 if name == 'store' and number != 1 else ''}"
    for number, path in enumerate(PATHS)
    for day, name in enumerate(path.split())
)


@pytest.fixture
def log():
    return touches(LOG)


def both(log: Any, k: int = 1) -> tuple[Result, Result]:
    return conformance.score(log, PLAN).suppressed(k), conformance.moves(log, PLAN).suppressed(k)


def drawn(chart: alt.TopLevelMixin, column: str) -> list[dict[str, Any]]:
    """The rows of the data set that has a column."""
    return next(rows for rows in chart.to_dict()["datasets"].values() if column in rows[0])


def test_the_diagram_has_a_box_for_every_step_and_an_arc_for_every_move(log):
    score, moves = both(log)
    chart = charts_conformance.deviation_diagram(score, moves)
    boxes = drawn(chart, "filled")
    assert [box["step_name"] for box in boxes] == ["Discover", "<Compare>", "Buy"]
    assert [box["followed"] for box in boxes] == score.table["followed"].tolist()
    heads = {(h["from_name"], h["to_name"]): (h["kind_name"], h["carried"]) for h in drawn(chart, "peak")}
    expected = {
        (a, b): n
        for a, b, n in moves.table.groupby(["from", "to"])["journeys"].sum().reset_index().to_numpy()
    }
    assert len(heads) == len(expected)
    assert heads["Discover", "Buy"] == ("jumps ahead", 2)
    assert sum(n for _, n in heads.values()) == moves.table["journeys"].sum()


def test_turning_back_is_one_arc_whichever_of_its_ends_was_out_of_order():
    log = touches(
        """
        who  | when        | channel | sale
        an   | 01-01 08:00 | search  |
        an   | 01-02 08:00 | tiktok  |
        binh | 01-01 08:00 | search  |
        binh | 01-02 08:00 | store   |
        binh | 01-03 08:00 | tiktok  |
        """
    )
    moves = conformance.moves(log, PLAN).table
    assert set(moves.loc[moves["to"] == "discover", "kind"]) == {"next", "early", "late"}
    heads = drawn(charts_conformance.deviation_diagram(*both(log)), "peak")
    assert [head["carried"] for head in heads if head["kind_name"] == "turns back"] == [2]


def test_arcs_go_over_the_steps_forwards_and_under_them_backwards(log):
    arcs = drawn(charts_conformance.deviation_diagram(*both(log)), "at")
    ways = {"on to the next step": [], "jumps ahead": [], "turns back": []}
    for point in arcs:
        ways[point["kind_name"]].append(point)
    assert {point["y"] for point in ways["on to the next step"]} == {0.5}
    assert all(point["y"] >= 0.5 for point in ways["jumps ahead"])
    assert all(point["y"] <= charts_conformance.BELOW for point in ways["turns back"])
    for arc in {point["arc"] for point in arcs}:
        across = [point["x"] for point in arcs if point["arc"] == arc]
        back = next(point for point in arcs if point["arc"] == arc)["kind_name"] == "turns back"
        assert across == sorted(across, reverse=back)


def test_no_layer_is_without_a_mark(log):
    """Vega would complain of it on the reader's console."""
    score, moves = both(log)
    for share in (0.1, 0.9):
        alike = replace(score, table=score.table.assign(followed_share=share))
        spec = charts_conformance.deviation_diagram(alike, moves).to_dict()
        filters = [str(layer.get("transform", "")) for layer in spec["layer"]]
        assert sum("datum.high_end" in each for each in filters) == 1
        assert any("!datum.high_end" in each for each in filters) == (share < 0.75)


def test_colour_is_never_alone(log):
    spec = charts_conformance.deviation_diagram(*both(log)).to_dict()
    lines = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "line")["encoding"]
    points = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "point")["encoding"]
    assert lines["color"]["field"] == lines["strokeDash"]["field"] == points["shape"]["field"] == "kind_name"


def test_a_legend_says_what_the_three_kinds_of_arcs_are(log):
    theme.enable("report", currency="VND", language="en")
    spec = charts_conformance.deviation_diagram(*both(log)).to_dict()
    picture = theme.draw(spec, locale=i18n.vega_locale("VND", "en"))
    assert all(kind in picture for kind in ("on to the next step", "jumps ahead", "turns back"))


def test_of_many_arcs_the_most_travelled_are_drawn_and_the_rest_are_counted():
    names = [f"c{number:02}" for number in range(12)]
    steps = maps.plan({"steps": [{"step": name, "any_of": [name]} for name in names]})
    jumps = [(a, b) for a in range(12) for b in range(a + 2, 12)]
    lines = [
        f"p{a}-{b} | 01-0{1 + at} 08:00 | c{step:02} |" for a, b in jumps for at, step in enumerate((a, b))
    ]
    lines += [
        f"q{n} | 01-0{1 + at} 08:00 | {name} |" for n in range(2) for at, name in enumerate(("c03", "c09"))
    ]
    log = touches("who | when | channel | sale\n" + "\n".join(lines))
    chart = charts_conformance.deviation_diagram(
        conformance.score(log, steps), conformance.moves(log, steps), "2025"
    )
    heads = [head for head in drawn(chart, "peak") if head["kind_name"] == "jumps ahead"]
    assert len(heads) == charts_conformance.MOST_ARCS
    moves = conformance.moves(log, steps).table
    skips = moves[moves["kind"] == "skip"]["journeys"].sort_values(ascending=False)
    assert sorted((h["carried"] for h in heads), reverse=True) == skips[:12].tolist()
    assert theme.titles(chart.to_dict())[1] == f"2025 · {len(skips) - 12} rarer moves are not drawn"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_chart_has_title_description_and_marks(log, language):
    i18n.speak(language)
    theme.enable("report", currency="VND", language=language)
    for chart in (
        charts_conformance.deviation_diagram(*both(log), "2025"),
        charts_conformance.outcomes_by_reach(conformance.outcomes_by_reach(log, PLAN), "2025"),
    ):
        assert theme.marks(theme.check(chart.to_dict(), locale=i18n.vega_locale("VND", language))) > 3


def test_arcs_and_steps_of_too_few_customers_are_not_told(log):
    score, moves = both(log, k=3)
    chart = charts_conformance.deviation_diagram(score, moves)
    assert {head["carried"] for head in drawn(chart, "peak")} == {3, 5, 7}
    hidden = conformance.score(touches(LOG.replace("search", "web")), PLAN)
    hidden = replace(hidden, within={}, tell={}).suppressed(7)
    assert hidden.table["suppressed"].tolist() == [False, False, True]
    boxes = drawn(charts_conformance.deviation_diagram(hidden, moves), "filled")
    assert [box["label"] for box in boxes][2] == "–"


def test_a_plan_nobody_may_be_shown_of_says_so(log):
    chart = charts_conformance.deviation_diagram(*both(log, k=100))
    assert theme.declared_empty(chart.to_dict())
    reach = conformance.outcomes_by_reach(log, PLAN).suppressed(100)
    assert theme.declared_empty(charts_conformance.outcomes_by_reach(reach).to_dict())


def test_steps_without_a_move_that_may_be_shown_still_stand(log):
    score, _ = both(log)
    none = conformance.moves(log, PLAN).suppressed(100)
    assert len(drawn(charts_conformance.deviation_diagram(score, none), "filled")) == 3


@pytest.mark.parametrize(
    "measure",
    [
        conformance.score,
        conformance.moves,
        conformance.deviations,
        conformance.outcomes,
        conformance.outcomes_by_reach,
    ],
)
def test_every_table_reads_in_the_readers_words(log, measure):
    i18n.speak("vi")
    result = measure(log, PLAN)
    caption, formats = session.LAYOUTS[result.name]
    assert set(formats) <= set(result.table)
    frame = charts_conformance.worded(result.table, result)
    formats = {name: "money:VND" if form == "money" else form for name, form in formats.items()}
    shown = tables.table_html(frame, caption=caption, formats=formats, muted="customers", k=2)
    assert "skipped:" not in shown
    assert ("Biết đến" in shown) == (measure is not conformance.outcomes)


def test_a_pattern_is_told_step_by_step(log):
    names = charts_conformance.step_names(conformance.score(log, PLAN))
    pattern = "skipped:compare + out_of_order:buy + repeated:buy + unplanned"
    assert charts_conformance.deviation_name(pattern, names) == (
        "skips “<Compare>”; “Buy” out of order; “Buy” more than once; contacts outside the plan"
    )
    assert charts_conformance.deviation_name("(other)", names) == "(other)"


def test_findings_state_base_and_interval_and_escape_what_the_plan_says(log):
    score = conformance.score(log, PLAN)
    assert findings_conformance.conformance(score).startswith(
        "Of 9 journeys **8** met the plan, and **37.5%** of these (95% interval 13.7% to 69.4%) went as"
        " planned as far as they got; **3** reached its last step that way. 1 met no step of it"
    )
    assert "&lt;Compare&gt;" in findings_conformance.steps(score)
    assert findings_conformance.coverage(score, {"shop": "Shop", "radio": "Radio"}) == (
        "In the plan, but never in the data: Shop. In the data, but in no step of the plan: Radio."
    )


def test_findings_never_speak_of_causes_nor_of_all_journeys_alone(log):
    said = findings_conformance.outcomes(conformance.outcomes(log, PLAN))
    assert said.startswith("Among journeys that got equally far in the plan")
    assert "barely begun" in said
    everything = " ".join(
        [
            said,
            findings_conformance.deviations(conformance.deviations(log, PLAN)),
            findings_conformance.steps(conformance.score(log, PLAN)),
        ]
    ).lower()
    assert not any(word in everything for word in ("because", "leads to", "drives", "increases", "thanks to"))


def test_findings_of_nothing_say_so():
    log = touches("who | when | channel | sale\nan | 01-01 08:00 | radio | 5\nbinh | 01-02 08:00 | tiktok |")
    cut = {"period": ("2025-01-01", "2025-01-02")}
    assert findings_conformance.conformance(conformance.score(log, PLAN, **cut)) == (
        "No journey met any step of the plan."
    )
    assert findings_conformance.steps(conformance.score(log, PLAN, **cut)).startswith("No journey skipped")
    assert findings_conformance.deviations(conformance.deviations(log, PLAN, **cut)).startswith(
        "No deviation"
    )
    assert findings_conformance.outcomes(conformance.outcomes(log, PLAN, **cut)).endswith(
        "nothing to compare."
    )
