"""The page of a run: one language, one file, nothing fetched, nothing from the data believed."""

from __future__ import annotations

import base64
import copy
import gzip
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import v4
from sample_report import CHANNELS, HOSTILE, PROVENANCE, bars, charts, code, credit, notebook

from journey_lib import exporter, pages
from journey_lib.exporter import redact, vega
from journey_lib.model import Language


def page(nb: nbformat.NotebookNode, *, language: Language = "vi", **provenance: Any) -> str:
    said = {**PROVENANCE, "language": language, **provenance}
    title = PROVENANCE["report_title"][language]
    return exporter.page(nb, language=language, title=title, provenance=said, currency="VND")


def cells(*found: nbformat.NotebookNode) -> nbformat.NotebookNode:
    return v4.new_notebook(cells=list(found), metadata={"language_info": {"name": "python"}})


class Reader(HTMLParser):
    """What a browser would find: every element with its attributes, and every script's text by id or kind."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.scripts: list[tuple[dict[str, str], str]] = []
        self._script: dict[str, str] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.elements.append((tag, found))
        self._script = found if tag == "script" else None
        if tag == "script":
            self.scripts.append((found, ""))

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
        self._script = None

    def block(self, name: str) -> Any:
        return json.loads(next(text for attributes, text in self.scripts if attributes.get("id") == name))

    def packed(self, name: str) -> str:
        text = next(text for attributes, text in self.scripts if attributes.get("id") == name)
        return gzip.decompress(base64.b64decode(text)).decode()

    def tags(self, tag: str) -> list[dict[str, str]]:
        return [attributes for found, attributes in self.elements if found == tag]


@pytest.fixture(scope="module")
def vietnamese() -> str:
    return page(notebook("vi"))


@pytest.fixture(scope="module")
def english() -> str:
    return page(notebook("en"), language="en")


# --- for whom ---


def test_a_page_speaks_one_language(vietnamese: str, english: str) -> None:
    assert '<html lang="vi">' in vietnamese
    assert "Ai được ghi nhận?" in vietnamese
    assert "Who gets the credit?" not in vietnamese
    assert "Hiện mã" in vietnamese
    assert '<html lang="en">' in english
    assert "Who gets the credit?" in english
    assert "Ai được ghi nhận?" not in english
    assert "Show code" in english


def test_what_is_for_jupyterlab_or_for_the_runner_is_not_for_the_reader(vietnamese: str) -> None:
    for word in ("SLIDER", "explorer()", "INJECTED", "RECORDED"):
        assert word not in vietnamese.replace("session.record(credit)", "")


def test_the_notebook_itself_is_left_alone() -> None:
    nb = notebook("vi", [bars(credit())])
    before = copy.deepcopy(nb)
    page(nb)
    assert nb == before


def test_the_same_run_gives_the_same_bytes() -> None:
    assert page(notebook("vi", [bars(credit())])) == page(notebook("vi", [bars(credit())]))


# --- shape ---


def test_code_is_marked_only_where_the_page_colours_it_and_reads_as_it_was_written() -> None:
    source = 'import pandas as pd\n\n# why\nrows = [n + 1 for n in range(3) if "<a>" != n]'
    html = page(cells(v4.new_code_cell(source)))
    shown = html.partition('<div class="code')[2].partition("<pre>")[2].partition("</pre>")[0]
    coloured = set(re.findall(r"\.highlight \.(\w+)", html))
    assert {"k", "c1", "mi"} <= set(re.findall(r'class="(\w+)"', shown)) <= coloured
    assert (
        re.sub("<[^>]*>", "", shown).replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').strip()
        == source
    )


def test_a_page_has_one_title_landmarks_and_a_way_past_the_bar(vietnamese: str) -> None:
    found = Reader(vietnamese)
    assert len(found.tags("h1")) == 1
    assert len(found.tags("main")) == 1
    assert [nav["aria-label"] for nav in found.tags("nav")] == ["Mục lục"]
    assert {"class": "skip", "href": "#main"} in found.tags("a")


def test_anchors_are_plain_ascii_and_every_entry_of_the_contents_leads_somewhere() -> None:
    headings = [v4.new_markdown_cell(f"## {words}") for words in ("Điểm chạm nào?", "Điểm chạm nào?", "???")]
    found = Reader(page(cells(*headings)))
    ids = [attributes["id"] for attributes in found.tags("h2") if "id" in attributes]
    assert ids == ["diem-cham-nao", "diem-cham-nao-2", "part"]
    assert [a["href"] for a in found.tags("a") if a["href"] != "#main"] == [f"#{name}" for name in ids]


def test_no_two_elements_share_an_id(vietnamese: str) -> None:
    ids = [attributes["id"] for _, attributes in Reader(vietnamese).elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_prices_in_dollars_are_not_taken_for_a_formula() -> None:
    html = page(cells(v4.new_markdown_cell("From $4,596,040 in **155,848** baskets to $30.")))
    assert "From $4,596,040 in <strong>155,848</strong> baskets to $30." in html


def test_a_plain_pandas_table_can_be_scrolled_by_keyboard_and_has_no_empty_heading() -> None:
    html = page(cells(code("frame", {"text/html": credit().head(2)._repr_html_(), "text/plain": ""})))
    region = {"class": "table", "role": "region", "tabindex": "0", "aria-label": "Bảng"}
    assert region in Reader(html).tags("div")
    assert not re.search(r"<th[^>]*>\s*</th>", html)


def test_the_bars_of_a_table_keep_their_lengths(vietnamese: str) -> None:
    lengths = [i["style"] for i in Reader(vietnamese).tags("i") if "style" in i]
    assert lengths == ["width:100%;", "width:75%;", "width:40%;", "width:25%;"]


def test_a_picture_that_is_not_a_chart_is_kept_as_a_picture() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    html = page(cells(code("plot", {"image/svg+xml": svg, "text/plain": "A plot"})))
    assert [(i["src"][:26], i["alt"]) for i in Reader(html).tags("img")] == [
        ("data:image/svg+xml;base64,", "A plot")
    ]


def test_warnings_are_not_for_the_reader_but_what_was_printed_is() -> None:
    cell = code("run()")
    cell.outputs = [
        v4.new_output("stream", name="stderr", text="UserWarning: careful"),
        v4.new_output("stream", name="stdout", text="\x1b[32mdone\x1b[0m & well"),
    ]
    html = page(cells(cell))
    assert "careful" not in html
    assert '<pre class="said" tabindex="0">done &amp; well</pre>' in html


# --- charts ---


def test_charts_share_their_data_looks_and_library(vietnamese: str) -> None:
    drawings = json.loads(Reader(vietnamese).packed("drawings"))
    assert len(drawings["charts"]) == len(charts())
    assert drawings["datasets"]["d1"]["columns"]["channel"] == CHANNELS
    names = [re.findall(r'"name": "(d\d+)"', json.dumps(spec)) for spec in drawings["charts"]]
    assert names == [["d1"], ["d2"], ["d3"], ["d3"], ["d3"], ["d4"], ["d1"], ["d1"]]
    assert all(
        "datasets" not in spec and "config" not in spec and "title" not in spec for spec in drawings["charts"]
    )
    assert "vegaEmbed" in Reader(vietnamese).packed("vega")


def test_every_chart_has_a_still_for_paper_and_a_name_for_who_cannot_see_it(vietnamese: str) -> None:
    stills = [
        attributes for tag, attributes in Reader(vietnamese).elements if tag == "svg" and "role" in attributes
    ]
    assert [still["role"] for still in stills] == ["img"] * len(charts())
    assert stills[0]["aria-label"] == f"Bars of credit, {HOSTILE} last."


def test_the_title_of_a_chart_is_text_that_wraps_on_a_phone(english: str) -> None:
    assert "<figcaption><b>Over time</b></figcaption>" in english


def test_a_chart_that_is_rightly_empty_says_so_in_words() -> None:
    empty = bars(credit().head(0)).properties(usermeta={"journey": {"empty": True}})
    html = page(notebook("vi", [empty]))
    assert "Không có gì để vẽ" in html
    assert 'id="vega"' not in html


def test_a_page_without_charts_does_not_carry_the_library() -> None:
    assert len(page(cells(v4.new_markdown_cell("## Only words")))) < 40_000


def test_a_page_of_eight_charts_can_be_mailed(vietnamese: str) -> None:
    assert len(vietnamese.encode()) <= 700_000


def test_the_library_is_kept_for_the_next_run_and_a_spoilt_copy_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vega, "_cache", lambda: tmp_path)
    build = vega.bundle.__wrapped__
    first = build()
    kept = next(tmp_path.iterdir())
    monkeypatch.setattr(vega.vl_convert, "javascript_bundle", lambda: pytest.fail("it was kept"))
    assert build() == first
    monkeypatch.undo()
    monkeypatch.setattr(vega, "_cache", lambda: tmp_path)
    kept.write_bytes(kept.read_bytes()[:1000])
    assert build() == first


# --- what it may do ---


def test_the_policy_forbids_the_network_and_names_every_script_that_may_run(vietnamese: str) -> None:
    found = Reader(vietnamese)
    policy = next(
        m["content"] for m in found.tags("meta") if m.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe-eval" not in policy
    allowed = set(re.findall(r"'sha256-([^']+)'", policy))
    run = [text for attributes, text in found.scripts if "type" not in attributes]
    packed = next(text for attributes, text in found.scripts if attributes.get("id") == "vega")
    run.append(gzip.decompress(base64.b64decode(packed)).decode())
    assert {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in run} == allowed
    assert "script-src 'sha256-" in policy


def test_nothing_on_a_page_points_outside_of_it(vietnamese: str) -> None:
    for tag, attributes in Reader(vietnamese).elements:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            assert attributes.get(name, "#").startswith(("#", "data:")), (tag, attributes)


def test_packed_data_are_small_and_the_same_for_the_same_run(vietnamese: str) -> None:
    found = Reader(vietnamese).packed("drawings")
    assert pages.packed(found) in vietnamese
    assert len(pages.packed(found)) < len(found.encode()) / 2
    assert f'id="drawings">{found}</script>' in pages.unpacked(vietnamese)
    assert pages.unpacked("<p>nothing packed</p>") == "<p>nothing packed</p>"


def test_hostile_names_stay_words_wherever_they_come_to_stand(vietnamese: str) -> None:
    found = Reader(vietnamese)
    assert found.tags("img") == []
    assert not [a for _, a in found.elements if any(name.startswith("on") for name in a)]
    kinds = [attributes.get("type") or "runs" for attributes, _ in found.scripts]
    assert kinds == ["runs", "application/json", "text/plain", "text/plain", "runs"]
    assert HOSTILE in json.loads(found.packed("drawings"))["datasets"]["d1"]["columns"]["channel"]


def test_data_cannot_end_the_script_they_are_kept_in() -> None:
    frame = credit().assign(channel=["</script><script>alert(1)</script>", "<!--", "-->", "]]>", "\u2028"])
    found = Reader(page(notebook("vi", [bars(frame)])))
    drawings = json.loads(found.packed("drawings"))
    assert drawings["datasets"]["d1"]["columns"]["channel"] == frame["channel"].tolist()


@pytest.mark.parametrize(
    "markup",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<iframe src="https://example.org"></iframe>',
        '<a href="javascript:alert(1)">x</a>',
        '<p style="background:url(https://example.org/x)" onclick="alert(1)">x</p>',
        '<form action="https://example.org"><input name="a"></form>',
        "<style>body { display: none }</style>",
        '<meta http-equiv="refresh" content="0;url=https://example.org">',
        '<svg onload="alert(1)"></svg>',
        '<div id="drawings">x</div><!--drawing 0-->',
    ],
)
@pytest.mark.parametrize("kind", ["text/html", "text/markdown"])
def test_markup_in_an_output_is_cut_down_to_words(kind: str, markup: str) -> None:
    html = page(cells(code("show", {kind: markup, "text/plain": "x"})))
    body = Reader(html.partition("<main")[2].partition("</main>")[0])
    for tag, attributes in body.elements:
        assert tag not in {"script", "img", "iframe", "form", "input", "style", "meta", "svg"}
        assert not any(name.startswith("on") or name in ("id", "src", "action") for name in attributes), (
            attributes
        )
        assert "javascript" not in attributes.get("href", "")
        assert "url" not in attributes.get("style", "")
    assert "<!--drawing" not in html


# --- where it comes from ---


def test_the_footer_tells_the_data_the_run_and_the_code(vietnamese: str) -> None:
    footer = vietnamese.partition("<footer")[2]
    text = re.sub(r"<[^>]+>", "|", footer)
    for words in (
        "01/01/2024 – 31/12/2024",
        "612.345 đã đọc · 611.900 được dùng · 445 bị loại",
        "9f3ac0d1e2b34455",
        "02/01/2025 03:04 (UTC+00:00)",
        "mất 9,4 giây",
        "20250102T030405678Z-vi-1a2b",
        "a1b2c3d4e5f6",
        "có thay đổi chưa lưu vào git",
        "last, markov",
        "altair 6.3.0",
    ):
        assert words in text, words


def test_a_machine_can_read_where_a_page_comes_from(vietnamese: str) -> None:
    said = Reader(vietnamese).block("provenance")
    assert said["data"] == PROVENANCE["data"]
    assert said["parameters"] == {**PROVENANCE["parameters"], "crm_password": redact.HIDDEN}
    assert "hunter22" not in vietnamese


# --- when it failed ---


def broken() -> nbformat.NotebookNode:
    nb = notebook("vi", [bars(credit())])
    cell = code("session.credit(token='s3cr3t-value')")
    trace = ["\x1b[31mValueError\x1b[0m", "File /srv/apps/an/journeys.py:12, in cut", "token=s3cr3t-value"]
    trace += [f"frame {n}" for n in range(100)]
    cell.outputs = [
        v4.new_output(
            "error", ename="ValueError", evalue="no <rows> in /srv/apps/an/raw.csv", traceback=trace
        )
    ]
    nb.cells += [cell, v4.new_markdown_cell("## Never reached"), code("never()")]
    return nb


def test_a_failed_run_says_so_first_and_shows_where() -> None:
    html = page(broken(), status="failed")
    found = Reader(html)
    assert [a.get("id") for _, a in found.elements if a.get("role") == "alert"] == [None, "failure"]
    assert {"href": "#failure"} in found.tags("a")
    assert "Lần chạy này bị lỗi" in html
    assert "ValueError: no &lt;rows&gt; in …/raw.csv" in html
    assert '<div class="code failed"' in html
    assert "Never reached" in html


def test_an_error_tells_no_folder_no_secret_and_not_its_whole_story() -> None:
    html = page(broken(), status="failed").partition('id="failure"')[2].partition("</details>")[0]
    assert "/srv/apps" not in html
    assert "…/journeys.py:12" in html
    assert "s3cr3t" not in html
    assert "\x1b" not in html
    assert "frame 99" in html
    assert "frame 50" not in html


def test_a_kernel_that_died_left_no_error_but_the_page_says_it_failed() -> None:
    html = page(cells(code("crash()")), status="failed", error="the kernel died")
    assert '<div class="notice" role="alert">' in html
    assert "the kernel died" in html


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("File /usr/lib/python3.11/json/decoder.py:355", "File …/decoder.py:355"),
        (r"C:\Users\An\shop\raw.csv is missing", r"…\raw.csv is missing"),
        ("password='a b c', host=db", "password=•••, host=db"),
        ('{"api_key": "abc"}', '{"api_key": •••}'),
        ("postgresql://an:pw@db/shop", "postgresql://•••@db/shop"),
        (
            "https://example.org/a/b.html and 1/2 and 31/12/2024",
            "https://example.org/a/b.html and 1/2 and 31/12/2024",
        ),
    ],
)
def test_redaction_keeps_what_helps(words: str, shown: str) -> None:
    assert redact.text(words) == shown
