"""The record of a preparation: what was prepared, from what, and what each code stands for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from journey_lib import checks
from journey_lib.workspace import Workspace

# Raised when the layout of `work/` changes, or how its names are spelt, so that old work is built again.
FORMAT = 8
FOLDS = 256  # groups of customers by hash: what is resampled together, and what buckets are made of
BUCKET_ROWS = 1_000_000


@dataclass(frozen=True)
class Manifest:
    """What was prepared, from what, and what each code stands for (`work/manifest.json`)."""

    fingerprint: str
    format: int
    accounts: tuple[checks.Account, ...]
    touches: int
    customers: int
    customers_per_fold: tuple[int, ...]
    event_types: Mapping[str, int]
    channels: tuple[str, ...]
    touchpoints: tuple[str, ...]
    period: tuple[int, int]
    buckets: int
    identity: Mapping[str, Any] | None = None
    channel_rules: Mapping[str, Any] | None = None
    links: Mapping[str, int] | None = None
    answers: tuple[str, ...] = ()

    @property
    def rows_in(self) -> int:
        """Rows of all sources."""
        return sum(account.rows_in for account in self.accounts)

    @property
    def kept(self) -> int:
        """Rows of all sources that are used."""
        return sum(account.kept for account in self.accounts)

    @property
    def dropped(self) -> int:
        """Rows kept apart, whatever the reason."""
        return self.rows_in - self.kept

    @property
    def table(self) -> str:
        """How large the touch table is; a row without a channel is an outcome and no touch."""
        return f"rows of the touch table: {self.touches:,}, customers: {self.customers:,}"

    def said(self) -> list[str]:
        """What a terminal is told: rows, the touch table, records joined by likeness, channels by rules."""
        lines = [
            f"{self.rows_in:,} rows in = {self.kept:,} kept + {self.dropped:,} dropped",
            self.table,
        ]
        if linking := (self.identity or {}).get("linking"):
            found = ", ".join(f"{how}: {many:,}" for how, many in linking["joined"].items()) or "none"
            lines.append(f"customers joined though no identifier says so: {found}")
            if many := linking.get("review", 0):
                lines.append(f"{many:,} pairs of records to decide: work/identity/review.parquet")
        if self.channel_rules:
            named, lost = self.channel_rules["assigned"], self.channel_rules["unassigned"]
            lines.append(
                f"channels by the rules {self.channel_rules['version']}: {named:,} rows named,"
                f" {lost:,} ({lost / (named + lost):.2%}) Unassigned"
            )
        return lines


def read_manifest(workspace: Workspace) -> Manifest | None:
    """The record of the last preparation, if there is one this version can read."""
    file = workspace.work / "manifest.json"
    if not file.is_file():
        return None
    said = json.loads(file.read_text(encoding="utf-8"))
    if said.get("format") != FORMAT:
        return None
    lists = ("customers_per_fold", "channels", "touchpoints", "period", "answers")
    said |= {name: tuple(said[name]) for name in lists}
    return Manifest(**said | {"accounts": tuple(checks.Account(**account) for account in said["accounts"])})


def bucket_count(rows: int) -> int:
    """How many buckets: the smallest power of two that keeps one near a million rows, from 2 to `FOLDS`."""
    wanted = 2
    while wanted < FOLDS and rows / wanted > BUCKET_ROWS:
        wanted *= 2
    return wanted
