"""Which customers are meant by the personas of a map: by what the CRM says of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from journey_lib.errors import ParameterError, did_you_mean
from journey_lib.journey_map.sheets import Between, Who

MOST = 3  # groups that can still be read beside each other


def members(people: pd.DataFrame, personas: Sequence[Who]) -> pd.Series[Any]:
    """The persona of each customer: the first all of whose `customers` hold, so that nobody is in two.

    `people`: column customer (number in the touch table; rows without one are nobody here), and those the
    personas name. A value that is missing meets nothing; personas that say nothing of customers have none.
    Customer → code of the persona.

    Raises
    ------
    ParameterError
        A persona names a column that the customers do not have, or asks for numbers where there are none.
    """
    known = people.dropna(subset=["customer"]).drop_duplicates("customer")
    found = pd.Series(pd.NA, index=known["customer"].astype("int64"), dtype="object")
    for who in reversed(personas):
        if who.customers:
            found[_meets(known, who).to_numpy()] = who.persona
    return found.dropna().astype(str)


def commonest(people: pd.DataFrame, column: str, *, most: int = MOST) -> pd.Series[Any]:
    """The value of a column for the customers who have one of its `most` commonest; customer → value."""
    known = people.dropna(subset=["customer"]).drop_duplicates("customer")
    if column not in known:
        raise ParameterError(
            f"the customers have no column '{column}'", do=did_you_mean(column, map(str, known.columns))
        )
    values = known.set_index(known["customer"].astype("int64"))[column].dropna().astype(str)
    counts = values.value_counts().rename_axis("value").reset_index(name="n")
    first = counts.sort_values(["n", "value"], ascending=[False, True])["value"].head(most)
    return values[values.isin(first)]


def _meets(people: pd.DataFrame, who: Who) -> pd.Series[Any]:
    holds = pd.Series(True, index=people.index)
    for column, asked in who.customers.items():
        if column not in people:
            raise ParameterError(
                f"the persona '{who.persona}' asks for '{column}', which the customers do not have",
                do=did_you_mean(column, map(str, people.columns)),
            )
        if isinstance(asked, Between):
            number = pd.to_numeric(people[column], errors="coerce")
            if number.isna().all() and people[column].notna().any():
                raise ParameterError(
                    f"the persona '{who.persona}' asks for numbers in '{column}', which has words",
                    do="list the words",
                )
            holds &= number.between(
                float("-inf") if asked.least is None else asked.least,
                float("inf") if asked.most is None else asked.most,
            )
        else:
            holds &= people[column].astype("object").map(str).isin(asked) & people[column].notna()
    return holds
