"""What a newcomer sees of `journey init`: where it looked, what it wrote, what is to do, its exit code."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from journey_lib import cli

ORDERS = "Mã đơn hàng,Mã khách hàng,Ngày đặt,Thành tiền\nD1,KH1,{day},250.000 đ\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shop" / "raw").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def journey(*words: str) -> Result:
    return CliRunner().invoke(cli.cli, list(words))


def put(name: str, text: str) -> None:
    Path("shop", "raw", name).write_text(text, "utf-8")


def test_init_tells_what_it_found_what_is_to_do_and_what_comes_next() -> None:
    put("orders.csv", ORDERS.format(day="03/04/2025"))
    put("notes.docx", "x")
    answer = journey("init", "shop")
    assert answer.exit_code == 0
    assert answer.stdout.splitlines() == [
        "files looked at in shop/raw: 1, the first rows of each; none was changed",
        "  raw/orders.csv: orders, as csv",
        "      order_id, customer_id, timestamp, value",
        "  raw/notes.docx: left out, files of this kind are not read",
        "wrote shop/journey.yaml",
        "to do:",
        "  1. raw/orders.csv: declare `dates` (both readings fit): DD/MM/YYYY or MM/DD/YYYY",
        "  2. raw/orders.csv: declare `numbers` (several readings fit): 1234.5 or 1,234.5 or 1.234,5",
        "next: confirm or correct the guesses in it, then: journey check -w shop",
    ]


def test_the_road_from_a_folder_to_prepared_data_asks_once_and_then_goes_through() -> None:
    put("orders.csv", ORDERS.format(day="03/04/2025"))
    journey("init", "shop")
    stopped = journey("prepare", "-w", "shop")
    assert stopped.exit_code == 2
    assert "'03/04/2025' can be read as DD/MM/YYYY and as MM/DD/YYYY" in stopped.stderr
    page = Path("shop/journey.yaml")
    text = page.read_text("utf-8")
    text = text.replace("    # dates: DD/MM/YYYY ", "    dates: DD/MM/YYYY ")
    page.write_text(text.replace('    # numbers: "1.234,5" ', '    numbers: "1.234,5" '), "utf-8")
    done = journey("prepare", "-w", "shop")
    assert done.exit_code == 0
    assert "1 rows in = 1 kept + 0 dropped" in done.stdout


def test_a_journey_yaml_that_is_there_stays_as_it_is() -> None:
    Path("shop/journey.yaml").write_text("mine", "utf-8")
    answer = journey("init", "shop")
    assert answer.exit_code == 2
    assert "there is a journey.yaml already" in answer.stderr
    assert Path("shop/journey.yaml").read_text("utf-8") == "mine"


def test_force_replaces_it_and_keeps_the_old_one() -> None:
    Path("shop/journey.yaml").write_text("mine", "utf-8")
    assert journey("init", "shop", "--force").exit_code == 0
    assert Path("shop/journey.yaml").read_text("utf-8") != "mine"
    assert Path("shop/journey.yaml.old").read_text("utf-8") == "mine"


@pytest.mark.parametrize(
    "words",
    [
        ("--timezone", "Mars/Olympus"),
        ("--currency", "XXL"),
        ("--raw", "nowhere"),
        ("--raw", ".."),
    ],
)
def test_a_mistake_in_the_command_is_named_and_exits_2(words: tuple[str, str]) -> None:
    answer = journey("init", "shop", *words)
    assert answer.exit_code == 2
    assert words[1] in answer.stderr
    assert not Path("shop/journey.yaml").exists()


def test_a_file_instead_of_a_folder_exits_2() -> None:
    Path("orders.csv").write_text("x", "utf-8")
    assert journey("init", "orders.csv").exit_code == 2


def test_options_reach_the_file() -> None:
    Path("shop/exports").mkdir()
    Path("shop/exports/o.csv").write_text(ORDERS.format(day="2025-01-31"), "utf-8")
    journey("init", "shop", "--raw", "exports", "--timezone", "Europe/Berlin", "--currency", "EUR")
    text = Path("shop/journey.yaml").read_text("utf-8")
    assert "timezone: Europe/Berlin" in text
    assert "currency: EUR" in text
    assert 'path: "exports/o.csv"' in text


def test_an_empty_folder_gets_a_page_to_fill_in_by_hand() -> None:
    answer = journey("init", "new")
    assert answer.exit_code == 0
    assert "wrote new/journey.yaml, which explains every key: fill it in by hand" in answer.stdout
    assert Path("new/raw").is_dir()


def test_a_file_name_cannot_steer_the_terminal() -> None:
    put("\x1b[2Jevil\n.csv", ORDERS.format(day="2025-01-31"))
    answer = journey("init", "shop")
    assert "\x1b" not in answer.output
    assert r"raw/\x1b[[]2Jevil\n.csv: orders" in answer.output, "as a pattern, every odd letter spelt out"
