"""do-attribution: Markov with its classic removal, on raw journeys or on unique paths with weights."""

from __future__ import annotations

import sys

from stopwatch import report, step

with step("imports"):
    import pandas as pd
    from do_attribution import MarkovAttribution


def fit(table: pd.DataFrame, order: int) -> dict[str, float]:
    """Shares by channel; a path that both converted and did not becomes two weighted observations."""
    outcomes = pd.concat(
        [
            pd.DataFrame({"path": table["path"], "converted": 1, "weight": table["total_conversions"]}),
            pd.DataFrame({"path": table["path"], "converted": 0, "weight": table["total_null"]}),
        ]
    )
    outcomes = outcomes[outcomes["weight"] > 0]
    weights = None if (outcomes["weight"] == 1).all() else outcomes["weight"]
    model = MarkovAttribution(order=order, removal_strategy="redirect_to_null")
    return model.fit(outcomes["path"], outcomes["converted"], weights=weights)["attribution"]


if __name__ == "__main__":
    order, path = int(sys.argv[1]), sys.argv[2]
    with step("read"):
        frame = pd.read_csv(path)
    with step("markov"):
        shares = fit(frame, order)
    report({"shares": {f"order {order}": [shares]}}, "do-attribution", "pandas", "numpy")
