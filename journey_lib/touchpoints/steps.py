"""The touch table with its steps called by the touchpoints of the inventory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from journey_lib.engine import placed_like
from journey_lib.errors import DataError
from journey_lib.journeys.cut import Array
from journey_lib.touches import Bucket, Touches
from journey_lib.touchpoints.authored import Authored, places


def walked(touches: Touches, said: Authored | None = None) -> Touches:
    """The same table with its steps called by touchpoint, as people call them where they are described.

    Every view of journeys takes it: `journeys.transitions`, `journeys.around` … A row without a touchpoint is
    no step; the conversion it may be still counts.

    Raises
    ------
    DataError
        The table knows no touchpoints, or two authored ones take the same code.
    """
    if not touches.touchpoints:
        raise DataError(
            "no row of the data says at which touchpoint it was",
            do="map a column to `touchpoint` under `sources`, or ask about channels",
        )
    names, place = places(touches.touchpoints, said)
    code = np.array([*place, -1], np.int16)
    return replace(_called(touches, lambda bucket: code[bucket.touchpoint]), channels=names, by="touchpoint")


def before_conversion(steps: Touches, converts: Array) -> Touches:
    """The same table in which a conversion is no step, wherever it was recorded: it only ends its journey."""
    return _called(steps, lambda bucket: np.where(converts[bucket.event_type], -1, bucket.channel))


def _called(touches: Touches, step: Callable[[Bucket], Array]) -> Touches:
    def load(read: Callable[[], Bucket]) -> Bucket:
        bucket = read()
        return replace(bucket, channel=step(bucket))

    buckets = placed_like(touches.buckets, [partial(load, read) for read in touches.buckets])
    return replace(touches, buckets=buckets)


def asked_at(surveys: pd.DataFrame, said: Authored | None) -> pd.DataFrame:
    """Survey answers with the touchpoint they speak of called as people call it, for `voice.scores`."""
    if said is None:
        return surveys
    codes = sorted(set(surveys["touchpoint"].dropna()))
    names, place = places(codes, said)
    called = dict(zip(codes, (names[at] for at in place), strict=True))
    return surveys.assign(touchpoint=surveys["touchpoint"].map(called))


def raised_at(tickets: pd.DataFrame, said: Authored | None) -> pd.DataFrame:
    """Tickets with the touchpoint they are about as their channel, for `voice.pain` by channel.

    Which touchpoint the tickets of a channel are about is said under `tickets`; others are left out.
    """
    called = (
        {channel: each.touchpoint for each in said.touchpoints for channel in each.tickets} if said else {}
    )
    told = tickets[tickets["channel"].isin(list(called))]
    return told.assign(channel=told["channel"].map(called))
