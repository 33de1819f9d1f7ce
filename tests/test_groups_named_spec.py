"""Groups of customers with a name on the page of journeys: segments, kept personas; whose page it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import runs

import journey_lib as jl
from journey_lib import explorers, i18n, sections_groups, session
from journey_lib.errors import DataError, ParameterError
from journey_lib.personas import kept

SEGMENTS = """
segments:
  - segment: buyers
    name: {vi: "Người mua", en: "Buyers"}
    rule: conversions >= 1
"""
NOTES = """
personas:
  p2: {name: {vi: "Bạn của Zalo", en: "Friends of Zalo"}}
"""
CUT: dict[str, Any] = {"conversion": None, "lookback": None, "period": None}
MAILED, MET, CASUAL = 150, 100, 50  # people who live by mail, by Zalo, and who are known too little


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two kinds of people told apart by channel, a third of whom buy; and some with three touches only."""
    folder = tmp_path_factory.mktemp("shop")
    runs.workspace(folder)
    random = np.random.default_rng(3)
    lines = ["event_id,customer_id,timestamp,channel,event_type"]
    for number in range(MAILED + MET + CASUAL):
        first, other = ("email", "zalo") if number < MAILED else ("zalo", "email")
        touched = 24 if number < MAILED + MET else 3
        for n in range(touched):
            channel = first if random.random() < 0.9 else other
            day = pd.Timestamp("2025-01-01T08:00+07:00") + pd.Timedelta(days=2 * n, minutes=number)
            lines.append(f"{number}-{n},c{number:03},{day.isoformat()},{channel},visit")
        if number % 3 == 0:
            day = pd.Timestamp("2025-02-25T08:00+07:00")
            lines.append(f"{number}-sale,c{number:03},{day.isoformat()},,purchase")
    (folder / "raw" / "events.csv").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "maps").mkdir()
    (folder / "maps" / "segments.yaml").write_text(SEGMENTS, "utf-8")
    (folder / "maps" / "personas.yaml").write_text(NOTES, "utf-8")
    return folder


@pytest.fixture(scope="module")
def run(shop: Path) -> session.Session:
    return session.start(str(shop), "en")


@pytest.fixture(scope="module")
def everybody(run: session.Session) -> sections_groups.Page:
    model = jl.stages.load("5A")
    return sections_groups.only(run, jl.touches.load(run.workspace), "channel", model, None, CUT)


@pytest.fixture(scope="module")
def found(run: session.Session, everybody: sections_groups.Page) -> Any:
    """Two personas, found by channel, as they are written."""
    features = jl.features.table(run.workspace, everybody.touches)
    two = jl.personas.find(features, names=["share_email", "share_zalo"], k=2)
    file = run.workspace.path / "found.json"
    jl.personas.save(two, features, file)
    return file.read_text("utf-8")


@pytest.fixture
def cast(run: session.Session, found: str) -> Iterator[Path]:
    """They are kept where the explorer keeps them."""
    file = run.workspace.path / kept.FILE
    file.write_text(found, "utf-8")
    yield file
    file.unlink(missing_ok=True)


def asked(run: session.Session, page: sections_groups.Page, group: str, file: str | None = None) -> Any:
    model = jl.stages.load("5A")
    some = sections_groups.segments(run, page, model, CUT)
    return sections_groups.sides(run, page, group, some, file, CUT)


def people(run: session.Session, flags: Any) -> set[str]:
    codes = jl.customers.load(run.workspace).set_index("customer")["customer_id"]
    return set(codes.loc[np.flatnonzero(flags)])


def named(*numbers: int) -> set[str]:
    return {f"c{number:03}" for number in range(*numbers)}


@pytest.mark.parametrize("name", ["p2", "Friends of Zalo", "Bạn của Zalo", "friends of zalo"])
def test_a_kept_persona_is_set_beside_all_others_known_as_well(run, everybody, cast, name):
    """By its code or its name in either language. Who is known too little is on neither side."""
    found = asked(run, everybody, name)
    assert found.names == ("Friends of Zalo", "all others known as well")
    assert people(run, found.customers[0]) == named(MAILED, MAILED + MET)
    assert people(run, found.customers[1]) == named(MAILED)


def test_the_page_says_how_many_they_are_and_by_what_they_were_found(run, everybody, cast):
    about = asked(run, everybody, "p1").about
    assert "**Persona 1**: 150 customers, beside 100 others" in about
    assert "made by these traits: Share of touches: email. " in about


def test_every_view_of_journeys_counts_the_journeys_of_these_customers(run, everybody, cast):
    found = asked(run, everybody, "p2")
    journeys = jl.touches.hold(everybody.touches)
    for group, flags in zip(found.groups, found.customers, strict=True):
        expected = jl.journeys.lengths(jl.journeys.members(journeys, flags)).table
        pd.testing.assert_frame_equal(jl.journeys.lengths(journeys, group=group).table, expected)


def test_personas_kept_elsewhere_are_those_the_parameter_names(run, everybody, cast):
    (run.workspace.path / "maps" / "autumn.json").write_text(cast.read_text("utf-8"), "utf-8")
    cast.unlink()
    assert asked(run, everybody, "p2", "maps/autumn.json").names[0] == "Friends of Zalo"
    with pytest.raises(DataError, match="there is no file of personas"):
        asked(run, everybody, "p2", "maps/winter.json")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("p22", "p2"),
        ("buyer", "buyers"),
        ("Buyerz", "Buyers"),
        ("emial", "email"),
        ("Friends of Zala", "Friends of Zalo"),
    ],
)
def test_a_name_nobody_has_is_told_with_the_nearest(run, everybody, cast, said, meant):
    with pytest.raises(ParameterError, match=f"no step, segment or kept persona is called '{said}'") as told:
        asked(run, everybody, said)
    assert f"Did you mean '{meant}'" in str(told.value)


def test_a_persona_that_is_described_and_not_kept_is_told_with_what_to_do(run, everybody):
    with pytest.raises(
        ParameterError, match="'Friends of Zalo' is described, but no file says which"
    ) as told:
        asked(run, everybody, "Friends of Zalo")
    assert "docs/personas.md" in str(told.value)


def test_steps_go_before_segments_and_patterns_are_patterns(run, everybody, cast):
    assert asked(run, everybody, "email").names == ("email", "all others")
    assert asked(run, everybody, "Người mua").names == ("Buyers", "all others")
    assert asked(run, everybody, "email -> zalo").names == ("email -> zalo", "all others")
    with pytest.raises(ParameterError, match="there is no step 'emial'"):
        asked(run, everybody, "emial -> zalo")


def test_where_a_page_is_of_some_only_their_groups_are_those_among_all(run, everybody, cast):
    """Customers are numbered anew on such a page: each still belongs where they belong among all."""
    model = jl.stages.load("5A")
    page = sections_groups.only(run, everybody.touches, "channel", model, "^zalo -> ...", CUT)
    assert page.kept is not None
    assert 0 < page.touches.customers == page.kept.sum() < everybody.touches.customers
    for group in ("buyers", "p2"):
        of_all, here = (asked(run, each, group).customers[0] for each in (everybody, page))
        assert here.tolist() == of_all[page.kept].tolist()
        assert 0 < here.sum() < of_all.sum() or group == "p2"
    some = sections_groups.segments(run, page, model, CUT)
    assert sum(some.flags(page.touches, code).sum() for code in some.names) == page.touches.customers


def test_a_group_without_anybody_on_the_page_is_refused(run, everybody, cast):
    nobody = sections_groups.Named(pd.Series(dtype="str"), {"buyers": "Buyers"})
    with pytest.raises(ParameterError, match="nobody on this page is in 'Buyers'"):
        sections_groups.sides(run, everybody, "buyers", nobody, None, CUT)


def test_the_explorer_shows_a_segment_or_a_persona_alone(run, everybody, cast, monkeypatch):
    i18n.speak("en")
    model = jl.stages.load("5A")
    shown: list[Any] = []
    monkeypatch.setattr(session.Session, "show", lambda _self, chart: shown.append(chart.to_dict()))
    groups = [
        sections_groups.segments(run, everybody, model, CUT),
        sections_groups.personas(run, everybody, None, CUT),
    ]
    box = explorers.journeys(run, everybody.touches, model, None, *groups)
    through, whose, _lookback = box.children[1].children
    names = [name for name, _ in whose.options]
    assert names == ["all customers", "Buyers", "in none of these", "Persona 1", "Friends of Zalo"]
    whose.value = names.index("Friends of Zalo") - 1
    through.value = "email"
    subtitles = [chart["title"]["subtitle"] for chart in shown]
    assert len(subtitles) == 3
    assert len({str(each) for each in subtitles}) == 3
