"""Maps that leave for other programs, workshops' tables that come in, and the form that writes the file."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from pathlib import Path
from typing import Any
from xml.dom import minidom
from xml.etree import ElementTree

import openpyxl
import pandas as pd
import pytest
import yaml
from sample_map import BOOK, DAY, HOSTILE, current, drawn, hostile

import journey_lib as jl
from journey_lib import editors
from journey_lib import journey_map as maps
from journey_lib.errors import ConfigError, DataError

FORMULA = "=HYPERLINK(1)"


# --- out ------------------------------------------------------------------------------------------------


def formula() -> maps.Map:
    return maps.drawn(
        maps.book(yaml.safe_load(BOOK.replace("Who is this?", FORMULA).replace("Ai đây?", "@SUM"))), "now"
    )


def test_a_csv_holds_every_entry_and_no_cell_that_a_spreadsheet_would_run() -> None:
    whole = maps.put(current(authored=drawn()), formula().cells)
    rows = list(csv.DictReader(io.StringIO(maps.to_csv(whole))))
    assert len(rows) == sum(len(cell.entries) for cell in whole.cells)
    assert {"'" + FORMULA, "'@SUM"} <= {row["en"] for row in rows} | {row["vi"] for row in rows}
    numbers = ("value", "low", "high", "target", "n")
    assert not [v for row in rows for k, v in row.items() if k not in numbers and v[:1] in tuple("=+-@")]


def test_an_excel_workbook_holds_texts_not_formulas(tmp_path) -> None:
    maps.to_excel(formula(), tmp_path / "map.xlsx")
    cells = [cell for row in openpyxl.load_workbook(tmp_path / "map.xlsx").active.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    assert any(cell.value == "'" + FORMULA for cell in cells)


def test_mermaid_gets_scores_it_can_draw_and_names_without_its_own_signs() -> None:
    said = maps.to_mermaid(drawn(), language="en")
    assert said.startswith("journey\n    title As it is\n    section see\n")
    tasks = re.findall(r"^      (.*): (\d): (.*)$", said, re.MULTILINE)
    assert [(task, int(score)) for task, score, _actor in tasks] == [
        ("see", 3),
        ("Writes a message", 2),
        ("buy", 3),
    ]
    assert "no feeling is known here" in said
    assert {actor for *_rest, actor in tasks} == {"Ms Mai"}


def test_mermaid_and_cjml_stay_whole_whatever_a_text_holds() -> None:
    tasks = [
        line for line in maps.to_mermaid(hostile(), language="en").splitlines() if line.startswith("      ")
    ]
    assert all(re.fullmatch(r"      [^:\n]+: [1-5]: [^:\n]+", line) for line in tasks)
    root = ElementTree.fromstring(maps.to_cjml(hostile(), language="en"))  # noqa: S314 - our own text
    assert HOSTILE in [name.text for name in root.iter("actorName")]


def test_cjml_names_actors_and_touchpoints_in_order_and_tells_actual_from_planned() -> None:
    root = ElementTree.fromstring(maps.to_cjml(current(authored=drawn()), language="en"))  # noqa: S314 - our own text
    assert (root.tag, root.get("version")) == ("CJML", "2.0")
    journey = root.find("actualJourney")
    assert [each.text for each in journey.iter("touchpointID")] == [
        f"TP{n}" for n in range(1, len(list(journey.iter("touchpointID"))) + 1)
    ]
    actors = {each.get("actorID") for each in journey.find("actors")}
    assert {each.get("actorIDref") for each in journey.iter("refersTo")} <= actors
    assert (
        ElementTree.fromstring(maps.to_cjml(drawn("wanted"), language="en")).find("plannedJourney")  # noqa: S314 - our own text
        is not None
    )


# Elements by what they stand in, in their order: as the language's example and other open tools write them.
CJML = {
    "CJML": ["actualJourney", "plannedJourney"],
    **{
        f"{way}Journey": [
            "journeyID",
            "journeyTitle",
            "journeyPhases",
            "journeyShortSummary",
            "actors",
            "touchpoints",
        ]
        for way in ("actual", "planned")
    },
    "journeyPhase": ["phaseName"],
    "actors": ["endUser", "serviceProvider"],
    "endUser": ["actorName"],
    "serviceProvider": ["companyName"],
    "touchpoints": ["actualAction", "actualCommunicationPoint", "plannedAction", "plannedCommunicationPoint"],
    **{f"{way}Action": ["touchpointID", "belongsTo", "initiator"] for way in ("actual", "planned")},
    **{
        f"{way}CommunicationPoint": ["touchpointID", "belongsTo", "initiator", "receiver", "channel"]
        for way in ("actual", "planned")
    },
    "initiator": ["refersTo", "initiatorLabel"],
    "receiver": ["refersTo", "receiverLabel"],
    "channel": ["channelName"],
}


@pytest.mark.parametrize("name", ["now", "wanted", "demo"])
def test_cjml_has_the_elements_of_the_language_in_their_order_and_no_others(name) -> None:
    """No schema is at hand: this is the structure of the published example and of what other tools read."""
    if name == "demo":
        book = maps.read(Path(__file__).parents[1] / "data" / "demo" / "maps" / "journey_map.yaml")
        made = [maps.to_cjml(maps.drawn(book, each), language="vi") for each in book.names]
    else:
        made = [maps.to_cjml(current(authored=drawn()) if name == "now" else drawn(name), language="en")]
    for text in made:
        for element in ElementTree.fromstring(text).iter():  # noqa: S314 - our own text
            inner = [each.tag for each in element]
            if element.tag == "journeyPhases":
                assert set(inner) == {"journeyPhase"}
                continue
            allowed = CJML.get(element.tag, [])
            assert set(inner) <= set(allowed), element.tag
            if element.tag != "touchpoints":
                assert inner == [tag for tag in allowed if tag in inner], element.tag
            mixed = bool(len(element)) and bool((element.text or "").strip())
            assert not mixed


# Every path of elements in the example on the page of the language's authors (cjml.no, "Data format").
PUBLISHED = (
    "journeyID", "actors/endUser/actorName", "actors/serviceProvider/companyName",
    *(
        f"touchpoints/actualCommunicationPoint/{part}"
        for part in ("touchpointID", "initiator/refersTo", "initiator/initiatorLabel", "receiver/refersTo",
                     "receiver/receiverLabel", "channel/channelName")
    ),
)  # fmt: skip


def test_cjml_has_all_that_stands_in_the_published_example_where_it_stands_there() -> None:
    journey = ElementTree.fromstring(maps.to_cjml(current(authored=drawn()), language="en")).find("*")  # noqa: S314 - our own text
    assert journey.tag == "actualJourney"
    assert [path for path in PUBLISHED if journey.find(path) is None] == []
    assert journey.find("actors/endUser").get("actorID") in {
        each.get("actorIDref") for each in journey.findall("touchpoints/*/initiator/refersTo")
    }


def read_back(text: str) -> dict[str, tuple[str, list[str], list[str]]]:
    """Of each phase its name, what the customer does in it, and by which channels."""
    document = minidom.parseString(text)  # noqa: S318 - our own text
    (points,) = document.getElementsByTagName("touchpoints")

    def words(node: minidom.Element, name: str) -> str:
        (found,) = node.getElementsByTagName(name)
        return found.firstChild.data

    found = {
        phase.getAttribute("phaseID"): (words(phase, "phaseName"), [], [])
        for phase in document.getElementsByTagName("journeyPhase")
    }
    for point in points.childNodes:
        if point.nodeType == point.ELEMENT_NODE:
            (place,) = point.getElementsByTagName("belongsTo")
            _name, steps, channels = found[place.getAttribute("phaseIDref")]
            if point.tagName.endswith("Action"):
                steps.append(words(point, "initiatorLabel"))
            else:
                channels.append(words(point, "channelName"))
    return found


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_phase_step_and_touchpoint_that_people_wrote_comes_back_from_cjml(language) -> None:
    """Beside the file itself, which knows nothing of the library's maps."""

    def said(note: Any) -> str:
        return note if isinstance(note, str) else note.get(language) or next(iter(note.values()))

    file = Path(__file__).parents[1] / "data" / "demo" / "maps" / "journey_map.yaml"
    book, declared = maps.read(file), yaml.safe_load(file.read_text("utf-8"))
    for sheet in declared["maps"]:
        expected = {
            stage["stage"]: (
                said(stage.get("label", stage["stage"])),
                [said(note) for note in stage.get("steps") or stage.get("doing", [])],
                [said(note) for note in stage.get("touchpoints", [])],
            )
            for stage in sheet["stages"]
        }
        assert read_back(maps.to_cjml(maps.drawn(book, sheet["map"]), language=language)) == expected


def test_every_touchpoint_that_was_measured_comes_back_from_cjml_in_its_phase() -> None:
    """The small log has no touchpoints, and channels stand for them."""
    found = read_back(maps.to_cjml(current(authored=drawn()), language="en"))
    assert {stage: name for stage, (name, _steps, _channels) in found.items()} == {
        "see": "See", "ask": "Ask", "buy": "Buy",
    }  # fmt: skip
    assert found["ask"][1] == ["Writes a message"]
    assert {stage: set(channels) for stage, (_name, _steps, channels) in found.items()} == {
        "see": {"email", "display"}, "ask": {"search"}, "buy": {"store"},
    }  # fmt: skip


def test_cjml_keeps_the_stages_as_phases_and_every_touchpoint_in_its_own() -> None:
    root = ElementTree.fromstring(maps.to_cjml(drawn(), language="en"))  # noqa: S314 - our own text
    phases = {each.get("phaseID"): each.findtext("phaseName") for each in root.iter("journeyPhase")}
    assert phases == {"see": "see", "ask": "ask", "buy": "buy"}
    places = {each.findtext("*/initiatorLabel"): each.find("belongsTo") for each in root.iter("actualAction")}
    assert places["Writes a message"].get("phaseIDref") == "ask"
    assert (root.findtext("*/journeyTitle"), root.findtext("*/journeyShortSummary")) == (
        "As it is",
        "Needs a raincoat",
    )


@pytest.mark.parametrize(
    "step",
    [
        "Section two",
        "title of all",
        "Journeys to the shop",
        "accTitle x",
        "accDescr { a",
        "%%{init} x",
        "5%% off",
    ],
)
def test_a_step_that_begins_like_an_order_to_mermaid_is_a_task_all_the_same(step) -> None:
    """Its own parser (Mermaid 12) took such a line for the order, or stopped there."""
    text = BOOK.replace("en: Writes a message", f"en: '{step}'")
    said = maps.to_mermaid(maps.drawn(maps.book(yaml.safe_load(text)), "now"), language="en")
    (task,) = [line.strip() for line in said.splitlines() if line.endswith(": 2: Ms Mai")]
    first = task.casefold()
    assert not first.startswith(("section", "title", "journey", "acctitle", "accdescr"))
    assert "%%" not in task
    assert sum(line.strip().startswith("section ") for line in said.splitlines()) == 3


def test_codes_have_their_names_in_cjml_and_steps_between_touchpoints_are_no_steps_of_words() -> None:
    step = maps.Entry(maps.Measured(9, "steps", "touchpoint_transitions"), name="step:a>b")
    point = maps.Entry(maps.Measured(9, "customers", "stage_contacts"), name="dp_news_banner")
    whole = maps.put(drawn(), (maps.Cell("ask", "steps", (step,)), maps.Cell("ask", "touchpoints", (point,))))
    text = maps.to_cjml(whole, language="en", names={"dp_news_banner": "Banners on news sites"})
    assert "<channelName>Banners on news sites</channelName>" in text
    assert "step:a" not in text + maps.to_mermaid(whole, language="en")


# --- in -------------------------------------------------------------------------------------------------

TABLE = """stage,lane,vi,en,score,measure,target,owner,impact,effort,due,assumed
see,thinking,Ai đây?,Who is this?,,,,,,,,
see,feeling,Tò mò,Curious,0.2,,,,,,,
ask,pains,Chờ lâu,,,,,,,,,yes
ask,opportunities,Trực tối,Evening shift,,,,care,3,2,,
ask,actions,Thuê người,Hire,,,,care,,,2026-02-01,
ask,kpi,,,,conversion,0.5,,,,,
ask,owner,,,,,,care,,,,
,,,,,,,,,,,
"""


def taken(tmp_path: Path, text: str = TABLE) -> maps.Map:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8-sig")
    book = maps.from_table(tmp_path / "t.csv", name="now", author="Workshop", date=dt.date(2025, 11, 3))
    return maps.drawn(book, "now")


def test_a_workshops_table_becomes_the_written_side_of_a_map(tmp_path) -> None:
    whole = taken(tmp_path)
    assert whole.codes == ("see", "ask")
    assert whole.at("see", "feeling").entries[0].number.value == 0.2
    assert whole.at("ask", "pains").level == "assumed"
    chance = whole.at("ask", "opportunities").entries[0]
    assert (chance.owner, chance.impact, chance.effort, chance.evidence.author) == ("care", 3, 2, "Workshop")
    assert whole.at("ask", "actions").entries[0].due == dt.date(2026, 2, 1)
    assert whole.at("ask", "kpi").entries[0].target == 0.5


def test_the_same_table_from_excel_says_the_same(tmp_path) -> None:
    pd.read_csv(io.StringIO(TABLE), dtype=str).to_excel(tmp_path / "t.xlsx", index=False)
    book = maps.from_table(tmp_path / "t.xlsx", name="now", author="Workshop", date=dt.date(2025, 11, 3))
    assert maps.drawn(book, "now") == taken(tmp_path)


@pytest.mark.parametrize(
    ("right", "wrong", "where", "said"),
    [
        ("vi,en,score", "vi,eng,score", "row 1", "no column 'eng'"),
        ("stage,lane", "stage,vi2", "row 1", "no column 'vi2'"),
        ("see,thinking", "see,thinkng", "row 2, column lane", "Did you mean 'thinking'"),
        ("see,thinking", ",thinking", "row 2, column stage", "names no stage"),
        ("Curious,0.2", 'Curious,"0,2"', "row 3, column score", "is no number"),
        ("Curious,0.2", "Curious,2", "row 3, column score", "outside -1 to 1"),
        ("care,3,2", "care,5,2", "row 5, column impact", "not 1, 2 or 3"),
        ("2026-02-01", "1/2/2026", "row 6, column due", "is no date"),
        (",,yes", ",,maybe", "row 4, column assumed", "neither yes nor no"),
        ("Ai đây?,Who is this?", ",", "row 2, column vi", "says nothing"),
        ("Ai đây?", "Ai, đây", "row 2", "more cells than the head"),
    ],
)
def test_a_mistake_in_a_table_is_told_with_file_row_and_column(tmp_path, right, wrong, where, said) -> None:
    assert right in TABLE
    with pytest.raises(DataError) as told:
        taken(tmp_path, TABLE.replace(right, wrong, 1))
    assert f"t.csv, {where}" in str(told.value)
    assert said in str(told.value)


def test_a_table_that_is_not_utf_8_is_refused(tmp_path) -> None:
    (tmp_path / "t.csv").write_bytes("stage,lane,vi\nsee,steps,Tìm\n".encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8"):
        maps.from_table(tmp_path / "t.csv", name="now", author="W", date=DAY)


# --- the form -------------------------------------------------------------------------------------------


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "journey_map.yaml").write_text(BOOK, encoding="utf-8")
    config = {
        "name": "form", "timezone": "UTC", "currency": "VND", "conversions": {"buy": {"event_type": "buy"}},
        "sources": [{"table": "events", "format": "csv", "path": "raw/*.csv"}],
    }  # fmt: skip
    (tmp_path / "journey.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return jl.open(tmp_path)


def parts(workspace):
    box = editors.journey_map_form(workspace)
    (which, stage, lane), (notes, save, said) = box.children[0].children, box.children[1:]
    return which, stage, lane, notes, save, said


def test_what_is_typed_is_written_and_everything_else_stays(workspace) -> None:
    file = workspace.path / maps.FILE
    before = yaml.safe_load(file.read_text("utf-8"))
    _which, stage, lane, notes, save, said = parts(workspace)
    stage.value, lane.value = "ask", "pains"
    first, *rest = notes.value.splitlines()
    assert re.fullmatch(r"# now · \S+ · Pains", first)
    assert rest == ["Chờ lâu | Waits for long", "Ngại | Shy"]
    notes.value = f"{first}\nChờ lâu | Waits for long\nKhó tìm"
    save.click()
    assert "Saved." in said.value
    after = yaml.safe_load(file.read_text("utf-8"))
    pains = after["maps"][0]["stages"][1].pop("pains")
    assert pains == [{"vi": "Chờ lâu", "en": "Waits for long", "review": dt.date(2025, 6, 30)}, "Khó tìm"]
    before["maps"][0]["stages"][1].pop("pains")
    assert after == before
    assert [path.name for path in file.parent.iterdir()] == ["journey_map.yaml"]


def test_notes_of_another_cell_are_not_written_into_this_one(workspace) -> None:
    """While a kernel is busy, the field shows the notes of the cell before, and people type into them."""
    file = workspace.path / maps.FILE
    _which, stage, lane, notes, save, said = parts(workspace)
    lane.value = "thinking"
    stale = notes.value + "\nMột câu mới"
    stage.value = "ask"
    notes.value = stale
    save.click()
    assert 'role="alert"' in said.value
    assert "nothing was written" in said.value
    assert file.read_text("utf-8") == BOOK


def test_emptied_notes_are_gone_and_another_map_shows_its_own_stages(workspace) -> None:
    which, stage, lane, notes, save, _said = parts(workspace)
    stage.value, lane.value = "ask", "steps"
    notes.value = "  \n"
    save.click()
    assert maps.drawn(maps.read(workspace.path / maps.FILE), "now").at("ask", "steps") is None
    which.value = "wanted"
    assert [code for _label, code in stage.options] == ["ask"]


def test_the_form_opens_at_the_first_stage_with_what_is_written_there(workspace) -> None:
    """A list of stages that is set after the widget was made selects none of them by itself."""
    which, stage, lane, notes, _save, said = parts(workspace)
    assert (which.value, stage.value, lane.value) == ("now", "see", "steps")
    lane.value = "thinking"
    assert notes.value.splitlines()[1:] == ["Ai đây? | Who is this?"]
    assert "A line a note" in said.value
    stage.value = "ask"
    which.value = "wanted"
    assert stage.value == "ask"
    which.value = "behind"
    assert stage.value is not None


def test_what_would_break_the_file_is_told_as_text_and_not_written(workspace, monkeypatch) -> None:
    file = workspace.path / maps.FILE
    _which, stage, lane, notes, save, said = parts(workspace)
    stage.value, lane.value = "see", "thinking"
    file.write_text(BOOK.replace("impact: 3", f"impact: '{HOSTILE}'"), encoding="utf-8")
    broken = file.read_text("utf-8")
    notes.value = "Một câu mới"
    save.click()
    assert 'role="alert"' in said.value
    assert "<script>" not in said.value
    assert file.read_text("utf-8") == broken


def test_yaml_that_is_typed_is_text(workspace) -> None:
    _which, stage, lane, notes, save, _said = parts(workspace)
    stage.value, lane.value = "see", "steps"
    notes.value = "!!python/object/apply:os.system ['true']\n&a *b\n- x: y"
    save.click()
    whole = maps.drawn(maps.read(workspace.path / maps.FILE), "now")
    assert [e.said("vi") for e in whole.at("see", "steps").entries] == notes.value.splitlines()


def test_a_write_that_fails_leaves_the_old_file(workspace, monkeypatch) -> None:
    file = workspace.path / maps.FILE
    monkeypatch.setattr(editors.os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        editors.put(file, "now", "see", "steps", ["x"])
    assert file.read_text("utf-8") == BOOK
    assert [path.name for path in file.parent.iterdir()] == ["journey_map.yaml"]


def test_a_workspace_without_a_map_is_told_how_to_begin_one(workspace) -> None:
    (workspace.path / maps.FILE).unlink()
    assert maps.load(workspace) is None
    with pytest.raises(ConfigError, match=r"journey_map\.blank"):
        editors.journey_map_form(workspace)
