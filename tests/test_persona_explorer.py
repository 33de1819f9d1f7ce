"""The explorer of personas: what it draws, whose members it lists, and what it keeps for later runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import shops

import journey_lib as jl
from journey_lib import catalogue, demo, explorers_personas, i18n, session
from journey_lib.personas import kept
from journey_lib.sections_cast import look

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("work") / "demo"
    folder.mkdir()
    demo.generate(folder, customers=6_000, seed=11)
    shutil.copy(shops.CONFIG, folder / "journey.yaml")
    shutil.copytree(shops.CONFIG.parent / "maps", folder / "maps")
    return folder


@pytest.fixture(scope="module")
def opened(shop) -> Iterator[SimpleNamespace]:
    """The explorer with its widgets by name, what it drew and what it said."""
    with pytest.MonkeyPatch.context() as patch:
        yield from explorer(shop, patch)


def explorer(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    before = i18n.language()
    i18n.speak("en")
    run = session.start(str(shop), "en")
    drawn: list[str] = []
    said: list[str] = []
    monkeypatch.setattr(
        session.Session, "show", lambda _self, chart: drawn.append(chart.to_dict()["title"]["text"])
    )
    monkeypatch.setattr(session.Session, "say", lambda _self, words: said.append(words))
    features = jl.features.table(run.workspace)
    page = look(features, names=None, method="kmeans", k=None, least_touches=10, seed=0)
    box = explorers_personas.personas(run, page, features, least_touches=10)
    controls, told, _picture, chosen, _person = box.children
    deciding, right = controls.children
    method, number, look_, keep = right.children
    one, who = chosen.children
    yield SimpleNamespace(
        run=run, page=page, features=features, drawn=drawn, said=said, deciding=deciding, method=method,
        number=number, look=look_, keep=keep, one=one, who=who, whose=chosen, told=told,
    )  # fmt: skip
    i18n.speak(before)


def test_it_opens_with_what_the_page_looks_for(opened):
    found = opened.page.found
    assert found is not None
    assert opened.said[0] == jl.findings_found.verdict(found, opened.run.k)
    assert found.k == 0  # and where nothing is found, nothing can be looked at or kept
    assert opened.keep.disabled
    assert not opened.one.options
    assert not opened.who.options
    assert opened.whose.layout.display == "none"


def test_it_opens_with_what_the_notebook_was_asked_for_and_does_not_look_again(opened, monkeypatch):
    """Its choices are the notebook's parameters, more than the list offers included."""
    traits = ["offline", "offers", "share_email"]
    page = look(opened.features, names=traits, method="kmeans", k=12, least_touches=10, seed=0)
    monkeypatch.setattr(explorers_personas, "find", lambda *_args, **_options: pytest.fail("looked again"))
    choices = {"names": traits, "method": "mixture", "k": 12}
    box = explorers_personas.personas(opened.run, page, opened.features, **choices)
    deciding, right = box.children[0].children
    assert {*deciding.value} == {*traits}
    assert [each.value for each in right.children[:2]] == ["mixture", 12]
    assert opened.said[-1] == jl.findings_found.verdict(page.found, opened.run.k)


def test_members_of_a_persona_are_listed_and_one_is_shown(opened):
    opened.number.value = 3
    opened.look.click()
    assert [code for _name, code in opened.one.options] == ["p1", "p2", "p3"]
    assert opened.whose.layout.display is None
    assert not opened.look.disabled
    first = [code for _name, code in opened.who.options]
    assert 0 < len(first) <= explorers_personas.LISTED
    assert f"What did customer {first[0]} do, and when?" in opened.drawn

    opened.one.value = "p2"
    second = [code for _name, code in opened.who.options]
    assert second
    assert not {*first} & {*second}
    people = jl.customers.load(opened.run.workspace)
    refused = {*people.loc[people["opt_out"], "customer_id"]}
    assert refused
    assert not refused & {*first, *second}

    # found once more, the first persona has the same code: its members are listed all the same
    opened.one.value = "p1"
    opened.look.click()
    assert [code for _name, code in opened.who.options] == first


def test_what_is_kept_is_what_the_notebook_reads(opened):
    assert opened.number.value == 3  # as the test before left it
    assert not opened.keep.disabled
    opened.keep.click()
    file = opened.run.workspace.path / kept.FILE
    model = kept.recall(file)
    file.unlink()
    found = kept.placed(model, opened.features)
    assert found.k == 3
    assert "`model=maps/personas.json`" in opened.said[-1]


def test_a_choice_that_cannot_be_is_told_and_the_rest_stays_usable(opened):
    opened.deciding.value = ()
    opened.look.click()
    assert "no feature tells customers apart" in opened.said[-1]
    assert opened.keep.disabled


@pytest.mark.parametrize(("method", "personas"), [("kmeans", 4), ("mixture", 3), ("multinomial", None)])
def test_the_notebooks_parameters_make_the_same_choice_for_the_scheduled_run(opened, method, personas):
    """Features, method and number are chosen twice, by hand and as parameters: the same people come out."""
    traits = ["offline", "offers", "time_evening", "time_midday", "share_email", "share_zalo"]
    opened.deciding.value, opened.method.value = tuple(traits), method
    opened.number.value = personas or "auto"
    opened.look.click()
    report = look(opened.features, names=traits, method=method, k=personas, least_touches=10, seed=0).found
    assert report is not None
    assert opened.said[-1] == jl.findings_found.verdict(report, opened.run.k)
    clearest = explorers_personas._members(report, explorers_personas._ids(opened.run))
    assert [code for _name, code in opened.one.options] == sorted(clearest)
    if clearest:
        assert [code for _name, code in opened.who.options] == clearest["p1"][: explorers_personas.LISTED]


def test_whatever_can_be_chosen_by_hand_is_a_value_of_a_parameter(opened):
    said = {each.name: each for each in catalogue.reports()["persona_building"].parameters}
    assert {value for _label, value in opened.method.options} == {*said["method"].choices}
    numbers = {value for _label, value in opened.number.options}
    assert numbers == {"auto", *range(2, explorers_personas.MOST + 1)}
    assert (said["personas"].kind, said["personas"].optional) == ("int", True)
    assert (said["traits"].kind, said["traits"].optional) == ("list", True)
    # and before anything is chosen, it is what the report does without being asked
    assert (said["method"].default, said["personas"].default, said["traits"].default) == (
        "kmeans",
        None,
        None,
    )
