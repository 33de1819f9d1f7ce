"""Every kind of event the shop can record, numbered: channel, touchpoint and what happened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journey_lib.demo.arrays import Flags, Floats, Ints
from journey_lib.demo.names import STORES
from journey_lib.demo.world import World

# Outcomes are no touches: they have no channel.
OUTCOMES = (
    ("web_cart", "add_to_cart"),
    ("app_cart", "add_to_cart"),
    ("web_checkout", "begin_checkout"),
    ("mobile_checkout", "begin_checkout"),
    ("mobile_checkout", "checkout_error"),
    ("web_signup", "sign_up"),
    ("store_signup", "sign_up"),
)


@dataclass(frozen=True)
class Kinds:
    """The numbered kinds of event; `channel` is an index into `world.channels`, -1 for an outcome.

    `site` marks contacts on the shop's own pages, `app` those that need its app.

    `first[c]` and `ladder[c]` draw a contact of channel `c`: running shares over the kinds from `first[c]`
    on.
    """

    channel: Ints
    touchpoint: tuple[str, ...]
    event_type: tuple[str, ...]
    site: Flags
    app: Flags
    first: Ints
    ladder: Floats

    def number(self, touchpoint: str, event_type: str) -> int:
        """The kind with this touchpoint and event type."""
        return list(zip(self.touchpoint, self.event_type, strict=True)).index((touchpoint, event_type))


def event_kinds(world: World) -> Kinds:
    """Number every contact, store, mailing, message after an order and outcome of `world`."""
    codes = [channel.code for channel in world.channels]
    rows: list[tuple[int, str, str, bool]] = []
    first = []
    ladder = np.ones((len(codes), max(len(channel.contacts) for channel in world.channels)))
    for index, channel in enumerate(world.channels):
        first.append(len(rows))
        if channel.code == "store":
            rows += [(index, code, "check_in", False) for code, _, _ in STORES]
            continue
        rows += [(index, c.touchpoint, c.event_type, c.site) for c in channel.contacts]
        shares = np.cumsum([c.weight for c in channel.contacts])
        ladder[index, : len(shares)] = shares / shares[-1]
    extra = [(m.channel, m.touchpoint, m.event_type) for m in world.mailings]
    extra += [(channel, touchpoint, kind) for channel, touchpoint, kind, _, _ in world.aftercare]
    for code, touchpoint, event_type in extra:
        if (touchpoint, event_type) not in [(row[1], row[2]) for row in rows]:
            rows.append((codes.index(code), touchpoint, event_type, event_type == "click"))
    rows += [(-1, touchpoint, event_type, False) for touchpoint, event_type in OUTCOMES]
    return Kinds(
        channel=np.array([row[0] for row in rows], dtype=np.int64),
        touchpoint=tuple(row[1] for row in rows),
        event_type=tuple(row[2] for row in rows),
        site=np.array([row[3] for row in rows]),
        app=np.array([row[1].startswith(("app_", "push_")) for row in rows]),
        first=np.array(first, dtype=np.int64),
        ladder=ladder,
    )
