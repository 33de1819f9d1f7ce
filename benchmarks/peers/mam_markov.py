"""DP6's mam: Markov of order 1, on raw journeys or on unique paths, in the format it takes for each."""

from __future__ import annotations

import sys

from stopwatch import report, step

with step("imports"):
    import polars as pl
    from mam import MAM


def prepared(table: pl.DataFrame, form: str) -> MAM:
    if form == "raw":
        # Markov needs neither an identity nor times, but this format demands a column of each.
        table = table.with_row_index("journey_id").with_columns(
            pl.col("path").str.replace_all(r"[^> ]+", "0").alias("time_till_end")
        )
        return MAM(table, "journey", "path", "total_conversions")
    counts = {1: "total_conversions", 0: "total_null"}
    outcomes = pl.concat(
        table.select("path", pl.lit(converted).alias("converted"), pl.col(column).alias("occurrences"))
        for converted, column in counts.items()
    ).filter(pl.col("occurrences") > 0)
    return MAM(outcomes, "grouped_journey", "path", "converted")


if __name__ == "__main__":
    form, path = sys.argv[1:]
    with step("read"):
        frame = pl.read_csv(path)
    with step("markov"):
        answer = prepared(frame, form).run_markov()
    effects = answer.metadata["removal_effect"]["removal_effect"]
    shares = (effects / effects.sum()).to_dict()
    report({"shares": {"order 1": [shares]}}, "marketing-attribution-models", "polars", "numpy")
