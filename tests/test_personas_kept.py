"""Personas kept in a file hold the same people; strengths and changes are counted by pairs."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_personas_found import KINDS, shop

from journey_lib import findings_found
from journey_lib.errors import DataError, ParameterError
from journey_lib.features import Features
from journey_lib.personas import against, kept, portrait
from journey_lib.personas.find import Found, find
from journey_lib.personas.matrix import plain
from journey_lib.sections_cast import look

YEAR = pd.Timedelta(days=365)


def dated(features: Features, day: str) -> Features:
    """The same customers, of a year that ends with the day before."""
    moment = pd.Timestamp(day, tz="Asia/Ho_Chi_Minh")
    return replace(features, as_of=moment, since=moment - YEAR, timezone="Asia/Ho_Chi_Minh")


@pytest.fixture(scope="module")
def features() -> Features:
    found = shop()
    about = found.about
    frame = found.frame.assign(touches=found.frame["visits"] + 20)
    more = replace(about[1], name="touches", label="touches")
    return dated(Features(frame, (*about, more), found.since, found.as_of, "UTC", "VND", "x"), "2025-03-01")


@pytest.fixture(scope="module")
def found(features: Features) -> Found:
    return find(features, bootstraps=10, ks=range(2, 5), names=["spend", "online", "night"])


@pytest.fixture
def file(features: Features, found: Found, tmp_path: Path) -> Path:
    path = tmp_path / "maps" / "personas.json"
    kept.save(found, features, path)
    return path


def test_kept_personas_place_the_same_people_where_they_were_found(features, found, file):
    model = kept.recall(file)
    again = kept.placed(model, features)

    pd.testing.assert_series_equal(again.labels, found.labels)
    np.testing.assert_allclose(again.margin, found.margin)
    assert (again.k, again.too_little, again.fits_none) == (found.k, found.too_little, found.fits_none)
    assert str(model.day) == "2025-03-01"
    assert model.structure.ratio == found.structure.ratio
    assert list(again.stability["jaccard"]) == list(found.stability["jaccard"])
    assert again.settings["bootstraps"] == 10


def test_a_file_written_before_samples_were_counted_opens_and_says_nothing_of_them(features, file):
    said = json.loads(file.read_text(encoding="utf-8"))
    del said["made"]["bootstraps"]
    file.write_text(json.dumps(said), encoding="utf-8")
    assert kept.placed(kept.recall(file), features).settings["bootstraps"] is None


def test_the_day_of_data_that_end_within_a_day_is_the_next(features, found, tmp_path):
    kept.save(found, replace(features, as_of=features.as_of - pd.Timedelta("1s")), tmp_path / "p.json")
    assert str(kept.recall(tmp_path / "p.json").day) == "2025-03-01"


def test_a_kept_model_is_not_looked_for_again_whatever_else_is_asked(features, found, file):
    model = kept.recall(file)
    looked = look(features, model, names=["spend"], method="mixture", k=7, least_touches=9_999, seed=5)
    assert looked.found is not None
    pd.testing.assert_series_equal(looked.found.labels, found.labels)


def test_too_few_customers_are_no_error_but_an_answer(features):
    few = replace(features, frame=features.frame.head(99))
    looked = look(few, None, names=None, method="kmeans", k=None, least_touches=20, seed=0)
    assert looked.found is None
    assert (looked.known, looked.customers, looked.base) == (99, 99, "touches")


def test_of_a_shop_with_orders_alone_the_page_speaks_of_conversions(features):
    frame = features.frame.head(99).assign(touches=0, conversions=4)
    known = plain(frame, {**KINDS, "touches": "count", "conversions": "count"})
    looked = look(known, None, names=None, method="kmeans", k=None, least_touches=3, seed=0)
    said = findings_found.too_few(looked.known, looked.customers, looked.least_touches, looked.base, 10)
    assert (looked.known, looked.base) == (99, "conversions")
    assert "99 of 99 have 3 conversions or more" in said


def test_then_and_now_stand_beside_each_other(features, found, file):
    model = kept.recall(file)
    half = replace(features, frame=features.frame.iloc[::2])
    table = kept.compared(model, kept.placed(model, half)).table.set_index("persona")
    sizes = found.stability.set_index("persona")["customers"]
    assert table["before"].to_dict() == {f"p{number + 1}": n for number, n in sizes.items()}
    assert table["customers"].sum() + kept.placed(model, half).fits_none == 450


def test_personas_of_another_window_are_refused(features, file):
    short = replace(features, since=features.as_of - pd.Timedelta(days=90))
    with pytest.raises(ParameterError, match="found in 365d, and these features are of 90d") as told:
        kept.placed(kept.recall(file), short)
    assert 'window="365d"' in str(told.value)


def test_a_column_that_is_gone_is_named(features, file):
    frame = features.frame.drop(columns="night")
    about = tuple(each for each in features.about if each.name != "night")
    with pytest.raises(ParameterError, match="night"):
        kept.placed(kept.recall(file), replace(features, frame=frame, about=about))


def test_the_columns_of_the_day_are_asked_for_again(file, features):
    assert [each.name for each in kept.recall(file).like.about] == [each.name for each in features.about]


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (None, "there is no file of personas"),
        ("no JSON", "this is no file of personas"),
        ("without the day", "on which day"),
        ("a jaccard short", "do not fit together"),
    ],
)
def test_files_that_do_not_fit_are_told(file, written, says):
    if written is None:
        file.unlink()
    elif written == "no JSON":
        file.write_text("{", "utf-8")
    else:
        said = json.loads(file.read_text("utf-8"))
        if written == "without the day":
            del said["made"]["day"]
        else:
            said["made"]["jaccard"].pop()
        file.write_text(json.dumps(said), "utf-8")
    with pytest.raises(DataError, match=says) as told:
        kept.recall(file)
    assert "personas.json" in str(told.value)


def test_the_file_holds_no_customer(file, features):
    assert not {str(code) for code in features.frame.index if code > 1000} & set(
        file.read_text("utf-8").replace(",", " ").split()
    )


# --- better and worse ---


def small(values: list[float], members: list[str], name: str = "tickets") -> tuple[Features, pd.Series]:
    about = (replace(shop(20).about[1], name=name, kind="count", unit="tickets"),)
    day = pd.Timestamp("2025-01-01", tz="UTC")
    frame = pd.DataFrame({name: values}, index=pd.RangeIndex(len(values), name="customer"))
    return Features(frame, about, day - YEAR, day, "UTC", "VND", "x"), pd.Series(members)


def test_fewer_tickets_are_a_strength_and_more_conversions_are_too():
    members = ["p1"] * 30 + ["p2"] * 30
    for name, of_p1 in (("tickets", "strength"), ("conversions", "weakness")):
        features, groups = small([0.0] * 25 + [1.0] * 5 + [3.0] * 28 + [0.0] * 2, members, name)
        table = against.strengths(portrait.traits(features, groups)).table.set_index("persona")
        assert table.loc["p1", "side"] == of_p1
        assert table.loc["p2", "side"] == ({"strength", "weakness"} - {of_p1}).pop()


def test_a_trait_that_is_neither_good_nor_bad_is_no_side():
    features, groups = small([0.0, 0.0, 9.0, 9.0], ["p1", "p1", "p2", "p2"], "touches")
    assert not len(against.strengths(portrait.traits(features, groups)).table)


def test_what_may_be_chance_is_no_side():
    features, groups = small([0.0, 1.0, 0.0, 1.0, 2.0, 0.0], ["p1", "p2"] * 3)
    assert set(against.strengths(portrait.traits(features, groups)).table["side"]) == {""}


def test_changes_are_the_count_of_pairs_of_now_and_then():
    now, are = small([3.0, 4.0, 5.0, 0.0], ["p1", "p1", "p1", "p2"])
    before, were = small([1.0, 4.0, 0.0], ["p1", "p1", "p2"])
    row = against.changes(before, were, now, are).table.set_index("persona").loc["p1"]
    pairs = [(a > b) + (a == b) / 2 for a, b in product([3, 4, 5], [1, 4])]
    assert row["exceeds"] == pytest.approx(sum(pairs) / len(pairs))
    assert (row["n"], row["before_n"], row["typical"], row["before"]) == (3, 2, 4, 2.5)


def test_a_clear_change_is_real_and_says_which_way():
    now, are = small([3.0, 4.0] * 40, ["p1"] * 80)
    before, were = small([0.0, 1.0] * 40, ["p1"] * 80)
    assert against.changes(before, were, now, are).table["side"].tolist() == ["worse"]
    assert against.changes(now, are, before, were).table["side"].tolist() == ["better"]


def test_nothing_changed_is_nothing_found():
    now, are = small([3.0, 4.0] * 40, ["p1"] * 80)
    table = against.changes(now, are, now, are).table
    assert not table["real"].any()
    assert table["exceeds"].tolist() == [0.5]


def test_counts_of_a_shorter_window_are_not_compared():
    now, are = small([3.0, 4.0] * 40, ["p1"] * 80)
    table = against.changes(now, are, now, are, comparable=frozenset({"share", "number"})).table
    assert not len(table)


@pytest.mark.slow
def test_how_often_chance_is_called_a_change():
    """Of 400 comparisons of the same people with others like them, about 5% at most may be called real."""
    draw = np.random.default_rng(3)
    called = 0
    for _ in range(400):
        now, are = small(list(draw.poisson(2, 60).astype(float)), ["p1"] * 60)
        before, were = small(list(draw.poisson(2, 60).astype(float)), ["p1"] * 60)
        called += int(against.changes(before, were, now, are).table["real"].sum())
    assert called <= 33  # 20 expected, and three standard errors
    assert not math.isnan(called)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("centres", 0, 0), math.nan),  # with it, everybody was in the first persona
        (("fence", 0), -1.0),
        (("fence", 0), math.inf),
        (("widths", 0, 0), 0.0),
        (("columns", 0, "scale"), "1"),
        (("columns", 0, "low"), math.nan),
        (("made", "jaccard", 0), 9),
    ],
)
def test_a_file_whose_numbers_cannot_be_places_nobody(file, place, value):
    said = json.loads(file.read_text("utf-8"))
    at = said
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = value
    file.write_text(json.dumps(said), "utf-8")
    with pytest.raises(DataError) as told:
        kept.recall(file)
    assert str(file) in str(told.value.where)


def test_amounts_in_another_currency_are_not_placed(features, tmp_path):
    names = ["spend", "online", "night"]
    amounts = tuple(replace(each, kind="amount") if each.name == "spend" else each for each in features.about)
    priced = replace(features, about=amounts)
    found = find(priced, bootstraps=10, ks=range(2, 4), names=names, k=3)
    kept.save(found, priced, tmp_path / "p.json")
    model = kept.recall(tmp_path / "p.json")
    assert kept.placed(model, priced).k == 3
    with pytest.raises(ParameterError, match="found in VND, and these amounts are USD"):
        kept.placed(model, replace(priced, currency="USD"))
    older = replace(model, currency=None)  # a file that does not say
    assert kept.placed(older, replace(priced, currency="USD")).k == 3
