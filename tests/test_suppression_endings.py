"""Of how journeys end, keep to a plan and differ, nothing is shown that tells of fewer than k people."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from tables import touches

import journey_lib as jl
from journey_lib import charts_journeys, findings_customers, session, theme
from journey_lib.journeys import follow, groups
from journey_lib.model import Result

K = 10


def log(**channels: tuple[int, int]) -> str:
    """By channel, how many came by it and ended without a conversion, and how many bought; all long ago."""
    lines = ["who | when | channel | sale", "late | 03-20 08:00 | shop |"]
    for channel, (ended, bought) in channels.items():
        for n in range(ended + bought):
            lines.append(f"{channel}{n} | 01-01 08:00 | {channel} |")
            if n < bought:
                lines.append(f"{channel}{n} | 01-02 08:00 | | 10")
    return "\n".join(lines)


def shown(result: Result, key: str, columns: list[str]) -> dict[str, list[Any]]:
    table = result.suppressed(K).table.set_index(key)[columns]
    return {
        name: ["–" if pd.isna(n) else float(n) for n in row]
        for name, row in zip(table.index, table.to_numpy(), strict=True)
    }


ENDED = ["journeys", "over", "conversions", "nulls"]


def test_where_few_ended_or_few_bought_neither_number_is_shown_nor_the_rate() -> None:
    """Of 40 by mail four ended without, of 50 by app six bought: each hides what else would tell it."""
    found = jl.journeys.entries(touches(log(mail=(4, 36), app=(44, 6), shop=(30, 30))), lookback="20d")
    told = shown(found, "channel", [*ENDED, "conversion_rate"])
    assert told == {
        "shop": [61, "–", "–", "–", "–"],  # with the totals it would tell those of the others
        "app": [50, 50, "–", "–", "–"],
        "mail": [40, "–", 36, "–", "–"],
    }


def test_with_other_rows_enough_a_row_of_many_is_shown_whole() -> None:
    found = jl.journeys.entries(
        touches(log(mail=(6, 36), app=(44, 7), web=(5, 50), tv=(60, 4), shop=(30, 30))), lookback="20d"
    )
    told = shown(found, "channel", [*ENDED, "conversion_rate"])
    assert told["shop"] == [61, 60, 30, 30, 0.5]


def test_a_chart_of_rates_says_how_many_it_does_not_show() -> None:
    found = jl.journeys.entries(
        touches(log(mail=(6, 36), app=(44, 7), web=(5, 50), tv=(60, 4), shop=(30, 30))), lookback="20d"
    )
    spec = charts_journeys.outcomes(found.suppressed(K), {}).to_dict()
    assert "not shown: they would tell of too few people" in theme.titles(spec)[1]
    funnel = jl.funnel.funnel(touches(log(mail=(4, 36), app=(44, 6))), ["mail", "app"]).suppressed(K)
    spec = charts_journeys.funnel(funnel, {}).to_dict()
    assert (
        len(theme.titles(spec)) == 1
        or "not shown" in theme.titles(spec)[1]
        or funnel.table["customers"].notna().all()
    )


def test_a_step_of_few_is_not_told_by_the_others_out_of_the_same_place_nor_around_it() -> None:
    """Of those seen in the shop sixty went to the web, forty to the app and four by mail."""
    lines = ["who | when | channel | sale"]
    for channel, n in {"web": 60, "app": 40, "mail": 4}.items():
        lines += [
            f"{channel}{k} | 01-0{day} 08:00 | {to} |"
            for k in range(n)
            for day, to in ((1, "shop"), (2, channel))
        ]
    steps = jl.journeys.transitions(touches("\n".join(lines)))
    shown = steps.suppressed(K).table
    out = shown[~shown["suppressed"] & (shown["from"] == "shop")]
    assert out["to"].tolist() == ["web"]
    near = jl.journeys.near(steps, "shop", K).table
    assert near.loc[near["side"] == "after", ["name", "suppressed"]].to_numpy().tolist() == [
        ["web", False],
        ["app", True],
        ["mail", True],
    ]


@pytest.mark.parametrize("side", ["first", "last"])
def test_first_and_last_touches_hide_what_the_steps_beside_them_hide(side: Any) -> None:
    """Nobody went on from a channel to another: the last touch and the end are a row of the steps."""
    walked = touches(log(mail=(4, 36), app=(44, 6), shop=(30, 30), tv=(3, 0)))
    steps = jl.journeys.transitions(walked, lookback="20d")
    kept = steps.suppressed(K).table
    kept = kept[~kept["suppressed"]]
    found = jl.journeys.entries(walked, side=side, lookback="20d")
    told = jl.journeys.touched(found, steps, K).table.set_index("channel")
    begun = set(kept.loc[kept["from"] == "(start)", "to"])
    won = set(kept.loc[kept["to"] == "(conversion)", "from"])
    if side == "first":
        assert set(told.index[~told["suppressed"]]) <= begun
    else:
        assert set(told.index[told["conversions"] > 0]) <= won


def test_the_paths_that_are_not_listed_are_enough_or_none() -> None:
    paths = jl.journeys.paths(touches(log(mail=(40, 0), app=(30, 0), shop=(4, 0))))
    top = jl.journeys.top(paths, n=5, k=K).table
    assert top[["path", "journeys"]].to_numpy().tolist() == [["mail", 40], ["(other)", 35]]


def test_where_few_do_not_follow_a_pattern_nothing_is_said_of_who_does() -> None:
    found = follow(touches(log(mail=(4, 0), app=(30, 36))), "app", lookback="20d")
    assert found.suppressed(K).table[["journeys", "customers", "conversions"]].isna().all(axis=None)


def test_of_two_groups_side_by_side_a_few_of_one_hide_the_others_of_the_other() -> None:
    """Both together stand in other tables: less the many, they would tell the few."""
    walked = touches(log(mail=(20, 36), app=(44, 3), shop=(30, 30)))
    sides = [{"group": groups.converted()}, {"group": groups.rest(groups.converted())}]
    found = jl.journeys.compare(jl.journeys.entries, walked, *sides, lookback="20d").suppressed(K).table
    app = found[found["channel"] == "app"].iloc[0]
    assert app[["n_a", "n_b", "share_a", "share_b", "difference"]].isna().all()


def test_who_stands_in_a_stage_is_hidden_where_all_but_few_do() -> None:
    now = jl.journeys.stages_now(touches(log(mail=(40, 0), app=(4, 0))), within="900d")
    assert now.suppressed(K).table[["customers", "share"]].dropna()["customers"].tolist() == [0]


def test_how_many_customers_are_anonymous_is_not_said_where_all_but_few_are() -> None:
    facts = {"stitched": True, "customers": 100, "with_rows": 100, "without_rows": 0, "identifiers": 300}
    facts |= {"anonymous": 95, "named": 5, "anonymous_share": 0.95}
    heads = {"named": ("anonymous", "anonymous_share")}
    told = Result("customer_sizes", pd.DataFrame({"customers": [100]}), facts, base="customers", heads=heads)
    assert "95" not in findings_customers.customers(told, K)
    assert "cookie" in findings_customers.customers(told, 2)


@pytest.mark.parametrize(("reports", "said"), [(100, [100]), (96, []), (80, [100, 20, 80])])
def test_the_foot_of_a_page_tells_of_no_few_who_are_in_no_report(
    monkeypatch: pytest.MonkeyPatch, reports: int, said: list[int]
) -> None:
    """Of the hundred customers of the single customer view, so many have an event or an order."""
    monkeypatch.setattr(session.customers, "count", lambda _workspace: 100)
    manifest = SimpleNamespace(customers=reports, touches=500, fingerprint="x", event_types={})
    run = SimpleNamespace(manifest=manifest, workspace=SimpleNamespace(conversions={}), k=K, names={})
    assert session._counted(run).table["count"].tolist() == [*said, 500]


def test_of_a_path_by_which_few_bought_neither_their_number_nor_their_money_is_shown() -> None:
    """Two bought after one touch outdoors: with all who bought and the other paths, they would follow."""
    walked = touches(log(outdoor=(50, 2), mail=(40, 30), app=(60, 14), tv=(70, 12), web=(23, 0)))
    top = jl.journeys.top(jl.journeys.paths(walked, lookback="20d"), n=4, k=K)
    columns = ["journeys", "conversions", "nulls", "conversion_rate", "value"]
    told = shown(top, "path", columns)
    assert told["outdoor"] == [52, "–", "–", "–", "–"]
    assert told["tv"] == [82, "–", "–", "–", "–"]  # the smallest of the others goes with it
    assert told["mail"] == [70, 30, 40, 30 / 70, 300]


def test_many_conversions_of_few_people_are_of_few() -> None:
    """Three customers bought five times each by mail."""
    bought = "\n".join(
        f"m{who} | 01-0{day} 0{hour}:00 | {to}"
        for who in range(3)
        for day in range(1, 6)
        for hour, to in ((8, "mail |"), (9, "| 10"))
    )
    others = log(mail=(40, 0), app=(60, 30), tv=(50, 20), web=(23, 0))
    top = jl.journeys.top(jl.journeys.paths(touches(f"{others}\n{bought}"), lookback="20d"), n=4, k=K)
    assert top.table.set_index("path").loc["mail", ["conversions", "converters"]].tolist() == [15, 3]
    assert shown(top, "path", ["conversions", "value"])["mail"] == ["–", "–"]
