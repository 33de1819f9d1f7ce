"""Bad rows are pointed at by the line that an editor shows, whatever stands above them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_bad_inputs import GOOD, HEAD, opened

from journey_lib import cli

BAD = ",2025-01-02,click,z,1\n"
MIXED = HEAD + GOOD + "b,2025-01-02\n" + '"b\nb",2025-01-02,c,z,1\n' + "\n" + GOOD + BAD  # BAD in line 8


@pytest.mark.parametrize(
    ("content", "source", "line"),
    [
        (MIXED.encode(), "path: e.csv", 8),
        (b"Report\nof January\n" + MIXED.encode(), "path: e.csv, header: 3", 10),
        (MIXED.encode("utf-16"), "path: e.csv, encoding: utf-16", 8),
        (gzip.compress(MIXED.replace("\n", "\r\n").encode()), "path: e.csv", 8),
    ],
    ids=["malformed, quoted and empty lines above", "titles above", "UTF-16", "gzip and CRLF"],
)
@pytest.mark.usefixtures("elsewhere")
def test_an_example_stands_in_the_line_an_editor_shows(
    tmp_path: Path, content: bytes, source: str, line: int
) -> None:
    (tmp_path / "e.csv").write_bytes(content)
    opened(tmp_path, source)
    said = CliRunner().invoke(cli.cli, ["check", "-w", str(tmp_path)]).output
    assert f"customer_id is empty (first in e.csv, line {line}, column customer_id)" in said
    assert f"line is malformed (first in e.csv, line {line - 5})" in said
