"""A first journey.yaml for a folder of files nobody described: what they seem to be, to be confirmed.

Only the first rows of each file are looked at, and files are never written to. What has one reading becomes
a key with the reason beside it; what has several is left commented out, so that reading stops and asks.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from journey_lib.errors import ConfigError, JourneyError, ParameterError, did_you_mean
from journey_lib.model import timezones

if TYPE_CHECKING:
    from collections.abc import Sequence

    from journey_lib.draft.guess import Guess

__all__ = ["init"]

CONFIG = "journey.yaml"
KEY = "JOURNEY_IDENTITY_KEY"


def init(
    folder: Path,
    *,
    raw: str | None = None,
    timezone: str = "Asia/Ho_Chi_Minh",
    currency: str | None = None,
    force: bool = False,
) -> str:
    """Write `folder/journey.yaml` from what its files look like, and tell what was found and what is to do.

    Parameters
    ----------
    folder : the workspace; it is made when it is not there.
    raw : the folder of the files within it; by default ``raw``, and without that the folder itself.
    timezone : where days begin, and the clock of times that name no offset.
    currency : of the reports; by default the one that the files name most, else VND.
    force : replace a journey.yaml that is there; it is kept as ``journey.yaml.old``.

    Raises
    ------
    ConfigError
        There is a journey.yaml already, or `folder` or `raw` is no folder.
    ParameterError
        The timezone or the currency is not known.
    """
    config = folder / CONFIG
    if (config.exists() or config.is_symlink()) and not force:
        raise ConfigError(
            "there is a journey.yaml already, so it stays as it is",
            where=str(config),
            do="add --force to replace it; the old one is then kept as journey.yaml.old",
        )
    _check(timezone, currency)
    files = _raw(folder, raw)

    from journey_lib.draft import page, patterns
    from journey_lib.draft.guess import guessed

    found, left = patterns.find(files, folder)
    groups, unread = patterns.grouped(found, folder)
    guesses = [guessed(group) for group in groups]
    name = _name(folder)
    if guesses:
        text = page.page(name, guesses, timezone, currency)
    else:
        text = page.template(name, timezone, currency or "VND")
    _write(config, text)
    return _summary(folder, files, guesses, [*left, *unread], _problem(folder))


def _check(timezone: str, currency: str | None) -> None:
    from babel.numbers import is_currency

    if timezone not in timezones():
        raise ParameterError(f"--timezone {timezone!r} is not known", do=did_you_mean(timezone, timezones()))
    if currency is not None and not is_currency(currency):
        raise ParameterError(
            f"--currency {currency!r} is no currency", do="give its ISO 4217 code, such as VND or USD"
        )


def _raw(folder: Path, raw: str | None) -> Path:
    """The folder the files lie in; it is within the workspace, for so paths are written."""
    if folder.exists() and not folder.is_dir():
        raise ConfigError(
            "this is no folder", where=str(folder), do="name the folder that is to be a workspace"
        )
    if raw is None:
        usual = folder / "raw"
        if not folder.exists():
            usual.mkdir(parents=True)
        return usual if usual.is_dir() else folder
    place = folder / raw
    if not place.is_dir():
        raise ConfigError(
            "there is no such folder", where=str(place), do="give --raw a folder within the workspace"
        )
    if not place.resolve().is_relative_to(folder.resolve()):
        raise ConfigError(
            "the files must lie within the workspace",
            where=str(place),
            do="move or link them into it, under raw/",
        )
    return folder / place.resolve().relative_to(folder.resolve())


def _name(folder: Path) -> str:
    from journey_lib.draft.headings import bare_words

    name = "_".join(
        word for word in bare_words(folder.resolve().name).split() if word.isascii() and word.isalnum()
    )
    return name or "shop"


def _write(config: Path, text: str) -> None:
    """Put the file there in one step; what was there before is kept beside it."""
    new = config.with_name(f".{CONFIG}.new")
    try:
        new.write_text(text, encoding="utf-8")
        if config.exists() or config.is_symlink():
            config.replace(config.with_name(f"{CONFIG}.old"))
        new.replace(config)
    except OSError as error:
        raise ConfigError(
            f"journey.yaml cannot be written: {error.strerror}",
            where=str(config),
            do="make the folder writable",
        ) from error


def _problem(folder: Path) -> str | None:
    """What opening the workspace says against it."""
    from journey_lib.workspace import open_workspace

    try:
        open_workspace(folder)
    except JourneyError as error:
        return " ".join(str(error).split())
    return None


def _summary(
    folder: Path, files: Path, guesses: Sequence[Guess], left: Sequence[tuple[Path, str]], problem: str | None
) -> str:
    from journey_lib.draft.yaml_text import quoted

    looked = sum(guess.files for guess in guesses)
    lines = [f"files looked at in {files}: {looked:,}, the first rows of each; none was changed"]
    if not (folder / "raw").is_dir() and files == folder:
        lines.append(f"  (there is no {folder / 'raw'}, so files were looked for in {folder} itself)")
    for guess in guesses:
        many = f" ({guess.files:,} files)" if guess.files > 1 else ""
        what = f"{guess.table}, as {guess.format}" if guess.table else f"not recognised: {guess.told_by}"
        lines.append(f"  {quoted(guess.path)[1:-1]}{many}: {what}")
        if guess.table and guess.known:
            lines.append(f"      {', '.join(guess.known)}")
    for path, why in left:
        lines.append(f"  {quoted(path.relative_to(folder).as_posix())[1:-1]}: left out, {why}")
    lines.append(
        f"wrote {folder / CONFIG}" + ("" if guesses else ", which explains every key: fill it in by hand")
    )
    todo = _todo(guesses, problem)
    if todo:
        lines += ["to do:", *(f"  {number}. {each}" for number, each in enumerate(todo, 1))]
    first = (
        "confirm or correct the guesses in it"
        if guesses
        else "put your exports into the folder, or fill it in"
    )
    lines += [f"next: {first}, then: journey check -w {folder}"]
    return "\n".join(lines)


def _todo(guesses: Sequence[Guess], problem: str | None) -> list[str]:
    from journey_lib.draft import page
    from journey_lib.draft.yaml_text import quoted

    todo = [problem] if problem else []
    for guess in guesses:
        where = quoted(guess.path)[1:-1]
        todo += [f"{where}: {each}" for each in guess.todo]
        for key, verdict in (("dates", guess.dates), ("numbers", guess.numbers)):
            if verdict.options:
                todo.append(f"{where}: declare `{key}` ({verdict.why}): {' or '.join(verdict.options)}")
        todo += [f"{where}: say which column is {name}" for name in guess.missing]
        todo += (
            [f"{where}: say what it is, if it is to be read"] if not guess.table and not guess.todo else []
        )
    if not guesses:
        return todo
    known = [guess for guess in guesses if guess.table]
    currency = page.main_currency(known, None)[0]
    foreign = sorted({code for guess in known for code in guess.currencies} - {currency})
    if foreign:
        todo.append(f"amounts in {', '.join(foreign)} need a table of exchange `rates`, or are kept apart")
    if not page.conversions(known):
        todo.append("say which event types are conversions: none looked like a purchase or a lead")
    if page.bought_twice(known):
        todo.append("purchases stand in orders and in events: keep one of the two, or they count twice")
    if page.knows_people(known):
        todo.append(f"make a key for hashing identifiers and put it into {KEY}: see docs/your-data.md")
    return todo
