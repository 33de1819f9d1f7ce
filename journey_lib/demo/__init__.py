"""The demo shop: a seeded, simulated Vietnamese retailer whose exports look like those analysts get."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

from journey_lib.demo import costs, ids, people, write
from journey_lib.demo.arrays import stream
from journey_lib.demo.journeys import simulate
from journey_lib.demo.scene import Scene, scene
from journey_lib.demo.shop import BASE
from journey_lib.errors import DataError, ParameterError
from journey_lib.i18n import text as _

Progress = Callable[[int, int], None]

LABEL = "demo.json"  # stands in every folder this module made; without it a folder is never replaced
BLOCKS_AT_ONCE = 16  # held in memory together, and one row group in each month's file
PRICES = 2**31  # where the chance of prices comes from: a block that no person lives in
IMPOSSIBLE = ("events_without_value", "orders_duplicated")  # faults that these tables do not have
MOST_CUSTOMERS = ids.PHONES[0] * ids.PHONES[1]


def generate(
    folder: Path,
    *,
    customers: int = 60_000,
    seed: int = 2025,
    months: int = 12,
    start: date = date(2025, 1, 1),
    progress: Progress | None = None,
) -> Mapping[str, int]:
    """Write to ``folder/raw`` what an analyst of the demo shop would be handed.

    The files are ``events_<month>.parquet``, ``orders_<month>.csv``, ``costs.csv`` and ``customers.csv``;
    the page `docs/demo-data.md` describes them. The same arguments give the same bytes. A larger `customers`
    adds people and changes nothing about the first ones. Memory stays bounded: people are simulated 2,048
    at a time.

    Parameters
    ----------
    folder : the workspace folder; ``raw`` in it is replaced at the end, in one step, when a demo had made it.
    customers : people in the shop's world, buyers or not; about ten events each in a year.
    seed : any whole number from 0.
    months : length of the observation.
    start : first day (local time) of the observation.
    progress : called with people done and people in all.

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
        ``folder/raw`` holds files that no demo made.
    """
    _check(customers, seed, months)
    shop = scene(BASE, start, months)
    settings = {"customers": customers, "seed": seed, "months": months, "start": start.isoformat()}
    with _replaced(Path(folder) / "raw") as raw:
        counts = _write(shop, raw, customers, seed, progress)
        label = json.dumps({"made_by": "journey demo", **settings, "counts": counts}, indent=1)
        (raw / LABEL).write_text(label + "\n", encoding="utf-8")
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


def _write(shop: Scene, raw: Path, customers: int, seed: int, progress: Progress | None) -> dict[str, int]:
    """Simulate block after block and write each; only orders and daily counts are kept to the end."""
    counts = Counter(customers=customers)
    total = costs.nothing(shop)
    orders: list[write.OrderSheet] = []
    waiting: list[write.EventSheet] = []
    with ExitStack() as stack:
        files = write.open_event_files(raw, shop.year, stack)
        save_customers = write.open_csv(raw / "customers.csv", write.CUSTOMER_COLUMNS, stack)
        for index, first in enumerate(range(0, customers, write.BLOCK)):
            done = min(first + write.BLOCK, customers)
            chance = stream(seed, index)
            crowd = people.draw(shop.world, chance, write.BLOCK, shop.year.start.year)
            block = simulate(shop, crowd, chance).first(done - first)
            rows = list(people.customer_rows(crowd, block.known, index, seed, shop.year, chance))
            save_customers(rows)
            counts["customer_rows"] += len(rows)
            total += costs.tally(shop, block)
            orders.append(write.order_sheet(shop.world, block.orders, index, chance))
            waiting.append(write.event_sheet(shop.world, block.events, index, chance))
            if len(waiting) == BLOCKS_AT_ONCE or done == customers:
                sheet = write.stacked(waiting)
                counts["event_rows"] += write.append_events(files, shop, sheet, seed)
                counts.update(write.fault_counts("events", sheet))
                waiting.clear()
            if progress:
                progress(done, customers)
    sold = write.stacked(orders)
    counts["order_rows"] = write.write_orders(raw, shop.year, sold, seed)
    counts.update(write.fault_counts("orders", sold))
    lines = costs.cost_rows(shop, total, customers, stream(seed, PRICES)("prices"))
    counts["cost_rows"] = write.write_csv(raw / "costs.csv", costs.COLUMNS, lines)
    return {name: count for name, count in sorted(counts.items()) if name not in IMPOSSIBLE}


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
