"""Personas are found where there are any, not where there are none, and the same ones every time."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journey_lib.errors import DataError, ParameterError
from journey_lib.features import Features
from journey_lib.personas import apply, membership
from journey_lib.personas.find import AMBIGUOUS, Found, decided, find, members, near, summary
from journey_lib.personas.gate import Continuum, structure
from journey_lib.personas.matrix import cooked, matrix, plain
from journey_lib.personas.sample import drawn, lots
from journey_lib.personas.stability import alternatives, border, jaccard, neighbours

KINDS: dict[str, Any] = {"spend": "amount", "visits": "count", "online": "share", "night": "share"}


def shop(rows: int = 900, seed: int = 3) -> Features:
    """Three kinds of customers, far apart: big spenders in person, owls, and the rest."""
    rng = np.random.default_rng(seed)
    group = rng.choice(3, rows, p=[0.5, 0.3, 0.2])
    spend = np.exp(rng.normal(np.array([5.0, 5.0, 8.0])[group], 0.4))
    visits = rng.poisson(np.array([60, 60, 500])[group] * rng.gamma(20, 1 / 20, rows))
    online = rng.beta(*(np.array([[30, 10], [20, 20], [5, 35]])[group].T))
    night = rng.beta(*(np.array([[5, 35], [35, 5], [8, 32]])[group].T))
    frame = pd.DataFrame(
        {"spend": spend, "visits": visits.astype(float), "online": online, "night": night},
        index=7 * np.arange(rows),
    )
    return plain(frame, KINDS)


@pytest.fixture(scope="module")
def features() -> Features:
    return shop()


@pytest.fixture(scope="module")
def found(features: Features) -> Found:
    return find(features, bootstraps=10, ks=range(2, 6))


# --- what groups are found in ---


def test_columns_that_say_nothing_decide_nothing_and_are_named() -> None:
    features = shop()
    frame = features.frame.assign(
        constant=1.0, rare=(np.arange(900) % 50 == 0) * 1.0, again=features.frame["spend"] * 2, gone=np.nan
    )
    kinds = {**KINDS, "constant": "number", "rare": "number", "again": "amount", "gone": "number"}
    left_out = matrix(plain(frame, kinds)).left_out.set_index("feature")["why"].to_dict()
    assert left_out == {
        "constant": "the same for 100% of customers",
        "rare": "the same for 98% of customers",
        "again": "says the same as spend",
        "gone": "missing for 100% of customers",
    }


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("noise", "twin"), [(0.19, True), (0.22, False)])
def test_columns_that_correlate_by_98_in_100_are_one_whichever_way_and_wherever_they_lie(
    sign: int, noise: float, twin: bool
) -> None:
    """A column and one that is it with noise correlate by 1 / root(1 + noise²): 0.9824 and 0.9766."""
    one, other = np.random.default_rng(1).uniform(-1, 1, (2, 4000))
    other -= one * (one @ other) / (one @ one)
    other *= noise * one.std() / other.std()
    frame = pd.DataFrame({"one": 5 * one, "other": 1e6 + 3 * sign * (one + other)})
    told = abs(frame.corr().loc["one", "other"])
    assert told == pytest.approx(1 / np.sqrt(1 + noise**2), abs=1e-3)
    left_out = matrix(plain(frame, dict.fromkeys(frame, "number"))).left_out
    assert left_out["why"].tolist() == ["says the same as one"] * twin


def test_a_family_of_many_columns_has_one_vote() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 7)), columns=list("abcdefg"))
    made = matrix(plain(frame, dict.fromkeys("abcdefg", "number"), dict.fromkeys("abcdef", "channel")))
    variance = made.values.var(axis=0)
    assert variance[:6].sum() == pytest.approx(1)
    assert variance[6] == pytest.approx(1)


def test_who_is_hardly_known_is_counted_and_not_placed() -> None:
    features = shop()
    frame = features.frame.assign(touches=np.where(np.arange(900) < 300, 19, 20))
    made = matrix(plain(frame, {**KINDS, "touches": "count"}))
    assert (made.too_little, len(made.codes), made.codes[0]) == (300, 600, 2100)


def test_what_is_missing_counts_as_the_median_and_its_share_is_told() -> None:
    features = shop()
    frame = features.frame.copy()
    frame.iloc[:90, 0] = np.nan
    made = matrix(plain(frame, KINDS))
    column = made.recipe.columns[0]
    assert column.missing == pytest.approx(0.1)
    assert column.fill == frame["spend"].median()
    filled = cooked(made.recipe, frame.fillna({"spend": column.fill}))
    assert (filled == made.values).all()


def test_a_share_of_few_touches_is_drawn_to_what_is_usual() -> None:
    """One touch in one says less than 100 in 100: (1 + 3 x 0.5) / 4 = 0.625 beside 101.5 / 103."""
    share = np.tile([0.0, 1.0], 100)
    frame = pd.DataFrame({"share": share, "touches": np.repeat([1.0, 100.0], 100)})
    made = matrix(plain(frame, {"share": "share", "touches": "count"}), names=["share"], least_touches=1)
    column = made.recipe.columns[0]
    back = np.sin(made.values[[1, 199], 0] / column.scale + column.middle) ** 2
    assert back == pytest.approx([0.625, 101.5 / 103])


def orders_alone(rows: int = 900) -> Features:
    """The shop of above as its till knows it: nobody has a touch, a third bought twice, others six times."""
    features = shop(rows)
    frame = features.frame.assign(touches=0, conversions=np.where(np.arange(rows) % 3, 6, 2))
    return plain(frame, {**KINDS, "touches": "count", "conversions": "count"})


@pytest.mark.parametrize("method", ["kmeans", "multinomial"])
def test_where_there_are_only_orders_customers_are_known_by_them(tmp_path: Path, method: Any) -> None:
    features = orders_alone()
    asked: dict[str, Any] = {"least_touches": 3, "k": 3, "ks": [3], "bootstraps": 10}
    found = find(features, names=["online", "night"], method=method, **asked)
    assert (found.too_little, len(found.labels)) == (300, 600)
    apply.save(found, tmp_path / "kept.json")
    again = apply.read(tmp_path / "kept.json")
    assert again.recipe.base == "conversions"
    alone = replace(features, frame=features.frame.iloc[[0, 1]])
    assert apply.assign(again, alone).to_dict() == found.labels.loc[[7]].to_dict()


def test_where_somebody_has_a_touch_orders_are_no_touches() -> None:
    features = orders_alone()
    features.frame.loc[0, "touches"] = 1
    with pytest.raises(DataError, match="too few customers") as caught:
        find(features, least_touches=3)
    assert caught.value.how_many == "0 of 900 have 3 touches or more; 100 are needed"


# --- the gate ---


def test_continua_keep_every_value_and_every_correlation() -> None:
    rng = np.random.default_rng(1)
    base = rng.normal(size=(2000, 1))
    x = np.column_stack(
        [base[:, 0], np.maximum(base[:, 0] + 0.5 * rng.normal(size=2000) - 1, 0), rng.exponential(size=2000)]
    )
    like = Continuum(x, rng).like(rng)
    assert (np.sort(like, axis=0) == np.sort(x, axis=0)).all()
    assert np.corrcoef(like.T) == pytest.approx(np.corrcoef(x.T), abs=0.06)


@pytest.mark.slow
def test_groups_are_told_from_a_continuum(features: Features) -> None:
    assert structure(matrix(features)).verdict == "groups"
    rng = np.random.default_rng(5)
    smooth = np.exp(rng.normal(size=(900, 4)) + rng.normal(size=(900, 1)))
    gate = structure(
        matrix(plain(pd.DataFrame(smooth, columns=list("abcd")), dict.fromkeys("abcd", "amount")))
    )
    assert (gate.verdict, gate.chance > 0.04, gate.ratio > 0.85) == ("continuum", True, True)


def test_where_there_is_a_continuum_nothing_is_found_and_the_reason_is_said() -> None:
    rng = np.random.default_rng(5)
    smooth = plain(
        pd.DataFrame(rng.normal(size=(400, 3)), columns=list("abc")), dict.fromkeys("abc", "number")
    )
    nothing = find(smooth)
    assert (nothing.k, nothing.groups, set(nothing.labels)) == (0, None, {-1})
    assert "continuum" in nothing.reason
    with pytest.raises(ParameterError, match="no personas to save"):
        apply.save(nothing, Path("x"))
    slices = find(smooth, k=3, ks=[3], bootstraps=10)
    assert (slices.k, slices.reason) == (3, "3 as asked for, slices of a continuum")


# --- the groups ---


def test_three_kinds_are_found_as_three_and_the_alternatives_are_shown(found: Found) -> None:
    assert found.k == 3
    assert found.alternatives["k"].tolist() == [2, 3, 4, 5]
    assert "3 is the largest number" in found.reason
    assert set(found.stability["badge"]) == {"highly stable"}
    customers = found.stability["customers"]
    assert customers.is_monotonic_decreasing
    assert customers.sum() + found.fits_none == 900


def test_a_mixture_finds_them_too(features: Features, found: Found) -> None:
    mixture = find(features, method="mixture", bootstraps=10, ks=[2, 3])
    both = (mixture.labels >= 0) & (found.labels >= 0)
    assert (mixture.labels[both] == found.labels[both]).mean() > 0.99
    assert mixture.alternatives["bic"].is_monotonic_decreasing


@pytest.mark.parametrize("method", ["kmeans", "mixture"])
def test_the_order_of_rows_and_the_number_of_threads_change_nothing(
    features: Features, found: Found, method: Any
) -> None:
    from threadpoolctl import threadpool_limits

    asked: dict[str, Any] = {"method": method, "bootstraps": 10, "ks": range(2, 6)}
    with threadpool_limits(limits=1):
        one = found if method == "kmeans" else find(features, **asked)
    mixed = replace(features, frame=features.frame.sample(frac=1, random_state=1))
    with threadpool_limits(limits=2):
        other = find(mixed, **asked)
    pd.testing.assert_series_equal(other.labels, one.labels)
    pd.testing.assert_frame_equal(other.alternatives, one.alternatives, check_exact=True)
    assert other.structure.ratio == one.structure.ratio


def test_who_is_unlike_everybody_or_between_two_fits_none(features: Features, found: Found) -> None:
    groups = found.groups
    assert groups is not None
    strange = groups.centres[0] + 3 * (groups.centres[0] - groups.centres[1])
    assert near(groups, strange[None, :])[2] > 2 * AMBIGUOUS  # far, and yet between no two
    between = (groups.centres[0] + groups.centres[1]) / 2
    wide = replace(groups, fence=np.full(3, np.inf))
    assert decided(groups, np.array([strange, groups.centres[2]]))[0].tolist() == [-1, 2]
    label, margin = decided(wide, np.array([between, groups.centres[1]]))
    assert label.tolist() == [-1, 1]
    assert (margin[0] < AMBIGUOUS, margin[1]) == (True, 1.0)


def test_distances_are_those_of_a_loop(found: Found) -> None:
    groups = found.groups
    assert groups is not None
    x = np.random.default_rng(0).normal(size=(20, groups.centres.shape[1]))
    label, distance, margin = near(groups, x)
    for row, one in enumerate(x):
        each = sorted(
            (float(((one - centre) ** 2).sum()) ** 0.5, number)
            for number, centre in enumerate(groups.centres)
        )
        assert (label[row], distance[row]) == (each[0][1], pytest.approx(each[0][0]))
        assert margin[row] == pytest.approx(1 - each[0][0] / each[1][0])


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
def test_jaccard_is_that_of_sets(pairs: list[tuple[int, int]]) -> None:
    mine, theirs = np.array(pairs).T
    for group, value in enumerate(jaccard(mine, theirs, 3)):
        own = {row for row, each in enumerate(mine) if each == group}
        others = [{row for row, each in enumerate(theirs) if each == other} for other in set(theirs)]
        if own:
            assert value == pytest.approx(max(len(own & each) / len(own | each) for each in others))
        else:
            assert np.isnan(value) or value == 0


def test_samples_are_of_the_same_customers_whatever_the_order() -> None:
    codes = pd.Index(np.arange(1000) * 13)
    mixed = codes[np.random.default_rng(0).permutation(1000)]
    assert set(codes[drawn(codes, 100, 4)]) == set(mixed[drawn(mixed, 100, 4)])
    assert set(codes[drawn(codes, 100, 4)]) != set(codes[drawn(codes, 100, 5)])
    share = (lots(codes, 0) % np.uint64(2)).mean()
    assert 0.45 < share < 0.55
    assert len(set(lots(pd.Index(["an", "binh", "chi"]), 0))) == 3


# --- rules in words ---


def test_the_rule_that_is_printed_is_the_rule_that_is_evaluated(features: Features, found: Found) -> None:
    told = membership.rules(found, features)
    assert told.fidelity.facts["fidelity"] > 0.97
    assert told.fidelity.facts["customers"] == pytest.approx(450, abs=60)
    for way in itertools.chain(*told.ways.values()):
        for condition in way:
            for limit in (condition.above, condition.most):
                if limit is not None:
                    assert membership.rounded(limit, told.kinds[condition.feature]) == limit
    named = membership.applied(told, features.frame.loc[found.labels.index])
    assert (named >= 0).all()  # everybody goes exactly one way


def test_rules_are_sentences_in_both_languages(features: Features, found: Found) -> None:
    told = membership.rules(found, features)
    labels = {"night": "Share at night"}
    english = " ".join(membership.sentences(told, features, labels=labels, language="en").values())
    vietnamese = " ".join(
        membership.sentences(told, features, labels={"night": "Tỷ lệ ban đêm"}, language="vi").values()
    )
    assert "above" in english
    assert "trên" in vietnamese
    assert "above" not in vietnamese


@pytest.mark.parametrize(
    ("value", "kind", "printed"),
    [(0.12345, "share", 0.12), (3.5, "count", 3.0), (17.2, "days", 17.0), (1234.5678, "amount", 1200.0),
     (0.0123, "number", 0.012), (0.0, "number", 0.0)],
)  # fmt: skip
def test_thresholds_are_rounded_as_printed(value: float, kind: Any, printed: float) -> None:
    assert membership.rounded(value, kind) == pytest.approx(printed)


# --- kept, given to others, compared ---


def test_a_saved_model_gives_the_labels_that_were_found(
    features: Features, found: Found, tmp_path: Path
) -> None:
    file = tmp_path / "personas.json"
    apply.save(found, file)
    pd.testing.assert_series_equal(apply.assign(apply.read(file), features), found.labels, check_names=False)
    assert set(json.loads(file.read_text("utf-8"))) >= {"version", "columns", "centres", "fence"}


def test_other_columns_are_refused(features: Features, found: Found, tmp_path: Path) -> None:
    lacking = plain(features.frame, {name: kind for name, kind in KINDS.items() if name != "night"})
    with pytest.raises(ParameterError, match="lack columns") as told:
        apply.assign(found, lacking)
    assert "night" in str(told.value)
    with pytest.raises(ParameterError, match="another kind"):
        apply.assign(found, plain(features.frame, {**KINDS, "night": "number"}))
    (tmp_path / "no.json").write_text("{}")
    with pytest.raises(DataError, match="no file of personas"):
        apply.read(tmp_path / "no.json")


def test_a_persona_keeps_its_identity_when_sizes_change(features: Features, found: Found) -> None:
    big = found.labels[found.labels == 0].index
    fewer = replace(features, frame=features.frame.drop(index=big[: int(len(big) * 0.8)]))
    later = find(fewer, bootstraps=10, ks=[3])
    assert later.groups is not None
    assert found.groups is not None
    same = apply.matched(later, found.groups)
    both = later.labels[later.labels >= 0].index.intersection(found.labels[found.labels >= 0].index)
    agreed = later.labels[both].map(same) == found.labels[both]
    assert same != {0: 0, 1: 1, 2: 2}
    assert agreed.mean() > 0.98


def test_drift_says_what_moved_and_who_went_where(features: Features, found: Found) -> None:
    frame = features.frame.copy()
    frame["spend"] *= 3
    same, _moves = apply.drift(found, features, features)
    assert (same.table["psi"] == 0).all()
    shifts, moves = apply.drift(found, features, replace(features, frame=frame))
    assert dict(zip(shifts.table["feature"], shifts.table["moved"], strict=True))["spend"] == "much"
    assert moves.table.groupby("from")["share"].sum().to_numpy() == pytest.approx(1)
    assert moves.table["customers"].sum() == len(found.labels)


def test_migration_tells_who_stayed_went_left_and_is_new() -> None:
    old = pd.Series([0, 0, 0, 1, -1], index=[10, 20, 30, 40, 50])
    new = pd.Series([0, 1, 1, -1, 0], index=[10, 20, 40, 50, 60])
    moves = apply.migration(old, new)
    assert moves.table[["from", "to", "customers", "share"]].to_numpy().tolist() == [
        [-1, -1, 1, 1], [0, -2, 1, 1 / 3], [0, 0, 1, 1 / 3], [0, 1, 1, 1 / 3], [1, 1, 1, 1],
    ]  # fmt: skip
    facts = {"stayed": pytest.approx(2 / 3), "kept": 2, "changed": 1, "customers": 3, "new": 1}
    assert dict(moves.facts) == facts | {
        "placed": 4,
        "not_placed": 1,
    }  # who fitted none before and does now would be new, too
    again = apply.migration(
        pd.Series([0, -1, 1], index=[1, 2, 3]), pd.Series([0, 0, -1, -1], index=[1, 2, 3, 4])
    )
    assert (again.facts["customers"], again.facts["placed"], again.facts["new"]) == (1, 2, 1)


def test_the_stability_index_is_the_published_sum() -> None:
    """Two classes, 50% and 50% before, 80% and 20% now: 0.3 ln 1.6 + (-0.3) ln 0.4 = 0.4159."""
    before, now = np.repeat([0.0, 1.0], 50), np.repeat([0.0, 1.0], [80, 20])
    assert apply.stability_index(before, now) == pytest.approx(0.3 * np.log(1.6) - 0.3 * np.log(0.4))


def test_the_table_of_members_and_the_facts(found: Found) -> None:
    assert set(members(found)) == {"persona_1", "persona_2", "persona_3"}
    assert summary(found).facts["verdict"] == "groups"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"method": "kmean"}, "Did you mean 'kmeans'"), ({"k": 1}, "groups cannot be"),
     ({"nulls": 5}, "fewer than 20"),
     ({"bootstraps": 2}, "bootstraps"), ({"names": ["nigth"]}, "Did you mean 'night'")],
)  # fmt: skip
def test_options_that_cannot_be_are_refused(features: Features, wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        find(features, **wrong)


@settings(max_examples=5)
@given(st.integers(0, 1000))
def test_labels_are_numbered_by_size_whatever_the_seed(seed: int) -> None:
    x = matrix(shop(200, 1)).values
    _table, _each, fits = alternatives(x, [3], "kmeans", seed=seed, bootstraps=1)
    size = np.bincount(fits[3].labels)
    assert (np.diff(size) <= 0).all()


# --- what the method is worth, on data whose answer is known: small versions of benchmarks/personas.py ---


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_structureless_shares_and_zeros_are_a_continuum(seed: int) -> None:
    """Shares among few touches, and counts that most have none of: a chance alone would call both groups."""
    rng = np.random.default_rng(seed)
    touches = 20 + rng.geometric(1 / 20, 1500)
    taste = np.exp(np.log(rng.dirichlet(np.ones(12))) + 0.8 * rng.normal(size=(1500, 12)))
    counts = np.array([rng.multinomial(n, t / t.sum()) for n, t in zip(touches, taste, strict=True)])
    names = [f"share_{number}" for number in range(12)]
    shares = pd.DataFrame(counts / touches[:, None], columns=names).assign(touches=touches)
    features = plain(
        shares, {**dict.fromkeys(names, "share"), "touches": "count"}, dict.fromkeys(names, "channel")
    )
    assert structure(matrix(features, names=names), seed=seed).verdict == "continuum"
    rate = np.exp(rng.normal(size=1500))[:, None] * rng.dirichlet(np.ones(6) * 2) * 4
    zeros = pd.DataFrame(rng.poisson(rate), columns=list("abcdef"))
    assert structure(matrix(plain(zeros, dict.fromkeys("abcdef", "count"))), seed=seed).verdict == "continuum"


@pytest.mark.slow
@pytest.mark.parametrize("k", [3, 4, 5, 6])
def test_clear_groups_are_found_in_their_number(k: int) -> None:
    rng = np.random.default_rng(k)
    corners = np.array(list(itertools.product([-4.0, 4.0], repeat=3)))[rng.permutation(8)[:k]]
    group = rng.choice(k, 1200)
    frame = pd.DataFrame(corners[group] + rng.normal(size=(1200, 3)), columns=list("abc"))
    found = find(plain(frame, dict.fromkeys("abc", "number")), bootstraps=10, ks=range(2, 8))
    assert (found.structure.verdict, found.k) == ("groups", k)


@pytest.mark.slow
def test_a_slope_cut_in_two_has_no_valley_and_two_groups_have() -> None:
    rng = np.random.default_rng(0)
    slope = rng.normal(size=(2000, 2)) * [4, 1]
    apart = rng.normal(size=(2000, 2)) + np.where(np.arange(2000) % 2, 3.0, -3.0)[:, None]
    (cut, two), _each, _fits = zip(
        *(alternatives(x, [2], "kmeans", seed=0, bootstraps=10) for x in (slope, apart)), strict=True
    )
    assert (cut["jaccard_worst"].item() > 0.85, cut["stable"].item()) == (True, False)
    assert cut["valley"].item() > 1
    assert (two["valley"].item() < 0.1, two["stable"].item()) == (True, True)


def ring(rng: np.random.Generator) -> Features:
    """Customers all around a circle: no copula of two columns knows a hole, and there are no groups."""
    turn = rng.random(1200) * 2 * np.pi
    frame = pd.DataFrame({"a": np.cos(turn), "b": np.sin(turn)}) + rng.normal(size=(1200, 2)) * 0.05
    return plain(frame, dict.fromkeys("ab", "number"))


def ages(rng: np.random.Generator) -> Features:
    """Tastes that change smoothly with age, each channel with an age of its own: an arch, not kinds."""
    age, peak = rng.random((1200, 1)), np.linspace(0, 1, 8)
    taste = 0.9 * np.exp(-(((age - peak) / 0.15) ** 2) / 2) + 0.02
    touches = 20 + rng.poisson(20, 1200)
    met = np.array([rng.multinomial(n, each / each.sum()) for n, each in zip(touches, taste, strict=True)])
    names = [f"share_{channel}" for channel in range(8)]
    frame = pd.DataFrame(met / touches[:, None], columns=names).assign(touches=touches)
    return plain(
        frame, {**dict.fromkeys(names, "share"), "touches": "count"}, dict.fromkeys(names, "channel")
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("bent", [ring, ages])
def test_a_bent_continuum_has_no_gap_though_it_is_no_gaussian_copula(bent, seed: int) -> None:
    features = bent(np.random.default_rng(seed))
    names = [name for name in features.frame if name != "touches"]
    found = find(features, names=names, seed=seed, bootstraps=10, ks=range(2, 5), sample=1200)
    table = found.alternatives
    assert found.structure.verdict == "groups"  # the gate looks at straight continua only
    assert (table["valley"] < 0.8).any()  # and on the straight way from centre to centre there is a valley
    assert (table["jaccard_worst"] >= 0.75).any()
    assert (table["border"] > 0.5).all()
    assert found.k == 0


@pytest.mark.slow
def test_groups_of_very_unequal_sizes_have_no_neighbours_across() -> None:
    rng = np.random.default_rng(2)
    group = np.repeat([0, 1, 2], [1000, 30, 30])
    x = rng.normal(size=(1060, 4)) + np.array([[0] * 4, [8] * 4, [-8, 8, -8, 8]])[group]
    near = neighbours(x)
    assert border(x, group, near) == 0
    cut = (x[:, 0] > 0).astype(int)
    assert border(x[:1000], cut[:1000], neighbours(x[:1000])) > 0.8


@pytest.mark.slow
def test_nobody_is_of_a_kind_in_the_structureless_shop(tmp_path: Path) -> None:
    """People as the simulation knows them: what is asked is whether the method makes kinds up."""
    from shops import with_known_people

    import journey_lib as jl
    from journey_lib import demo
    from journey_lib.features import table

    demo.generate(tmp_path, world="structureless", customers=6_000, seed=7)
    with_known_people(tmp_path)
    found = find(table(jl.open(tmp_path)))
    assert (found.structure.verdict, found.k) == ("continuum", 0)
    assert len(found.labels) > 500
    assert found.too_little > len(found.labels)
