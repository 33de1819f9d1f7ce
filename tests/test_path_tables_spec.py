"""Ready-made path tables: how they are read, and what is said when something cannot be."""

from __future__ import annotations

import pandas as pd
import pytest
from tables import expected_paths, found_paths, frame, path_table, touches

import journey_lib as jl
from journey_lib.errors import JourneyError

JOURNEY = """
    path                                       | conversions
    direct > email > search > email > direct   | 1
    """


# --- Ready-made path tables ---------------------------------------------------------------------------------


def test_a_file_of_paths_with_the_usual_names_is_read_as_it_is(tmp_path):
    file = tmp_path / "paths.csv"
    file.write_text(
        "path,total_conversions,total_conversion_value,total_null\n"
        "email > search,3,30.5,1\n"
        "email,1,10,4\n"
        ",2,5,0\n",
        encoding="utf-8",
    )
    paths = jl.attribution.read_paths(file)
    table = {tuple(line[0]): tuple(line[1:]) for line in paths.table.itertuples(index=False)}
    assert table == {
        ("email",): (5, 1, 10.0, 4, 0),
        ("email", "search"): (4, 3, 30.5, 1, 0),
        (): (2, 2, 5.0, 0, 0),
    }


def test_the_names_of_columns_and_the_separator_are_arguments(tmp_path):
    file = tmp_path / "paths.csv"
    file.write_text("hành trình,đơn,tiền,không mua\nA|B,3,30,1\n", encoding="utf-8")
    paths = jl.attribution.read_paths(
        file, path="hành trình", conversions="đơn", value="tiền", nulls="không mua", separator="|"
    )
    assert found_paths(paths) == expected_paths("path | conversions | value | nulls\nA > B | 3 | 30 | 1")


def test_rows_of_the_same_path_are_added_up():
    lines = expected_paths("path | conversions | value | nulls\nA > B | 1 | 10 | 0\nB | 1 | 1 | 1")
    again = expected_paths("path | conversions | value | nulls\nA > B | 2 | 20 | 5")
    assert found_paths(path_table(lines + again)) == expected_paths(
        """
        path  | conversions | value | nulls
        A > B | 3           | 30    | 5
        B     | 1           | 1     | 1
        """
    )


def test_spaces_around_a_step_do_not_make_another_channel():
    table = pd.DataFrame({"path": ["A > B", "A>B", " A  >B "], "n": [1, 2, 4]})
    paths = jl.attribution.read_paths(
        table, path="path", conversions="n", value=None, nulls=None, separator=">"
    )
    assert found_paths(paths) == expected_paths("path | conversions\nA > B | 7")


def test_values_and_nulls_may_be_missing():
    table = pd.DataFrame({"path": ["A > B"], "n": [3]})
    paths = jl.attribution.read_paths(table, path="path", conversions="n", value=None, nulls=None)
    assert found_paths(paths) == expected_paths("path | conversions\nA > B | 3")


# --- Mistakes -----------------------------------------------------------------------------------------------


def test_an_unknown_model_is_named_and_the_nearest_suggested():
    with pytest.raises(JourneyError, match=r"(?s)liner.*linear"):
        jl.attribution.credit(path_table(JOURNEY), "liner")


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("linear", {"half_life": "7d"}),
        ("linear", {"wieghts": (1, 2, 3)}),
        ("position", {"weights": (0.5, 0.5)}),
        ("position", {"weights": (-0.2, 0.6, 0.6)}),
        ("position", {"weights": (0, 0, 0)}),
        ("markov", {"order": 0}),
        ("markov", {"order": 1.5}),
        ("linear", {"lookback": "7d"}),  # a path table has no clock to look back on
    ],
    ids=str,
)
def test_an_option_that_cannot_be_is_a_readable_error(model, options):
    with pytest.raises(JourneyError):
        jl.attribution.credit(path_table(JOURNEY), model, **options)


def test_a_frame_that_is_neither_touches_nor_paths_yet_is_a_readable_error():
    """The nearest mistake: handing over the table itself instead of reading it first."""
    for table in (
        frame("who | when | channel | sale\nan | 01-01 08:00 | email | 10"),
        path_table(JOURNEY).table,
    ):
        with pytest.raises(JourneyError):
            jl.attribution.credit(table, "linear")


@pytest.mark.parametrize("half_life", ["7", 7, "0d", "soon"])
def test_a_half_life_is_a_duration_with_its_unit(half_life):
    log = touches("who | when | channel | sale\nan | 01-01 08:00 | email | 10")
    with pytest.raises(JourneyError):
        jl.attribution.credit(log, "time_decay", half_life=half_life)


def test_a_column_that_is_not_in_the_file_is_named():
    table = pd.DataFrame({"path": ["A"], "conversions": [1]})
    with pytest.raises(JourneyError, match=r"(?s)total_conversions.*conversions"):
        jl.attribution.read_paths(table, value=None, nulls=None)


@pytest.mark.parametrize("count", [-1, 0.5, None])
def test_a_count_that_cannot_be_is_a_readable_error(count):
    table = pd.DataFrame({"path": ["A", "B"], "total_conversions": [1, count]})
    with pytest.raises(JourneyError, match="total_conversions"):
        jl.attribution.read_paths(table, value=None, nulls=None)


@pytest.mark.parametrize("other", ["a>b", " a > b ", "a  >  b", "a >b"])
def test_a_path_is_the_same_however_many_blanks_stand_in_it(other):
    table = pd.DataFrame({"path": ["a > b", other, "a > c > b"], "n": [1, 2, 4]})
    found = jl.attribution.read_paths(table, conversions="n", value=None, nulls=None)
    counted = dict(zip(found.table["path"], found.table["conversions"], strict=True))
    assert counted == {("a", "b"): 3, ("a", "c", "b"): 4}
