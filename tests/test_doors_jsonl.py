"""JSON lines: fields are taken by declared paths, every line that is no object is kept apart."""

from __future__ import annotations

import gzip

import pytest
from test_doors_text import staged

from journey_lib.errors import DataError

EVENTS = (
    "{table: events, format: jsonl, path: e.jsonl, columns: {customer_id: user.id, timestamp: 'thời gian',"
    " event_type: type, value: data.amount.vnd}}"
)


def test_nested_fields_are_read_by_their_paths_and_bad_lines_are_kept(tmp_path):
    lines = [
        '{"user":{"id":7},"thời gian":"2025-01-01T08:00:00Z","type":"click","channel":"zalo\\u0000"}',
        '{"user":{"id":"a"},"thời gian":"2025-01-01 08:00:00","type":"buy","data":{"amount":{"vnd":1250.5}}}',
        '{"user":{"id":"a"},"thời gian":1735718400,"type":"buy"}',
        "not json",
        '["an","array"]',
        '{"user":{"id":"a"},"type":"click","thời gian":"2025-01-01","data":{"amount":{"vnd":{"x":1}}}}',
        '{"user":null,"thời gian":"2025-01-01","type":"click"}',
        '{"user":{"id":"b"},"thời gian":"2025-01-01","type":"cli',
    ]
    with gzip.open(tmp_path / "e.jsonl", "wt", encoding="utf-8", newline="") as file:
        file.write("\r\n".join(lines) + "\r\n")
    table, _ = staged(tmp_path, EVENTS)
    assert table["reason"].tolist() == [
        None, None, "timestamp is a bare number", "line is malformed", "line is malformed", "value cannot be read",  # noqa: E501
        "customer_id is empty", "line is malformed",
    ]  # fmt: skip
    assert table["customer_id"][0] == "7"
    assert table["channel"][0] == "zalo"
    assert table["value"][1] == 1250.5
    assert [str(t) for t in table["timestamp"][:2]] == ["2025-01-01 08:00:00", "2025-01-01 01:00:00"]
    assert table["raw"][3] == "not json"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_empty_lines_are_no_records_but_count(tmp_path, end):
    good = '{"user":{"id":"a"},"thời gian":"2025-01-01","type":"click"}'
    text = end.join(["", good, "", "", good, "not json", "", ""])
    (tmp_path / "e.jsonl").write_bytes(text.encode())
    table, _ = staged(tmp_path, EVENTS.replace(", value: data.amount.vnd", ""))
    assert table[["row", "reason"]].to_numpy().tolist() == [[2, None], [5, None], [6, "line is malformed"]]


def test_a_field_whose_name_has_a_dot_or_a_quote_is_only_a_name(tmp_path):
    (tmp_path / "e.jsonl").write_text(
        '{"a\\"b":"x","timestamp":"2025-01-01","event_type":"click"}\n', encoding="utf-8"
    )
    table, _ = staged(
        tmp_path, "{table: events, format: jsonl, path: e.jsonl, columns: {customer_id: 'a\"b'}}"
    )
    assert table["customer_id"].tolist() == ["x"]


def test_a_field_that_no_line_has_is_a_missing_column(tmp_path):
    (tmp_path / "e.jsonl").write_text('{"customer_id":"x","timestamp":"2025-01-01"}\n', encoding="utf-8")
    with pytest.raises(DataError, match="the file has no column 'user.id'"):  # noqa: RUF043
        staged(tmp_path, EVENTS)


@pytest.mark.parametrize("mark", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [300, 100_000])
def test_very_deep_json_is_refused_and_nothing_crashes(tmp_path, mark, depth):
    close = {"[": "]", '{"a":': "}"}[mark]
    deep = mark * depth + "1" + close * depth
    (tmp_path / "e.jsonl").write_text('{"customer_id":"x"}\n{"a":' + deep + "}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"nested more than 200 deep[\s\S]*line 2"):
        staged(tmp_path, EVENTS)
