"""What a journey map says, and how it knows: measured beside written, and the arithmetic of both."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from collections import defaultdict
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sample_map import BOOK, DAY, LOG, book, current, drawn, entries
from tables import touches
from test_laws import CHANNELS, law, logs
from twins import Row

import journey_lib as jl
from journey_lib import journey_map as maps
from journey_lib import stages
from journey_lib.errors import ConfigError, DataError, ParameterError
from journey_lib.intervals import difference, wilson

DEMO = Path(__file__).parents[1] / "data" / "demo" / "maps" / "journey_map.yaml"
LAWFUL = stages.Model.model_validate(
    {
        "name": "laws",
        "stages": [
            {"stage": f"s{n}", "any": [{"channel": [name]}]} for n, name in enumerate(CHANNELS[:3], start=1)
        ],
    }
)


# --- measured -------------------------------------------------------------------------------------------


@law
@given(logs(), st.sampled_from([None, "2d", "30d"]), st.sampled_from(["loose", "strict"]))
def test_a_map_counts_at_every_stage_what_the_funnel_of_the_journeys_report_counts(
    log, within, order
) -> None:
    table = touches(log)
    whole = maps.current(table, model=LAWFUL, within=within, order=order, k=1)
    funnel = jl.funnel.funnel(jl.journeys.steps_by(table, "stage", LAWFUL), within=within, order=order).table
    for place, row in enumerate(funnel.to_dict("records")):
        said = entries(whole, row["step"], "kpi")
        assert ("reach" in said) == (row["reach"] > 0)
        if "reach" in said:
            assert said["reach"].number.value == row["reach"]
        if place and row["of_previous"]:
            found = said["conversion"]
            assert (found.number.value, found.number.low, found.number.high) == (
                row["conversion"], row["low"], row["high"],
            )  # fmt: skip
            assert found.evidence.n == row["of_previous"]
            lost = entries(whole, funnel["step"][place - 1], "kpi")["drop_off"].number
            assert lost.value == 1 - row["conversion"]
            assert lost.low == 1 - row["high"]


@law
@given(logs())
def test_contacts_by_stage_are_those_of_every_customer_counted_one_by_one(log: list[Row]) -> None:
    found = maps.stage_contacts(touches(log), LAWFUL)
    people, there = defaultdict(set), defaultdict(set)
    stage = dict(zip(CHANNELS[:3], LAWFUL.names, strict=True))
    for row in log:
        if row.channel in stage:
            people[stage[row.channel], "channel", row.channel].add(row.customer)
            people[stage[row.channel], "event_type", "conversion" if row.conversion else "touch"].add(
                row.customer
            )
            there[stage[row.channel]].add(row.customer)
    counted = {
        (r["stage"], r["what"], r["name"]): (r["customers"], r["of"]) for r in found.table.to_dict("records")
    }
    assert counted == {key: (len(who), len(there[key[0]])) for key, who in people.items()}


@law
@given(logs())
def test_the_flows_of_a_map_are_the_transitions_between_its_stages(log: list[Row]) -> None:
    table = touches(log)
    flows = maps.current(table, model=LAWFUL, k=1, lookback="4d").flows
    moves = jl.journeys.transitions(jl.journeys.steps_by(table, "stage", LAWFUL), lookback="4d").table
    inner = moves[moves["from"].isin(LAWFUL.names) & moves["to"].isin(LAWFUL.names)]
    assert {(f.source, f.target): (f.journeys, f.of, f.share) for f in flows} == {
        (r["from"], r["to"]): (r["journeys"], r["of"], r["share"]) for r in inner.to_dict("records")
    }


def test_every_flow_is_called_by_the_way_it_goes() -> None:
    assert {(f.source, f.target): f.way for f in current().flows} == {
        ("see", "ask"): "next", ("ask", "buy"): "next", ("see", "see"): "repeat",
        ("see", "buy"): "skip", ("ask", "see"): "back",
    }  # fmt: skip


def test_the_time_to_the_next_stage_is_a_median_with_its_base() -> None:
    found = entries(current(), "ask", "time")
    assert found["median_days"].number.value == pytest.approx(2, rel=0.05)
    assert found["median_days"].evidence == maps.Measured(1, "steps", "transitions")
    assert current().at("buy", "time") is None


def test_what_rests_on_fewer_people_than_k_is_not_on_the_map() -> None:
    whole = current(k=3)
    assert all(e.evidence.n >= 3 for cell in whole.cells for e in cell.entries)
    assert all(flow.journeys >= 3 for flow in whole.flows)
    assert entries(whole, "see", "kpi")["reach"].number.value == 4
    assert whole.at("buy", "kpi") is None
    assert entries(current(k=1), "buy", "kpi")["reach"].number.value == 2


def test_only_the_days_of_the_period_are_on_the_map() -> None:
    whole = current(period=("2025-01-01", "2025-01-03"))
    assert entries(whole, "buy", "kpi")["reach"].number.value == 1
    assert entries(whole, "ask", "channels")["search"].evidence.n == 2
    assert whole.as_of == dt.date(2025, 1, 2)


# --- what others say ------------------------------------------------------------------------------------


def scores(**more: object) -> pd.DataFrame:
    row = {"stage": "ask", "score": -0.3, "low": -0.5, "high": -0.1, "n": 40, "source": "CSAT"}
    return pd.DataFrame([row | more])


def test_feelings_pains_and_quotes_are_reported_with_their_base() -> None:
    pains = pd.DataFrame(
        [
            {"stage": "ask", "pain": "slow", "n": 3, "of": 10, "source": "tickets"},
            {"stage": "ask", "pain": "sizes", "n": 6, "of": 10, "source": "tickets"},
        ]
    )
    quotes = pd.DataFrame([{"stage": "see", "text": "Hay", "language": "vi", "n": 4, "source": "survey"}])
    whole = current(scores=scores(), pains=pains, quotes=quotes, k=1)
    felt = whole.at("ask", "feeling").entries[0]
    assert (felt.number.value, felt.number.low, felt.evidence) == (-0.3, -0.5, maps.Reported(40, "CSAT"))
    said = whole.at("ask", "pains").entries
    assert [each.name for each in said] == ["sizes", "slow"]
    low, high = wilson(np.array(6), np.array(10))
    assert (said[0].number.value, said[0].number.low, said[0].number.high) == (0.6, low, high)
    assert whole.at("see", "thinking").entries[0].text == {"vi": "Hay"}


def test_few_answers_are_not_shown_at_all() -> None:
    assert current(scores=scores(n=9), k=10).at("ask", "feeling") is None


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (scores(score=7.0), "outside -1 to 1"),
        (scores(stage="aks"), "stage 'aks'"),
        (scores().drop(columns="low"), "no column 'low'"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused(frame: pd.DataFrame, said: str) -> None:
    with pytest.raises(DataError, match=said):
        current(scores=frame)


def test_who_answers_for_most_touchpoints_of_a_stage_stands_first() -> None:
    rows = [("ask", "chat", "care"), ("ask", "call", "care"), ("ask", "page", "it"), ("see", "ad", None)]
    whole = current(inventory=pd.DataFrame(rows, columns=["stage", "touchpoint", "owner"]))
    found = whole.at("ask", "owner").entries
    assert [(e.owner, e.number.value, e.evidence.n) for e in found] == [("care", 2, 3), ("it", 1, 3)]
    assert whole.at("see", "owner") is None


# --- written --------------------------------------------------------------------------------------------


def test_a_note_is_by_whom_it_says_else_by_its_map_else_by_its_file() -> None:
    text = BOOK.replace("    title: {vi: Hiện tại", "    author: Ops\n    title: {vi: Hiện tại")
    text = text.replace("review: 2025-06-30", "review: 2025-06-30, author: Ann, date: 2025-01-02")
    waits, shy = maps.drawn(book(text), "now").at("ask", "pains").entries
    assert waits.evidence == maps.Authored("Ann", dt.date(2025, 1, 2), dt.date(2025, 6, 30))
    assert shy.evidence == maps.Assumed("Ops", dt.date(2025, 10, 1), dt.date(2026, 4, 1))


def test_what_data_say_stands_before_what_people_wrote_and_targets_beside_it() -> None:
    whole = current(authored=drawn())
    lost = entries(whole, "see", "kpi")["drop_off"]
    assert (lost.target, lost.direction, lost.evidence.level) == (0.1, "at_most", "measured")
    assert entries(whole, "buy", "kpi")["nps"].number is None
    assert entries(whole, "buy", "kpi")["nps"].target == 0.4
    assert whole.at("see", "feeling").level == "authored"
    assert current(authored=drawn(), scores=scores()).at("ask", "feeling").level == "reported"


def test_what_is_written_of_a_stage_the_model_does_not_have_is_refused_not_lost() -> None:
    with pytest.raises(ParameterError, match="'asq'"):
        current(authored=maps.drawn(book(BOOK.replace("stage: ask", "stage: asq")), "now"))


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("thinking:", "thinkng:", "Did you mean 'thinking'"),
        ("score: 0.2", "score: 2", "less than or equal to 1"),
        ("steps: [{vi: Nhắn tin, en: Writes a message}]", "steps: [{vi: '', en: ''}]", "nothing is said"),
        ("impact: 3", "impact: 4", "less than or equal to 3"),
        ("date: 2025-10-01", "date: soon", "valid date"),
        ("kind: future", "kind: futur", "'current', 'future', 'day' or 'support'"),
        ("owner: it\n", "owner: itt\n", "no department 'itt'. Did you mean 'it'"),
        ("personas: [p]", "personas: [q]", "there is no persona 'q'"),
        ("stage: buy", "stage: ask", "the stage 'ask' stands there twice"),
        ("map: wanted", "map: now", "the map 'now' stands there twice"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_its_field(tmp_path, right, wrong, said) -> None:
    file = tmp_path / "journey_map.yaml"
    text = BOOK.replace(right, wrong, 1)
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        maps.read(file)
    assert said in str(told.value)
    at = re.search(r"journey_map.yaml, line (\d+): ?([\w.]*)", str(told.value))
    assert at
    if "stands there" not in said and "no " not in said:
        # of what lies in one cell the line is exact; of what does not fit together, that of the whole
        assert wrong.split(":")[0] in text.splitlines()[int(at[1]) - 1]


@pytest.mark.parametrize(
    "trick", ["a: &x 1", "a: !!python/object:os.system x", "a: [*x]", "a: " + "[" * 40 + "]" * 40]
)
def test_a_map_holds_plain_values_only(tmp_path, trick) -> None:
    file = tmp_path / "journey_map.yaml"
    file.write_text(trick, encoding="utf-8")
    with pytest.raises(ConfigError):
        maps.read(file)


@pytest.mark.parametrize("model", stages.MODELS)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_blank_map_of_every_model_can_be_drawn_as_it_stands(model, language) -> None:
    text = maps.blank(stages.load(model), language=language, date=DAY)
    whole = maps.drawn(maps.book(yaml.safe_load(text)), "current")
    assert whole.codes == stages.load(model).names
    assert maps.coverage(whole).facts["measured"] == 0
    assert {cell.level for cell in whole.cells if cell.lane not in ("owner",)} == {"assumed"}
    assert "2025-12-31" in text


def test_the_schema_for_editors_takes_the_demo_and_refuses_a_wrong_key() -> None:
    declared = _dated(yaml.safe_load(DEMO.read_text("utf-8")))
    checks = jsonschema.Draft202012Validator(maps.schema())
    assert list(checks.iter_errors(declared)) == []
    assert [e.validator for e in checks.iter_errors(declared | {"autor": "x"})] == ["additionalProperties"]


def _dated(node):
    """Dates as JSON has them."""
    if isinstance(node, dict):
        return {key: _dated(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_dated(value) for value in node]
    return node.isoformat() if isinstance(node, dt.date) else node


def test_the_demo_maps_are_of_every_kind_in_both_languages_and_one_note_is_past_its_review() -> None:
    found = [maps.drawn(maps.read(DEMO), name) for name in maps.read(DEMO).names]
    assert {whole.kind for whole in found} == {"current", "future", "day", "support"}
    assert any(whole.blueprint for whole in found)
    texts = [e.text for whole in found for cell in whole.cells for e in cell.entries if e.text]
    assert all(text.get("vi") and text.get("en") for text in texts)
    assert [len(maps.stale(whole, DAY).table) for whole in found] == [1, 0, 0, 0, 0, 0]


# --- the other maps -------------------------------------------------------------------------------------


def test_a_gap_is_the_target_less_the_figure_with_the_interval_turned_round() -> None:
    now = current()
    whole = maps.future(now, drawn("wanted"))
    figure = entries(now, "ask", "kpi")["conversion"].number
    gap = entries(whole, "ask", "kpi")["gap:conversion"]
    assert gap.number.value == pytest.approx(0.9 - figure.value)
    assert gap.number.low == pytest.approx(0.9 - figure.high)
    assert gap.number.high == pytest.approx(0.9 - figure.low)
    assert gap.evidence == entries(now, "ask", "kpi")["conversion"].evidence


def test_the_feeling_of_today_stands_beside_the_one_that_is_wanted() -> None:
    whole = maps.future(current(authored=drawn()), drawn("wanted"))
    assert {e.name: e.number.value for e in whole.at("ask", "feeling").entries} == {
        "": 0.5,
        "feeling_now": -0.5,
    }


def test_a_blueprint_can_be_drawn_under_any_map_and_measures_stay() -> None:
    now = current()
    whole = maps.blueprint(now, drawn("behind"))
    assert whole.lanes[-4:] == maps.BLUEPRINT
    kept = [cell for cell in now.cells if cell.lane in maps.BEFORE]
    assert kept
    assert all(cell in whole.cells for cell in kept)
    assert not {cell.lane for cell in whole.cells} & {"time", "doing", "gains", "opportunities"}
    with pytest.raises(ParameterError, match="nothing of what goes on behind"):
        maps.blueprint(now, drawn("wanted"))


def test_maps_of_different_stages_do_not_stand_side_by_side() -> None:
    with pytest.raises(ParameterError, match="different stages"):
        maps.side_by_side([current(), drawn("wanted")])
    with pytest.raises(ParameterError, match="two maps or more"):
        maps.side_by_side([current()])
    board = maps.side_by_side([current(), current(authored=drawn())])
    assert board.lanes == tuple(lane for lane in maps.LANES if lane in board.lanes)


@pytest.mark.parametrize("wrong", [maps.day, lambda whole: maps.future(current(), whole)])
def test_a_map_of_another_kind_is_refused(wrong) -> None:
    with pytest.raises(ParameterError, match="is of kind current"):
        wrong(drawn())


# --- what a map says of itself --------------------------------------------------------------------------


def test_every_cell_is_counted_once_and_what_says_nothing_is_missing() -> None:
    whole = current(authored=drawn())
    found = maps.coverage(whole)
    counts = dict(zip(found.table["evidence"], found.table["cells"], strict=True))
    assert sum(counts.values()) == found.facts["cells"] == len(whole.stages) * len(whole.lanes)
    assert counts["missing"] == found.facts["cells"] - len(whole.cells)
    assert counts["measured"] == sum(cell.level == "measured" for cell in whole.cells)
    assert found.facts["measured"] == counts["measured"] / found.facts["cells"]
    assert found.facts["mixed"] == 2  # a reach beside a target not measured; pains of which one is assumed


def test_a_review_date_is_past_on_the_day_after_it() -> None:
    late = dt.date(2025, 6, 30)
    assert maps.stale(drawn(), late).facts["stale"] == 0
    found = maps.stale(drawn(), late + dt.timedelta(days=1))
    assert found.table["days_past"].tolist() == [1]
    assert found.facts["of"] == sum(len(cell.entries) for cell in drawn().cells)


def test_a_map_beside_itself_has_not_changed() -> None:
    found = maps.changes(current(authored=drawn()), current(authored=drawn()))
    assert found.table.empty
    assert found.facts["same"] == len(maps.to_frame(current(authored=drawn())))


def test_a_change_of_a_share_has_the_interval_of_two_independent_shares() -> None:
    more = LOG + "".join(f"    x{n} | 01-01 08:00 | email |\n" for n in range(300))
    before, now = current(), current(more)
    found = (
        maps.changes(before, now).table.set_index(["stage", "lane", "what"]).loc[("see", "kpi", "drop_off")]
    )
    lost = {
        side: entries(whole, "see", "kpi")["drop_off"] for side, whole in (("then", before), ("now", now))
    }
    counts = [(round(e.number.value * e.evidence.n), e.evidence.n) for e in (lost["now"], lost["then"])]
    apart, low, high = difference(*(np.array(float(n)) for pair in counts for n in pair))
    assert [found["difference"], found["low"], found["high"]] == pytest.approx([apart, low, high])
    assert found["change"] == "moved"


def test_of_many_figures_that_differ_by_chance_only_none_is_said_to_have_moved() -> None:
    """Sixty shares of the same chance, and one that is not: one by one three would be found."""
    frames = []
    rng = np.random.default_rng(5)
    for jump in (0.0, 0.3):
        counts = rng.binomial(400, np.where(np.arange(61) == 60, 0.4 + jump, 0.4))
        low, high = wilson(counts, np.full(61, 400))
        frame = pd.DataFrame(
            {"name": [f"m{n}" for n in range(61)], "value": counts / 400, "low": low, "high": high}
        )
        frames.append(frame.assign(stage="s", lane="kpi", n=400, **dict.fromkeys(_others(), "")))
    found = maps.changes(*frames).table
    alone = found[(found["low"] > 0) | (found["high"] < 0)]
    assert found.loc[found["change"] == "moved", "what"].tolist() == ["m60"]
    assert len(alone) > 1


def _others() -> list[str]:
    known = {"name", "value", "low", "high", "stage", "lane", "n"}
    return [name for name in maps.to_frame(drawn()).columns if name not in known]


def test_new_and_gone_entries_are_told_by_their_words_also_from_a_table_that_was_kept(tmp_path) -> None:
    maps.to_frame(drawn()).to_csv(tmp_path / "before.csv", index=False)
    text = BOOK.replace("en: Shy", "en: Afraid").replace("vi: Ngại", "vi: Sợ")
    found = maps.changes(pd.read_csv(tmp_path / "before.csv"), maps.drawn(book(text), "now"))
    assert {(row["what"], row["change"]) for row in found.table.to_dict("records")} == {
        ("Sợ", "new"), ("Ngại", "gone"),
    }  # fmt: skip


def test_every_department_has_its_list_and_its_line_to_sign() -> None:
    whole = maps.put(current(authored=drawn()), drawn("wanted").cells)
    todo = maps.actions(whole).table
    assert todo[["owner", "action", "kind"]].to_numpy().tolist() == [
        ["Customer care", "Hire", "action"],
        ["Customer care", "Evening shift", "opportunity"],
        ["Customer care", "Sizes", "opportunity"],
        ["IT", "Faster", "opportunity"],
    ]
    signed = maps.sign_off(whole, DAY).table
    assert signed["owner"].tolist() == ["Customer care", "IT"]
    assert signed["stages"].tolist() == ["Ask", "See"]
    assert signed["stale"].tolist() == [1, 0]
    assert signed["actions"].tolist() == [3, 1]
    assert set(signed["signature"]) == {""}
    quiet = dataclasses.replace(whole, departments={**whole.departments, "hr": {"en": "HR"}})
    assert maps.sign_off(quiet, DAY).table["owner"].tolist() == ["Customer care", "IT"]


def test_a_map_survives_the_way_through_plain_values() -> None:
    for whole in (
        maps.blueprint(current(authored=drawn(), scores=scores()), drawn("behind")),
        drawn("wanted"),
    ):
        assert maps.from_plain(json.loads(json.dumps(maps.plain(whole)))) == whole
