"""What a map says otherwise than an earlier run's: which run is taken, and that every cell is compared."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml
from sample_map import BOOK, LOG, current, drawn

import journey_lib as jl
from journey_lib import findings_map, i18n, map_words, sections_map
from journey_lib import journey_map as maps
from journey_lib.errors import ParameterError
from journey_lib.model import Result
from journey_lib.session import Session


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A page being written in a folder that has a `reports/` with runs of it, or none yet."""
    config = {
        "name": "shop", "timezone": "UTC", "currency": "VND", "conversions": {"buy": {"event_type": "buy"}},
        "sources": [{"table": "events", "format": "csv", "path": "raw/*.csv"}],
    }  # fmt: skip
    (tmp_path / "journey.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    i18n.speak("en")
    return Session(jl.open(tmp_path), manifest=None, language="en", names={})  # type: ignore[arg-type]


def keep(name: str, whole: maps.Map, *, report: str = "journey_map", workspace: str = "shop") -> Path:
    """What a run of that name keeps of its map, as it is written beside the page."""
    file = Path("reports") / workspace / "runs" / report / name / sections_map.KEPT
    file.parent.mkdir(parents=True)
    maps.table(whole).table.to_csv(file, index=False)
    return file


def now() -> maps.Map:
    return current(authored=drawn())


def other(text: str = BOOK) -> maps.Map:
    """The map of another day: nobody came from the store, and what people wrote was other words."""
    log = "\n".join(line for line in LOG.splitlines() if "store" not in line)
    return current(log, authored=maps.drawn(maps.book(yaml.safe_load(text)), "now"))


def test_last_is_the_latest_run_of_this_report_and_workspace_that_kept_its_map(run) -> None:
    keep("20251201T080000000Z-en-aaaa", now())
    latest = keep("20251202T080000000Z-en-0000", other())
    keep("20251203T080000000Z-en-ffff", now(), workspace="another")
    keep("20251203T080000000Z-en-ffff", now(), report="journeys")
    failed = Path("reports/shop/runs/journey_map/20251204T080000000Z-en-ffff")
    failed.mkdir()
    (found,) = sections_map.since(run, now(), "last")
    assert found.settings == {"earlier": latest.parent.parent.name}
    assert "Set beside the run 20251202T080000000Z-en-0000." in run.said


def test_every_cell_of_the_kept_table_is_set_beside_that_of_today(run) -> None:
    before = other(BOOK.replace("Evening shift", "Night shift").replace("Trực tối", "Trực đêm"))
    keep("1", before)
    (found,) = sections_map.since(run, now(), "last")
    told = found.table.set_index(["stage", "lane", "what"])["change"].to_dict()
    assert told[("ask", "opportunities", "Trực tối")] == "new"
    assert told[("ask", "opportunities", "Trực đêm")] == "gone"
    assert ("ask", "pains", "Chờ lâu") not in told
    # Where only a target stood, there is a figure now: the same measure, known another way.
    (reach,) = found.table.query("stage == 'buy' and what == 'reach'").to_dict("records")
    assert (reach["change"], reach["aspect"], reach["now"]) == ("restated", "evidence", 2)
    # Read back from the file, the other side says what it said when it was a map.
    pd.testing.assert_frame_equal(found.table, maps.changes(before, now()).table, check_dtype=False)
    count = {kind: int((found.table["change"] == kind).sum()) for kind in ("new", "gone")}
    told = (
        "new entries: {new}; entries that are gone: {gone}; entries with another target, owner, evidence or"
    )
    assert f"{told.format(**count)} other words: 1." in run.said[-1]


@pytest.mark.parametrize(
    ("was", "aspect", "before", "today"),
    [
        ("Who is this?", "", None, None),
        ("target: 0.1,", "target", 0.1, 0.3),
        ("assumed: true", "evidence", None, None),
        ("en: Shy,", "words", None, None),
        ("en: Faster, owner: it", "owner", None, None),
        ("score: -0.5", "figure", -0.5, 0.5),
    ],
)
def test_what_people_wrote_otherwise_of_the_same_thing_is_told_with_what_differs(
    run, was, aspect, before, today
) -> None:
    said = {
        "target: 0.1,": "target: 0.3,",
        "assumed: true": "assumed: false",
        "en: Shy,": "en: Afraid,",
        "en: Faster, owner: it": "en: Faster, owner: care",
        "score: -0.5": "score: 0.5",
    }
    assert was in BOOK
    keep("1", drawn())
    changed = maps.drawn(maps.book(yaml.safe_load(BOOK.replace(was, said.get(was, was)))), "now")
    (found,) = sections_map.since(run, changed, "last")
    rows = found.table.astype(object).where(found.table.notna(), None).to_dict("records")
    assert [(row["aspect"], row["before"], row["now"]) for row in rows] == (
        [(aspect, before, today)] if aspect else []
    )
    assert found.facts["same"] == len(maps.to_frame(changed)) - len(rows)


def test_a_map_that_says_the_same_has_not_changed_in_either_language(run) -> None:
    i18n.speak("vi")
    keep("1", now())
    i18n.speak("en")
    (found,) = sections_map.since(run, now(), "last")
    assert found.table.empty
    assert found.facts["same"] == len(maps.to_frame(now()))


def test_the_runs_are_found_from_a_folder_below(run, monkeypatch) -> None:
    keep("1", now())
    (Path.cwd() / "notebooks").mkdir()
    monkeypatch.chdir(Path.cwd() / "notebooks")
    assert len(sections_map.since(run, now(), "last")) == 1


def test_the_first_run_and_one_that_compares_nothing_say_so(run) -> None:
    assert sections_map.since(run, now(), "last") == []
    assert "No earlier run has kept its map here yet" in run.said[-1]
    assert sections_map.since(run, now(), None) == []
    assert "No earlier map was asked for" in run.said[-1]


def test_a_table_can_be_named_and_one_that_is_not_there_is_told_with_its_path(run) -> None:
    file = keep("1", other())
    (found,) = sections_map.since(run, now(), str(file))
    assert found.settings == {"earlier": "1"}
    with pytest.raises(ParameterError, match=r"no such table of an earlier map[\s\S]*nowhere\.csv"):
        sections_map.since(run, now(), "nowhere.csv")


def test_a_map_that_says_the_same_is_told_in_one_sentence_and_a_change_without_noughts() -> None:
    i18n.speak("en")
    same = findings_map.changes(maps.changes(drawn(), drawn()))
    assert same == "**Nothing on the map has changed.**"
    bare = Result(
        "map_changes", pd.DataFrame(), {"moved": 0, "figure": 0, "new": 2, "gone": 0, "restated": 0}
    )
    assert findings_map.changes(bare) == (
        "**No figure has moved by more than chance explains**, allowing for so many comparisons;"
        " new entries: 2."
    )


def test_opportunities_that_only_the_data_found_are_said_to_be_that() -> None:
    i18n.speak("en")
    number = maps.Number(500.0, "money", 100.0, 900.0, "USD")
    entry = maps.Entry(maps.Measured(20, "journeys", "opportunities"), name="missed:chat", number=number)
    found = maps.put(current(), (maps.Cell("ask", "opportunities", (entry,)),))
    said = findings_map.opportunities(maps.opportunities(found), "USD")
    assert "found in the data" in said
    assert "not known" not in said
    assert map_words.found("missed:chat", {"chat": "The chat"}) == "The chat: as many go on as is usual here"
