"""What retentioneering says of its own example shop: every step, by how many people, and a funnel."""

from __future__ import annotations

import json
import os
import sys

os.environ["RETENTIONEERING_NO_TRACK"] = "1"

import pandas as pd
from retentioneering import Eventstream, datasets


def cells(table: pd.DataFrame) -> dict[str, int]:
    names = [name for name in table.index if not str(name).startswith("path_")]
    inner = table.loc[names, [name for name in names if name in table.columns]]
    return {f"{a} > {b}": int(n) for a, row in inner.iterrows() for b, n in row.items() if n}


if __name__ == "__main__":
    steps, file = sys.argv[1].split(","), sys.argv[2]
    frame = datasets.load_ecom(as_dataframe=True)[["user_id", "event", "timestamp"]]
    frame.reset_index(drop=True).to_parquet(file)
    stream = Eventstream(frame)
    found = {
        "steps": cells(stream.transition_graph_data(edge_weight="count")),
        "people": cells(stream.transition_graph_data(edge_weight="unique_paths")),
        "funnel": [int(step["unique_paths"]) for step in stream.funnel_data(steps=steps)["steps"]],
    }
    print(json.dumps(found))
