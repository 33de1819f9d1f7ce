"""Latent classes: counts of touches and answers to questions, against published figures and known classes."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

import journey_lib as jl
from journey_lib import demo
from journey_lib.errors import DataError, ParameterError
from journey_lib.features import Features, table
from journey_lib.personas import answers, apply, latent
from journey_lib.personas.answers import latent_classes, latest
from journey_lib.personas.counts import CUT, angles, cooked, counted
from journey_lib.personas.find import Found, decided, find, near
from journey_lib.personas.gate import structure
from journey_lib.personas.matrix import plain

# Seven pathologists (A to G) and 118 slides, 1 no and 2 yes: how often each pattern of judgements came up
# (Landis and Koch 1977; Agresti 2002, table 13.1; the data set `carcinoma` of poLCA).
CARCINOMA = {
    "1111111": 34, "1111211": 2, "1211111": 6, "1211112": 1, "1211211": 4, "1211212": 5, "2111111": 2,
    "2121212": 1, "2211111": 2, "2211112": 1, "2211211": 2, "2211212": 7, "2211222": 1, "2212112": 1,
    "2212212": 2, "2212222": 3, "2221212": 13, "2221222": 5, "2222212": 10, "2222222": 16,
}  # fmt: skip
TASTES = {  # of four channels, and of day and night
    "hunters": ([0.6, 0.2, 0.1, 0.1], [0.3, 0.7]),
    "planners": ([0.1, 0.6, 0.2, 0.1], [0.8, 0.2]),
    "regulars": ([0.1, 0.1, 0.2, 0.6], [0.6, 0.4]),
}
CHANNELS = ["facebook", "search", "email", "store"]


def slides() -> pd.DataFrame:
    rows = [list(pattern) for pattern, times in CARCINOMA.items() for _ in range(times)]
    return pd.DataFrame(rows, columns=list("ABCDEFG"))


def contacts(rows: int = 700, seed: int = 0, least: int = 20) -> tuple[Features, Any]:
    """Customers of three tastes, as shares of what they were met by and when."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(3, rows, p=[0.5, 0.3, 0.2])
    touches = least + rng.geometric(1 / 15, rows)
    tastes = list(TASTES.values())
    where = np.array([rng.multinomial(n, tastes[each][0]) for n, each in zip(touches, kind, strict=True)])
    day = np.array([rng.binomial(n, tastes[each][1][0]) for n, each in zip(touches, kind, strict=True)])
    frame = pd.DataFrame(where / touches[:, None], columns=CHANNELS).assign(
        day=day / touches, touches=touches
    )
    kinds: dict[str, Any] = {**dict.fromkeys([*CHANNELS, "day"], "share"), "touches": "count"}
    families = {**dict.fromkeys(CHANNELS, "channel"), "day": "time", "touches": "frequency"}
    return plain(frame.set_axis(7 * np.arange(rows)), kinds, families), kind


@pytest.fixture(scope="module")
def features() -> Features:
    return contacts()[0]


@pytest.fixture(scope="module")
def found(features: Features) -> Found:
    return find(features, method="multinomial", bootstraps=10, ks=range(2, 6))


# --- the classes themselves ---


def test_published_classes_of_seven_pathologists_come_out() -> None:
    """Linzer and Lewis (2011), 5.1: log-likelihood, BIC, shares and chances, as printed by poLCA."""
    told = latent_classes(slides(), ks=range(1, 5), bootstraps=40)
    rows = told.alternatives.set_index("k")
    assert rows["loglik"].to_numpy() == pytest.approx([-524.4648, -317.2568, -293.705, -289.2858], abs=3e-4)
    assert rows["bic"].to_numpy() == pytest.approx([1082.324, 706.0739, 697.1357, 726.4629], abs=1e-3)
    assert rows["parameters"].tolist() == [7, 15, 23, 31]
    assert told.k == 3
    assert told.sizes.table["share"].to_numpy() == pytest.approx([0.4447, 0.3736, 0.1817], abs=1e-4)
    rows = told.answers.table.set_index(["class", "question", "answer"])["probability"]
    assert rows[2, "A", "2"] == pytest.approx(0.5128, abs=1e-4)
    assert rows[0, "C", "2"] == pytest.approx(0.8575, abs=1e-4)


def test_a_step_of_the_fit_is_that_of_a_loop() -> None:
    """Probabilities of class by the definition, customer by customer, in plain Python."""
    x = np.array([[2.0, 1, 0, 1, 2], [0, 0, 3, 1, 0], [0, 0, 0, 4, 1]])
    blocks = [(0, 3), (3, 5)]
    shares, chances = np.array([0.3, 0.7]), np.array([[0.5, 0.3, 0.2, 0.6, 0.4], [0.1, 0.1, 0.8, 0.2, 0.8]])
    member, each = latent.posterior(x, shares, chances)
    for row, counts in enumerate(x):
        likely = [
            shares[c] * math.prod(chances[c][at] ** n for at, n in enumerate(counts.tolist()))
            for c in range(2)
        ]
        assert member[row] == pytest.approx([one / sum(likely) for one in likely])
        assert each[row] == pytest.approx(math.log(sum(likely)))
    free = latent.fit(x, blocks, 1, seed=0, starts=1, prior=0).chances[0]
    assert free == pytest.approx([2 / 6, 1 / 6, 3 / 6, 6 / 9, 3 / 9])


def test_classes_are_likelier_than_none_and_rows_seen_twice_count_twice() -> None:
    rng = np.random.default_rng(4)
    x = rng.multinomial(12, [0.4, 0.3, 0.2, 0.1], size=150).astype(float)
    gains = [latent.fit(x, [(0, 4)], k, seed=1, starts=8, prior=0, close=1e-9).loglik for k in (1, 2, 3, 4)]
    assert min(gains) == gains[0]
    once = latent.fit(x, [(0, 4)], 2, seed=1, starts=3, weights=np.full(150, 2))
    twice = latent.fit(np.repeat(x, 2, axis=0), [(0, 4)], 1, seed=1, starts=1)
    assert once.chances.shape == (2, 4)
    alone = latent.fit(x, [(0, 4)], 1, seed=1, starts=1, weights=np.full(150, 2))
    assert (alone.loglik, alone.bic) == (pytest.approx(twice.loglik), pytest.approx(twice.bic))


def test_where_somebody_stands_between_two_classes() -> None:
    """Whose shares are exactly those of a class stands at its end, whatever the number of touches."""
    one, other = np.array([0.7, 0.2, 0.1]), np.array([0.1, 0.3, 0.6])
    x = np.array([one * 10, other * 1000, (one * 50)])
    assert latent.between(x, one, other, [(0, 3)]) == pytest.approx([0, 1, 0])


# --- counts of touches ---


def test_shares_are_counted_and_what_is_not_known_counts_nothing(features: Features) -> None:
    frame = features.frame.copy()
    frame.loc[0, "day"] = np.nan
    data = counted(replace(features, frame=frame))
    assert data.recipe.categories() == [*CHANNELS, "day", "rest of day"]
    assert data.recipe.slices() == [(0, 4), (4, 6)]
    n = frame["touches"].to_numpy()
    assert data.values[:, :4].sum(axis=1) == pytest.approx(n)
    assert data.values[1:, 4:].sum(axis=1) == pytest.approx(n[1:])
    assert data.values[0, 4:].tolist() == [0, 0]
    assert (cooked(data.recipe, frame) == data.values).all()


def test_a_share_that_others_add_up_to_is_left_out(features: Features) -> None:
    frame = features.frame.assign(online=features.frame["facebook"] + features.frame["search"], spend=5.0)
    kinds: dict[str, Any] = {**dict.fromkeys([*CHANNELS, "day", "online"], "share"), "touches": "count"}
    families = {**dict.fromkeys(CHANNELS, "channel"), "touches": "frequency"}
    data = counted(plain(frame, {**kinds, "spend": "amount"}, families))
    told = data.left_out.set_index("feature")["why"].to_dict()
    assert told["online"] == "said by the others together"
    assert told["spend"] == "no count over categories"


def test_an_analysts_own_counts_are_a_block_and_shares_need_touches() -> None:
    features, _kind = contacts(300)
    n = features.frame["touches"]
    own = pd.DataFrame({name: (features.frame[name] * n).round() for name in CHANNELS})
    data = counted(plain(own, dict.fromkeys(CHANNELS, "count"), dict.fromkeys(CHANNELS, "channel")))
    assert (data.values == own.to_numpy()).all()
    with pytest.raises(ParameterError, match="number of touches"):
        counted(plain(features.frame, dict.fromkeys(CHANNELS, "share"), dict.fromkeys(CHANNELS, "channel")))
    with pytest.raises(DataError, match="no feature counts"):
        counted(plain(own, dict.fromkeys(CHANNELS, "amount")))


def test_three_tastes_are_found_as_three(found: Found) -> None:
    _features, kind = contacts()
    assert (found.structure.verdict, found.k) == ("groups", 3)
    assert adjusted_rand_score(kind, found.labels) > 0.9
    assert found.alternatives["bic"].idxmin() == found.alternatives.index[found.alternatives["k"] == 3][0]
    groups = found.groups
    assert groups is not None
    assert groups.centres[:, :4] == pytest.approx(np.array([t[0] for t in TASTES.values()]), abs=0.03)


def test_the_order_of_rows_and_the_number_of_threads_change_no_class(
    features: Features, found: Found
) -> None:
    from threadpoolctl import threadpool_limits

    mixed = replace(features, frame=features.frame.sample(frac=1, random_state=1))
    with threadpool_limits(limits=2):
        other = find(mixed, method="multinomial", bootstraps=10, ks=range(2, 6))
    pd.testing.assert_series_equal(other.labels, found.labels)
    pd.testing.assert_series_equal(other.margin, found.margin, check_exact=True)
    pd.testing.assert_frame_equal(other.alternatives, found.alternatives, check_exact=True)


def test_who_is_between_or_unlike_everybody_fits_none(found: Found) -> None:
    groups = found.groups
    assert groups is not None
    typical = groups.centres * 40
    between = latent.posterior(typical[:1] * 0, groups.weights, groups.centres)[0]  # of whom nothing is known
    strange = np.array([[0, 0, 60.0, 0, 30, 30]])
    label, margin = decided(groups, np.vstack([typical, strange, typical[:1] * 0]))
    assert label.tolist() == [0, 1, 2, -1, -1]
    assert margin[:3].min() > 0.99
    assert margin[4] == pytest.approx(between.max())
    assert near(groups, strange)[2][0] > 0.6  # sure of the class, and yet too far from it


def test_a_saved_model_of_counts_gives_the_labels_that_were_found(
    features: Features, found: Found, tmp_path: Path
) -> None:
    file = tmp_path / "personas.json"
    apply.save(found, file)
    kept = apply.read(file)
    pd.testing.assert_series_equal(apply.assign(kept, features), found.labels, check_names=False)
    assert apply.matched(found, kept) == {0: 0, 1: 1, 2: 2}
    shifts, moves = apply.drift(kept, features, features)
    assert (shifts.table["psi"] == 0).all()
    assert moves.facts["stayed"] == 1
    other = find(features, names=[*CHANNELS, "day"], k=3, ks=[3], bootstraps=10)
    with pytest.raises(ParameterError, match="same method"):
        apply.matched(other, kept)


# --- answers ---


def asked(rows: int = 1200, seed: int = 0, missing: float = 0.15) -> tuple[pd.DataFrame, Any, Any]:
    """Three classes, five questions of three answers, some of them not given."""
    rng = np.random.default_rng(seed)
    chances = np.array(
        [[[0.8, 0.15, 0.05]] * 5, [[0.1, 0.8, 0.1]] * 5, [[0.8, 0.1, 0.1]] * 2 + [[0.05, 0.15, 0.8]] * 3]
    )
    kind = rng.choice(3, rows, p=[0.5, 0.3, 0.2])
    given = np.array([[rng.choice(3, p=chances[each, q]) for q in range(5)] for each in kind])
    told = pd.DataFrame(np.array(["no", "so-so", "yes"], object)[given], columns=[f"q{q}" for q in range(5)])
    return told.mask(rng.random(told.shape) < missing), kind, chances


def test_known_classes_come_out_of_answers_with_gaps() -> None:
    told, kind, chances = asked()
    classes = latent_classes(told, bootstraps=40)
    assert (classes.k, classes.reason) == (3, "3 has the lowest BIC")
    sizes = classes.sizes.table
    assert sizes["share"].to_numpy() == pytest.approx([0.5, 0.3, 0.2], abs=0.04)
    placed = classes.labels >= 0
    assert adjusted_rand_score(kind[classes.labels.index[placed]], classes.labels[placed]) > 0.8
    rows = classes.answers.table
    true = np.array([chances[c, q, a] for c, q, a in itertools.product(range(3), range(5), range(3))])
    inside = (rows["low"] <= true) & (true <= rows["high"])
    assert inside.mean() >= 0.9
    assert ((rows["low"] <= rows["probability"]) & (rows["probability"] <= rows["high"])).all()
    assert rows.groupby(["class", "question"])["probability"].sum().to_numpy() == pytest.approx(1)
    assert classes.chance.sum(axis=1).to_numpy() == pytest.approx(1)


def test_answers_in_any_order_give_the_same_classes() -> None:
    told, _kind, _chances = asked(400)
    one, other = (latent_classes(each, bootstraps=40) for each in (told, told.sample(frac=1, random_state=2)))
    pd.testing.assert_series_equal(one.labels, other.labels)
    pd.testing.assert_frame_equal(one.answers.table, other.answers.table, check_exact=True)
    pd.testing.assert_frame_equal(one.sizes.table, other.sizes.table, check_exact=True)


def test_where_answers_have_nothing_in_common_there_is_one_class() -> None:
    rng = np.random.default_rng(1)
    noise = pd.DataFrame(rng.choice(["a", "b", "c"], (800, 6)), columns=list("uvwxyz"))
    told = latent_classes(noise, bootstraps=40)
    assert (told.k, told.sizes.table["share"].tolist()) == (1, [1.0])
    assert "nobody is of a kind" in told.reason


def test_what_cannot_be_told_is_refused_and_what_says_nothing_is_named() -> None:
    told, _kind, _chances = asked(300)
    more = told.assign(same="x", free=[f"text {n}" for n in range(300)])
    more.loc[more.index[:5]] = np.nan
    found = latent_classes(more, ks=[1, 2], bootstraps=40)
    assert found.left_out["question"].tolist() == ["same", "free"]
    assert found.unanswered == 5
    assert len(found.labels) == 295
    with pytest.raises(ParameterError, match="more than one row"):
        latent_classes(pd.concat([told, told]))
    with pytest.raises(ParameterError, match="more probabilities"):
        latent_classes(told[["q0", "q1", "q2"]], k=6)
    with pytest.raises(DataError, match="too few answers"):
        latent_classes(told[["q0", "q1"]])
    with pytest.raises(ParameterError, match="40 bootstraps"):
        latent_classes(told, bootstraps=5)


def test_the_latest_score_of_each_metric_is_the_answer() -> None:
    surveys = pd.DataFrame(
        {
            "customer": [1, 1, 1, 2, 3],
            "metric": ["csat", "csat", "nps", "nps", "nps"],
            "timestamp": pd.to_datetime(
                ["2025-01-02", "2025-01-01", "2025-01-01", "2025-01-01", "2025-01-01"]
            ),
            "score": [5.0, 1.0, 6.0, 7.0, np.nan],
        }
    )
    assert latest(surveys).fillna("").to_dict("index") == {
        1: {"csat": 5.0, "nps": "detractor"}, 2: {"csat": "", "nps": "passive"},
    }  # fmt: skip
    assert answers.KS[0] == 1


# --- what the method is worth, in worlds whose truth is known ---


def shop(tmp_path: Path, world: str, customers: int, seed: int) -> tuple[Features, pd.Series[Any]]:
    """Features of people as the simulation knows them, and the persona of each."""
    from shops import with_known_people

    demo.generate(tmp_path, world=world, customers=customers, seed=seed)
    with_known_people(tmp_path)
    found = table(jl.open(tmp_path))
    codes = pd.read_parquet(tmp_path / "work" / "customers.parquet").dropna(subset=["customer"])
    people = pd.read_parquet(tmp_path / "truth" / "people.parquet").set_index("customer_id")["persona"]
    return found, codes.set_index("customer")["customer_id"].map(people).reindex(found.frame.index)


@pytest.mark.slow
def test_the_personas_of_the_clear_world_are_found(tmp_path: Path) -> None:
    """Everybody with twenty touches counts, those who fit none as well."""
    features, persona = shop(tmp_path, "clear_personas", 6_000, 7)
    found = find(features, method="multinomial", bootstraps=10)
    assert (found.structure.verdict, found.k) == ("groups", 6)
    assert adjusted_rand_score(persona[found.labels.index], found.labels) >= 0.85


@pytest.mark.slow
@pytest.mark.parametrize("seed", [7, 11])
def test_nobody_is_of_a_kind_in_the_structureless_shop_by_counts_either(tmp_path: Path, seed: int) -> None:
    features, _persona = shop(tmp_path, "structureless", 6_000, seed)
    found = find(features, method="multinomial")
    assert (found.structure.verdict, found.k) == ("continuum", 0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_tastes_that_differ_smoothly_are_a_continuum_by_counts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    touches = 20 + rng.geometric(1 / 20, 1500)
    taste = np.exp(np.log(rng.dirichlet(np.ones(12))) + 0.8 * rng.normal(size=(1500, 12)))
    counts = np.array([rng.multinomial(n, t / t.sum()) for n, t in zip(touches, taste, strict=True)])
    names = [f"channel_{number}" for number in range(12)]
    data = counted(
        plain(
            pd.DataFrame(counts, columns=names),
            dict.fromkeys(names, "count"),
            dict.fromkeys(names, "channel"),
        )
    )
    assert structure(replace(data, values=angles(data)), seed=seed, cut=CUT).verdict == "continuum"
