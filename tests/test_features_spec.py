"""What is known of a customer as of a day: small logs in, one row a customer out."""

from __future__ import annotations

import pandas as pd
import pytest
from tables import touches

import journey_lib as jl
from journey_lib.errors import DataError, ParameterError
from journey_lib.features.columns import mixed

LOG = """
    who  | when        | channel | sale
    an   | 01-01 08:00 | email   |
    an   | 01-04 08:00 | store   | 100
    an   | 01-11 20:00 | store   |
    binh | 01-10 12:00 |         | 50
    chi  | 01-11 23:30 | zalo    |
    """


def of(found: jl.features.Features, *columns: str) -> list[list[float | None]]:
    """Rows of the table; None where something is not known."""
    rows = found.frame[list(columns)].astype(object).to_numpy().tolist()
    return [[None if pd.isna(cell) else cell for cell in row] for row in rows]


def test_everyone_with_a_row_before_the_day_is_a_row_and_the_day_itself_does_not_count() -> None:
    found = jl.features.of_touches(touches(LOG), as_of="2025-01-11")
    assert of(found, "recency_days", "touches", "conversions") == [
        [pytest.approx(6 + 2 / 3), 2, 1],
        [0.5, 0, 1],
    ]


def test_without_a_day_everything_counts_up_to_the_last_row() -> None:
    found = jl.features.of_touches(touches(LOG))
    assert found.frame.index.tolist() == [0, 1, 2]
    assert found.frame["recency_days"].iloc[2] == pytest.approx(0, abs=1e-9)


def test_the_day_begins_by_the_local_clock() -> None:
    """Chi was seen at 23:30, before the 12th begins in Hanoi; the same as of a day given as a date."""
    local = touches(LOG, timezone="Asia/Ho_Chi_Minh")
    found = jl.features.of_touches(local, as_of="2025-01-12")
    assert found.frame.loc[2, "recency_days"] == pytest.approx(0.5 / 24)
    assert str(found.as_of) == "2025-01-12 00:00:00+07:00"
    assert found.frame.loc[2, "time_night"] == 1


def test_only_the_window_counts_but_tenure_looks_back_over_everything() -> None:
    found = jl.features.of_touches(touches(LOG), as_of="2025-01-12", window="2d")
    assert of(found, "tenure_days", "touches", "active_days") == [
        [pytest.approx(10 + 2 / 3), 1, 1],
        [1.5, 0, 1],
        [pytest.approx(0.5 / 24), 1, 1],
    ]


def test_the_first_instant_of_the_window_counts_and_the_one_before_does_not() -> None:
    log = "who | when | channel | sale\nan | 01-10 00:00 | email |\nbinh | 01-09 23:59 | email |"
    found = jl.features.of_touches(touches(log), as_of="2025-01-11", window="1d")
    assert of(found, "recency_days", "touches") == [[1, 1]]


def test_money_is_in_major_units_and_an_order_that_never_was_has_no_mean() -> None:
    found = jl.features.of_touches(touches(LOG, currency="USD"))
    assert of(found, "value", "mean_value") == [[100, 100], [50, 50], [0, None]]
    assert found.feature("value").unit == "USD"


def test_the_days_between_contacts_are_missing_with_a_single_day() -> None:
    found = jl.features.of_touches(touches(LOG))
    assert of(found, "active_days", "median_gap_days", "mean_gap_days") == [
        [3, 5, 5],
        [1, None, None],
        [1, None, None],
    ]


def test_shares_of_touches_are_missing_where_there_is_no_touch() -> None:
    found = jl.features.of_touches(touches(LOG), offline=["store"], offers=["email"])
    assert of(found, "share_email", "share_store", "share_zalo", "offline", "offers", "channels") == [
        [pytest.approx(1 / 3), pytest.approx(2 / 3), 0, pytest.approx(2 / 3), pytest.approx(1 / 3), 2],
        [None, None, None, None, None, 0],
        [0, 0, 1, 0, 0, 1],
    ]


def test_conversions_on_sale_days_are_found_in_every_year() -> None:
    for days in (["01-04"], ["2025-01-04", "02-29"]):
        found = jl.features.of_touches(touches(LOG), sale_days=days)
        assert of(found, "sale_days") == [[1], [0], [None]]
    other_year = jl.features.of_touches(touches(LOG), sale_days=["2024-01-04"])
    assert of(other_year, "sale_days") == [[0], [0], [None]]


def test_the_deepest_stage_is_that_of_the_model() -> None:
    """A second conversion is `advocate` only because of the first, which may lie before the window."""
    log = """
    who  | when        | channel | sale
    an   | 01-01 08:00 | email   | 5
    an   | 01-04 08:00 | email   | 5
    binh | 01-04 08:00 | email   | 5
    chi  | 01-04 08:00 | email   |
    """
    rules = [{"event_type": "conversion"}], [{"event_type": "conversion", "after": "conversion"}]
    model = jl.stages.Model.model_validate(
        {"name": "two", "stages": [{"stage": f"s{n}", "any": any_of} for n, any_of in enumerate(rules)]}
    )
    found = jl.features.of_touches(touches(log), window="1d", model=model)
    assert of(found, "stage_depth", "stage") == [[2, "s1"], [1, "s0"], [None, None]]


def test_small_channels_are_pooled_and_another_day_can_have_the_same_columns() -> None:
    rows = "who | when | channel | sale\n" + "\n".join(
        f"c{n} | 01-01 08:00 | {channel} |" for n, channel in enumerate(["a"] * 150 + ["b"] * 50 + ["c"])
    )
    found = jl.features.of_touches(touches(rows))
    assert [f.name for f in found.about if f.family == "channel"] == [
        "channels", "share_a", "share_b", "share_other",
    ]  # fmt: skip
    assert found.frame["share_other"].tolist()[-1] == 1
    later = touches("who | when | channel | sale\nan | 01-02 08:00 | c |\nan | 01-02 09:00 | a |")
    again = jl.features.of_touches(later, like=found)
    assert [f.name for f in again.about] == [f.name for f in found.about]
    assert of(again, "share_a", "share_b", "share_other") == [[0.5, 0, 0.5]]


def test_names_that_fold_to_the_same_word_stay_apart() -> None:
    log = "who | when | channel | sale\nan | 01-01 08:00 | điện thoại |\nan | 01-01 09:00 | Dien-thoai |"
    found = jl.features.of_touches(touches(log))
    assert [(f.name, f.of) for f in found.about if f.of and f.family == "channel"] == [
        ("share_dien_thoai", "Dien-thoai"),
        ("share_dien_thoai_2", "điện thoại"),
    ]


def test_every_column_is_described_in_its_order_and_a_number_is_a_float() -> None:
    found = jl.features.of_touches(touches(LOG), model=jl.stages.load("5A"))
    assert [f.name for f in found.about] == found.frame.columns.tolist()
    numbers = [f.name for f in found.about if f.kind != "category"]
    assert (found.frame[numbers].dtypes == "float64").all()
    assert set(jl.features.titles(found, language="vi")) == set(found.frame.columns)
    assert jl.features.titles(found, language="vi")["share_email"] == "Tỷ lệ lần chạm: email"
    assert found.feature("value").behaviour is False
    with pytest.raises(KeyError):
        found.feature("nothing")
    with pytest.raises(ParameterError, match="Did you mean 'recency_days'"):
        found.column("recency_day")


def test_the_fingerprint_tells_what_was_asked() -> None:
    base = jl.features.of_touches(touches(LOG)).fingerprint
    assert jl.features.of_touches(touches(LOG)).fingerprint == base
    assert jl.features.of_touches(touches(LOG), window="3d").fingerprint != base
    assert jl.features.of_touches(touches(LOG), offline=["store"]).fingerprint != base


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"window": "0d"}, "no length"),
        ({"window": 365}, "not a duration"),
        ({"as_of": "11/01/2025"}, "not a day"),
        ({"conversion": "sale"}, "no conversion 'sale'"),
        ({"offline": ["stor"]}, "Did you mean 'store'"),
        ({"offers": ["emial"]}, "Did you mean 'email'"),
        ({"sale_days": ["13-01"]}, "'13-01' is not a day"),
    ],
)
def test_what_cannot_be_is_told(options: dict, said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        jl.features.of_touches(touches(LOG), **options)


def test_a_window_without_anybody_is_told() -> None:
    with pytest.raises(DataError, match="no customer has a row in the window"):
        jl.features.of_touches(touches(LOG), as_of="2024-01-01")


def test_steps_by_stage_are_no_channels() -> None:
    staged = jl.journeys.steps_by(touches(LOG), "event_type")
    with pytest.raises(ParameterError, match="by event_type"):
        jl.features.of_touches(staged)


def test_kinds_of_event_are_called_in_words_and_a_pages_own_names_go_before() -> None:
    kinds = mixed("event_type", ["check_in", "house_call"])
    day = pd.Timestamp("2025-01-01", tz="UTC")
    frame = pd.DataFrame([[0.5, 0.5]], columns=[kind.name for kind in kinds])
    found = jl.features.Features(frame, tuple(kinds), day, day, "UTC", "VND", "x")
    named = jl.features.titles(found, language="vi")
    assert named["event_check_in"] == "Tỷ lệ sự kiện: đến cửa hàng hoặc sự kiện"
    assert named["event_house_call"] == "Tỷ lệ sự kiện: house_call"  # a shop's own word
    named = jl.features.titles(found, language="en", names={"house_call": "call at home", "other": "no"})
    assert named["event_check_in"] == "Share of events: coming to a store or event"
    assert named["event_house_call"] == "Share of events: call at home"
