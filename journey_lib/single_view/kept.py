"""What the stitching kept, and how it was asked for."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from journey_lib.prepare import Manifest
from journey_lib.workspace import Workspace


def kept(workspace: Workspace, name: str, columns: list[str], filters: Any = None) -> pd.DataFrame:
    """A table of the stitching, or some of its rows; empty where there was nothing to stitch."""
    file = workspace.work / "identity" / f"{name}.parquet"
    if not file.is_file():
        return pd.DataFrame({column: pd.Series(dtype="object") for column in columns})
    return pq.read_table(file, columns=columns, filters=filters).to_pandas()


def settings(manifest: Manifest) -> dict[str, Any]:
    """How identifiers were stitched, as it is written beside a result."""
    said = manifest.identity or {"level": "off", "unique": [], "limits": {}}
    return {
        "level": said["level"],
        "unique": list(said["unique"]),
        "limits": dict(said["limits"]),
        "data": manifest.fingerprint,
    }
