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


HEADER = "path,total_conversions,total_conversion_value,total_null"
COUNTED = {("a", "b"): (3, 2, 20.0, 1), ("c",): (1, 0, 0.0, 1)}


@pytest.mark.parametrize(
    "written",
    [
        f"{HEADER}\na > b,1,10,0\na > b,1,10,0\nc,0,0,1\na > b,0,0,1\n",
        f"{HEADER}\r\na > b,2,20,1\r\nc,0,0,1\r\n",
        f"\ufeff{HEADER}\na > b,2,20,1\nc,0,0,1",
        f'{HEADER}\n"a > b",2,20,1\n"c",0,"0",1\n',
        f'{HEADER}\n"a\n > \nb",2,20,1\nc,0,0,1\n',
        f"{HEADER}\n\na > b,2,20,1\n\n\nc,0,0,1\n\n",
        f"{HEADER}\na > b,2,20.0,1\nc,0,0,1\n",
        "note,total_null,path,total_conversion_value,total_conversions\n,1,a > b,20,2\nx,1,c,0,0\n",
    ],
    ids=["repeated", "crlf", "bom", "quoted", "newline in a cell", "blank lines", "decimals", "order"],
)
def test_a_file_says_the_same_however_it_is_written(tmp_path, written):
    file = tmp_path / "paths.csv"
    file.write_bytes(written.encode())
    found = jl.attribution.read_paths(file).table
    counted = zip(*(found[name] for name in ("journeys", "conversions", "value", "nulls")), strict=True)
    assert dict(zip(found["path"], counted, strict=True)) == COUNTED


def test_a_large_file_counts_every_line_once(tmp_path):
    """Files are parsed in pieces: paths come back in later ones, whole counts may turn to decimals."""
    rows = 300_000
    file = tmp_path / "paths.csv"
    lines = [f"a > c{row % 7} > b,{int(row % 3 == 0)},{row % 5},1" for row in range(rows)]
    file.write_text("\n".join([HEADER, *lines, "a > c0 > b,0,0.5,0"]), encoding="utf-8")
    found = jl.attribution.read_paths(file)
    assert len(found) == 7
    assert found.conversions.sum() == rows // 3
    assert found.nulls.sum() == rows
    assert found.table["value"].sum() == rows * 2 + 0.5


@pytest.mark.parametrize(
    ("line", "said"),
    [("a,,0,0", "data row 4"), ("a,-1,0,0", "data row 4"), ("a,1.5,0,0", "data row 4"), ("a,x,0,0", "'x'")],
)
def test_a_broken_count_is_pointed_at_by_its_row(tmp_path, line, said):
    file = tmp_path / "paths.csv"
    file.write_text("\n".join([HEADER, *["a,1,0,0"] * 3, line, "a,1,0,0"]), encoding="utf-8")
    with pytest.raises(JourneyError, match=said):
        jl.attribution.read_paths(file)


def test_counts_too_large_for_one_float_are_added_up_exactly():
    large = 2**53 + 1
    table = pd.DataFrame({"path": ["A", "A", "B", "B", "B"], "n": [large, 2, 0, 0, 0]})
    found = jl.attribution.read_paths(table, conversions="n", value=None, nulls=None)
    assert dict(zip(found.table["path"], found.table["conversions"], strict=True)) == {
        ("A",): large + 2,
        ("B",): 0,
    }


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
