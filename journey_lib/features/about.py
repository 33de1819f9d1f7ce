"""What a feature is, and the table of them: one row a customer, each column with its unit and source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from journey_lib.errors import ParameterError, did_you_mean

Family = Literal[
    "recency", "frequency", "value", "cadence", "time", "channel", "device", "place", "stage",
    "offer", "service", "voice", "category", "goods", "demographic", "own",
]  # fmt: skip
Kind = Literal["count", "amount", "days", "share", "number", "category"]
Source = Literal["touches", "events", "orders", "items", "surveys", "tickets", "customers", "file"]


@dataclass(frozen=True)
class Feature:
    """One column: its `name`, message id of its `label`, `unit`, what `kind` of number it is, and `source`.

    `behaviour` says whether it may decide who belongs together: what people do may, who they are (age, sex,
    town) and what came of it (value is an exception declared by hand) describes a group afterwards. `of` is
    the channel, kind of event, device, category of goods or survey question that a column of a mix is about:
    the label has a slot.
    """

    name: str
    label: str
    unit: str
    family: Family
    kind: Kind
    source: Source
    behaviour: bool = True
    of: str = ""


@dataclass(frozen=True)
class Features:
    """One row a customer as of one moment: nothing that happened at or after `as_of` is in it.

    `frame` is indexed by the customer's code in the touch table, ascending; a number is float64, a category
    is text; what is not known is missing, never 0. `about` describes the columns in their order.
    """

    frame: pd.DataFrame
    about: tuple[Feature, ...]
    since: pd.Timestamp
    as_of: pd.Timestamp
    timezone: str
    currency: str
    fingerprint: str

    @property
    def settings(self) -> dict[str, Any]:
        """What a result made of them says of them."""
        return {
            "as_of": str(self.as_of),
            "since": str(self.since),
            "timezone": self.timezone,
            "currency": self.currency,
            "data": self.fingerprint,
        }

    def feature(self, name: str) -> Feature:
        """The description of one column.

        Raises
        ------
        KeyError
            No such column.
        """
        return next((feature for feature in self.about if feature.name == name), None) or _missing(name)

    def column(self, name: str) -> pd.Series:
        """One column by its name.

        Raises
        ------
        ParameterError
            No such column; the nearest name is said.
        """
        if name not in self.frame:
            names = [feature.name for feature in self.about]
            raise ParameterError(f"there is no feature '{name}'", do=did_you_mean(name, names))
        return self.frame[name]


def _missing(name: str) -> Feature:
    raise KeyError(name)
