"""The house rules that no linter knows, and the documents that must not lie."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "journey_lib").rglob("*.py"))
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "reports" / "README.md"])
READMES = ("README.md", "README.vi.md")

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
MOST_METHODS = 12


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


KEPT = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


@cache
def told(path: Path) -> tuple[ast.AST, ...]:
    """The functions, classes and imports of a file; of a function no more than its docstring is kept."""
    found = tuple(node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, KEPT))
    for node in found:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = node.body[:1]
    return found


def nodes(path: Path, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
    assert set(kinds) <= set(KEPT)
    return (node for node in told(path) if isinstance(node, kinds))


# --- code that is read in one sitting ---


def test_every_file_is_read_in_one_sitting() -> None:
    lines = {short(path): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert {path: count for path, count in lines.items() if count > LONGEST_FILE} == {}


def test_every_function_fits_on_a_screen() -> None:
    long = {}
    for path in MODULES:
        for node in nodes(path, ast.FunctionDef, ast.AsyncFunctionDef):
            assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            told = len((ast.get_docstring(node) or "").splitlines())
            length = (node.end_lineno or node.lineno) - node.lineno + 1 - told
            if length > LONGEST_FUNCTION:
                long[f"{short(path)}:{node.name}"] = length
    assert long == {}


def test_no_class_is_a_hub() -> None:
    hubs = {}
    for path in MODULES:
        for node in nodes(path, ast.ClassDef):
            assert isinstance(node, ast.ClassDef)
            methods = [each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
            if len(methods) > MOST_METHODS:
                hubs[f"{short(path)}:{node.name}"] = len(methods)
    assert hubs == {}


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}
    assert [short(path) for path in MODULES if drawers & {path.stem, path.parent.name}] == []


def test_the_library_opens_no_connection_and_phones_nobody() -> None:
    network = {"urllib.request", "http", "socket", "ssl", "requests", "httpx", "aiohttp", "smtplib", "ftplib"}
    found = []
    for path in MODULES:
        for node in nodes(path, ast.Import, ast.ImportFrom):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [str(node.module)]
            found += [f"{short(path)}: {name}" for name in names if network & {name, name.partition(".")[0]}]
    assert found == []


def test_importing_the_library_loads_none_of_the_heavy_packages() -> None:
    heavy = {
        "pandas",
        "numpy",
        "pyarrow",
        "duckdb",
        "scipy",
        "altair",
        "papermill",
        "nbconvert",
        "IPython",
        "babel",
    }
    script = "import sys, journey_lib; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert heavy & set(loaded.stdout.split()) == set()


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    home = re.compile(r"(?<![\w.])/(home|root|Users)/\w")
    suffixes = {
        ".py",
        ".md",
        ".yaml",
        ".yml",
        ".toml",
        ".ipynb",
        ".css",
        ".js",
        ".j2",
        ".html",
        ".po",
        ".json",
    }
    folders = ("journey_lib", "notebooks", "benchmarks", "docs", "data", ".github", ".ci")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    files = [path for path in [*files, *ROOT.glob("*")] if path.is_file() and path != Path(__file__)]
    texts = [path for path in files if path.suffix in suffixes or path.name in {"Makefile", "run"}]
    generated = ("raw", "work", "truth", ".ipynb_checkpoints")
    texts = [path for path in texts if not set(path.parts) & set(generated)]
    assert [short(path) for path in texts if home.search(path.read_text("utf-8"))] == []


# --- documents that must not lie ---


@pytest.mark.parametrize("page", PAGES, ids=short)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def make_words() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=short)
def test_every_make_word_that_is_mentioned_exists(page: Path) -> None:
    mentioned = set(re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text("utf-8"), flags=re.MULTILINE))
    assert mentioned <= make_words()


def test_the_list_of_make_words_is_made_from_the_words_themselves() -> None:
    shown = subprocess.run(["make"], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert set(re.findall(r"^ {2}make ([a-z-]+)", shown, flags=re.MULTILINE)) == make_words()
    assert {
        "setup",
        "demo",
        "reports",
        "real",
        "test",
        "lab",
        "check",
        "bench",
        "lock",
        "clean",
    } <= make_words()


def test_both_readmes_have_the_same_parts_and_the_same_code() -> None:
    def bones(name: str) -> list[str]:
        text = (ROOT / name).read_text("utf-8")
        blocks = re.findall(r"^```(?:python|yaml|sh)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
        code = [re.sub(r"\s*#.*", "", block) for block in blocks]
        headings = re.findall(r"^(#+) ", text, flags=re.MULTILINE)
        return headings + code + re.findall(r"^\| (`[^|]+`) \|", text, flags=re.MULTILINE)

    assert bones("README.md") == bones("README.vi.md")


def test_the_readme_shows_reports_of_less_than_300_kilobytes() -> None:
    for readme, language in zip(READMES, ("", ".vi"), strict=True):
        for name in (f"map{language}.png", f"report{language}.png"):
            assert (ROOT / "docs" / "images" / name).stat().st_size < 300_000
            assert f"docs/images/{name}" in (ROOT / readme).read_text("utf-8")


def test_a_decision_is_told_on_one_page_with_its_consequences() -> None:
    decisions = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [path.stem[:4] for path in decisions] == [f"{n:04d}" for n in range(1, len(decisions) + 1)]
    for path in decisions:
        text = path.read_text("utf-8")
        assert len(text.splitlines()) <= 60, path.name
        assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == ["Context", "Decision", "Consequences"]


def test_the_glossary_gives_every_term_in_both_languages() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")][2:]
    assert all(len(row) == 3 and all(cell.strip() for cell in row) for row in rows)
    for column in (0, 1):
        terms = [row[column].strip() for row in rows]
        assert len(terms) == len(set(terms)) > 30


# --- the requirements ---

STATES = {"works", "in part", "planned"}


def requirements() -> list[list[str]]:
    text = (ROOT / "docs" / "coverage.md").read_text("utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if re.match(r"\| \d+ \|", line)]
    return [[cell.strip() for cell in row] for row in rows]


def test_every_requirement_has_exactly_one_row() -> None:
    assert [int(row[0]) for row in requirements()] == list(range(1, 115))


def test_what_is_said_to_work_names_a_test_and_what_is_planned_claims_none() -> None:
    for number, _, state, _, proof in requirements():
        assert state in STATES, number
        assert ("test_" in proof) == (state != "planned"), (
            f"requirement {number} is {state}; its proof: {proof}"
        )


def test_every_test_named_as_proof_exists() -> None:
    written = {
        name
        for path in (ROOT / "tests").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", path.read_text("utf-8"), flags=re.MULTILINE)
    }
    named = {test: number for number, *_, proof in requirements() for test in re.findall(r"`(\w+)`", proof)}
    assert {test: number for test, number in named.items() if test not in written} == {}


# --- continuous integration ---


def test_continuous_integration_runs_the_check_and_the_readmes_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111, "it is not executable"
    commands = re.findall(r"^make ([a-z-]+)$", script, flags=re.MULTILINE)
    assert commands == ["check", "test", "test-slow"]
    assert "make test " in (ROOT / "README.md").read_text("utf-8")
    assert ".ci/run" in (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")


def test_what_runs_before_a_commit_is_local_and_part_of_the_check() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    check = (ROOT / "Makefile").read_text("utf-8").partition("\ncheck:")[2].partition("\n\n")[0]
    for hook in config["repos"][0]["hooks"]:
        command = hook["entry"].removeprefix(".venv/bin/").removesuffix(" --force-exclude")
        if hook["id"] != "nbstripout":
            assert command in check.replace("$(bin)/", ""), f"{hook['id']} is not part of make check"
