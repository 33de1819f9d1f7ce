"""Tables as a reader gets them: the right digits, small groups marked or hidden, the data never believed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace

import pandas as pd
import pytest

from journey_lib import i18n, sections
from journey_lib.errors import ParameterError
from journey_lib.model import Result
from journey_lib.tables import table_html

FRAME = pd.DataFrame(
    {
        "channel": ["Zalo", "Email", "SMS"],
        "model": ["markov", "markov", "markov"],
        "journeys": [1234, 29, 9],
        "share": [0.5, 0.25, 0.0],
        "value": [357_960_000.0, float("nan"), float("inf")],
    }
)
FORMATS = {"channel": "text", "model": "text", "journeys": "number", "share": "percent", "value": "money:VND"}


@pytest.fixture(autouse=True)
def _vietnamese() -> Iterator[None]:
    i18n.speak("vi")
    yield
    i18n.speak("en")


def rows(html: str) -> list[list[str]]:
    """The words of each body row, marks for screen readers included."""
    body = html.partition("<tbody>")[2].partition("</tbody>")[0]
    cells = (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in body.split("</tr>") if row)
    return [[re.sub(r"<[^>]+>", "", cell) for cell in row] for row in cells]


def test_numbers_are_written_as_the_reader_writes_them_and_what_is_missing_is_a_dash() -> None:
    assert rows(table_html(FRAME, caption="c", formats=FORMATS)) == [
        ["Zalo", "markov", "1.234", "50,0%", "357.960.000\N{NO-BREAK SPACE}₫"],
        ["Email", "markov", "29", "25,0%", "–"],
        ["SMS", "markov", "9", "0,0%", "–"],
    ]


def test_rows_that_rest_on_few_cases_are_marked_to_the_eye_and_to_the_ear() -> None:
    html = table_html(FRAME, caption="c", formats={"channel": "text"}, muted="journeys")
    assert rows(html) == [["Zalo"], ["Email&nbsp;† (ít trường hợp)"], ["SMS&nbsp;† (ít trường hợp)"]]
    assert html.count('<tr class="few">') == 2
    assert "† Dưới 30 trường hợp" in html


def test_a_row_under_the_privacy_threshold_keeps_its_words_and_loses_its_numbers() -> None:
    html = table_html(FRAME, caption="c", formats=FORMATS, muted="journeys", k=10)
    assert rows(html)[2] == ["SMS&nbsp;† (ít trường hợp)", "markov", "&lt;10", "–", "–"]
    assert "&lt;10: quá ít khách hàng" in html


def test_a_row_that_rests_on_nobody_tells_of_no_one_and_stays() -> None:
    nobody = FRAME.assign(journeys=[1234, 29, 0])
    assert rows(table_html(nobody, caption="c", formats=FORMATS, muted="journeys", k=10))[2][2] == "0"


def test_a_suppressed_result_shows_the_same() -> None:
    result = Result("credit", FRAME, base="journeys").suppressed(10)
    html = table_html(result.table, caption="c", formats=FORMATS, muted="journeys", k=10)
    assert rows(html)[2] == ["SMS&nbsp;† (ít trường hợp)", "markov", "&lt;10", "–", "–"]


def test_everything_from_the_data_is_escaped() -> None:
    bad = pd.DataFrame({"channel": ["<script>alert(1)</script>"], 'x"><b>': ["&"]})
    html = table_html(bad, caption='"><img onerror=x>', formats={"channel": "text", 'x"><b>': "text"})
    assert "<script" not in html
    assert "<img" not in html
    assert "<b>" not in html
    assert 'aria-label="&quot;&gt;&lt;img onerror=x&gt;"' in html


def test_a_bar_is_as_long_as_its_part_of_the_greatest_share() -> None:
    html = table_html(FRAME, caption="c", formats={"channel": "text", "share": "share"})
    assert re.findall(r"width:(\d+%)", html) == ["100%", "50%", "0%"]


def test_the_ends_of_an_interval_share_a_column() -> None:
    frame = pd.DataFrame(
        {
            "channel": ["Zalo", "Email", "SMS"],
            "share": [0.5, 0.25, 0.0],
            "low": [0.4, float("nan"), 0.0],
            "high": [0.6, 0.3, 0.1],
            "other_high": [1.0, 2.0, 3.0],
        }
    )
    formats = {
        "channel": "text",
        "share": "percent",
        "low": "percent",
        "high": "percent",
        "other_high": "number",
    }
    html = table_html(frame, caption="Phần đóng góp", formats=formats)
    assert re.findall(r'<th scope="col"[^>]*>(.*?)</th>', html) == [
        "Kênh", "Tỷ trọng", "Khoảng tin cậy 95%", "Other high",
    ]  # fmt: skip
    assert rows(html) == [
        ["Zalo", "50,0%", "40,0% – 60,0%", "1"],
        ["Email", "25,0%", "… – 30,0%", "2"],
        ["SMS", "0,0%", "0,0% – 10,0%", "3"],
    ]


def test_dates_and_short_money_follow_the_language() -> None:
    frame = pd.DataFrame({"day": pd.to_datetime(["2025-01-31"]), "value": [357_960_000]})
    formats = {"day": "date", "value": "compact:VND"}
    assert rows(table_html(frame, caption="c", formats=formats)) == [
        ["31/01/2025", "358\N{NO-BREAK SPACE}triệu\N{NO-BREAK SPACE}₫"]
    ]
    i18n.speak("en")
    assert rows(table_html(frame, caption="c", formats=formats))[0][0] == "31 Jan 2025"


def test_headings_are_the_columns_in_the_readers_words() -> None:
    html = table_html(FRAME, caption="c", formats={"channel": "text", "journeys": "number"})
    assert '<th scope="col" class="text">Kênh</th><th scope="col">Hành trình</th>' in html


@pytest.mark.parametrize(
    ("formats", "said"),
    [
        ({"chanel": "text"}, "Did you mean 'channel'"),
        ({"share": "percents"}, "Did you mean 'percent'"),
        ({"value": "money"}, "money:VND"),
        ({"share": "number:two"}, "number:1"),
    ],
)
def test_a_slip_in_the_formats_says_what_would_be_right(formats: dict[str, str], said: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(said)):
        table_html(FRAME, caption="c", formats=formats)


def test_a_column_of_sentences_is_given_room_and_the_one_that_names_the_row_is_not() -> None:
    said = "check that it is recorded and under which code, or take it out"
    frame = pd.DataFrame({"touchpoint": [said], "action": [said], "owner": ["care"]})
    page = table_html(frame, caption="c", formats=dict.fromkeys(frame, "text"))
    assert f'<td class="text long">{said}</td><td class="text">care</td>' in page
    assert page.count("long") == 2  # its head and its cell


@pytest.mark.parametrize("rows", [99, 100, 101, 502])
def test_a_page_lists_a_hundred_rows_and_says_where_the_others_are(rows) -> None:
    shown, said = [], []
    run = SimpleNamespace(table=shown.append, say=said.append)
    whole = Result("touchpoints", pd.DataFrame({"touchpoint": range(rows)}))
    i18n.speak("en")
    sections.listed(run, whole)  # type: ignore[arg-type]
    assert len(shown[0].table) == min(rows, 100)
    assert said == (
        []
        if rows <= 100
        else [
            f"The table goes on: {rows - 100} more rows are in the file `touchpoints.csv` that this run kept."
        ]
    )


def test_a_table_without_rows_says_so():
    i18n.speak("en")
    page = table_html(pd.DataFrame({"a": [], "b": []}), caption="c", formats={"a": "text", "b": "number"})
    assert '<td class="text" colspan="2">nothing to list</td>' in page


def test_parts_below_one_per_cent_have_the_digits_that_tell_them_from_their_interval() -> None:
    frame = pd.DataFrame(
        {"persona": ["a", "b"], "share": [0.0019, 0.2], "low": [0.0017, 0.19], "high": [0.0021, 0.21]}
    )
    parts = dict.fromkeys(("share", "low", "high"), "part")
    written = table_html(frame, caption="c", formats={"persona": "text", **parts})
    assert "<td>0,19%</td><td>0,17% – 0,21%</td>" in written
    assert "<td>20,00%</td>" in written
    rough = table_html(frame.tail(1), caption="c", formats={"persona": "text", "share": "part"})
    assert "<td>20,0%</td>" in rough
