"""When a preparation stops: too much of a source is unusable, or nothing at all is left."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from journey_lib.checks import Account
from journey_lib.errors import DataError
from journey_lib.workspace import Workspace


def refuse_losses(workspace: Workspace, accounts: Sequence[Account], building: Path) -> None:
    """Stop where more rows of a source cannot be used than the workspace allows."""
    most = workspace.checks.most_dropped
    for account in accounts:
        if account.rows_in and account.unusable > most * account.rows_in:
            reasons = "; ".join(f"{reason}: {n}" for reason, n in account.dropped.items())
            raise DataError(
                f"too many rows of {account.table} cannot be used",
                where=account.path or account.format,
                how_many=f"{account.unusable} of {account.rows_in} ({reasons})",
                do=f"see which in {_kept_apart(workspace, building)} and correct the source in"
                f" journey.yaml, or allow it: `checks: {{most_dropped: ...}}` is {most:g}",
            )


def refuse_nothing(workspace: Workspace, accounts: Sequence[Account], building: Path) -> NoReturn:
    """Stop because no row is left that could become a touch."""
    raise DataError(
        "no usable event is left",
        where=str(workspace.path),
        how_many=f"{sum(a.rows_in for a in accounts)} rows read, all of them dropped",
        do=f"see why in {_kept_apart(workspace, building)} and correct `sources` in journey.yaml",
    )


def _kept_apart(workspace: Workspace, building: Path) -> Path:
    """Move the bad rows of a preparation that stops to where its user can look at them."""
    stopped = workspace.work / "stopped"
    shutil.rmtree(stopped, ignore_errors=True)
    if (building / "rejected").is_dir():
        workspace.work.mkdir(exist_ok=True)
        (building / "rejected").rename(stopped)
    return stopped
