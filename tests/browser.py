"""Pages in a real Chromium, without a network: what it asks for, says on its console and draws."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Every name but this machine's is unknown: a page that needs the network shows it at once.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
# Of drawings that are alive, the scales whose domain is no number and no day: their marks are drawn nowhere.
NOWHERE = """() => {
  const found = [], exists = (end) => typeof end !== "number" && !(end instanceof Date) || isFinite(end);
  const look = (figure, { scales, subcontext }) => {
    for (const [name, { value }] of Object.entries(scales ?? {}))
      if (value?.domain && !value.domain().every(exists)) found.push([figure.id, name]);
    for (const inner of subcontext ?? []) look(figure, inner);
  };
  for (const figure of document.querySelectorAll(".drawn")) look(figure, figure.drawn.view._runtime);
  return found;
}"""


def chromium() -> str:
    """Where Chromium is; without one the test is skipped here, and fails where the tests are the gate."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = next((path for path in map(shutil.which, names) if path), None)
    if found is None:
        said = "no Chromium on this machine: install one (Debian: apt install chromium) to test the pages"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
    return found


@contextmanager
def running() -> Iterator[Any]:
    """A Chromium for as long as the tests of a file take."""
    from playwright.sync_api import sync_playwright

    program = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """A page as it was opened: `asked` are its requests beyond the file itself, `said` its console."""

    page: Any
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def draw_all(self) -> int:
        """Scroll past every chart as a reader would; how many came to life, on axes that exist."""
        drawings = self.page.locator("[data-drawing]")
        for number in range(drawings.count()):
            drawings.nth(number).scroll_into_view_if_needed()
            self.page.locator(f'[data-drawing="{number}"].drawn svg.marks').first.wait_for(timeout=20_000)
        assert self.page.evaluate(NOWHERE) == [], "drawings with an axis that leads nowhere"
        return int(self.page.locator(".drawn .live svg.marks").count())

    def faults(self) -> list[str]:
        """What a reader would stumble over: requests, a console that speaks, too wide a page, axe's finds."""
        wide = self.overflow()
        too_wide = [f"{wide} pixels wider than the window"] if wide > 0 else []
        return [*self.asked, *self.said, *too_wide, *self.complaints()]

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))

    def complaints(self) -> list[str]:
        """What axe finds, worst first: rule, kind and the elements."""
        from axe_playwright_python.sync_playwright import Axe

        # axe is handed in from outside, past the page's own policy.
        found = Axe().run(self.page).response["violations"]
        return [f"{v['id']}: {[node['target'] for node in v['nodes']][:4]}" for v in found]


@contextmanager
def visit(
    browser: Any, path: Path, *, dark: bool = False, phone: bool = False, script: bool = True
) -> Iterator[Visit]:
    """Open a file as a reader would, from the disk."""
    context = browser.new_context(
        viewport=PHONE if phone else DESK,
        color_scheme="dark" if dark else "light",
        java_script_enabled=script,
        locale="vi-VN",
    )
    opened = Visit(context.new_page())
    address = path.resolve().as_uri()
    opened.page.on(
        "request", lambda r: opened.asked.append(r.url) if not r.url.startswith(("data:", address)) else None
    )
    opened.page.on("console", lambda message: opened.said.append(f"{message.type}: {message.text}"))
    opened.page.on("pageerror", lambda error: opened.said.append(f"error: {error}"))
    opened.page.goto(address)
    try:
        yield opened
    finally:
        context.close()
