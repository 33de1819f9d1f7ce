"""Our side of growth: a workspace's raw events to its touch table and fifteen views of it, in one process."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from stopwatch import report, step

with step("imports"):
    from views import prepared

    import journey_lib as jl
    from journey_lib import journeys, touches


def whole(workspace: str) -> dict[str, Any]:
    shutil.rmtree(Path(workspace) / "work", ignore_errors=True)
    with step("prepare"):
        touches.prepare(jl.open(workspace))
    rows, views = prepared(workspace)
    with step("views"):
        journeys.together(views)
    return {"events": rows, "views": len(views)}


if __name__ == "__main__":
    report(whole(sys.argv[1]), "journey-workbench", "numpy", "pandas", "pyarrow", "scipy", "duckdb")
