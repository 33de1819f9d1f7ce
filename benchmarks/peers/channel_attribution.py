"""ChannelAttribution on a table of paths: its three calls, or its Markov model alone over several seeds."""

from __future__ import annotations

import sys

from stopwatch import report, step

with step("imports"):
    import pandas as pd
    from ChannelAttribution import heuristic_models, markov_model

COLUMNS = {"var_value": "total_conversion_value", "var_null": "total_null"}


def markov(table: pd.DataFrame, order: int, seed: int = 0) -> dict[str, float]:
    answer = markov_model(
        table, "path", "total_conversions", **COLUMNS, order=order, seed=seed, verbose=False, flg_pro=False
    )
    shares = answer["total_conversions"] / answer["total_conversions"].sum()
    return dict(zip(answer["channel_name"], shares, strict=True))


def suite(table: pd.DataFrame) -> dict[str, object]:
    with step("first, last, linear"):
        heuristic_models(table, "path", "total_conversions", var_value=COLUMNS["var_value"], flg_pro=False)
    shares = {}
    for order in (1, 2):
        with step(f"markov {order}"):
            shares[f"order {order}"] = [markov(table, order)]
    journeys = int(table["total_conversions"].sum() + table["total_null"].sum())
    return {"journeys": journeys, "shares": shares}


def seeds(table: pd.DataFrame) -> dict[str, object]:
    # Its fold k walks with seed + k, so nearby seeds share folds: only seeds further apart than the number of
    # folds (10) tell how much the answer moves.
    with step("markov"):
        answers = {
            f"order {order}": [markov(table, order, seed) for seed in (0, 100, 200)] for order in (1, 2)
        }
    return {"shares": answers}


if __name__ == "__main__":
    task, path = sys.argv[1:]
    with step("read"):
        frame = pd.read_csv(path)
    facts = {"suite": suite, "seeds": seeds}[task](frame)
    report(facts, "ChannelAttribution", "pandas", "numpy")
