"""What the README promises works as written: its journey.yaml on its own kind of files, and its Python."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

import journey_lib as jl
from journey_lib import catalogue, demo

ROOT = Path(__file__).parents[1]

# Two customers as a Vietnamese web shop and its till would export them.
WEB = """\
Mã,Mã KH,Thời gian,Kênh,Sự kiện
1,KH1,03/01/2025 09:15,Zalo,click
2,KH1,04/01/2025 20:00,Email,click
3,KH2,05/01/2025 10:00,Zalo,click
4,KH2,31/02/2025 10:00,Zalo,click
""" + "".join(f"{number},KH3,06/01/2025 {number - 5:02}:00,TikTok,click\n" for number in range(5, 25))
ORDERS = """\
Mã đơn,Mã KH,Ngày đặt,Giá trị
D1,KH1,2025-01-05 12:00,"1.250.000,0"
"""


def blocks(language: str) -> list[str]:
    text = (ROOT / "README.md").read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def test_its_journey_yaml_reads_files_of_the_kind_it_describes(tmp_path: Path) -> None:
    (config,) = blocks("yaml")
    (tmp_path / "raw").mkdir()
    (tmp_path / "journey.yaml").write_text(config, "utf-8")
    (tmp_path / "raw" / "web_2025.csv").write_text(WEB, "utf-8")
    (tmp_path / "raw" / "orders.csv").write_text(ORDERS, "utf-8")

    workspace = jl.open(tmp_path)
    manifest = jl.touches.prepare(workspace)
    table = jl.attribution.credit(jl.touches.load(workspace), "linear", lookback="30d").table

    known = catalogue.reports()
    for entry in workspace.reports:
        catalogue.check(catalogue.pick(known, entry.report), entry.parameters)
    assert (manifest.rows_in, manifest.kept, manifest.dropped) == (25, 24, 1)  # there is no 31 February
    credit = table.set_index("channel")
    assert credit.loc[["Email", "Zalo"], "conversions"].tolist() == [0.5, 0.5]
    assert credit.loc[["Email", "Zalo"], "value"].tolist() == [625_000, 625_000]


def test_its_python_runs_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = tmp_path / "data" / "demo"
    shop.mkdir(parents=True)
    (shop / "journey.yaml").write_bytes((ROOT / "data" / "demo" / "journey.yaml").read_bytes())
    demo.generate(shop, customers=300)
    paths = {"path": ["email > zalo", "zalo"], "orders": [3, 1], "revenue": [30, 5], "lost": [7, 9]}
    pd.DataFrame(paths).to_csv(tmp_path / "paths.csv", index=False)
    log = {
        "cookie": ["a", "a", "b"],
        "time": pd.to_datetime(["2025-01-01", "2025-01-08", "2025-01-03"], utc=True),
        "channel": ["email", "zalo", "zalo"],
        "conversion": [0, 1, 1],
    }
    monkeypatch.chdir(tmp_path)

    shown: list[pd.DataFrame] = []
    names = {"df": pd.DataFrame(log), "shown": shown}
    for block in blocks("python"):
        code = re.sub(r"^(jl\..*\.table)$", r"shown.append(\1)", block, flags=re.MULTILINE)
        exec(code, names)  # noqa: S102 - the README's code is what is tested

    credited = [table for table in shown if "channel" in table]
    of_the_shop, decayed, of_paths = (table.set_index("channel") for table in credited)
    steps, followed = (table for table in shown if "channel" not in table)
    assert {"from", "to", "median_days"} <= set(steps)
    assert followed["group"].tolist() == ["matching", "not matching"]
    assert of_the_shop["conversions"].sum() > 0
    # A week older, half a share: 1/3 and 2/3 of the first order, all of the second.
    assert decayed["conversions"].round(9).to_dict() == {"email": round(1 / 3, 9), "zalo": round(5 / 3, 9)}
    assert of_paths["conversions"].to_dict() == {"email": 1.5, "zalo": 2.5}
