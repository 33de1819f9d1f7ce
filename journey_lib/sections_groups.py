"""Whose journeys a page is of, and the groups of customers that can be named: segments, kept personas."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from journey_lib import features, i18n, sections_cast
from journey_lib import journeys as views
from journey_lib import touches as touch_table
from journey_lib.errors import ParameterError, did_you_mean
from journey_lib.i18n import text as _
from journey_lib.journeys import Group
from journey_lib.journeys.cut import Array
from journey_lib.personas import apply, kept, notes
from journey_lib.personas import segments as ruled
from journey_lib.session import Session
from journey_lib.spelling import tidy_name
from journey_lib.stages import Model
from journey_lib.touches import Touches

NO_NAME = re.compile(r'->|[|()\[\]^$*+?{}"]|\.\.|\bwithin\b|^\.$|^(start|conversion|end)$')


@dataclass(frozen=True)
class Page:
    """The customers a page is of: their touches, and which of the workspace's customers they are.

    `walked` are the same touches, their steps called as the page calls them; `kept` is true or false for each
    customer of the workspace; None: the page is of all of them.
    """

    touches: Touches
    walked: Touches
    kept: Array | None = field(default=None, repr=False)

    def here(self, of: pd.Series[Any]) -> pd.Series[Any]:
        """What is known of customers of the workspace, of those on the page and by their numbers there."""
        if self.kept is None:
            return of
        number = np.cumsum(self.kept) - 1
        mine = of[self.kept[of.index.to_numpy()]]
        return mine.set_axis(pd.Index(number[mine.index.to_numpy()], name=of.index.name))


@dataclass(frozen=True)
class Named:
    """Groups of customers that have names: of each customer who is told apart the code of theirs.

    `names` are what readers call them, `spoken` all their names in any language; `by_sales`: whether a rule
    goes by conversions or their value; `found_by`: by which traits they were found, where they were found and
    not declared.
    """

    of: pd.Series[Any]
    names: Mapping[str, str]
    spoken: Mapping[str, str] = field(default_factory=dict, repr=False)
    by_sales: bool = False
    found_by: tuple[str, ...] = ()

    def flags(self, touches: Touches, code: str) -> Array:
        """Whether each customer of the table is in the group."""
        return _flags(touches, self.of.index[(self.of == code).to_numpy()])

    def called(self, word: str) -> str | None:
        """The code of the group of that code or name; None where there is none."""
        return word if word in self.names else self.spoken.get(_alike(word))


@dataclass(frozen=True)
class Sides:
    """Two groups of journeys to be set beside each other, and what readers call them.

    `customers` says of each customer of the table on which side they are, where it is customers who are told
    apart and not journeys; `about` is what a reader has to know of them.
    """

    groups: tuple[Group, Group]
    names: tuple[str, str]
    customers: tuple[Array, Array] | None = field(default=None, repr=False)
    about: str = ""


def only(
    run: Session, touches: Touches, by: views.By, model: Model, text: str | None, cut: Mapping[str, Any]
) -> Page:
    """The customers who have a journey that follows a pattern of steps, where one is asked for; else all."""
    walked = views.steps_by(touches, by, model)
    if text is None:
        return Page(touches, walked)
    options = {name: value for name, value in cut.items() if name != "max_touches"}
    followed = views.following(walked, text, **options)
    run.say(
        _(
            "This page is only of {n} of {all} customers: those with a journey that follows {pattern}.",
            n=i18n.number(followed.sum()),
            all=i18n.number(len(followed)),
            pattern=f"`{text}`",
        )
    )
    some = views.members(touches, followed)
    return Page(some, views.steps_by(some, by, model), followed)


def segments(run: Session, page: Page, model: Model, cut: Mapping[str, Any]) -> Named:
    """Who is in which segment of `maps/segments.yaml` at the end of the period; nobody where it is not.

    Where a page is of some customers only, they are in the segments they are in among all.
    """
    if not (run.workspace.path / ruled.FILE).is_file():
        return Named(pd.Series(dtype="str"), {})
    declared = ruled.rules(run.workspace)
    known = features.table(
        run.workspace, _whole(run, page), as_of=_end(cut), model=model, conversion=cut["conversion"]
    )
    labels = declared.labels(run.language) | {ruled.REST: _("in none of these")}
    by_sales = any("conversion" in each.rule or "value" in each.rule for each in declared.segments)
    spoken = {_alike(name): each.segment for each in declared.segments for name in each.name.values()}
    return Named(page.here(ruled.assign(known, declared)), labels, spoken, by_sales)


def personas(run: Session, page: Page, file: str | None, cut: Mapping[str, Any]) -> Named:
    """Who is in which kept persona at the end of the period, of those known well enough to be placed.

    `file` is one of the workspace that keeps personas; None: `maps/personas.json`, nobody where it is not.
    Who fits none has the code "", which has no name.

    Raises
    ------
    DataError
        There is no such file, or it keeps no personas.
    """
    if file is None and not (run.workspace.path / kept.FILE).is_file():
        return Named(pd.Series(dtype="str"), {})
    model = kept.recall(run.workspace.path / (file or kept.FILE))
    window = f"{round(model.window / 3.6e9)}h"
    known = sections_cast.features(
        run, _whole(run, page), model, window=window, as_of=_end(cut), conversion=cut["conversion"]
    )
    labels = apply.assign(model.groups, known)
    codes = sections_cast.members_of(labels).reindex(labels.index, fill_value="")
    described, numbers = notes(run.workspace), range(1, len(model.groups.centres) + 1)
    given = described.names(run.language)
    names = {f"p{n}": given.get(f"p{n}") or _("Persona {n}", n=n) for n in numbers}
    spoken = {_alike(name): code for code in names for name in described.of(code).name.values()}
    called = features.titles(known, run.workspace, names=run.names)
    traits = tuple(called[column.name] for column in model.groups.recipe.columns)
    return Named(page.here(codes), names, spoken, found_by=traits)


def sides(
    run: Session,
    page: Page,
    group: str | None,
    some: Named,
    file: str | None,
    cut: Mapping[str, Any],
) -> Sides:
    """The group that was asked for, and what it is set beside.

    `group` is a step, a segment, a kept persona (by code or name) or a pattern; without one, journeys with a
    conversion. A persona is set beside all others who are known well enough to be in one.

    Raises
    ------
    ParameterError
        Nothing is called so, or nobody is in that group.
    """
    walked = page.walked
    if group is None:
        return _beside_the_rest(views.converted(), "with a conversion", "without one")
    if (step := tidy_name(group)) in walked.channels:
        return _beside_the_rest(views.through(walked, step), run.names.get(step, step), "all others")
    if (code := some.called(group)) is not None:
        return _of_customers(walked, some, code, None, "all others")
    cast = personas(run, page, file, cut)
    if (code := cast.called(group)) is not None:
        found = _of_customers(walked, cast, code, _flags(walked, cast.of.index), "all others known as well")
        return replace(found, about=_placed(found, cast, run.k))
    if not NO_NAME.search(group):
        _unknown(run, group, walked.channels, some, cast)
    return _beside_the_rest(views.along(walked, group), group, "all others")


def _beside_the_rest(group: Group, name: str, others: str) -> Sides:
    return Sides((group, views.rest(group)), (name, others))


def _of_customers(touches: Touches, named: Named, code: str, known: Array | None, others: str) -> Sides:
    """A named group beside all others, or beside those of them who are `known`."""
    flags = named.flags(touches, code)
    if not flags.any():
        raise ParameterError(
            f"nobody on this page is in '{named.names[code]}'",
            do="choose another group, a longer period, or leave `only` out",
        )
    group, names = views.of_customers(code, flags), (named.names[code], others)
    if known is None:
        return Sides((group, views.rest(group)), names, (flags, ~flags))
    return Sides((group, views.of_customers("rest", known & ~flags)), names, (flags, known & ~flags))


def _placed(found: Sides, cast: Named, k: int) -> str:
    """How many customers a persona has on the page, and what could not but differ."""
    one, other = (int(flags.sum()) for flags in found.customers or (np.zeros(0), np.zeros(0)))
    return _(
        "{name}: {n} customers, beside {others} others who are known well enough to be in a persona. Personas"
        " were made by these traits: {traits}. That they differ there is no finding.",
        name=f"**{found.names[0]}**",
        n=i18n.people(one, k),
        others=i18n.people(other, k),
        traits=", ".join(cast.found_by),
    )


def _unknown(run: Session, word: str, steps: Sequence[str], some: Named, cast: Named) -> NoReturn:
    """Say that nothing is called so; and of a persona that is described and not kept, how it is kept."""
    described = notes(run.workspace)
    names = [name for who in described.personas.values() for name in who.name.values()]
    if not cast.names and word in {*described.personas, *names}:
        raise ParameterError(
            f"the persona '{word}' is described, but no file says which customers it is",
            where=f"maps/personas.yaml; {kept.FILE} is not there",
            do="keep the personas (docs/personas.md, The same personas in every run), or name their file in"
            " `personas`",
        )
    known = [*steps, *some.names, *some.names.values(), *cast.names, *cast.names.values()]
    raise ParameterError(
        f"no step, segment or kept persona is called '{word}'", do=did_you_mean(word, dict.fromkeys(known))
    )


def _alike(name: str) -> str:
    return tidy_name(name).casefold()


def _flags(touches: Touches, numbers: pd.Index[Any]) -> Array:
    chosen = np.zeros(touches.customers, bool)
    chosen[numbers.to_numpy()] = True
    return chosen


def _whole(run: Session, page: Page) -> Touches:
    """The touches of all customers of the workspace."""
    return page.touches if page.kept is None else touch_table.load(run.workspace)


def _end(cut: Mapping[str, Any]) -> Any:
    return (cut["period"] or (None, None))[1]
