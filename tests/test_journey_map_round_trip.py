"""A map that goes out as a table, is edited in a workshop, and comes back: nothing else has changed."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_map import BOOK, HOSTILE, book, current, hostile

from journey_lib import journey_map as maps

DEMO = Path(__file__).parents[1] / "data" / "demo" / "maps" / "journey_map.yaml"
LATER = dt.date(2026, 1, 15)


def back(file: Path, onto: maps.Book, name: str) -> maps.Book:
    return maps.from_table(file, name=name, author="Workshop", date=LATER, onto=onto)


def written(whole: maps.Map, folder: Path, way: str) -> Path:
    file = folder / f"map.{way}"
    if way == "xlsx":
        maps.to_excel(whole, file)
    else:
        file.write_text(maps.to_csv(whole), encoding="utf-8-sig")
    return file


@pytest.mark.parametrize("way", ["csv", "xlsx"])
@pytest.mark.parametrize("text", [BOOK, DEMO.read_text("utf-8"), BOOK.replace("Ai đây?", HOSTILE)])
def test_every_map_comes_back_as_it_went_out(tmp_path, way, text) -> None:
    onto = maps.book(yaml.safe_load(text))
    for name in onto.names:
        whole = maps.drawn(onto, name)
        returned = back(written(whole, tmp_path, way), onto, name)
        assert maps.drawn(returned, name) == whole
        assert returned.sheet(name).topics == onto.sheet(name).topics
        assert [goal.unit for c in returned.sheet(name).stages for goal in c.kpi] == [
            goal.unit for c in onto.sheet(name).stages for goal in c.kpi
        ]
        others = [each for each in onto.names if each != name]
        assert [returned.sheet(each) for each in others] == [onto.sheet(each) for each in others]


WORDS = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), min_size=1, max_size=10).map(
    str.strip
)


@settings(max_examples=60)
@given(
    st.lists(
        st.one_of(
            WORDS.filter(bool), st.sampled_from(["=1+1", "'=x", "''-y", "@a", "'quoted'", "1,5", "nan"])
        ),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_is_written_comes_back_letter_by_letter(tmp_path_factory, notes) -> None:
    onto = maps.book(
        {
            "author": "A",
            "date": "2025-01-01",
            "maps": [{"map": "m", "stages": [{"stage": "s", "pains": notes}]}],
        }
    )
    file = written(maps.drawn(onto, "m"), tmp_path_factory.mktemp("t"), "csv")
    assert maps.drawn(back(file, onto, "m"), "m") == maps.drawn(onto, "m")


def test_what_a_workshop_changes_and_adds_is_all_that_has_changed(tmp_path) -> None:
    onto = book()
    file = written(maps.drawn(onto, "now"), tmp_path, "csv")
    rows = list(csv.DictReader(file.open(encoding="utf-8-sig")))
    (shift,) = [row for row in rows if row["vi"] == "Trực tối"]
    shift["status"], shift["effort"] = "doing", "3"
    rows.append({"stage": "see", "lane": "pains", "vi": "Ồn ào"})
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        table = csv.DictWriter(out, rows[0].keys())
        table.writeheader()
        table.writerows(rows)
    after = maps.drawn(back(file, onto, "now"), "now")
    told = maps.changes(maps.drawn(onto, "now"), after).table
    assert told[["stage", "lane", "what", "change"]].to_numpy().tolist() == [
        ["see", "pains", "Ồn ào", "new"],
        ["ask", "opportunities", "Trực tối", "restated"],
    ]
    chance = after.at("ask", "opportunities").entries[0]
    assert (chance.status, chance.impact, chance.effort) == ("doing", 3, 3)
    new = after.at("see", "pains").entries[0].evidence
    assert (new.author, new.date) == ("Workshop", LATER)


def test_of_a_measured_map_only_what_people_wrote_comes_back_with_its_targets(tmp_path) -> None:
    onto = book()
    whole = current(authored=maps.drawn(onto, "now"))
    returned = maps.drawn(back(written(whole, tmp_path, "csv"), onto, "now"), "now")
    assert returned == maps.drawn(onto, "now")


def test_a_table_without_its_file_is_a_map_of_its_own(tmp_path) -> None:
    file = written(maps.drawn(book(), "now"), tmp_path, "csv")
    alone = maps.from_table(file, name="now", author="W", date=LATER)
    assert set(maps.drawn(alone, "now").codes) == {"see", "ask", "buy"}


def test_no_cell_that_goes_out_is_run_by_a_spreadsheet(tmp_path) -> None:
    for row in csv.reader(maps.to_csv(hostile()).splitlines()):
        assert not [cell for cell in row if cell.startswith(("=", "+", "@"))]
