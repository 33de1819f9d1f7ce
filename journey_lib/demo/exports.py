"""The demo shop as other systems would have recorded it: a workspace for each format that can be read.

An export is a function ``(shop, folder) -> Exported`` in `EXPORTS`: it writes the rows of `Shop` into
`folder` (the new workspace's ``raw``) and says how ``journey.yaml`` declares them. Touches must be told by
source and medium (`export_shop.arrival`), for the channel is to be found by the rules of ``channels.yaml``.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from journey_lib.demo import (
    KEY,
    LABEL,
    _replaced,
    export_adobe,
    export_ads,
    export_ga4,
    export_matomo,
    export_office,
    export_postgres,
    export_segment,
    export_shop,
    export_snowplow,
    export_tables,
)
from journey_lib.demo.export_shop import Exported, Shop
from journey_lib.errors import DataError, ParameterError, did_you_mean
from journey_lib.i18n import text as _

EXPORTS: Mapping[str, Callable[[Shop, Path], Exported]] = {
    "ga4": export_ga4.write_parquet,
    "ga4_json": export_ga4.write_json,
    "segment": export_segment.write,
    "snowplow": export_snowplow.write_enriched,
    "snowplow_parquet": export_snowplow.write_parquet,
    "matomo": export_matomo.write,
    "matomo_tables": export_matomo.write_tables,
    "adobe": export_adobe.write,
    "excel": export_tables.write_excel,
    "parquet": export_tables.write_parquet,
    "jsonl": export_tables.write_jsonl,
    "ads": export_ads.write,
    "office": export_office.write,
    "postgres": export_postgres.write,
}


def made(raw: Path, form: str) -> bool:
    """Whether a folder holds a demo shop, to be exported in a format that is known.

    Raises
    ------
    ParameterError
        There is no such format.
    """
    if form not in EXPORTS:
        raise ParameterError(
            _("the demo shop cannot export itself as {form}", form=form), do=did_you_mean(form, EXPORTS)
        )
    return (raw / LABEL).is_file()


def export(raw: Path, into: Path, form: str, *, rows: int | None = None) -> Path:
    """Write the demo shop's rows as another system would export them, and the workspace to read them by.

    Parameters
    ----------
    raw : the folder ``raw`` of a demo shop.
    into : the new workspace: ``raw`` in it is replaced when a demo made it, ``journey.yaml`` and
        ``channels.yaml`` are written.
    form : one of `EXPORTS`.
    rows : how many rows, from the first day on; all of them if left out. Costs, ``office`` and ``postgres``
        are always whole.

    Returns
    -------
    Path
        The new workspace.

    Raises
    ------
    ParameterError
        There is no such format.
    DataError
        `raw` holds no demo shop, or ``raw`` in `into` files that no demo made.
    """
    if not made(raw, form):
        raise DataError(
            _("there is no demo shop to export"), where=str(raw), do=_("make one: `journey demo`")
        )
    with _replaced(into / "raw") as folder:
        written = EXPORTS[form](export_shop.read(raw, rows), folder)
        for name in (LABEL, KEY):
            shutil.copyfile(raw / name, folder / name)
    _dump(into / "journey.yaml", _declared(form, written))
    _dump(into / "channels.yaml", _rules())
    return into


def _declared(form: str, written: Exported) -> dict[str, Any]:
    return {
        "name": f"demo-{form.replace('_', '-')}",
        "title": {"vi": f"Vải & Gốm, xuất theo {form}", "en": f"Vải & Gốm, exported as {form}"},
        "timezone": export_shop.ZONE,
        "currency": "VND",
        "conversions": {"purchase": {"event_type": written.purchase}, "cart": {"event_type": "add_to_cart"}},
        "channels": {"custom": "channels.yaml"},
        "identity": {**written.identity, "key_file": f"raw/{KEY}"},
        "sources": [dict(source) for source in written.sources],
        "reports": [{"report": "data_health"}, {"report": "channel_attribution"}],
    }


def _rules() -> list[dict[str, Any]]:
    """Rules that give each channel of the shop its own name back."""
    return [
        {"channel": channel, "when": {"source": source, "medium": medium}}
        for channel, (source, medium) in export_shop.ARRIVALS.items()
    ]


def _dump(file: Path, told: Any) -> None:
    file.write_text(yaml.safe_dump(told, allow_unicode=True, sort_keys=False, width=100), encoding="utf-8")
