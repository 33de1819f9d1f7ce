"""Logs whose channels are touchpoints, for tests of the touchpoint inventory."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from tables import touches

import journey_lib as jl

MODEL = jl.stages.Model.model_validate(
    {
        "name": "two",
        "stages": [
            {"stage": "look", "any": [{"event_type": "touch"}]},
            {"stage": "buy", "any": [{"event_type": "conversion"}]},
        ],
    }
)


def at_touchpoints(log: Any, **options: Any) -> Any:
    """The touch table of a log: its column `channel` names the touchpoint, all of one channel ``web``."""
    table = touches(log, **options)

    def placed(read: Any) -> Any:
        bucket = read()
        return replace(bucket, touchpoint=bucket.channel, channel=bucket.channel.clip(max=0))

    return replace(
        table,
        buckets=tuple(partial(placed, read) for read in table.buckets),
        touchpoints=table.channels,
        channels=("web",),
    )


def inventory(log: Any, **options: Any) -> Any:
    return jl.touchpoints.inventory(at_touchpoints(log), model=MODEL, **options)


def row(result: Any, touchpoint: str) -> dict[str, Any]:
    table = result.table
    (found,) = table[table["touchpoint"] == touchpoint].to_dict("records")
    return found
