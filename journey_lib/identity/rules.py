"""How strongly each kind of identifier tells who somebody is, and what it may not do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from journey_lib.errors import ParameterError, did_you_mean
from journey_lib.model import IDENTIFIERS

# Strong evidence before weak; a kind's code is its place here.
KINDS = IDENTIFIERS
Level = Literal["off", "normal", "aggressive"]


@dataclass(frozen=True)
class Rule:
    """What one kind of identifier may do.

    `unique`  two different values of this kind never belong to one customer.
    `limit`   to how many different identifiers of any one stronger kind a value may be linked; a value with
              more is shared by several people, and none of its links is used. None is no limit.
    """

    unique: bool = False
    limit: int | None = None


@dataclass(frozen=True)
class Rules:
    """The rules of all kinds; a kind without one may do anything. `linked` False uses no link at all."""

    kinds: Mapping[str, Rule]
    linked: bool = True

    def __post_init__(self) -> None:
        for name, rule in self.kinds.items():
            if name not in KINDS:
                raise ParameterError(f"there is no kind of identifier '{name}'", do=did_you_mean(name, KINDS))
            if rule.limit is not None and rule.limit < 0:
                raise ParameterError(
                    f"the limit of '{name}' cannot be {rule.limit}",
                    do="give a whole number from 0 up, or None",
                )
        object.__setattr__(self, "kinds", MappingProxyType(dict(self.kinds)))

    def of(self, kind: str) -> Rule:
        """The rule of one kind."""
        return self.kinds.get(kind, Rule())


_UNIQUE = {"user_id": Rule(unique=True), "member": Rule(unique=True)}
DEFAULT = Rules(
    {
        **_UNIQUE,
        "email": Rule(limit=3),
        "phone": Rule(limit=3),
        "device": Rule(limit=3),
        "cookie": Rule(limit=2),
    }
)
LEVELS: Mapping[str, Rules] = MappingProxyType(
    {"off": Rules({}, linked=False), "normal": DEFAULT, "aggressive": Rules(_UNIQUE)}
)


def rules_for(level: str) -> Rules:
    """The rules of a level: how much stitching is wanted.

    ``off`` uses no link: every identifier is a customer of its own. ``normal`` keeps the limits;
    ``aggressive`` has none, and only keeps unique identifiers apart.

    Raises
    ------
    ParameterError
        There is no such level.
    """
    if level not in LEVELS:
        raise ParameterError(f"there is no level of stitching {level!r}", do=did_you_mean(str(level), LEVELS))
    return LEVELS[level]
