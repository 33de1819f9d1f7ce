"""Which cells must be hidden so that nobody can work out a number of few people.

Neither of those who are of a kind nor, where all who were looked at are known as well, of those who are not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]
Counts = npt.NDArray[np.float64]
Known = Sequence[tuple[tuple[str, ...], Mapping[Any, int]]]
NOTHING = 1e-9
IN_NONE = ""  # of `Result.besides` of `groups`: who is in no group, beside the groups that have no row
Result = Any  # of `model`, which asks this module and is not asked by it


def hide(result: Result, k: int) -> tuple[pd.DataFrame, int, set[str]] | None:
    """What `Result.suppressed` promises; docs/adr/0014 says why it is drawn there."""
    people = "customers" if "customers" in result.table else result.base
    if people is None:
        return None
    raw = result.table
    gone, _ = _chained(result, people, _few(raw[people], k) | _hidden_groups(result, k), k)
    gone, links = _chained(result, people, _beside(raw, people, gone, _sums(result, people), k), k)
    table = raw.assign(suppressed=gone)
    _mask(table, [*raw.select_dtypes("number").columns, *result.tell.get(people, ())], gone)
    hidden: dict[str | int, Array] = {}
    for name in dict.fromkeys([people, *result.people]):
        known = _sums(result, name)
        lost = unsafe(raw, name, result.within, k) | links.get(name, False)
        if name not in result.common:  # what one row hides of these another shows
            lost = gone | lost
        for everyone in result.within.get(name, ()):  # where all bought again, all bought
            lost = lost | hidden.get(everyone, False)
        hidden[name] = _both_sides(result, name, lost, known, k)
        _mask(table, [name, *result.tell.get(name, ())], hidden[name])
        few = gone | _few(raw[name], k)
        _mask(table, [*result.about.get(name, ())], _beside(raw, name, few, known, k))
    untold = {
        fact
        for (column, value), facts in result.totals.items()
        if _told(raw[people], gone & (raw[column] == value).to_numpy(), k)
        for fact in facts
    }
    return table.drop(columns=[*result.unseen]), int(gone.sum()), untold


def _told(counts: pd.Series, gone: Array, k: int) -> bool:
    """Whether what is hidden of a line follows from its sum: nothing else was left to hide."""
    return bool(gone.any()) and (int(gone.sum()) < 2 or float(counts[gone].sum()) < k)


def _hidden_groups(result: Result, k: int) -> Array:
    """The rows about groups that are hidden whole: all tables about the same groups hide the same ones."""
    found = np.zeros(len(result.table), bool)
    for name, columns in result.groups.items():
        each = result.table.drop_duplicates(name)[[name, *columns]]
        elsewhere = result.besides.get(name, 0)
        if isinstance(elsewhere, Mapping):  # groups of which the table has no row are hidden with the others
            nobody = [0] * (len(columns) - 1)  # of them was looked at
            rows = pd.DataFrame([(code, n, *nobody) for code, n in elsewhere.items()], columns=each.columns)
            rows = rows[~rows[name].isin([IN_NONE, *each[name]])]
            each, elsewhere = pd.concat([each, rows]), elsewhere.get(IN_NONE, 0)
        each = each.sort_values(name)
        lost, before = np.zeros(len(each), bool), None
        for column in columns:
            given = elsewhere if before is None else result.besides.get(column, 0)
            apart = given if isinstance(given, tuple) else (given, 0)
            sides = [each[column], *([] if before is None else [each[before] - each[column]])]
            for side, beside in zip(sides, apart, strict=False):
                # where as many as k are in no group, that number is told as well
                lines: Known = [((), {}), ((), {"": beside if beside < k else 0})]
                counts = each.assign(**{column: side})
                lost = _beside(counts, column, lost | _few(side, k), lines, k)
            before = column
        found |= result.table[name].isin(each[name][lost]).to_numpy()
    return found


def _chained(result: Result, people: str, gone: Array, k: int) -> tuple[Array, dict[str, Array]]:
    """The rows that go for what two numbers of a chain leave, and by column where else such a number goes."""
    table = result.table
    lost: dict[str, Array] = {}
    for columns, by in result.chains.items():
        values = table[list(columns)].to_numpy(float)
        found = np.zeros(values.shape, bool)
        kept = columns[-1] not in result.unseen  # what is hidden as a row's own number is so in the next row
        groups = table.groupby([*by], dropna=False, sort=False).indices.values() if by else [slice(None)]
        for places in groups:
            mine = values[places]
            shown = mine[~gone[places] if kept else slice(None), -1]
            found[places] = np.isin(mine, _links(mine, set(mine[:, -1]) - set(shown), k))
        for at, name in enumerate(columns):
            lost[name] = found[:, at] | lost.get(name, False)
            if name == people or people in result.tell.get(name, ()):
                gone = gone | found[:, at]
    return gone, lost


def _links(values: Counts, hidden: set[float], k: int) -> list[float]:
    """The numbers of a chain that go, for they leave fewer than `k` of those counted by one shown before."""
    known = values[~np.isnan(values)]
    if not len(known):
        return []
    grows = known[-1] > known[0]
    order = np.unique(known) if grows else np.unique(known)[::-1]
    said, lost = 0.0 if grows else order[0], []
    for number in order[order > 0]:
        if number in hidden or number < k or 0 < abs(number - said) < k:
            lost.append(float(number))
        else:
            said = number
    return lost


def unsafe(table: pd.DataFrame, name: str, within: Mapping[str, tuple[str | int, ...]], k: int) -> Array:
    """Where a column counts fewer than `k` people, or leaves fewer than `k` of those `within` whom it counts.

    Nobody, and everybody, are no group: they stay.
    """
    found = _few(table[name], k)
    for everyone in within.get(name, ()):
        found = found | _few(_left(table, name, everyone), k)
    return found


def _both_sides(result: Result, name: str, lost: Array, known: Known, k: int) -> Array:
    """`lost`, and what has to be hidden with them for the sums of who is of the kind, and of who is not."""
    table = result.table
    lost = _beside(table, name, lost, known, k)
    if not known:
        return lost
    others = _sums(result, name, of_kind=False)
    for everyone in result.within.get(name, ()):
        left = table.assign(**{name: _left(table, name, everyone)})
        some = left.assign(**{name: left[name].where(table[name] > 0, 0)})
        # that nobody is of the kind stays to be seen, unless there is nothing else to hide
        lost = _beside(left, name, _beside(some, name, lost, others, k), others, k)
    return lost


def _sums(result: Result, name: str, *, of_kind: bool = True) -> Known:
    """By which columns the counts in a column add up to what readers know, and who is in no row."""
    people = "customers" if "customers" in result.table else result.base

    def beside(key: tuple[str, ...] | str) -> Mapping[Any, int]:
        given = result.besides.get(key, {})
        each = given if isinstance(given, Mapping) else {"": given}
        return {at: n if isinstance(n, int) else n[0 if of_kind else 1] for at, n in each.items()}

    found: list[tuple[tuple[str, ...], Mapping[Any, int]]] = []
    if name == people:
        found += [(by, beside(by)) for by in result.parts]
    for by in result.sums.get(name, ()):
        found += [(by, {}), *([(by, beside(name))] if beside(name) else [])]
    return found


def _left(table: pd.DataFrame, name: str, everyone: str | int) -> pd.Series:
    return (everyone if isinstance(everyone, int) else table[everyone]) - table[name]


def _few(counts: pd.Series, k: int) -> Array:
    return ((counts < k) & (counts > 0)).fillna(False).to_numpy(bool)


def _mask(table: pd.DataFrame, columns: list[str], gone: Array) -> None:
    columns = list(dict.fromkeys(columns))
    if columns and gone.any():
        table[columns] = table[columns].mask(pd.Series(gone, table.index))


def _beside(table: pd.DataFrame, people: str, few: Array, known: Known, k: int) -> Array:
    """`few`, and what has to be hidden with them for the sums that readers know."""
    if not known or not (few.any() or any(0 < n < k for _, left in known for n in left.values())):
        return few
    same = [column for column in known[0][0] if all(column in by for by, _ in known)]
    if len(known) > 1 and same:  # nobody is counted with those of another line of these: a far smaller system
        found = few.copy()
        for places in table.groupby(same, dropna=False, sort=False).indices.values():
            found[places] = _together(table.iloc[places], people, few[places], known, k)
        return found
    return _together(table, people, few, known, k)


def _together(table: pd.DataFrame, people: str, few: Array, known: Known, k: int) -> Array:
    # Equal counts are taken in the order of the names, so that tables of the same people hide the same ones.
    order = table.iloc[:, 0].astype(str).argsort(kind="stable").to_numpy()
    rows = table.iloc[order]
    lines, left = zip(*(_line(rows, by, besides) for by, besides in known), strict=True)
    hidden, counts = few[order], rows[people].to_numpy(float)
    while True:
        hidden = together(pd.Series(counts), lines, hidden, k, left)
        asked = zip(known, lines, left, strict=True)
        more = [
            at
            for (by, _), line, n in asked
            if len(by) > 1
            for at in _apart(rows, by, counts, line, n, hidden, k)
        ]
        if not more:
            break
        hidden[more] = True
    found = np.zeros(len(table), bool)
    found[order] = hidden
    return found | few


def _apart(
    rows: pd.DataFrame,
    by: tuple[str, ...],
    counts: Counts,
    line: Numbers,
    besides: Mapping[int, int],
    hidden: Array,
    k: int,
) -> list[int]:
    """Cells to hide next so that those in no row are not told by what is known of them all.

    How many are in no row of a line (say, have a class) follows unless a cell of the line is hidden. Of what
    does not follow, over all lines that part the same people, there must be `k` or nobody.
    """
    found = []
    for places in rows.groupby(list(by[:-1]), dropna=False, sort=False).indices.values():
        mine = {at: besides.get(at, 0) for at in line[places].tolist()}
        safe = {at for at, n in mine.items() if n and not hidden[line == at].any()}
        if not 0 < sum(n for at, n in mine.items() if at not in safe) < k:
            continue
        for at in sorted(safe, key=lambda at: mine[at]):
            left = np.flatnonzero((line == at) & (counts > 0))
            if len(left):
                found.append(int(left[np.argmin(counts[left])]))
                break
    return found


def _line(
    table: pd.DataFrame, by: tuple[str, ...], besides: Mapping[Any, int]
) -> tuple[Numbers, dict[int, int]]:
    """The number of the line each row stands in, and how many people a line counts whom no row tells of."""
    if not by:
        return np.asarray(np.zeros(len(table)), np.int64), {0: besides.get("", 0)}
    grouped = table.groupby(list(by), dropna=False, sort=False)
    if not besides:
        return np.asarray(grouped.ngroup(), np.int64), {}
    number = {key[0] if len(by) == 1 else key: at for at, (key, _rows) in enumerate(grouped)}
    return np.asarray(grouped.ngroup(), np.int64), {
        number[key]: n for key, n in besides.items() if key in number
    }


def together(
    counts: Sequence[float] | pd.Series,
    lines: Sequence[Sequence[int] | Numbers],
    few: Array,
    k: int,
    besides: Sequence[Mapping[int, int]] = (),
) -> Array:
    """The cells of `few`, and the smallest of the others without which none of them can be worked out.

    `counts` of people, a cell each; `lines` say for each way of adding up (along rows, along columns) in
    which line a cell stands: the reader knows the sum of every line. `besides` says for each way of adding up
    how many people stand in no cell of a line, but in its sum: they are hidden to begin with. Afterwards what
    is hidden in a line is more than one cell and `k` people or more, and no hidden cell follows from all the
    sums together, unless there is nothing left to hide. Cells of nobody tell of no one, and stay. Secondary
    suppression as in Hundepool et al., Statistical Disclosure Control (2012), section 4.
    """
    people = np.nan_to_num(np.asarray(counts, float))
    hidden = np.asarray(few, bool) & (people > 0)
    groups = [np.asarray(line, np.int64) for line in lines]
    left = [{line: n for line, n in some.items() if n} for some in besides] or [{} for _ in groups]
    while (more := _next(people, groups, left, hidden, k)) is not None:
        hidden[more] = True
    return hidden


def _next(
    people: Counts,
    groups: list[Numbers],
    besides: list[dict[int, int]],
    hidden: Array,
    k: int,
) -> list[int] | None:
    """The smallest cell that still has to go, or those; None when nothing gives anybody away."""
    for group, others in zip(groups, besides, strict=True):
        for line in sorted({*group[hidden].tolist(), *others}):
            mine = group == line
            gone = mine & hidden
            cells, some = int(gone.sum()), people[gone].sum() + others.get(line, 0)
            if not cells and some >= k:
                continue
            one_each = people[gone].sum() == cells and line not in others
            if cells + (line in others) < 2 or some < k or one_each:
                left = np.flatnonzero(mine & ~hidden & (people > 0))
                if len(left):
                    return [int(left[np.argmin(people[left])])]
    return None if len(groups) < 2 else _beside_what_follows(people, groups, besides, hidden, k)


def _beside_what_follows(
    people: Counts, groups: list[Numbers], besides: list[dict[int, int]], hidden: Array, k: int
) -> list[int] | None:
    """The nearest cells to hide so that one fewer follows from all the sums together."""
    lines = [(at, line, n) for at, others in enumerate(besides) for line, n in others.items()]
    told = [
        np.where(np.isin(group, [*others]), -1, group) for group, others in zip(groups, besides, strict=True)
    ]
    apart = [(groups[at] == line, n < k) for at, line, n in lines]  # those no cell counts, where they are few
    left = np.flatnonzero(~hidden & (people > 0))
    alone = _determined(told, apart, hidden) if len(left) else []
    for cell in alone:
        if cell < len(people):
            beside = np.logical_or.reduce([group[left] == group[cell] for group in groups])
        else:
            beside = apart[cell - len(people)][0][left]
        for more in left[np.lexsort((people[left], ~beside))]:  # in its own lines first, small before large
            also = hidden.copy()
            also[more] = True
            if cell not in _determined(told, apart, also):
                return [int(more)]
    rings = (_ring(cell, told, apart, people, hidden) for cell in alone)
    return next((ring for ring in rings if ring), None)


def _ring(
    cell: int, groups: list[Numbers], apart: list[tuple[Array, bool]], people: Counts, hidden: Array
) -> list[int]:
    """Several cells that together leave a cell open, where one does not: those of the fewest people.

    One more in the cell has to be made good by others so that every sum stays; none where nothing can.
    """
    from scipy.optimize import linprog  # rarely wanted

    rows, names = _sums_of(groups, apart, people > 0)
    price = np.array([0.0 if at >= len(people) or hidden[at] else people[at] for at in names])
    one = np.array([[float(at == cell) for at in names]])
    sums = np.vstack([rows, one])
    found = linprog(
        np.tile(price, 2), A_eq=np.hstack([sums, -sums]), b_eq=np.append(np.zeros(len(rows)), 1.0)
    )
    if not found.success:
        return []
    more, less = np.split(found.x, 2)
    moved = [names[at] for at in np.flatnonzero(np.abs(more - less) > 1e-6)]
    return [at for at in moved if at < len(people) and not hidden[at]]


def _determined(groups: list[Numbers], apart: list[tuple[Array, bool]], hidden: Array) -> list[int]:
    """Hidden cells that the sums of all lines leave one value: those no change of the others can move.

    A line of -1 is one whose sum counts others too: `apart` says which cells stand in it, and whether those
    others are few. They are asked for as well, and numbered after the cells.
    """
    rows, names = _sums_of(groups, apart, hidden)
    if not rows.size:
        return []
    _left, sizes, right = np.linalg.svd(rows)
    free = right[int((sizes > NOTHING).sum()) :]
    return [names[at] for at in np.flatnonzero((np.abs(free) < 1e-6).all(axis=0))]


def _sums_of(
    groups: list[Numbers], apart: list[tuple[Array, bool]], hidden: Array
) -> tuple[Counts, list[int]]:
    """An equation for every line that hidden cells stand in, and the number of the cell in each column."""
    cells = np.flatnonzero(hidden)
    few = [at for at, (_line, are_few) in enumerate(apart) if are_few]
    told = [group[cells] == line for group in groups for line in np.unique(group[cells]) if line >= 0]
    rows = np.zeros((len(told) + len(few), len(cells) + len(few)))
    if not rows.size:
        return rows, []
    rows[: len(told), : len(cells)] = np.reshape(told, (len(told), len(cells)))
    for number, at in enumerate(few):
        rows[len(told) + number, : len(cells)] = apart[at][0][cells]
        rows[len(told) + number, len(cells) + number] = 1
    return rows, [*cells.tolist(), *(len(hidden) + at for at in few)]
