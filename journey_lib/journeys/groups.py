"""Groups of journeys, so that every view can be asked of some of them, and of the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from journey_lib.engine import derived
from journey_lib.errors import ParameterError, did_you_mean
from journey_lib.journeys.cut import Array, Journeys, Rules, cuts, only
from journey_lib.model import CONVERTED, ENDED, OPEN
from journey_lib.spelling import tidy_name
from journey_lib.touches import Touches


@dataclass(frozen=True)
class Group:
    """Some of the journeys: what readers call them, and what says of each whether it is one of them.

    `defined_by` are the steps and ends the group is defined by: there it differs from others by construction.
    """

    name: str
    holds: Callable[[Journeys], Array]
    defined_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Others:
    """The journeys a group does not hold."""

    holds: Callable[[Journeys], Array]

    def __call__(self, found: Journeys) -> Array:
        return ~self.holds(found)


def cuts_of(touches: Touches, rules: Rules, group: Group | None = None) -> Sequence[Callable[[], Journeys]]:
    """The journeys of a group in every bucket, all when None; a group and its rest are told apart once."""
    whole = cuts(touches, rules)
    return whole if group is None else derived(only, whole, _held(group.holds, whole))


def _held(
    holds: Callable[[Journeys], Array], whole: Sequence[Callable[[], Journeys]]
) -> Sequence[Callable[[], Array]]:
    return derived(_not, _held(holds.holds, whole)) if isinstance(holds, _Others) else derived(holds, whole)


def _not(flags: Array) -> Array:
    return ~flags


def described(group: Group | None) -> dict[str, Any]:
    """A group as it is written beside a result."""
    return {"group": group and group.name, "defined_by": list(group.defined_by) if group else []}


def rest(group: Group, name: str = "rest") -> Group:
    """All journeys that are not in `group`."""
    return Group(name, _Others(group.holds), group.defined_by)


def both(one: Group, other: Group, name: str = "both") -> Group:
    """Journeys that are in two groups at once."""
    defined_by = dict.fromkeys((*one.defined_by, *other.defined_by))
    return Group(name, lambda found: one.holds(found) & other.holds(found), tuple(defined_by))


def converted(name: str = "converted") -> Group:
    """Journeys that ended in a conversion."""
    return Group(name, lambda found: found.converted, (CONVERTED, ENDED, OPEN))


def through(touches: Touches, step: str, name: str | None = None) -> Group:
    """Journeys with at least one touch at `step`, one of the names in ``touches.channels``."""
    step = tidy_name(step)
    if step not in touches.channels:
        raise ParameterError(f"no touch is at '{step}'", do=did_you_mean(step, touches.channels))
    code = touches.channels.index(step)

    def holds(found: Journeys) -> Array:
        at = np.zeros(len(found), bool)
        at[found.row[found.channel == code]] = True
        return at

    return Group(name or step, holds, (step,))


def of_customers(name: str, chosen: Sequence[Any] | Array) -> Group:
    """Journeys of the chosen customers: one true or false for each of the table's customers, in its order."""
    members = np.asarray(chosen, bool)
    return Group(name, lambda found: members[found.customer])
