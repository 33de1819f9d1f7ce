"""That all customers are alike is said only where they are: what else is wrong with the data is an error."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from journey_lib import sections_cast
from journey_lib.errors import AllAlike, DataError
from journey_lib.features import Feature, Features
from journey_lib.personas.find import find

ABOUT = (
    Feature("touches", "Touches", "touches", "frequency", "count", "touches"),
    Feature("channel_email", "E-mail", "", "channel", "share", "touches", of="email"),
    Feature("channel_store", "Store", "", "channel", "share", "touches", of="store"),
)


def features(email: object, store: object) -> Features:
    frame = pd.DataFrame(
        {"touches": 30.0, "channel_email": email, "channel_store": store}, pd.RangeIndex(120, name="customer")
    )
    day = pd.Timestamp("2025-01-01", tz="UTC")
    return Features(frame.astype(float), ABOUT, day - pd.Timedelta(days=365), day, "UTC", "VND", "x")


def look(table: Features, method: str = "kmeans") -> sections_cast.Look:
    return sections_cast.look(table, names=None, method=method, k=None, least_touches=20, seed=0)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["kmeans", "multinomial"])
def test_where_all_are_alike_nobody_is_found_and_the_page_goes_on(method: str) -> None:
    alike = features(0.5, 0.5)
    assert look(alike, method).found is None
    assert look(features(0.5, np.nan), method).found is None  # in what is known of them
    with pytest.raises(AllAlike):
        find(alike, method=method)  # type: ignore[arg-type]


def test_where_nothing_is_known_that_is_no_likeness() -> None:
    with pytest.raises(DataError, match="no feature tells customers apart"):
        look(features(np.nan, np.nan))


def test_what_else_is_wrong_is_not_taken_for_likeness(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_options: object) -> None:
        raise DataError("something else")

    monkeypatch.setattr(sections_cast, "find", broken)
    with pytest.raises(DataError, match="something else"):
        look(features(0.5, 0.5))
