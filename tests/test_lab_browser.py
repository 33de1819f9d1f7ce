"""JupyterLab in a real browser: an explorer's widgets come to life there, and answer a click."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import browser
import pytest
import shops

from journey_lib import demo

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
BUSY = "[...document.querySelectorAll('.jp-InputPrompt')].some(each => each.textContent.includes('*'))"
END = (
    "document.querySelectorAll('.jp-WindowedPanel-outer').forEach(each => each.scrollTop = each.scrollHeight)"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A small shop, and the notebook on personas as an analyst would have changed it."""
    folder: Path = tmp_path_factory.mktemp("lab")
    demo.generate(folder / "shop", customers=3_000, seed=11)
    shutil.copy(shops.CONFIG, folder / "shop" / "journey.yaml")
    shutil.copytree(shops.CONFIG.parent / "maps", folder / "shop" / "maps")
    page = json.loads((ROOT / "notebooks" / "40_persona_building.ipynb").read_text(encoding="utf-8"))
    for cell in page["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            cell["source"] += f'\nworkspace, language, personas = "{(folder / "shop").as_posix()}", "en", 3\n'
    (folder / "personas.ipynb").write_text(json.dumps(page), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def lab(folder: Path) -> Iterator[str]:
    """The address of a JupyterLab of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(8)
    address = f"http://127.0.0.1:{port}"
    options = [f"--port={port}", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"]
    started = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", *options]
    own = {f"JUPYTER_{each}_DIR": str(folder / f".{each.lower()}") for each in ("CONFIG", "RUNTIME")}
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(started, stdout=log, stderr=log, env=os.environ | own, cwd=folder)
        try:
            _answering(f"{address}/api?token={token}", server)
            yield f"{address}/lab/tree/personas.ipynb?token={token}"
        finally:
            server.terminate()
            server.wait(timeout=30)


def _answering(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        assert server.poll() is None, "JupyterLab did not start"
        try:
            with urlopen(address):  # noqa: S310 - on this machine
                return
        except URLError:
            time.sleep(0.25)
    raise TimeoutError(address)


def test_personas_are_explored_in_jupyterlab(lab: str, folder: Path) -> None:
    with browser.running() as chromium:
        page = chromium.new_page(viewport={"width": 1500, "height": 1000})
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(lab)
        page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
        page.get_by_text("| Idle").wait_for(timeout=60_000)  # before, it would ask which kernel to take
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        page.wait_for_function(f"{BUSY}", timeout=60_000)
        page.wait_for_function(f"!{BUSY}", timeout=180_000)
        page.evaluate(END)
        assert not page.locator(".jp-OutputArea-error, [data-mime-type*=stderr]").count()

        method, number, persona, customer = _lists(page)
        assert [_chosen(each) for each in (method, number)] == ["k-means", "3"]  # as the notebook was asked
        assert persona.locator("option").count() == 3
        first = _chosen(customer)
        assert page.get_by_text(f"What did customer {first} do, and when?").count() == 1

        persona.select_option(index=1)
        page.wait_for_function("([list, was]) => list.value !== was", arg=[customer.element_handle(), first])
        second = _chosen(customer)
        page.get_by_text(f"What did customer {second} do, and when?").wait_for(timeout=60_000)

        page.get_by_role("button", name="Keep", exact=True).click()
        page.get_by_text("A run with model=maps/personas.json uses these personas.").wait_for(timeout=60_000)
        assert (folder / "shop" / "maps" / "personas.json").is_file()
        assert not faults


def _lists(page: Any) -> list[Any]:
    lists = page.locator(".widget-dropdown select")
    lists.nth(3).wait_for(timeout=60_000)
    return [lists.nth(number) for number in range(4)]


def _chosen(one: Any) -> str:
    said: str = one.evaluate("each => each.selectedOptions[0].text.trim()")
    return said
