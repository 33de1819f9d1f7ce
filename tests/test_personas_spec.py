"""RFM and its ten segments, segments by rule, two groupings, the most valuable, the audience meant."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import touches
from test_laws import law

import journey_lib as jl
from journey_lib.errors import ConfigError, DataError, ParameterError
from journey_lib.features import KNOWN, Features
from journey_lib.personas import grammar as rules
from journey_lib.personas import profile, rfm, segments

DEMO = Path(__file__).parents[1] / "data" / "demo" / "maps"


def features(**columns: list[Any]) -> Features:
    """A table of features, as an analyst could make it by hand; None is what is not known."""
    about = tuple(KNOWN[name] for name in columns)
    frame = pd.DataFrame(
        {
            each.name: pd.Series(columns[each.name], dtype="str" if each.kind == "category" else "float64")
            for each in about
        }
    ).rename_axis("customer")
    day = pd.Timestamp("2025-01-01", tz="UTC")
    return Features(frame, about, day - pd.Timedelta(days=365), day, "UTC", "VND", "by hand")


def bought(recency: list[Any], orders: list[int], value: list[float]) -> Features:
    mean = [v / n if n else None for v, n in zip(value, orders, strict=True)]
    return features(recency_conversion_days=recency, conversions=orders, value=value, mean_value=mean)


# --- RFM ---


def test_fifths_are_those_of_the_customers_and_the_latest_the_most_often_and_the_most_have_five() -> None:
    scored = rfm.scores(bought([5, 4, 3, 2, 1], [1, 2, 3, 4, 5], [50, 40, 30, 20, 10]))
    assert scored.to_numpy().T.tolist() == [[1, 2, 3, 4, 5], [1, 2, 3, 4, 5], [5, 4, 3, 2, 1]]


def test_equal_values_have_equal_scores_and_the_worst_value_has_one() -> None:
    """Eight of ten bought once: they are all f 1, and the two others have eight of ten below them."""
    scored = rfm.scores(bought([1] * 10, [1] * 8 + [2, 9], [7] * 10))
    assert scored["f"].tolist() == [1] * 8 + [5, 5]
    assert scored["r"].tolist() == [1] * 10


def test_declared_bounds_include_their_end() -> None:
    bounds = {"recency_conversion_days": [30, 90, 180, 365], "conversions": [1, 2, 4, 8]}
    scored = rfm.scores(bought([30, 31, 365, 366], [1, 2, 8, 9], [1, 2, 3, 4]), bounds=bounds)
    assert scored["r"].tolist() == [5, 4, 2, 1]
    assert scored["f"].tolist() == [1, 2, 4, 5]


def test_who_never_converted_has_no_scores_and_is_counted() -> None:
    table = bought([10, None, 20], [1, 0, 2], [5, 0, 9])
    found = rfm.segments(table)
    assert found.table["customers"].sum() == 2
    assert (found.facts["customers"], found.facts["without"]) == (2, 1)
    with pytest.raises(DataError, match="nobody converted"):
        rfm.scores(bought([None], [0], [0]))


@law
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 4), st.integers(0, 5)), min_size=1), st.randoms())
def test_scores_are_those_of_the_definition_whatever_the_order(rows: list, chance: random.Random) -> None:
    """One more than the whole fifths of customers who are worse; counted one by one, in another order."""
    n = len(rows)
    chance.shuffle(rows)
    recency, orders, value = (list(column) for column in zip(*rows, strict=True))
    scored = rfm.scores(bought(recency, orders, value))
    for name, values, worse in (
        ("r", recency, lambda a, b: a > b),
        ("f", orders, lambda a, b: a < b),
        ("m", value, lambda a, b: a < b),
    ):
        expected = [1 + 5 * sum(worse(other, mine) for other in values) // n for mine in values]
        assert scored[name].tolist() == expected


def test_each_of_the_125_cells_of_the_standard_table_is_in_exactly_one_of_ten_segments() -> None:
    standard = rfm.table()
    cells = [cell for segment in standard.segments for box in segment.any for cell in box.cells()]
    assert sorted(cells) == list(itertools.product(range(1, 6), repeat=3))
    assert len(standard.names) == 10
    assert all(set(segment.label) == {"vi", "en"} for segment in standard.segments)


def test_what_the_names_promise_holds_in_the_corners() -> None:
    """Best in all is a champion, worst in all is lost, who bought much and long ago must not be lost."""
    corners = {(5, 5, 5): "champions", (1, 1, 1): "lost", (1, 5, 5): "cant_lose", (5, 1, 1): "new",
               (4, 1, 5): "promising", (5, 3, 3): "potential_loyalists", (3, 5, 1): "loyal"}  # fmt: skip
    standard = rfm.table()
    owner = {c: s.segment for s in standard.segments for box in s.any for c in box.cells()}
    assert {cell: owner[cell] for cell in corners} == corners


@pytest.mark.parametrize(
    ("boxes", "said"),
    [
        ("[{r: [2, 5]}]", "1-1-1 in none"),
        ("[{r: [1, 5]}, {r: 3, f: 2, m: 4}]", "3-2-4 in all and all"),
        ("[{r: [5, 1]}]", "125 of 125 cells"),
        ("[{r: [0, 5]}]", "line 3"),
    ],
)
def test_a_table_with_gaps_or_overlaps_names_the_cells(tmp_path: Path, boxes: str, said: str) -> None:
    file = tmp_path / "rfm.yaml"
    file.write_text(f"segments:\n  - segment: all\n    any: {boxes}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        rfm.table(file)


def test_a_table_of_ones_own_is_used_and_printed(tmp_path: Path) -> None:
    file = tmp_path / "rfm.yaml"
    text = "segments:\n  - {segment: recent, any: [{r: [4, 5]}]}\n  - {segment: older, any: [{r: [1, 3]}]}\n"
    file.write_text(text, encoding="utf-8")
    own = rfm.table(file)
    found = rfm.segments(bought([5, 4, 3, 2, 1], [1] * 5, [10, 10, 10, 10, 60]), segments=own)
    assert found.table[["segment", "customers", "of", "value_share"]].to_numpy().tolist() == [
        ["recent", 2, 5, 0.7],
        ["older", 3, 5, 0.3],
    ]
    assert rfm.printed(own).to_numpy().tolist() == [
        ["recent", "4–5", "1–5", "1–5"],
        ["older", "1–3", "1–5", "1–5"],
    ]
    assert found.settings["scores"]["recency_conversion_days"][5] == [1, 1]


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({"conversion": [1, 2, 3, 4]}, "Did you mean 'conversions'"),
        ({"conversions": [1, 2, 3]}, "four ascending numbers"),
        ({"conversions": [1, 2, 2, 4]}, "four ascending numbers"),
    ],
)
def test_bounds_that_cannot_be_are_told(bounds: dict, said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        rfm.scores(bought([1], [1], [1]), bounds=bounds)


# --- value shares ---


@pytest.mark.slow
def test_the_interval_of_a_value_share_covers_the_truth_about_as_often_as_it_says() -> None:
    """Two kinds of customers, skewed amounts: the share of all value that the one kind brings."""
    chance, truth = np.random.default_rng(4), 0.2 * 3 / (0.2 * 3 + 0.8)
    hits = 0
    for _ in range(400):
        kind = chance.random(600) < 0.2
        amount = chance.lognormal(0, 0.8, 600) * np.where(kind, 3, 1)
        row = segments.shares(pd.Series(np.where(kind, "a", "b")), pd.Series(amount), ["a"]).iloc[0]
        hits += row["value_low"] <= truth <= row["value_high"]
    assert 0.92 <= hits / 400 <= 0.98


def test_without_any_value_there_is_no_share_of_it() -> None:
    found = segments.shares(pd.Series(["a", "b"]), pd.Series([0.0, 0.0]), ["a", "b"])
    assert found[["value_share", "value_low", "value_high"]].isna().all(axis=None)


# --- rules ---


TABLE = features(
    recency_days=[10, 40, None, 10],
    touches=[5, 1, 7, 2],
    value=[0, 100, 50, 50],
    conversions=[0, 1, 1, 1],
    city=["Hà Nội", "Huế", None, "Huế"],
)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("recency_days <= 30", [1, 0, 0, 1]),
        ("recency_days != 10", [0, 1, 0, 0]),
        ("not recency_days <= 30", [0, 1, 0, 0]),  # the third is not known, so neither is its opposite
        ("recency_days <= 30 or touches > 6", [1, 0, 1, 1]),
        ("recency_days <= 30 and touches > 6", [0, 0, 0, 0]),
        ("not (recency_days <= 30 and touches > 6)", [1, 1, 0, 1]),
        ("not (recency_days <= 30 and touches > 8)", [1, 1, 1, 1]),  # false already by what is known
        ("recency_days is missing", [0, 0, 1, 0]),
        ("recency_days is not missing and value == 0", [1, 0, 0, 0]),
        ('city in ["Hà Nội", "Đà Nẵng"]', [1, 0, 0, 0]),
        ('city not in ["Hà Nội"]', [0, 1, 0, 1]),
        ('city == "Huế" and touches in [1, 3]', [0, 1, 0, 0]),
        ('city != "Huế"', [1, 0, 0, 0]),
        ("value > -1.5e1", [1, 1, 1, 1]),
        ("(touches < 3 or touches >= 7) and not value >= 100", [0, 0, 1, 1]),
    ],
)
def test_a_rule_is_true_false_or_not_known(rule: str, expected: list[int]) -> None:
    assert rules.fits(rules.read(rule), TABLE).astype(int).tolist() == expected


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("recency_days <", "cannot be read"),
        ("recency_days = 3", "cannot be read"),
        ("__import__('os').system('true')", "no comparison"),
        ("recency_days <= touches", "compared with a number"),
        ("recency_days <= 10 ** 9", "compared with a number"),
        ("recency_days <= (lambda: 1)()", "compared with a number"),
        ("recency_days <= True", "compared with a number"),
        ("1 <= recency_days", "begins with the name of a feature"),
        ("1 <= recency_days <= 5", "begins with the name"),
        ("recency_days <= 5 <= 9", "one comparison at a time"),
        ("recency_days is 5", "`missing` or `not missing`"),
        ("city in []", "comes a list"),
        ("city == f'{touches}'", "in quotes"),
        ("touches", "no comparison"),
        ("touches > 1 if value else touches > 2", "no comparison"),
        ("x > 1 " * 300, "too long"),
    ],
)
def test_what_is_no_rule_is_refused_and_never_run(rule: str, said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        rules.read(rule)


def test_a_place_in_a_rule_is_counted_in_letters() -> None:
    with pytest.raises(ParameterError, match="at character 22: "):
        rules.read('city == "Đà Nẵng" or 5 < touches')


SEGMENTS = """\
segments:
  - segment: near
    name: {vi: "Ở gần", en: "Near"}
    rule: recency_days <= 30
  - segment: buyers
    rule: conversions >= 1
"""


def declared(folder: Path, text: str) -> segments.Rules:
    (folder / "maps").mkdir(exist_ok=True)
    (folder / "maps" / "segments.yaml").write_text(text, encoding="utf-8")
    return segments.rules(jl.workspace.Workspace.model_construct(path=folder))


def test_the_first_rule_that_fits_wins_overlaps_are_told_and_nobody_is_lost(tmp_path: Path) -> None:
    ruled = declared(tmp_path, SEGMENTS)
    assert segments.assign(TABLE, ruled).tolist() == ["near", "buyers", "buyers", "near"]
    found = segments.segments(TABLE, ruled)
    assert found.table[["segment", "customers", "value", "fits", "earlier"]].to_numpy().tolist() == [
        ["near", 2, 50, 2, 0],
        ["buyers", 2, 150, 3, 1],
        ["rest", 0, 0, 0, 0],
    ]
    assert found.table["customers"].sum() == found.facts["customers"] == 4
    assert found.facts["several"] == 1
    assert ruled.labels("vi") == {"near": "Ở gần", "buyers": "buyers"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("recency_days <= 30", "recency_days <=< 30"), "line 4: segments.0.rule"),
        (("conversions >= 1", "conversion >= 1"), "line 6: segments.1.rule\n.*Did you mean 'conversions'"),
        (("conversions >= 1", 'conversions == "one"'), "conversions is a number(.|\n)*line 6"),
        (("conversions >= 1", "city > 1"), "city is a text(.|\n)*line 6"),
        (("conversions >= 1", 'city > "a"'), "never less or more(.|\n)*line 6"),
        (("segment: buyers", "segment: near"), "declared twice(.|\n)*line 5"),
        (("segment: buyers", "segment: rest"), "line 5: segments.1.segment: 'rest' is what results call"),
        (("    rule: conv", "    ruel: conv"), "line 6: segments.1.ruel: unknown key. Did you mean 'rule'"),
    ],
)
def test_a_wrong_rule_is_told_with_file_line_and_field(tmp_path: Path, wrong: tuple, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as told:
        segments.assign(TABLE, declared(tmp_path, SEGMENTS.replace(*wrong)))
    assert "segments.yaml" in str(told.value)


def test_a_workspace_without_segments_is_told_where_to_write_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="declares no segments"):
        segments.rules(jl.workspace.Workspace.model_construct(path=tmp_path))


# --- two groupings ---


def test_two_groupings_lie_over_each_other_with_their_rand_index() -> None:
    """The example of the definition: 5 pairs together in both, 9 in the one, 7 in the other, of 28."""
    a = pd.Series(list("xxxxyyyy"))
    b = pd.Series(list("ppppqqqr"), index=range(8))
    found = segments.overlap(a, b)
    assert found.table[["a", "b", "customers", "of"]].to_numpy().tolist() == [
        ["x", "p", 4, 4], ["y", "q", 3, 4], ["y", "r", 1, 4],
    ]  # fmt: skip
    chance = 12 * 9 / 28
    assert found.facts["rand"] == pytest.approx((9 - chance) / ((12 + 9) / 2 - chance))


@law
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), min_size=2, max_size=12))
def test_the_rand_index_is_that_of_pairs_counted_one_by_one(pairs: list[tuple[str, str]]) -> None:
    a, b = (pd.Series(list(side)) for side in zip(*pairs, strict=True))
    every = list(itertools.combinations(range(len(pairs)), 2))
    same = [(a[i] == a[j], b[i] == b[j]) for i, j in every]
    both, one, other = (sum(each) for each in zip(*((x and y, x, y) for x, y in same), strict=True))
    chance, most = one * other / len(every), (one + other) / 2
    expected = 1.0 if most == chance else (both - chance) / (most - chance)
    found = segments.overlap(a, b)
    assert found.facts["rand"] == pytest.approx(expected)
    assert found.table.groupby("a")["share"].sum().tolist() == pytest.approx([1.0] * a.nunique())
    shuffled = a.sample(frac=1, random_state=1)
    assert segments.overlap(shuffled, b).facts["rand"] == pytest.approx(expected)


def test_a_hidden_count_of_two_groupings_has_no_share_beside_it() -> None:
    a, b = pd.Series(["x"] * 9), pd.Series([*"ppppp", *"rrr", "q"])
    few = segments.overlap(a, b).suppressed(2).table.set_index("b")
    hidden = few[["customers", "share", "low", "high"]].isna().all(axis=1)
    assert hidden.to_dict() == {"p": False, "q": True, "r": True}  # 1 = 9 - 5 - 3: without r it cannot be had


def test_customers_of_one_grouping_alone_are_counted_apart() -> None:
    found = segments.overlap(pd.Series({1: "x", 2: "x", 3: None}), pd.Series({2: "p", 4: "q", 5: "q"}))
    assert dict(found.facts) == {"customers": 1, "only_a": 1, "only_b": 2, "rand": 1.0}
    with pytest.raises(ParameterError, match="no customer is in both"):
        segments.overlap(pd.Series({1: "x"}), pd.Series({2: "p"}))
    with pytest.raises(ParameterError, match="in two groups"):
        segments.overlap(pd.Series(["x", "y"], index=[1, 1]), pd.Series({1: "p"}))


def test_a_segment_is_a_group_of_journeys() -> None:
    log = """
    who  | when        | channel | sale
    an   | 01-01 08:00 | email   | 10
    binh | 01-02 08:00 | store   |
    chi  | 01-03 08:00 | email   |
    """
    held = touches(log)
    found = jl.features.of_touches(held)
    ruled = segments.declare({"segments": [{"segment": "mail", "rule": "share_email >= 0.5"}]})
    names = segments.assign(found, ruled)
    mail = segments.group(held, names, "mail")
    lengths = jl.journeys.overview(held, [mail, jl.journeys.rest(mail)])
    assert lengths.table["customers"].tolist() == [2, 1]
    with pytest.raises(ParameterError, match="Did you mean 'mail'"):
        segments.group(held, names, "mial")
    with pytest.raises(ParameterError, match="not those of the touch table"):
        segments.group(held, pd.Series({7: "mail"}), "mail")


# --- the most valuable, and the audience ---


def test_the_top_is_a_part_of_who_brought_value_and_ties_stay_together() -> None:
    table = features(
        value=[0, 0, 10, 20, 30, 30], touches=[1, 1, 2, 2, 8, 4], gender=["a", "a", "a", "b", "b", "b"]
    )
    found = profile.value_profile(table, top=0.25)
    assert (found.facts["customers"], found.facts["of"], found.facts["least"]) == (2, 4, 30)
    assert found.facts["value_share"] == pytest.approx(60 / 90)
    rows = found.table.set_index(["feature", "trait"])
    assert rows.loc[("touches", ""), ["top", "base", "lift"]].tolist() == [6, 4, 1.5]
    assert rows.loc[("gender", "b"), ["customers", "n", "of", "lift"]].tolist() == [
        2,
        2,
        4,
        pytest.approx(4 / 3),
    ]
    assert rows.loc[("gender", "a"), ["top", "lift", "low"]].tolist() == [0, 0, 0]
    assert "value" not in found.table["feature"].tolist()


@pytest.mark.slow
def test_the_interval_of_a_lift_covers_the_truth_about_as_often_as_it_says() -> None:
    """Who is worth more is likelier to be a woman: 0.5 of all and more of the top, counted on a million."""

    def drawn(n: int, seed: int) -> Features:
        chance = np.random.default_rng(seed)
        woman = chance.random(n) < 0.5
        value = chance.lognormal(0, 1, n) * np.where(woman, 1.6, 1)
        return features(value=value.tolist(), gender=np.where(woman, "Nữ", "Nam").tolist())

    def women(table: Features) -> pd.Series:
        return profile.value_profile(table, top=0.1).table.set_index("trait").loc["Nữ"]

    truth = women(drawn(400_000, 0))["lift"]
    found = [women(drawn(800, seed)) for seed in range(1, 201)]
    covered = np.mean([row["low"] <= truth <= row["high"] for row in found])
    # The threshold of the top is estimated too, which the interval does not count: about as often.
    assert 0.90 <= covered <= 0.99


@pytest.mark.parametrize("top", [0, 1, -0.1, 10])
def test_a_top_that_is_no_part_is_told(top: float) -> None:
    with pytest.raises(ParameterError, match="no part"):
        profile.value_profile(features(value=[1.0]), top=top)


def test_the_audience_is_put_beside_the_target() -> None:
    cities = ["Hà Nội"] * 10 + ["Huế"] * 80 + ["Vinh"] * 10 + [None] * 25
    table = features(city=cities, conversions=[1] * 124 + [0], value=[100.0] * 10 + [10.0] * 115)
    meant = profile.Target(targets={"city": {"Hà Nội": 0.5, "Huế": 0.3, "Cần Thơ": 0.1}})
    found = profile.audience(table, meant)
    columns = ["trait", "customers", "of", "target", "reading", "unknown", "expand"]
    assert found.table[columns].astype(object).to_numpy().tolist() == [
        ["Hà Nội", 10, 100, 0.5, "under", 24, 1],
        ["Huế", 80, 100, 0.3, "over", 24, pd.NA],
        ["Cần Thơ", 0, 100, 0.1, "under", 24, pd.NA],
        ["(other)", 10, 100, pytest.approx(0.1), "as meant", 24, pd.NA],
    ]
    assert found.table["index"].tolist() == pytest.approx([0.2, 80 / 30, 0, 1])
    assert found.table["gap"].sum() == pytest.approx(0)
    assert found.facts["customers"] == 124


TARGETS = 'audience: everyone\ntargets:\n  city: {"Huế": 0.5}\n'


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("0.5}", "50}"), "line 3: targets.city: Huế: 50 is no part"),
        (('"Huế": 0.5', '"Huế": 0.5, "Vinh": 0.6'), "add up to 1.1"),
        (("everyone", "all"), "line 1: audience"),
        (("audience", "audiense"), "unknown key. Did you mean 'audience'"),
    ],
)
def test_a_target_that_cannot_be_is_told(tmp_path: Path, wrong: tuple, said: str) -> None:
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "targets.yaml").write_text(TARGETS.replace(*wrong), encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        profile.target(jl.workspace.Workspace.model_construct(path=tmp_path))


def test_a_target_of_no_feature_is_told() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'city'"):
        profile.audience(TABLE, profile.Target(audience="everyone", targets={"citi": {"Huế": 1.0}}))


def test_the_examples_of_the_demo_shop_are_ones() -> None:
    shop = jl.workspace.Workspace.model_construct(path=DEMO.parent)
    ruled = segments.rules(shop)
    assert all(set(each.name) == set(each.about) == {"vi", "en"} for each in ruled.segments)
    assert profile.target(shop).audience == "converted"
