"""Personas side by side: who is whose, what is measured of each, and where they differ."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shops
import yaml
from sample_map import MODEL, book
from tables import touches

import journey_lib as jl
from journey_lib import demo, i18n, map_page, sections_cast, sections_map, sections_map_apart, session
from journey_lib import journey_map as maps
from journey_lib.errors import DataError, ParameterError
from journey_lib.journey_map.sheets import Who
from journey_lib.personas import kept
from journey_lib.personas.notes import FILE as NOTES

PEOPLE = pd.DataFrame(
    {
        "customer": [0, 1, 2, 3, None],
        "gender": ["Nữ", "Nam", "Nữ", None, "Nữ"],
        "birth_year": ["1990", "2001", "2001", "1990", "1990"],
        "tier": ["Thường", "Thường", "Bạc", "Vàng", "Vàng"],
    }
)


def who(name: str, **customers: object) -> Who:
    return Who.model_validate({"persona": name, "name": name, "customers": customers})


def test_a_customer_is_in_the_first_persona_all_of_whose_rules_hold_and_in_no_other() -> None:
    women, young = who("women", gender=["Nữ"]), who("young", birth_year={"least": 2000})
    found = maps.members(PEOPLE, [women, young])
    assert found.to_dict() == {0: "women", 2: "women", 1: "young"}
    assert maps.members(PEOPLE, [young, women]).to_dict() == {0: "women", 1: "young", 2: "young"}
    both = who("both", gender=["Nữ"], birth_year={"least": 1985, "most": 1995})
    assert maps.members(PEOPLE, [both]).to_dict() == {0: "both"}


def test_a_persona_that_says_nothing_of_customers_has_none_and_the_ends_of_years_are_both_in() -> None:
    assert maps.members(PEOPLE, [who("anybody")]).empty
    years = who("years", birth_year={"least": 1990, "most": 2001})
    assert sorted(maps.members(PEOPLE, [years]).index) == [0, 1, 2, 3]


def test_the_commonest_values_are_groups_and_of_equals_the_first_by_name() -> None:
    assert maps.commonest(PEOPLE, "tier", most=2).to_dict() == {0: "Thường", 1: "Thường", 2: "Bạc"}


def test_what_the_customers_do_not_have_is_named() -> None:
    with pytest.raises(ParameterError, match="'gendre', which the customers do not have"):
        maps.members(PEOPLE, [who("p", gendre=["Nữ"])])
    with pytest.raises(ParameterError, match="which has words"):
        maps.members(PEOPLE, [who("p", gender={"least": 1})])
    with pytest.raises(ParameterError, match="no column 'tire'"):
        maps.commonest(PEOPLE, "tire")


def few(name: str, shares: dict[str, tuple[int, int]]) -> maps.Map:
    """A map of which only the part that came on to each stage is known: so many, of so many."""
    log = "who | when | channel | sale\n" + "\n".join(
        f"{name}{n} | 01-01 08:00 | email |" for n in range(max(of for _, of in shares.values()))
    )
    whole = maps.current(touches(log), model=MODEL, k=1)
    made = []
    for stage, (came, of) in shares.items():
        low, high = jl.intervals.wilson(came, of)
        number = maps.Number(came / of, "share", float(low), float(high))
        entry = maps.Entry(maps.Measured(of, "customers", "funnel"), name="conversion", number=number)
        made.append(maps.Cell(stage, "kpi", (entry,)))
    persona = maps.Persona(name, {"vi": name, "en": name})
    return dataclasses.replace(whole, name=name, cells=tuple(made), flows=(), personas=(persona,))


def test_what_differs_by_more_than_chance_is_told_beside_the_first_and_what_may_be_chance_is_not() -> None:
    first = few("a", {"ask": (200, 400), "buy": (40, 100)})
    other = few("b", {"ask": (100, 400), "buy": (45, 100)})
    found = sections_map_apart.apart([first, other])
    table = found.table.set_index("stage")
    assert table["differs"].to_dict() == {"ask": True, "buy": False}
    assert (table.loc["ask", "here"], table.loc["ask", "there"]) == (0.25, 0.5)
    assert set(table["persona"]) == {"b"}
    assert dict(found.facts) == {"differ": 1, "of": 2}


def test_side_by_side_no_head_counts_the_customers_of_one_map_alone_and_each_has_its_arcs() -> None:
    log = """
        who  | when        | channel | sale
        an   | 01-01 08:00 | email   |
        an   | 01-02 08:00 | search  |
        binh | 01-01 08:00 | email   |
        binh | 01-02 08:00 | search  |
        """
    now = maps.current(touches(log), model=MODEL, k=1)
    one, two = (
        dataclasses.replace(now, name=name, personas=(maps.Persona(name, {"en": name}),))
        for name in ("Mai", "Nam")
    )
    alone, both = (map_page.page(each, language="en") for each in (one, maps.side_by_side([one, two])))
    assert "jm-people" in alone.partition("<body")[2]
    body = both.partition("<body")[2]
    assert "jm-people" not in body
    assert [body.count(f"Go on</span><small>{name}") for name in ("Mai", "Nam")] == [1, 1]


def test_the_schema_knows_whom_a_persona_stands_for() -> None:
    assert "customers" in maps.schema()["$defs"]["Who"]["properties"]
    assert all(not each.customers for each in book().personas)


# --- in the demo shop ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("apart")
    (folder / "maps").mkdir()
    demo.generate(folder, customers=4_000, seed=3)
    for name in ("journey.yaml", "maps/journey_map.yaml", "maps/touchpoints.yaml"):
        (folder / name).write_text((shops.CONFIG.parent / name).read_text("utf-8"), encoding="utf-8")
    return folder


@pytest.fixture
def asked(shop: Path) -> Iterator[dict[str, object]]:
    run = session.start(workspace=str(shop), language="en")
    log = jl.touches.load(run.workspace)
    model = jl.stages.load(run.workspace.stages, run.workspace.path)
    cut = run.cutting(
        conversion=None, lookback="30d", direct="keep", repeats="keep", first_day=None, last_day=None
    )
    _now, beside = sections_map.current(run, log, model, cut, within="30d", order="loose")
    yield {"run": run, "touches": log, "model": model, "cut": cut, "beside": beside}
    i18n.speak("en")


@pytest.mark.slow
def test_the_maps_of_the_demos_personas_count_their_own_customers(asked) -> None:
    found = sections_map_apart.side_by_side(**asked, personas=None, within="30d", order="loose")
    run, log = asked["run"], asked["touches"]
    people = jl.customers.load(run.workspace).dropna(subset=["customer"])
    years = pd.to_numeric(people["birth_year"])
    women = people[(people["gender"] == "Nữ") & years.between(1983, 1995)]["customer"]
    staged = jl.journeys.steps_by(log, "stage", asked["model"])
    mask = pd.Series(range(log.customers)).isin(women).to_numpy()
    funnel = jl.funnel.funnel(staged, within="30d", customers=mask).table.set_index("step")["reach"]
    table = next(each for each in found if each.name == "journey_map_careful_mother").table
    reach = table[table["name"] == "reach"].set_index("stage")["value"].dropna()
    assert len(reach) >= 3
    assert reach.to_dict() == {stage: funnel[stage] for stage in reach.index}
    assert (table.loc[table["evidence"] == "measured", "n"] >= run.k).all()


@pytest.mark.slow
def test_a_column_of_the_customers_sets_its_commonest_values_side_by_side(asked) -> None:
    found = sections_map_apart.side_by_side(**asked, personas="gender", within="30d", order="loose")
    assert [each.name for each in found] == ["journey_map_Nữ", "journey_map_Nam", "map_apart"]


@pytest.mark.slow
def test_kept_personas_are_groups_of_the_customers_they_place_and_go_by_the_names_people_gave(
    asked, shop
) -> None:
    run, log = asked["run"], asked["touches"]
    features = sections_cast.features(run, log, None, window="365d")
    found = sections_cast.look(features, names=None, method="kmeans", k=2, least_touches=20, seed=0).found
    kept.save(found, features, shop / "maps" / "personas.json")
    (shop / NOTES).write_text(
        "personas:\n  p1: {name: {vi: Người săn mã, en: Bargain hunters}}\n", encoding="utf-8"
    )
    try:
        ask = functools.partial(sections_map_apart.side_by_side, **asked, within="30d", order="loose")
        shown = ask(personas="maps/personas.json")
        assert [each.name for each in shown] == ["journey_map_p1", "journey_map_p2", "map_apart"]
        staged = jl.journeys.steps_by(log, "stage", asked["model"])
        for at, result in enumerate(shown[:2]):
            people = found.labels.index[found.labels == at]  # as they were found; -1: fits none
            mask = np.isin(np.arange(log.customers), people)
            funnel = jl.funnel.funnel(staged, within="30d", customers=mask).table.set_index("step")["reach"]
            reach = result.table[result.table["name"] == "reach"].set_index("stage")["value"]
            assert reach.to_dict() == funnel[funnel >= run.k].to_dict()
        assert "“Bargain hunters” and “Persona 2”" in " ".join(run.said)
        with pytest.raises(DataError, match=r"none\.json"):
            ask(personas="maps/none.json")
    finally:
        for name in ("maps/personas.json", NOTES):
            (shop / name).unlink()


@pytest.mark.slow
def test_the_explorer_offers_what_tells_customers_apart_and_draws_what_is_chosen(asked, monkeypatch) -> None:
    drawn: list[object] = []
    ask = sections_map_apart.side_by_side

    def seen(*given: object, **options: object) -> object:
        drawn.append(given[-1])
        return ask(*given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(sections_map_apart, "side_by_side", seen)
    parts = (asked[name] for name in ("run", "touches", "model", "cut", "beside"))
    by, _picture = jl.explorers_maps.personas(*parts, within="30d", order="loose").children
    assert {None, "gender", "tier"} <= {value for _label, value in by.options}
    by.value = "gender"
    assert drawn == [None, "gender"]


@pytest.mark.slow
def test_where_nobody_says_which_customers_they_are_the_page_says_how(asked, shop, capsys) -> None:
    file = shop / "maps/journey_map.yaml"
    said = file.read_text("utf-8")
    declared = yaml.safe_load(said)
    for each in declared["personas"]:
        each.pop("customers")
    try:
        file.write_text(yaml.safe_dump(declared, allow_unicode=True), encoding="utf-8")
        assert sections_map_apart.side_by_side(**asked, personas=None, within="30d", order="loose") == []
        assert "the parameter `personas`" in asked["run"].said[-1]
    finally:
        file.write_text(said, encoding="utf-8")
