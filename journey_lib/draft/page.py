"""Writes journey.yaml from guesses: the sure as keys with their reasons, the others as comments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import Template

from journey_lib.draft.columns import SETTABLE
from journey_lib.draft.guess import Guess
from journey_lib.draft.shapes import Verdict
from journey_lib.draft.yaml_text import plain_or_quoted, quoted
from journey_lib.model import IDENTIFIERS, TABLES

TEMPLATES = Path(__file__).parent / "templates"
MOST_HEADINGS = 40
ORDER = (
    "events",
    "identifiers",
    "orders",
    "returns",
    "costs",
    "customers",
    "tickets",
    "surveys",
    "experiments",
)
KNOW_PEOPLE = (
    "ga4",
    "segment",
    "snowplow",
    "matomo",
    "adobe",
)  # formats that deliver cookies, users and such


def template(name: str, timezone: str, currency: str) -> str:
    """A journey.yaml that explains every key, to begin by hand."""
    text = (TEMPLATES / "journey.yaml").read_text("utf-8")
    return Template(text).substitute(name=quoted(name), timezone=quoted(timezone), currency=quoted(currency))


def page(name: str, guesses: Sequence[Guess], timezone: str, currency: str | None) -> str:
    """The text of a first journey.yaml."""
    known = sorted(
        [each for each in guesses if each.table], key=lambda each: (ORDER.index(str(each.table)), each.path)
    )
    unknown = [each for each in guesses if not each.table]
    lines = [
        "# Drafted by `journey init` from the first rows of each file. Nothing here is certain yet:",
        "# - a key with the comment `guessed` is in force; confirm it, then delete the comment.",
        "# - what is commented out and says CONFIRM has several readings; remove the `#` of the right one.",
        "# `journey check` stops with a message where something that matters is still open.",
        f"name: {quoted(name)}",
        "language: both                  # of the reports: vi | en | both",
        f"timezone: {timezone}   # in which days begin, and the clock of times without an offset; confirm",
        _currency(known, currency),
        *_conversions(known),
        "lookback: 30d                   # how long before a conversion a touch can have had a part in it",
        "# privacy: {k: 10}              # groups of fewer people are never shown",
        "# checks: {most_dropped: 0.05}  # how much of a source may be unusable before the run stops",
        *_channels(known),
        *_identity(known),
        "",
        "sources:"
        if known
        else "sources: []   # CONFIRM: no file was recognised; describe one of those below",
    ]
    for guess in known:
        lines += _source(guess, known)
    for guess in unknown:
        lines += _unknown(guess)
    return "\n".join(lines) + "\n"


def main_currency(guesses: Sequence[Guess], currency: str | None) -> tuple[str, str]:
    """The workspace's currency, and on what that rests."""
    if currency:
        return currency, "as was asked for"
    seen = [code for each in guesses for code in sorted(each.currencies)]
    if not seen:
        return "VND", "CONFIRM: no file names its currency"
    best = max(dict.fromkeys(seen), key=seen.count)
    return best, f"guessed from signs, codes and headings of {seen.count(best)} source(s); confirm"


def knows_people(guesses: Sequence[Guess]) -> list[str]:
    """By what people are known besides a customer_id, in order of strength."""
    kinds = {kind for each in guesses for kind in IDENTIFIERS if kind in each.known}
    found = [kind for kind in IDENTIFIERS if kind in kinds - {"customer_id"}]
    return found + [each.format for each in guesses if each.format in KNOW_PEOPLE]


def conversions(guesses: Sequence[Guess]) -> dict[str, tuple[str, ...]]:
    """Conversions by name: orders are purchases; else event types that look like something won."""
    found: dict[str, dict[str, None]] = {}
    ordered = any(each.table == "orders" for each in guesses)
    if ordered:
        found["purchase"] = {"purchase": None}
    for each in guesses:
        for name, kinds in each.won:
            if name != "purchase" or not ordered:
                found.setdefault(name, {}).update(dict.fromkeys(kinds))
    return {name: tuple(found[name]) for name in ("purchase", "lead", "sign_up", "cart") if name in found}


def bought_twice(guesses: Sequence[Guess]) -> bool:
    """Whether purchases stand in orders and, under the same name, in events."""
    kinds = {kind for each in guesses for name, kinds in each.won if name == "purchase" for kind in kinds}
    return "purchase" in kinds and any(each.table == "orders" for each in guesses)


def _currency(known: Sequence[Guess], currency: str | None) -> str:
    code, why = main_currency(known, currency)
    return f"currency: {code}   # of every amount in the reports; {why}"


def _conversions(known: Sequence[Guess]) -> list[str]:
    found = conversions(known)
    if not found:
        return [
            "conversions:",
            "  purchase: {event_type: purchase}   # CONFIRM: no event type looked like a purchase or a lead",
        ]
    lines = ["conversions:                    # the first is the default"]
    for name, kinds in found.items():
        said = ", ".join(map(plain_or_quoted, kinds))
        why = (
            "every order"
            if name == "purchase" and any(g.table == "orders" for g in known)
            else "guessed from event types"
        )
        lines.append(
            f"  {name}: {{event_type: {said if len(kinds) == 1 else f'[{said}]'}}}   # {why}; confirm"
        )
    return lines


def _channels(known: Sequence[Guess]) -> list[str]:
    traffic = any(each.format in KNOW_PEOPLE or {"source", "medium"} & set(each.known) for each in known)
    say = "channels: {rules: ga4-2026-05, extensions: [vietnam]}"
    why = "guessed: visits say where they came from, rules name the channel; confirm"
    return [f"{say}   # {why}"] if traffic else []


def _identity(known: Sequence[Guess]) -> list[str]:
    people = knows_people(known)
    if not people:
        return []
    return [
        f"identity: {{}}   # guessed: people are known by {', '.join(dict.fromkeys(people))}; needs a key"
    ]


def _source(guess: Guess, known: Sequence[Guess]) -> list[str]:
    many = f"   # {guess.files:,} files with the same headings" if guess.files > 1 else ""
    lines = [
        "",
        f"  - table: {guess.table}   # guessed from {_rows(guess.rows)}: by {guess.told_by}; confirm",
    ]
    lines += [f"    # CONFIRM: {each}" for each in guess.todo]
    lines += [f"    format: {guess.format}", f"    path: {quoted(guess.path)}{many}"]
    if guess.platform:
        lines.append(f"    platform: {guess.platform}   # guessed; confirm")
        lines.append('    # set: {channel: ""}   # CONFIRM: the channel of these costs, if not the usual one')
    lines += _written(guess)
    if guess.local:
        lines.append(
            "    # timezone: UTC   # only if the times in it are not on the clock of the timezone above"
        )
    lines += [*_verdict("dates", guess.dates, guess.rows), *_verdict("numbers", guess.numbers, guess.rows)]
    lines += _people(guess, known)
    lines += _constants(guess, known)
    lines += _columns(guess)
    return lines


def _written(guess: Guess) -> list[str]:
    lines = []
    if guess.form in ("csv", "jsonl", "array") and guess.encoding != "utf-8":
        how = "its first bytes say so" if guess.encoding == "utf-16" else "guessed: it is no UTF-8; confirm"
        lines.append(f"    encoding: {guess.encoding}   # {how}")
    if guess.form == "csv" and guess.separator != ",":
        lines.append(f"    separator: {quoted(guess.separator)}   # guessed: rows are most even so; confirm")
    if guess.form in ("csv", "excel") and guess.header != 1:
        lines.append(f"    header: {guess.header}   # guessed: the line the headings stand in; confirm")
    if guess.sheet is not None:
        lines.append(f"    sheet: {quoted(guess.sheet)}   # guessed: the sheet with the most rows; confirm")
    return lines


def _verdict(key: str, verdict: Verdict, rows: int) -> list[str]:
    if verdict.value:
        said = quoted(verdict.value) if key == "numbers" else verdict.value
        return [f"    {key}: {said}   # guessed from {_rows(rows)}: {verdict.why}; confirm"]
    return [
        f"    # {key}: {quoted(option) if key == 'numbers' else option}   # CONFIRM: {verdict.why}"
        for option in verdict.options
    ]


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _people(guess: Guess, known: Sequence[Guess]) -> list[str]:
    lines = []
    named = any(each.table == "identifiers" and "event_id" in each.known for each in known)
    if guess.table == "events" and "event_id" in guess.known and named:
        lines.append(
            "    identified_by: event_id   # guessed: identifiers has a column of event ids; confirm"
        )
    if guess.ignore:
        why = "so called, but the cells do not look like it, or another column fits better"
        lines.append(f"    ignore: [{', '.join(guess.ignore)}]   # guessed: {why}; confirm")
    return lines


def _constants(guess: Guess, known: Sequence[Guess]) -> list[str]:
    said = dict(guess.constants)
    main = main_currency(known, None)[0]
    other = guess.currencies - {main}
    has_code = (
        "currency" in guess.known or guess.format == "ads" or "currency" not in TABLES[str(guess.table)]
    )
    if len(guess.currencies) == 1 and other and not has_code:
        said["currency"] = next(iter(other))
    lines = []
    if said:
        pairs = ", ".join(f"{name}: {plain_or_quoted(value)}" for name, value in said.items())
        lines.append(f"    set: {{{pairs}}}   # guessed from headings and signs; confirm")
    return lines


def _columns(guess: Guess) -> list[str]:
    lines = []
    if guess.taken:
        lines.append(f"    # read as they are: {', '.join(guess.taken)}")
    if guess.columns:
        lines.append("    columns:")
        for name, heading, why in guess.columns:
            lines.append(f"      {name}: {quoted(heading)}{f'   # guessed: {why}; confirm' if why else ''}")
    elif guess.missing:
        lines.append("    columns: {}")
    for name in guess.missing:
        also = f'set: {{{name}: "..."}} for all rows, or ' if name in SETTABLE else ""
        lines.append(
            f"    # CONFIRM: no heading fits {name}, which every row needs: say {also}which column it is"
        )
    if guess.unread and guess.table:
        lines.append(f"    # not read: {_headings(guess.unread)}")
    return lines


def _unknown(guess: Guess) -> list[str]:
    why = f"not recognised, so not read: {guess.told_by}"
    lines = [
        "",
        f"  # CONFIRM: {why}. To read it, remove the `#` and say what it is.",
        f"  # - table: {guess.nearest}   # or {', '.join(name for name in ORDER if name != guess.nearest)}",
        f"  #   format: {guess.format}",
        f"  #   path: {quoted(guess.path)}",
        *(f"  #   {line.strip()}" for line in _written(guess)),
        f"  #   columns:{'' if guess.columns else ' {}'}",
        *(f"  #     {name}: {quoted(heading)}" for name, heading, _ in guess.columns),
    ]
    if guess.unread:
        lines.append(f"  #   its headings: {_headings(guess.unread)}")
    return lines


def _headings(names: Sequence[str]) -> str:
    shown = ", ".join(map(quoted, names[:MOST_HEADINGS]))
    more = len(names) - MOST_HEADINGS
    return f"{shown} and {more:,} more" if more > 0 else shown
