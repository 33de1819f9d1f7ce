"""What is wrong with the tags that say where visits come from."""

from __future__ import annotations

import pandas as pd

from journey_lib.health.evidence import Evidence
from journey_lib.model import Result

COLUMNS = ["issue", "field", "values", "rows", "of", "part", "example", "meant"]


def links(found: Evidence) -> Result | None:
    """What is wrong with tags, by issue and field; None where no source says where visits come from.

    Columns issue (as `channels.lint` tells it), field, values (different ones), rows, of (rows with tags; for
    pages, rows with an address),
    part, example (of most rows; personal data masked), meant (the medium it is near to). Rows with several
    issues count in each of them; the facts `rows` (with tags), `concerned` and `personal` count each once.
    """
    counted = found.manifest.links
    if counted is None:
        return None
    rows = found.links.sort_values("rows", ascending=False, kind="stable")
    table = rows.groupby(["issue", "field"], as_index=False, sort=False).agg(
        values=("rows", "size"), rows=("rows", "sum"), example=("example", "first"), meant=("meant", "first")
    )
    of_page = table["field"].str.match(r"page( \(|$)")
    table["of"] = of_page.map({True: counted.get("pages", 0), False: counted["rows"]}).astype("int64")
    table["part"] = table["rows"] / table["of"]
    table = table.sort_values("rows", ascending=False, kind="stable", ignore_index=True)
    return Result("links", pd.DataFrame(table[COLUMNS]), dict(counted), found.settings)
