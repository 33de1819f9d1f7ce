"""The ten ways a page of journeys can mislead: each is found where it is, and not where it is not."""

from __future__ import annotations

from dataclasses import replace

import altair as alt
import pandas as pd
import pytest
from tables import touches

import journey_lib as jl
from journey_lib import charts_journeys, i18n, integrity
from journey_lib.model import Result

LOG = "who | when | channel | sale\n" + "\n".join(
    f"c{n} | 01-{day:02} 08:00 | {channel} |{' 10' if n % 5 == 0 and day == 3 else ''}"
    for n in range(200)
    for day, channel in enumerate(("email", "store", "zalo", "email"), 1)
)
CUT = {"lookback": "1d"}


@pytest.fixture(autouse=True)
def _in_english() -> None:
    i18n.speak("en")


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    table = touches(LOG)
    group = jl.journeys.through(table, "zalo")
    return {
        "transitions": jl.journeys.transitions(table, **CUT),
        "entries": jl.journeys.entries(table, **CUT),
        "lengths": jl.journeys.lengths(table, **CUT),
        "flows": jl.journeys.flows(table, **CUT),
        "compared": jl.journeys.compare(
            jl.journeys.transitions, table, {"group": group}, {"group": jl.journeys.rest(group)}, **CUT
        ),
    }


def outcomes(results: dict[str, Result], **more: object) -> dict[str, str]:
    found = integrity.check(list(results.values()), **more)  # type: ignore[arg-type]
    names = {i18n.text(said): name for name, said in integrity.CHECKS.items()}
    return {names[row.check]: row.outcome for row in found.table.itertuples()}


def changed(result: Result, column: str, value: object) -> Result:
    table = result.table.copy()
    table.loc[table[column].first_valid_index(), column] = value
    return replace(result, table=table)


def test_what_is_right_is_in_order(results: dict[str, Result]) -> None:
    found = outcomes(results)
    assert [name for name, outcome in found.items() if outcome == "wrong"] == []
    assert found["denominators"] == found["population"] == found["structural"] == "ok"


def test_what_a_page_does_not_have_is_not_called_in_order(results: dict[str, Result]) -> None:
    """A page of personas has no journeys to count again, and says nothing of them."""
    said = set(integrity.check([]).table["check"])
    assert said.isdisjoint(
        integrity.CHECKS[name] for name in ("denominators", "population", "survivorship", "exposure")
    )
    assert len(integrity.check(list(results.values())).table) == len(integrity.CHECKS)


def test_a_share_that_is_not_its_count_over_its_base(results: dict[str, Result]) -> None:
    broken = changed(results["transitions"], "share", 0.02)
    assert outcomes({**results, "transitions": broken})["denominators"] == "wrong"


def test_views_that_count_other_journeys(results: dict[str, Result]) -> None:
    lengths = results["lengths"]
    broken = replace(lengths, facts={**lengths.facts, "journeys": 7})
    assert outcomes({**results, "lengths": broken})["population"] == "wrong"
    by_stage = replace(broken, settings={**broken.settings, "by": "stage"})
    assert outcomes({**results, "lengths": by_stage})["population"] == "ok"


def test_a_view_of_successes_only() -> None:
    table = touches(LOG)
    only = jl.journeys.transitions(table, group=jl.journeys.converted(), **CUT)
    assert outcomes({"only": only})["survivorship"] == "care"
    assert outcomes({"all": jl.journeys.transitions(table, **CUT)})["survivorship"] == "ok"


def test_long_journeys_that_convert_more_often(results: dict[str, Result]) -> None:
    lengths = results["lengths"]
    rates = lengths.table.assign(over=100, conversion_rate=[0.1 * (n + 1) for n in range(len(lengths.table))])
    assert outcomes({"lengths": replace(lengths, table=rates.head(1))})["exposure"] == "ok"
    rates = pd.concat([rates, rates.assign(conversion_rate=0.9)])
    assert outcomes({"lengths": replace(lengths, table=rates)})["exposure"] == "care"


def test_a_rate_that_is_true_by_definition(results: dict[str, Result]) -> None:
    empty = pd.DataFrame(columns=["group", "conversions", "over", "conversion_rate"], dtype=float)
    pattern = Result("pattern", empty, {"structural": True})
    assert outcomes({**results, "pattern": pattern})["leakage"] == "care"
    assert outcomes(results)["leakage"] == "ok"


def test_groups_made_by_conversions_compared_by_conversion_rates() -> None:
    table = touches(LOG)
    bought = jl.journeys.converted()
    sides = {"group": bought}, {"group": jl.journeys.rest(bought)}
    found = jl.journeys.compare(jl.journeys.lengths, table, *sides, **CUT)
    assert outcomes({"compared": found})["leakage"] == "ok"
    by_rate = replace(found, facts={**found.facts, "counted": "conversions"})
    assert outcomes({"compared": by_rate})["leakage"] == "wrong"


def test_a_structural_row_counted_as_a_difference(results: dict[str, Result]) -> None:
    compared = results["compared"]
    broken = replace(compared, table=compared.table.assign(real=True))
    assert compared.table["structural"].any()
    assert outcomes({**results, "compared": broken})["structural"] == "wrong"


def test_rates_of_few_cases(results: dict[str, Result]) -> None:
    broken = changed(results["entries"], "over", 12)
    assert "care" in outcomes({"entries": broken})["small_cells"]
    assert outcomes({"transitions": results["flows"]})["small_cells"] == "ok"


def test_what_there_is_nothing_of_to_look_at_has_no_row(results: dict[str, Result]) -> None:
    """That "all 0 rest on 30 cases" or "0% are open" where nobody looked is no reassurance."""
    alone = Result("persona_sizes", pd.DataFrame({"persona": ["p1"]}), {}, {})
    found = outcomes({"persona_sizes": alone})
    assert not {"small_cells", "censoring", "denominators", "population"} & set(found)
    assert found["structural"] == "ok"
    said = integrity.check([alone]).table["found"].tolist()
    assert "no row had to be left out of comparisons" in said
    assert "censoring" in outcomes({"entries": results["entries"]})


def test_open_journeys_among_those_that_are_over(results: dict[str, Result]) -> None:
    entries = results["entries"]
    assert entries.facts["open"] > 0
    assert outcomes({"entries": entries})["censoring"] == "care"
    broken = replace(entries, table=entries.table.assign(over=entries.table["journeys"]))
    assert outcomes({"entries": broken})["censoring"] == "wrong"


def test_without_open_journeys_there_is_nothing_to_bear_in_mind() -> None:
    """Without a lookback nothing tells an ended journey from an open one: none is called open."""
    assert outcomes({"entries": jl.journeys.entries(touches(LOG))})["censoring"] == "ok"


@pytest.mark.parametrize(
    "sentence",
    ["E-mail drives sales.", "Thanks to Zalo more was sold.", "Zalo khiến cho khách mua nhiều hơn."],
)
def test_a_sentence_that_claims_a_cause(results: dict[str, Result], sentence: str) -> None:
    assert outcomes(results, said=[sentence])["causal_words"] == "wrong"


def test_sentences_of_ours_claim_none(results: dict[str, Result]) -> None:
    for language in ("en", "vi"):
        i18n.speak(language)
        said = [
            jl.findings_journeys.entries(results["entries"], {}),
            jl.findings_journeys.compared(results["compared"]),
            jl.findings_journeys.lengths(results["lengths"]),
        ]
        assert outcomes(results, said=said)["causal_words"] == "ok"


def test_a_chart_whose_numbers_stand_in_no_table(results: dict[str, Result]) -> None:
    chart = charts_journeys.outcomes(results["entries"], {})
    assert outcomes(results, charts=[chart])["pictures"] == "ok"
    other = alt.Chart(pd.DataFrame({"share": [0.123456]})).mark_bar().encode(x="share:Q")
    assert outcomes(results, charts=[chart, other])["pictures"] == "wrong"
