"""The pages that show the demo world: they name everything there is, and the notebook runs to its end."""

from __future__ import annotations

import csv
import json
import re
import shutil
from datetime import date
from pathlib import Path

import nbformat
import numpy as np
import papermill
import pytest

from journey_lib import demo, i18n
from journey_lib.demo import show, show_service, truth
from journey_lib.errors import DataError
from journey_lib.model import HEADLESS

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "notebooks" / "explore" / "demo_world.ipynb"
DATA_PAGE, WORLD_PAGE = ROOT / "docs" / "demo-data.md", ROOT / "docs" / "demo-world.md"
CHART = "application/vnd.vegalite.v6+json"
CUSTOMERS = 4_000


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shown")
    shutil.copy(ROOT / "data" / "demo" / "journey.yaml", folder)
    demo.generate(folder, customers=CUSTOMERS)
    return folder


@pytest.fixture(scope="module")
def shop(workspace: Path) -> show.Shop:
    return show.open_shop(workspace)


def page(path: Path) -> str:
    return path.read_text("utf-8")


def header(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as lines:
        return next(csv.reader(lines))


# --- the pages name what there is ---


def test_every_exported_file_and_its_columns_are_described(workspace: Path) -> None:
    told = page(DATA_PAGE)
    for path in sorted((workspace / "raw").iterdir()):
        name = re.sub(r"\d{4}-\d{2}", "<month>", path.name)
        assert f"`{name}`" in told, name
    for name in ("surveys.csv", "experiments.csv", "experiment_groups.csv"):
        missing = [column for column in header(workspace / "raw" / name) if column not in told]
        assert missing == [], name
    for column in header(workspace / "raw" / "tickets.csv"):
        assert f"*{column}*" in told, column


def test_every_file_of_the_truth_is_described_on_the_page_and_in_the_folder_itself(workspace: Path) -> None:
    folder = workspace / "truth"
    inside = page(folder / "truth.md")
    for path in sorted(folder.iterdir()):
        assert path.name == "truth.md" or f"`{path.name}`" in page(WORLD_PAGE), path.name
        assert path.name in {"truth.md", "demo.json"} or f"**{path.name}**" in inside, path.name


@pytest.mark.parametrize("world", demo.WORLDS)
def test_every_world_has_its_row_on_the_page(world: str) -> None:
    assert re.search(rf"^\| `{world}` \| \S.*\d%", page(WORLD_PAGE), flags=re.MULTILINE)


def test_every_column_of_the_channels_is_explained(workspace: Path) -> None:
    rows = re.findall(r"^\| (`[^|]+) \| \S", page(WORLD_PAGE), flags=re.MULTILINE)
    explained = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert set(header(workspace / "truth" / "channels.csv")) == set(truth.CHANNEL_COLUMNS) <= explained


def test_every_planted_fault_stands_on_the_page_with_its_days() -> None:
    months = {"05": "May", "06": "June", "07": "July", "08": "August", "09": "September"}
    for fault in demo.WORLDS["base"].faults:
        month, day = fault.last.split("-")
        assert f"{int(day)} {months[month]}" in page(WORLD_PAGE), fault.code
        assert all(place in page(WORLD_PAGE) for place in fault.where)


# --- what is shown is so ---


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "_current", "en")


def test_a_shop_that_was_not_made_is_named_with_what_to_do(english: None, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="journey demo") as refused:
        show.open_shop(tmp_path)
    assert str(tmp_path / "raw") in str(refused.value)


def test_data_and_truth_of_different_runs_are_not_shown_side_by_side(
    english: None, workspace: Path, tmp_path: Path
) -> None:
    for name in ("raw", "truth"):
        (tmp_path / name).mkdir()
        label = json.loads(page(workspace / name / "demo.json"))
        text = json.dumps(label | ({"seed": 1} if name == "truth" else {}))
        (tmp_path / name / "demo.json").write_text(text, "utf-8")
    with pytest.raises(DataError, match="different runs"):
        show.open_shop(tmp_path)


def test_personas_count_everybody_once(shop: show.Shop) -> None:
    table = show.personas(shop, "vi")
    assert table["people"].sum() == CUSTOMERS
    assert np.isclose(table["share"].sum(), 1)
    assert table["name"].is_unique


def test_a_channels_share_in_everybodys_contacts_is_once_what_it_is(shop: show.Shop) -> None:
    table = show.habits(shop, "en")
    usual = table.groupby("channel")["contacts"].sum() / table["contacts"].sum()
    own = table.groupby("name")["contacts"].transform("sum")
    again = table["times"] * table["channel"].map(usual) * own
    assert np.allclose(again, table["contacts"])


def test_needs_rise_before_tet_and_fall_over_it(shop: show.Shop) -> None:
    needs = show.days(shop).set_index("day")["needs"]
    seasons = show.seasons(shop, "en").set_index("name")
    before, over = (
        needs[seasons.loc[name, "first"] : seasons.loc[name, "last"]].iloc[:-1].mean()
        for name in ("before Tết", "Tết holiday")
    )
    assert before > 1.5 * needs.median() > 2 * over


def test_credit_that_is_shared_like_the_effect_is_not_misplaced(shop: show.Shop) -> None:
    right = shop.known("channels.csv").rename(columns={"orders_off": "conversions"})
    table = show.effects(shop, right[["channel", "conversions"]])
    assert show.misplaced(table) < 1e-5
    wrong = right.assign(conversions=(right["channel"] == "direct").astype(float))
    assert show.misplaced(show.effects(shop, wrong)) > 0.99
    assert (table["low"] <= table["caused"]).all()
    assert (table["caused"] <= table["high"]).all()


def test_more_contacts_always_help_but_each_less_than_the_one_before(shop: show.Shop) -> None:
    odds = show.saturation(shop, ["tiktok"])["odds"].to_numpy()
    gains = np.diff(np.log(odds))
    assert odds[0] == 1
    assert (gains > 0).all()
    assert (np.diff(gains) < 0).all()


def test_a_contact_has_half_its_force_left_after_its_half_life(shop: show.Shop) -> None:
    table = show.carry_over(shop, ["event", "tiktok"]).set_index(["channel", "day"])["left"]
    lives = shop.known("channels.csv").set_index("channel")["half_life_days"]
    for channel in ("event", "tiktok"):
        assert np.isclose(table[channel, lives[channel]], 0.5)


def test_pairs_that_help_each_other_are_all_shown(shop: show.Shop) -> None:
    table = show.pairs(shop)
    helped = {frozenset(pair[:2]) for pair in demo.WORLDS["base"].synergies}
    shown = table[table["helps"]]
    assert {frozenset(pair) for pair in zip(shown["channel"], shown["other"], strict=True)} == helped


def test_callers_wait_for_hours_while_the_fault_is_on_and_for_minutes_otherwise(shop: show.Shop) -> None:
    wait = show_service.first_answers(shop).set_index("month")["median"]
    bad = wait.index.month.isin([5, 6])
    assert wait[bad].min() > 60
    assert wait[~bad].max() < 15


def test_payments_break_in_the_week_of_the_fault_only(shop: show.Shop) -> None:
    table = show_service.checkouts(shop, date(2025, 1, 1), date(2025, 12, 31)).set_index("day")
    inside = table.loc["2025-09-15":"2025-09-21", "errors"].sum()
    assert inside == table["errors"].sum()
    assert table["begun"].sum() > 50


def test_every_delivery_shown_comes_after_its_order_and_within_weeks(shop: show.Shop) -> None:
    table = show_service.deliveries(shop)
    assert len(table) > 50
    assert table["days"].between(0, 60).all()
    assert set(table.loc[table["hit"], "province"]) <= set(demo.WORLDS["base"].faults[-1].where)


def test_those_in_the_middle_answer_least(shop: show.Shop) -> None:
    rate = show_service.response_bias(shop).set_index("score")["rate"]
    assert rate[3] == rate.min()
    assert rate[5] > 2 * rate[3]


def test_comments_of_every_sentiment_are_shown_in_vietnamese(shop: show.Shop) -> None:
    table = show_service.comments(shop)
    assert set(table.loc[table["language"] == "vi", "sentiment"]) == {-2, -1, 0, 1, 2}


# --- the notebook ---


def test_the_notebook_is_committed_without_outputs_and_tells_everything_in_both_languages() -> None:
    cells = json.loads(page(NOTEBOOK))["cells"]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
    spoken = [cell["metadata"]["tags"][0] for cell in cells if cell["cell_type"] == "markdown"]
    assert spoken == ["lang-vi", "lang-en"] * (len(spoken) // 2)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_notebook_runs_from_top_to_bottom_and_every_chart_has_something_in_it(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setenv(HEADLESS, "1")  # charts without title, description or marks are refused
    papermill.execute_notebook(
        NOTEBOOK,
        tmp_path / "ran.ipynb",
        parameters={"workspace": str(workspace), "language": language},
        kernel_name="python3",
        progress_bar=False,
    )
    outputs = [
        out for cell in nbformat.read(tmp_path / "ran.ipynb", 4).cells for out in cell.get("outputs", [])
    ]
    charts = [out.data[CHART] for out in outputs if CHART in out.get("data", {})]
    assert len(charts) == 14
    titles = [chart["title"]["text"] for chart in charts]
    assert all(title.endswith("?") for title in titles)
    assert not [out for out in outputs if out.output_type == "stream"]
