"""The ranked opportunities of a map, beside the same sums done by hand over every customer."""

from __future__ import annotations

import itertools
import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sample_map import BOOK, book, current, drawn, entries

from journey_lib import journey_map as maps
from journey_lib import map_page
from journey_lib.errors import ConfigError
from journey_lib.journey_map import Cell, Entry, Measured, Number

Z = 1.959963984540054
EACH = Number(200.0, "money", 150.0, 260.0, "VND")


def wilson(stopped: int, of: int) -> tuple[float, float]:
    """The shares p from which `stopped` of `of` are just 1.96 standard errors away: found by bisection."""

    def apart(p: float) -> float:
        return abs(stopped / of - p) - Z * math.sqrt(p * (1 - p) / of)

    ends = []
    for edge in (0.0, 1.0):
        near, far = stopped / of, edge
        if apart(far) <= 0:
            ends.append(far)
            continue
        for _step in range(100):
            middle = (near + far) / 2
            near, far = (middle, far) if apart(middle) <= 0 else (near, middle)
        ends.append(near)
    return ends[0], ends[1]


def whole_of(stages: list[tuple[int, int]], chances: list[tuple[int, int, int, str]]) -> maps.Map:
    """A map of stages (customers, those who stop) with chances (stage, impact, effort, status)."""
    columns: list[dict[str, object]] = [{"stage": f"s{at}"} for at in range(len(stages))]
    for number, (at, impact, effort, status) in enumerate(chances):
        note = {"en": f"o{number}", "impact": impact, "effort": effort, "status": status}
        columns[at].setdefault("opportunities", []).append(note)  # type: ignore[attr-defined]
    written = {"author": "A", "date": "2025-01-01", "maps": [{"map": "m", "stages": columns}]}
    found = []
    for at, (of, stopped) in enumerate(stages):
        share = Number(stopped / of, "share", *wilson(stopped, of))
        found.append(
            Cell(
                f"s{at}", "kpi", (Entry(Measured(of, "customers", "funnel"), name="drop_off", number=share),)
            )
        )
    return maps.put(maps.drawn(maps.book(written), "m"), tuple(found))


STAGES = st.lists(
    st.integers(1, 400).flatmap(lambda of: st.tuples(st.just(of), st.integers(0, of))), min_size=1, max_size=4
)


@given(
    STAGES,
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.integers(1, 3),
            st.integers(1, 3),
            st.sampled_from(["idea", "doing", "done"]),
        ),
        min_size=1,
        max_size=6,
    ),
    st.floats(0, 500),
    st.floats(0, 300),
    st.floats(0, 300),
)
def test_worth_and_its_interval_are_those_of_every_pair_of_ends_multiplied_out(
    stages, chances, mean, below, above
):
    chances = [(at % len(stages), *rest) for at, *rest in chances]
    each = Number(mean, "money", max(mean - below, 0), mean + above)
    found = maps.opportunities(whole_of(stages, chances), value=each).table.set_index("opportunity")
    for number, (at, _impact, _effort, status) in enumerate(chances):
        of, stopped = stages[at]
        row = found.loc[f"o{number}"]
        one_by_one = sum(mean for _customer in range(stopped))
        corners = [of * p * v for p, v in itertools.product(wilson(stopped, of), (each.low, each.high))]
        assert row["worth"] == pytest.approx(one_by_one, abs=1e-6)
        assert (row["low"], row["high"]) == pytest.approx((min(corners), max(corners)), abs=1e-6)
        assert (row["reach"], row["customers"], row["status"]) == (of, stopped, status)
    # the order, by a slow sort of what is known of each
    order = sorted(
        range(len(chances)),
        key=lambda n: (
            chances[n][3] == "done",
            -stages[chances[n][0]][1],
            -chances[n][1] / chances[n][2],
            chances[n][0],
            n,
        ),
    )
    assert found.index.tolist() == [f"o{n}" for n in order]
    still = [n for n in order if chances[n][3] != "done"]
    assert found["rank"].dropna().tolist() == list(range(1, len(still) + 1))


def test_opportunities_of_a_measured_map_say_reach_drop_and_worth_and_follow_where_nothing_is_measured() -> (
    None
):
    whole = current(authored=drawn())
    found = maps.opportunities(whole, value=EACH).table
    drop = entries(whole, "ask", "kpi")["drop_off"]
    assert found["opportunity"].tolist() == ["Evening shift", "Sizes", "Faster"]
    assert found["worth"][0] == pytest.approx(drop.evidence.n * drop.number.value * 200)
    assert found["high"][0] == pytest.approx(drop.evidence.n * drop.number.high * 260)
    assert found["rank"].tolist()[:2] == [1, 2]
    assert math.isnan(found["customers"][2])  # nobody goes further than the last stage
    assert math.isnan(found["rank"][2])


def test_without_a_value_the_order_is_the_same_and_worth_is_missing() -> None:
    whole = current(authored=drawn())
    bare, valued = maps.opportunities(whole).table, maps.opportunities(whole, value=EACH).table
    assert bare["worth"].isna().all()
    assert bare["opportunity"].tolist() == valued["opportunity"].tolist()


def test_what_the_data_found_keeps_its_own_worth_and_stands_after_what_people_wrote() -> None:
    found = Entry(
        Measured(50, "journeys", "opportunities"), name="missed:chat", number=Number(9e9, "money", 1.0, 2e10)
    )
    whole = maps.put(current(authored=drawn()), (Cell("see", "opportunities", (found,)),))
    table = maps.opportunities(whole, value=EACH).table
    row = table.set_index("opportunity").loc["missed:chat"]
    assert (row["basis"], row["worth"], row["low"], row["high"]) == ("touchpoint", 9e9, 1.0, 2e10)
    assert row["rank"] == 3
    assert table["opportunity"].tolist() == ["Evening shift", "Sizes", "missed:chat", "Faster"]


def with_status(status: str) -> str:
    return BOOK.replace("impact: 3, effort: 2}", f"impact: 3, effort: 2, status: {status}}}")


@pytest.mark.parametrize(("language", "word"), [("en", "planned"), ("vi", "đã lên kế hoạch")])
def test_the_status_stands_on_the_map_and_in_its_table(language, word) -> None:
    whole = maps.drawn(book(with_status("planned")), "now")
    assert word in map_page.fragment(whole, language=language)
    frame = maps.to_frame(whole)
    assert frame.loc[frame["vi"] == "Trực tối", "status"].tolist() == ["planned"]


def test_what_is_done_or_dropped_is_no_departments_work_any_more() -> None:
    for status, there in (("doing", True), ("done", False), ("dropped", False)):
        whole = current(authored=maps.drawn(book(with_status(status)), "now"))
        assert ("Evening shift" in set(maps.actions(whole).table["action"])) == there
        assert (
            maps.opportunities(whole).table["opportunity"].tolist()[-1 if not there else 0] == "Evening shift"
        )


def test_a_status_that_there_is_not_is_told_with_its_field() -> None:
    with pytest.raises(ConfigError, match=r"opportunities\.0\.status"):
        maps.book(yaml.safe_load(with_status("soon")))


def test_a_new_status_is_a_change_and_a_table_kept_before_there_were_any_is_still_read() -> None:
    before, after = (maps.drawn(book(with_status(each)), "now") for each in ("idea", "done"))
    (row,) = maps.changes(before, after).table.to_dict("records")
    assert (row["change"], row["aspect"], row["what"]) == ("restated", "status", "Trực tối")
    older = maps.to_frame(before).drop(columns=["status", "direction", "impact", "effort", "due"])
    assert maps.changes(older, before).table.empty
