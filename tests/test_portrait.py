"""What the people of a persona are like: small tables in, numbers a reader can count out by hand."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journey_lib import findings_personas, i18n
from journey_lib.errors import ParameterError
from journey_lib.features import Feature, Features
from journey_lib.intervals import share_interval
from journey_lib.personas import portrait, segments, told, worth

ABOUT = (
    Feature("touches", "Touches", "touches", "frequency", "count", "touches"),
    Feature("time_evening", "In the evening", "share", "time", "share", "touches"),
    Feature("value", "Value", "money", "value", "amount", "touches", behaviour=False),
    Feature("conversions", "Conversions", "conversions", "frequency", "count", "touches"),
    Feature("city", "City", "", "demographic", "category", "customers", behaviour=False),
)


def shop(*rows: tuple[float, float, float, float, str | None], first: int = 0) -> Features:
    """Customers numbered from `first`: touches, share in the evening, value, conversions, city."""
    frame = pd.DataFrame(rows, columns=[feature.name for feature in ABOUT])
    frame.index = pd.RangeIndex(first, first + len(frame), name="customer")
    day = pd.Timestamp("2025-01-01", tz="UTC")
    return Features(frame, ABOUT, day, day + pd.Timedelta(days=30), "UTC", "VND", "x")


numbers = st.one_of(st.just(math.nan), st.integers(0, 4).map(float))
people = st.lists(st.tuples(numbers, st.sampled_from(["p1", "p2", None])), min_size=4, max_size=30)

FIVE = shop(
    (1, 0.0, 0, 0, "Huế"),
    (2, 0.5, 300, 1, "Huế"),
    (3, 0.5, 100, 1, None),
    (4, 1.0, 600, 2, "Vinh"),
    (9, math.nan, 0, 0, "Vinh"),
)
MEMBERS = pd.Series({1: "p1", 3: "p1", 0: "p2", 2: "p2"})


def test_sizes_count_people_money_and_buyers():
    table = worth.sizes(FIVE, MEMBERS).table.set_index("persona")
    assert list(table.index) == ["p1", "p2"]  # all of p1 bought, half of p2
    assert table["customers"].to_dict() == {"p1": 2, "p2": 2}
    assert table["share"].to_dict() == {"p1": 0.4, "p2": 0.4}  # of five: who belongs to none still counts
    assert table["value_share"].to_dict() == {"p1": 0.9, "p2": 0.1}
    assert table["buyers"].to_dict() == {"p1": 2, "p2": 1}
    assert table["mean_value"].to_dict() == {"p1": 450, "p2": 50}


def test_a_persona_that_sent_back_more_than_it_bought_has_an_interval_around_its_mean():
    owed = shop(*[(1, 0.0, value, 1, None) for value in (-300, -100, 50, 400, 250, 10)])
    table = worth.sizes(owed, pd.Series({0: "p1", 1: "p1", 2: "p1"})).table
    row = table.iloc[0]
    assert row["mean_low"] < row["mean_value"] < row["mean_high"]
    assert row[["value_share", "value_low", "value_high"]].isna().all()  # of -350 of 310, no part


def test_money_that_one_member_brings_is_told_to_be_little_known():
    """The share's interval rests on one customer, and so does the mean: carriers says on how many."""
    rich = [1000.0, *[1.0] * 11]
    rest = [20.0 + at % 5 for at in range(88)]
    told_of = worth.sizes(
        shop(*[(1, 0.0, value, 1, None) for value in rich + rest]),
        pd.Series(["p1"] * 12 + ["p2"] * 88),
    ).table.set_index("persona")
    assert told_of.loc["p1", "carriers"] == pytest.approx(1.02, abs=0.01)
    assert told_of.loc["p2", "carriers"] == pytest.approx(88, abs=1)
    low, high = told_of.loc["p1", ["value_low", "value_high"]]
    usual = share_interval(np.array([1011 / 2943]), np.array([0.051]), 12)
    assert low < usual[0][0] / 2
    assert high > 0.8


def test_the_share_of_money_covers_the_truth_where_few_bring_most():
    """Lognormal spending with sigma 2, twelve members of four hundred: a normal interval has .73."""
    rng = np.random.default_rng(3)
    hits, made = 0, 250
    part = 12 / 400
    truth = part * 1.5 / (part * 1.5 + 1 - part)
    for _ in range(made):
        inside = rng.random(400) < part
        money = rng.lognormal(0, 2, 400) * np.where(inside, 1.5, 1.0)
        frame = pd.DataFrame({"value": money, "conversions": 1.0})
        now = pd.Timestamp("2025-01-01", tz="UTC")
        features = Features(frame, (ABOUT[2], ABOUT[3]), now, now, "UTC", "VND", "x")
        row = worth.sizes(features, pd.Series("p1", np.flatnonzero(inside))).table.iloc[0]
        hits += row["value_low"] <= truth <= row["value_high"]
    assert 0.79 <= hits / made <= 0.9


def test_who_belongs_to_none_is_counted():
    facts = worth.sizes(FIVE, MEMBERS).facts
    assert facts == {"customers": 5, "placed": 4, "not_placed": 1, "value": 1000}


def test_a_group_that_brought_nothing_is_judged_by_those_who_brought_anything():
    """None of 20 who paid is in it: up to three in 20 may be, however many more never paid."""
    many = shop(*[(1, 0.0, 50, 1, "a")] * 20, *[(1, 0.0, 0, 0, "a")] * 500)
    idle = pd.Series("p1", index=range(20, 320))
    row = worth.sizes(many, idle).table.iloc[0]
    assert (row["value_share"], row["value_low"], row["value_high"]) == (0, 0, 3 / 20)
    ruled = segments.shares(pd.Series("rest", many.frame.index), many.frame["value"], ["p1"]).iloc[0]
    assert (ruled["value_share"], ruled["value_low"], ruled["value_high"]) == (0, 0, 3 / 20)


def test_groups_and_those_in_none_add_up_to_everybody_and_to_all_of_the_money():
    found = worth.accounts(FIVE, MEMBERS, pd.Index([0, 1, 2, 3, 4]))
    assert found.table.drop(columns="payers").to_numpy().tolist() == [
        ["in a persona", 4, 0.8, 1000.0, 1.0],
        ["fit none", 1, 0.2, 0.0, 0.0],
        ["known too little", 0, 0.0, 0.0, 0.0],
    ]
    two = worth.accounts(FIVE, MEMBERS[MEMBERS == "p2"], pd.Index([0, 1, 2]))
    assert two.table[["customers", "value"]].to_numpy().tolist() == [[2, 100.0], [1, 300.0], [2, 600.0]]
    assert two.facts == {"customers": 5, "placed": 2, "not_placed": 3, "value": 1000.0}
    by_rules = worth.accounts(FIVE, MEMBERS)
    assert by_rules.table["group"].tolist() == ["in a group", "bought nothing in this window"]


@given(people, st.integers(1, 4))
def test_the_parts_of_all_are_those_of_the_groups_and_the_rest(drawn, k):
    features = shop(*[(value, 0.5, 7 * at, at % 2, "a") for at, (value, _) in enumerate(drawn)])
    members = pd.Series({at: persona for at, (_, persona) in enumerate(drawn) if persona}, dtype=object)
    known = pd.Index([at for at in features.frame.index if at in members.index or at % 3])
    sizes, whole = worth.sizes(features, members), worth.accounts(features, members, known, k=k)
    table = whole.table
    assert table["customers"].iloc[0] == sizes.table["customers"].sum() == whole.facts["placed"]
    assert table["customers"].sum() == sizes.facts["customers"] == len(features.frame)
    assert table["value"].iloc[0] == pytest.approx(sizes.table["value"].sum())
    assert table["value"].sum() == pytest.approx(features.frame["value"].sum())
    assert table["share"].sum() == pytest.approx(1)
    if whole.facts["value"]:
        assert table["value_share"].sum() == pytest.approx(1)
    few = table["customers"].iloc[1:]
    assert len(few) == 1 or not ((few > 0) & (few < k)).any()  # told together, so that neither is worked out


def test_the_sentence_adds_them_up_and_says_whom_the_single_customer_view_counts_besides():
    i18n.speak("en")
    many = shop(*[(1, 0.0, 100, 1, "a")] * 12, *[(1, 0.0, 300, 1, "a")] * 10, *[(1, 0.0, 0, 0, "a")] * 30)
    members = pd.Series("p1", index=range(12))
    whole = worth.accounts(many, members, pd.Index(range(22)), k=10)
    assert findings_personas.accounts(whole, 60, "VND", 10) == (
        "In a persona: 12; fit none: 10; known too little: 30. Together these are the **52** customers with"
        " an event or an order in this window. Of what all of them brought in it, ₫4.2K, **28.6%** is from"
        " those in a group and 71.4% from those in none. The single customer view counts fewer than 10 more,"
        " who have no event and no order in it."
    )
    by_rules = worth.accounts(many, pd.Series("new", index=range(22)), k=10)  # all who bought
    assert findings_personas.accounts(by_rules, 52, "VND", 10) == (
        "In a group: 22; bought nothing in this window: 30. Together these are the **52** customers with an"
        " event or an order in this window."
    )


def test_who_is_in_none_is_not_worked_out_from_the_sentence():
    """Of 15, 12 are in a group: told beside all, the number would tell of the three."""
    i18n.speak("en")
    many = shop(*[(1, 0.0, 100, 1, "a")] * 15)
    whole = worth.accounts(many, pd.Series("p1", index=range(12)), many.frame.index, k=10)
    said = "The page is about **15** customers with an event or an order in this window."
    assert findings_personas.accounts(whole, 15, "VND", 10) == said
    assert whole.suppressed(10).table[["customers", "value"]].isna().all(axis=None)


def test_money_of_few_in_none_is_hidden_with_that_of_all_others():
    i18n.speak("en")
    many = shop(*[(1, 0.0, 100, 1, "a")] * 12, *[(1, 0.0, 0, 0, "a")] * 27, *[(1, 0.0, 500, 1, "a")] * 3)
    whole = worth.accounts(many, pd.Series("p1", index=range(12)), many.frame.index, k=10)
    shown = whole.suppressed(10).table
    assert shown["customers"].tolist() == [12, 30, 0]
    assert shown[["value", "value_share"]].iloc[:2].isna().all(axis=None)  # three brought what 30 brought
    assert "brought" not in findings_personas.accounts(whole, 42, "VND", 10)


def test_a_trait_stands_beside_everybody_else():
    table = portrait.traits(FIVE, MEMBERS).table.set_index(["persona", "feature"])
    row = table.loc[("p1", "touches")]
    assert row["typical"] == 3  # of 2 and 4
    assert row["rest"] == 3  # of 1, 3 and 9
    assert row["exceeds"] == 3 / 6  # 2 > 1, 4 > 1 and 4 > 3, of six pairs
    assert (row["n"], row["rest_n"]) == (2, 3)


def test_what_is_not_known_of_a_person_is_left_out_for_that_person():
    table = portrait.traits(FIVE, MEMBERS).table.set_index(["persona", "feature"])
    assert table.loc[("p1", "time_evening"), "rest_n"] == 2  # customer 4 was never seen at any hour


def test_demographics_are_distributions_and_say_how_much_is_unknown():
    table = portrait.demographics(FIVE, MEMBERS).table
    p2 = table[table["persona"] == "p2"].set_index("value")
    assert p2["customers"].to_dict() == {"Huế": 1, "Vinh": 0, "(unknown)": 1}
    assert p2.loc["Huế", "share"] == 1  # of the one whose city is known
    assert p2.loc["Huế", "rest"] == pytest.approx(1 / 3)
    assert p2.loc["(unknown)", "share"] == 0.5


def test_rare_classes_are_one():
    table = portrait.demographics(FIVE, MEMBERS, most=1).table
    assert list(table.loc[table["persona"] == "p1", "value"]) == ["Huế", "(other)", "(unknown)"]


def test_a_member_who_is_no_customer_is_told():
    with pytest.raises(ParameterError, match="1 of 2"):
        worth.sizes(FIVE, pd.Series({1: "p1", 77: "p1"}))


@settings(max_examples=60)
@given(people)
def test_exceeds_is_the_count_of_pairs(drawn):
    told_of = [(value, persona) for value, persona in drawn if not math.isnan(value)]
    features = shop(*[(value, 0.0, 0, 0, None) for value, _ in drawn])
    members = pd.Series({at: persona for at, (_, persona) in enumerate(drawn) if persona}, dtype=object)
    table = portrait.traits(features, members, names=("touches",)).table
    for row in table.itertuples():
        mine = [value for value, persona in told_of if persona == row.persona]
        others = [value for value, persona in told_of if persona != row.persona]
        if len(mine) < 2 or len(others) < 2:
            assert math.isnan(row.exceeds)
            continue
        pairs = [(a > b) + (a == b) / 2 for a, b in product(mine, others)]
        assert row.exceeds == pytest.approx(sum(pairs) / len(pairs))
        assert row.exceeds_low <= row.exceeds <= row.exceeds_high


@settings(max_examples=30)
@given(people, st.randoms(use_true_random=False))
def test_the_order_of_customers_changes_nothing(drawn, chance):
    features = shop(*[(value, 0.5, 7 * at, at % 2, "a") for at, (value, _) in enumerate(drawn)])
    members = pd.Series({at: persona for at, (_, persona) in enumerate(drawn) if persona}, dtype=object)
    order = list(range(len(drawn)))
    chance.shuffle(order)
    mixed = Features(features.frame.iloc[order], ABOUT, features.since, features.as_of, "UTC", "VND", "x")
    for view in (worth.sizes, portrait.traits, portrait.demographics):
        pd.testing.assert_frame_equal(view(features, members).table, view(mixed, members).table)


def test_the_interval_of_a_trait_holds_the_truth_about_95_times_in_100():
    draw = np.random.default_rng(5)
    truth, held = 0.5 + 0.5 * math.erf(0.5 / 2), 0  # P(N(0.5, 1) > N(0, 1))
    for _ in range(300):
        values = np.concatenate([draw.normal(0.5, 1, 60), draw.normal(0, 1, 200)])
        features = shop(*[(value, 0.0, 0, 0, None) for value in values])
        members = pd.Series("p1", index=range(60))
        row = portrait.traits(features, members, names=("touches",)).table.iloc[0]
        held += row["exceeds_low"] <= truth <= row["exceeds_high"]
    assert 270 <= held <= 297


def surveys(*rows: tuple[int, str, float | None, str | None]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["customer", "touchpoint", "score", "comment"])
    return table.assign(metric="csat", timestamp=pd.Timestamp("2025-01-05"))


def test_feelings_count_a_customer_once_however_often_they_answer():
    answers = surveys(
        (1, "store", 5, None), (1, "store", 1, None), (3, "store", 5, None), (3, "web", None, None)
    )
    table = told.feelings(answers, MEMBERS, stage_of={"store": "act"}, k=2).table
    assert table[["persona", "stage", "customers", "answers", "mean"]].to_numpy().tolist() == [
        ["p1", "act", 2, 3, 4.0]
    ]


def test_feelings_of_too_few_are_not_told():
    table = told.feelings(surveys((1, "store", 5, None)), MEMBERS, stage_of={"store": "act"}, k=2).table
    assert table["customers"].tolist() == [1]
    assert table[["answers", "mean", "low", "high"]].isna().all(axis=None)


def test_concerns_are_people_not_tickets():
    tickets = pd.DataFrame({"customer": [1, 1, 3, 0, 4], "topic": ["late", "late", "late", "late", "late"]})
    table = told.concerns(tickets, MEMBERS, k=1).table.set_index("persona")
    assert table.loc["p1", ["customers", "members", "share", "rest"]].to_list() == [2, 2, 1.0, 0.5]


def test_quotes_are_the_nearest_one_a_person_scrubbed():
    said = surveys(
        (1, "store", 5, "gọi 0901 giúp tôi nhé"),
        (1, "web", 5, "ngắn thôi mà đúng"),
        (3, "web", 1, "giao hàng quá lâu luôn"),
        (0, "web", 1, "một câu của người khác"),
        (3, "web", 1, "tốt"),
    )
    distance = pd.Series({1: 0.5, 3: 0.1, 0: 0.2, 2: 0.3})
    found = told.quotes(said, MEMBERS, distance, scrub=lambda text: text.replace("0901", "[số]"), k=2, most=2)
    p1 = found.table[found.table["persona"] == "p1"]
    assert p1["quote"].tolist() == ["giao hàng quá lâu luôn", "gọi [số] giúp tôi nhé"]


def test_people_who_refused_contact_are_members_and_never_quoted():
    said = surveys(
        (1, "store", 5, "gọi giúp tôi sớm nhé"),
        (3, "web", 1, "giao hàng quá lâu luôn"),
    )
    distance = pd.Series({1: 0.5, 3: 0.1})
    found = told.quotes(said.assign(opt_out=[False, True]), MEMBERS, distance, scrub=str, k=2)
    assert found.table["quote"].tolist() == ["gọi giúp tôi sớm nhé"]
    assert found.facts["comments"] == 1


def test_nobody_is_quoted_from_a_persona_of_too_few():
    said = surveys((1, "store", 5, "một câu đủ dài đây"))
    assert not len(told.quotes(said, MEMBERS, pd.Series({1: 0.0}), scrub=str, k=3).table)
