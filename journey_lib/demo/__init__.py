"""The demo shop: a seeded, simulated Vietnamese retailer whose exports look like those analysts get."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from journey_lib.demo import ids, truth_page
from journey_lib.demo.folder import Progress, write_shop
from journey_lib.demo.scene import scene
from journey_lib.demo.worlds import WORLDS, named
from journey_lib.errors import DataError, ParameterError
from journey_lib.i18n import text as _

__all__ = ["WORLDS", "generate"]

LABEL = "demo.json"  # stands in every folder this module made; without it a folder is never replaced
KEY = "identity.key"  # under which the shop's identifiers are hashed
MOST_CUSTOMERS = ids.PHONES[0] * ids.PHONES[1]


def generate(
    folder: Path,
    *,
    world: str = "base",
    customers: int = 60_000,
    seed: int = 2025,
    months: int = 12,
    start: date = date(2025, 1, 1),
    progress: Progress | None = None,
    processes: int = 1,
) -> Mapping[str, int]:
    """Write to ``folder/raw`` what an analyst of the demo shop would be handed, and to ``truth`` what is so.

    The page `docs/demo-data.md` describes the files. The same arguments give the same bytes. A larger
    `customers` adds people and changes nothing about the first ones. Memory stays bounded: people are
    simulated 2,048 at a time.

    Parameters
    ----------
    folder : the workspace folder; ``raw`` and ``truth`` in it are replaced at the end, when a demo made them.
    world : one of `WORLDS`: the shop as it is, or in other circumstances.
    customers : people in the shop's world, buyers or not; about ten events each in a year.
    seed : any whole number from 0.
    months : length of the observation.
    start : first day (local time) of the observation.
    progress : called with people done and people in all.
    processes : how many simulate at once; a script that gives more than one needs its ``__main__`` guard.

    Returns
    -------
    Mapping
        Counts that a checked reading must come to: rows per table (``event_rows``, ``order_rows``,
        ``customer_rows``, ``cost_rows``), ``customers``, and rows with something wrong by what it is.

    Raises
    ------
    ParameterError
        An argument is out of range.
    DataError
        ``raw`` or ``truth`` holds files that no demo made.
    """
    _check(customers, seed, months)
    shop = scene(named(world), start, months)
    settings = {
        "world": world,
        "customers": customers,
        "seed": seed,
        "months": months,
        "start": start.isoformat(),
    }
    with _replaced(Path(folder) / "raw") as raw, _replaced(Path(folder) / "truth") as known:
        counts = write_shop(shop, raw, known, customers, seed, progress, processes)
        label = json.dumps({"made_by": "journey demo", **settings, "counts": counts}, indent=1)
        for made in (raw, known):
            (made / LABEL).write_text(label + "\n", encoding="utf-8")
        (raw / KEY).write_text(f"not a secret, for nobody here is real: {seed}\n", encoding="utf-8")
        (known / "truth.md").write_text(truth_page.TEXT, encoding="utf-8")
    return counts


def _check(customers: int, seed: int, months: int) -> None:
    limits = (
        ("customers", customers, 1, MOST_CUSTOMERS),
        ("months", months, 1, 120),
        ("seed", seed, 0, 2**63 - 1),
    )
    for name, value, least, most in limits:
        if not least <= value <= most:
            raise ParameterError(
                _("the demo shop cannot have {name} = {value}", name=name, value=value),
                do=_("choose a whole number from {least} to {most}", least=least, most=most),
            )


@contextmanager
def _replaced(folder: Path) -> Iterator[Path]:
    """A new folder to fill, which takes the place of `folder` in one step when all went well, or vanishes."""
    if folder.exists() and any(folder.iterdir()) and not (folder / LABEL).is_file():
        raise DataError(
            _("the folder holds files that the demo shop did not make, so it stays as it is"),
            where=str(folder),
            do=_("choose another folder, or move these files away"),
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as place:
        new, old = Path(place) / "new", Path(place) / "old"
        new.mkdir()
        yield new
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
