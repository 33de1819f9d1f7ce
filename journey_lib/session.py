"""What a notebook starts with: workspace, language, how charts look, and what it hands to the runner."""

from __future__ import annotations

import datetime as dt
import html
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd
from IPython.display import HTML, Markdown, display

from journey_lib import (
    cards,
    charts_conformance,
    customers,
    i18n,
    integrity,
    journey_map,
    map_page,
    stages,
    tables,
    theme,
    touchpoints,
    words_touchpoints,
)
from journey_lib.channels import LABELS
from journey_lib.charts import named, path_name
from journey_lib.checks import Account
from journey_lib.errors import ParameterError
from journey_lib.i18n import text as _
from journey_lib.journeys import Direct, Repeats
from journey_lib.layouts import CODES, LAYOUTS, WORDS
from journey_lib.model import HEADLESS, Language, Result
from journey_lib.prepare import Manifest, prepare
from journey_lib.stages.labels import EVENTS
from journey_lib.workspace import CONFIG, Workspace, open_workspace

RESULT = "application/vnd.journey.result+json"


@dataclass(frozen=True)
class Session:
    """An open workspace in one language. `names` are the channels as its readers call them.

    `said` and `shown` are what its page has said and shown so far.
    """

    workspace: Workspace
    manifest: Manifest
    language: Language
    names: Mapping[str, str]
    said: list[str] = field(default_factory=list, repr=False)
    shown: list[alt.TopLevelMixin] = field(default_factory=list, repr=False)

    @property
    def currency(self) -> str:
        """ISO code of every amount."""
        return self.workspace.currency

    @property
    def k(self) -> int:
        """Smallest group of customers that may be shown."""
        return self.workspace.privacy.k

    @property
    def title(self) -> str:
        """What readers call the workspace."""
        return self.workspace.title[self.language]

    def say(self, sentence: str) -> None:
        """Show a sentence found in the data, in the reader's language; an empty one says nothing."""
        if sentence:
            self.said.append(sentence)
            display(Markdown(i18n.unbroken(sentence)))

    def show(
        self,
        shown: alt.TopLevelMixin | journey_map.Map | journey_map.Board | cards.Portraits,
        as_of: dt.date | None = None,
    ) -> None:
        """Show a chart, a journey map or persona cards: live in JupyterLab, bound for the page when headless.

        `as_of` is the day on which the review dates of a map are judged.
        """
        if isinstance(shown, journey_map.Map | journey_map.Board):
            bundle = map_page.bundle(shown, language=self.language, names=self.names, as_of=as_of)
            display(bundle, raw=True)
            return
        if isinstance(shown, cards.Portraits):
            display(cards.bundle(shown, k=self.k), raw=True)
            return
        self.shown.append(shown)
        display(shown)

    def table(self, result: Result | None) -> None:
        """Show a Result as its readers write numbers; small groups are marked or hidden.

        What these data cannot answer is None, and shows nothing.
        """
        if result is None:
            return
        caption, formats = LAYOUTS[result.name]
        frame = result.table
        if formats.get("share") == "share":
            frame = frame.sort_values("share", ascending=False)
        for column in {"channel", "from", "to", "step"} & set(formats):
            frame = frame.assign(**{column: named(frame[column], self.names)})
        if "path" in frame:
            frame = frame.assign(path=[path_name(path, self.names) for path in frame["path"]])
        if result.name in words_touchpoints.LAYOUTS:
            frame = words_touchpoints.worded(frame, self.names)
        if "plan" in result.settings:
            frame = charts_conformance.worded(frame, result)
        for column in WORDS & set(frame):
            frame = frame.assign(**{column: [_(CODES.get(code, code)) for code in frame[column]]})
        shown = {
            column: form + (f":{self.currency}" if form in {"money", "compact"} else "")
            for column, form in formats.items()
            if column in frame
        }
        people = "customers" if "customers" in frame else result.base
        display(HTML(tables.table_html(frame, caption=_(caption), formats=shown, muted=people, k=self.k)))

    def data(self) -> None:
        """Show and record what became of the rows of every source, and what its reader counted in it.

        With it comes who and what all pages of the workspace count, so that their numbers can be told apart.
        """
        accounts = pd.DataFrame([_accounted(account) for account in self.manifest.accounts])
        facts: dict[str, Any] = {
            "rows_in": self.manifest.rows_in,
            "kept": self.manifest.kept,
            "dropped": self.manifest.dropped,
            "customers": self.manifest.customers,
            "without_rows": customers.count(self.workspace) - self.manifest.customers,
            "touches": self.manifest.touches,
        }
        counted = {name: n for account in self.manifest.accounts for name, n in account.records.items()}
        settings = {"data": self.manifest.fingerprint}
        # whoever knows all customers of the single customer view knows who is in no report
        heads = {"without_rows": ("customers",)}
        results = [Result("data", accounts, facts, settings, heads=heads), _counted(self)]
        if counted:
            rows = pd.DataFrame(
                {"record": [tables.heading(n) for n in counted], "count": list(counted.values())}
            )
            results.append(Result("records", rows, counted, settings))
        for result in results:
            self.table(result)
        self.record(*results)

    def record(self, *results: Result | None) -> None:
        """Hand results to whoever runs this notebook: they become part of the run's record."""
        for result in filter(None, results):
            said = {
                "name": result.name,
                "facts": result.quoted(self.k),
                "settings": dict(result.settings),
                "columns": [str(column) for column in result.table.columns],
                "rows": result.table.to_numpy(dtype=object).tolist(),
            }
            plain = json.loads(
                json.dumps(said, default=_plain, allow_nan=True), parse_constant=lambda _: None
            )
            display({RESULT: plain, "text/plain": f"{result.name}: {len(result.table)}"}, raw=True)

    def check(self, *results: Result) -> None:
        """Show and record whether what this page shows and says can be read as it stands (`integrity`)."""
        found = integrity.check(results, self.said, self.shown)
        self.table(found)
        self.record(found)

    def cutting(
        self,
        *,
        conversion: str | None,
        lookback: str | None,
        direct: Direct,
        repeats: Repeats,
        first_day: dt.date | str | None,
        last_day: dt.date | str | None,
    ) -> dict[str, Any]:
        """A report's parameters as the options `journeys.paths` takes; its last day is included."""
        after = None if last_day is None else pd.Timestamp(last_day).date() + dt.timedelta(days=1)
        begin, end = self.days((first_day, after))
        if end < begin:
            covered = " – ".join(i18n.date(day) for day in self.days())
            raise ParameterError(
                f"no day of the data lies between {first_day or '…'} and {last_day or '…'}",
                do=f"choose a period within {covered}",
            )
        return {
            "conversion": conversion,
            "lookback": lookback or self.workspace.lookback,
            "direct": direct,
            "repeats": repeats,
            "period": None if first_day is None and after is None else (first_day, after),
        }

    def scope(self, period: tuple[Any, Any] | None = None, **counts: float | None) -> str:
        """The line under a chart's title: which period, how many of what; a count of None is left out."""
        first, last = self.days(period)
        words = [f"{i18n.date(first)} – {i18n.date(last)}"]
        for name, count in counts.items():
            if count is None:
                continue
            shown = i18n.people(count, self.k) if name == "customers" else i18n.number(count)
            words.append(f"{_(name.replace('_', ' '))}: {shown}")
        return " · ".join(words)

    def days(self, period: tuple[Any, Any] | None = None) -> tuple[dt.date, dt.date]:
        """First and last day a report speaks of: the period asked for, within the days the data cover."""
        zone = ZoneInfo(self.workspace.timezone)
        first, last = (dt.datetime.fromtimestamp(t / 1e6, zone).date() for t in self.manifest.period)
        start, end = (None if day is None else pd.Timestamp(day).date() for day in period or (None, None))
        return max(first, start or first), min(last, (end - dt.timedelta(days=1)) if end else last)


def start(workspace: str, language: Language = "vi", *, model: str | None = None) -> Session:
    """Open a workspace for a notebook, and make everything it shows speak `language`.

    `workspace` is looked for from here upwards: a notebook finds ``data/demo`` from its own folder too.
    `model` is the stage model whose names are spoken; the workspace's when None.
    """
    opened = open_workspace(_found(workspace))
    i18n.speak(language)
    mode: theme.Mode = "report" if os.environ.get(HEADLESS) else "lab"
    theme.enable(mode, currency=opened.currency, language=language)
    said: dict[str, Mapping[Any, str]] = {**LABELS, **opened.labels}
    names = touchpoints.names_in(opened, language)
    names |= {code: words.get(language, code) for code, words in said.items()}
    names |= stages.load(model or opened.stages, opened.path).labels(language)
    session = Session(opened, prepare(opened), language, names)
    if opened.note.get(language):
        display(Markdown(f"> {html.escape(opened.note[language])}"))
    return session


def _found(workspace: str) -> Path:
    asked = Path(workspace)
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / asked / CONFIG).is_file():
            return folder / asked
    return asked


def _accounted(account: Account) -> dict[str, Any]:
    reasons = "; ".join(f"{tables.reason(reason)}: {i18n.number(n)}" for reason, n in account.dropped.items())
    return {
        "table": _(account.table),
        "source": account.path or account.format,
        "rows_in": account.rows_in,
        "kept": account.kept,
        "dropped": account.rows_in - account.kept,
        "reasons": reasons or "–",
    }


def _counted(run: Session) -> Result:
    """Whom and what the pages of a workspace count, over all days of the data: columns counted, count.

    Where only a few customers are without any event or order, nothing is said of customers here: some pages
    tell how many the others are, and some how many all of them are.
    """
    manifest, everyone = run.manifest, customers.count(run.workspace)
    others = everyone - manifest.customers
    rows = []
    if not others:
        rows = [(_("Customers with an event or an order: those of the reports"), manifest.customers)]
    elif others >= run.k:
        rows = [
            (_("Customers of all sources, as in the single customer view"), everyone),
            (_("– without any event or order (CRM, tickets, surveys only)"), others),
            (_("– with an event or an order: those of all other reports"), manifest.customers),
        ]
    rows.append((_("Events and orders, with or without a channel"), manifest.touches))
    for name, declared in run.workspace.conversions.items():
        many = sum(manifest.event_types.get(kind, 0) for kind in declared.event_type)
        kinds = [name] if name in EVENTS else list(declared.event_type)
        # The word for the one kind of event that it is, where the workspace has none for it.
        ours = EVENTS.get(kinds[0], {}).get(run.language, name) if len(kinds) == 1 else name
        rows.append((_("Conversions “{name}”", name=run.names.get(name, ours)), many))
    table = pd.DataFrame(rows, columns=["counted", "count"])
    return Result("counted", table, {}, {"data": manifest.fingerprint})


def _plain(value: Any) -> Any:
    """What JSON can hold of a value numpy, pandas or Python made."""
    if isinstance(value, dt.date | pd.Timestamp):
        return str(value)[:10]
    if isinstance(value, Mapping):
        return dict(value)
    return value.item() if hasattr(value, "item") else str(value)
