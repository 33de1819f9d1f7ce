"""Connected identifiers in pandas and scipy, with no rule and no log: what stitching cannot do without."""

from __future__ import annotations

import sys

from stopwatch import report, step

with step("imports"):
    import numpy as np
    import pandas as pd
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components


def customers(links: pd.DataFrame) -> tuple[np.ndarray, int]:
    """The part each identifier is in, and how many parts there are."""
    codes, names = pd.factorize(pd.concat([links["left"], links["right"]], ignore_index=True))
    rows, columns = codes[: len(links)], codes[len(links) :]
    matrix = coo_array((np.ones(len(links), np.int8), (rows, columns)), shape=(len(names), len(names)))
    parts, part = connected_components(matrix, directed=False)
    return part, parts


if __name__ == "__main__":
    with step("read"):
        frame = pd.read_parquet(sys.argv[1], columns=["left", "right"], pre_buffer=False)
    with step("components"):
        part, parts = customers(frame)
    report({"identifiers": len(part), "parts": int(parts)}, "pandas", "scipy", "pyarrow")
