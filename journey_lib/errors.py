"""What can go wrong by a user's hand: one readable message each, and the exit code the scheduler sees."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class JourneyError(Exception):
    """A mistake the user can mend; the command line shows its text and no traceback.

    The text always has the same parts in the same order: what is wrong, where (file, column, row), how many,
    and what to do.
    """

    exit_code = 2

    def __init__(
        self, what: str, *, where: str | None = None, how_many: str | None = None, do: str | None = None
    ) -> None:
        self.what, self.where, self.how_many, self.do = what, where, how_many, do
        lines = [what]
        lines += [f"  where: {where}"] if where else []
        lines += [f"  how many: {how_many}"] if how_many else []
        lines += [f"  what to do: {do}"] if do else []
        super().__init__("\n".join(lines))


class ConfigError(JourneyError):
    """`journey.yaml` or a map file says something that cannot be."""


class ParameterError(JourneyError):
    """A report or function was asked for something it does not have."""


class DataError(JourneyError):
    """A source cannot be read, or what is in it cannot be used."""


class AllAlike(DataError):
    """In nothing that was looked at do customers differ: there is nothing to tell kinds of people by."""


class ReportFailed(JourneyError):
    """A notebook did not run to its end, or its page failed a check; the last good page is untouched."""

    exit_code = 1


class AlreadyRunning(JourneyError):
    """Another run holds the lock of the same report."""

    exit_code = 75


class DeadlinePassed(JourneyError):
    """The run was stopped because its time was up."""

    exit_code = 124


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Name the nearest of `choices`, and all of them unless that would bury it.

    ``Did you mean 'linear'? Known: first, last, linear.``
    """
    known = sorted(choices)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    hint = [f"Did you mean '{near[0]}'?"] if near else []
    listed = [f"Known: {', '.join(known)}."] if len(known) <= 40 else []
    return " ".join(hint + listed)
