"""The customers table: one row a customer, whatever the sources knew them by; no name, phone or address."""

from __future__ import annotations

import pandas as pd
import pyarrow.parquet as pq

from journey_lib.prepare import prepare
from journey_lib.prepare.people import LAPSED, STAGES, TOLD, TRAITS
from journey_lib.workspace import Workspace, minor_digits

__all__ = ["COLUMNS", "LAPSED", "STAGES", "TRAITS", "count", "load"]

COLUMNS = tuple(TOLD.names)  # of the table, whatever the workspace


def load(workspace: Workspace) -> pd.DataFrame:
    """Who the customers are: one row each, prepared first if sources changed.

    Columns: customer (number in the touch table, missing without touches), customer_id, fold, first_seen,
    last_seen (in the workspace's timezone), rows, sources, orders, value (major units), identifiers, known
    (by more than a cookie or device), opt_out (refused contact), stage (`STAGES` has the rules), and what the
    CRM says of them (`TRAITS`).
    """
    prepare(workspace)
    table = pq.read_table(workspace.work / "customers.parquet").to_pandas()
    for name in ("first_seen", "last_seen"):
        table[name] = pd.to_datetime(table[name], unit="us", utc=True).dt.tz_convert(workspace.timezone)
    return table.assign(value=table["value"] / 10 ** minor_digits(workspace.currency))


def count(workspace: Workspace) -> int:
    """How many customers there are, those without any event or order included: the rows of `load`."""
    prepare(workspace)
    return int(pq.read_metadata(workspace.work / "customers.parquet").num_rows)
