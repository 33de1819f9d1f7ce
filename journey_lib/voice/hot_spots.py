"""When, and where, a pain flares up: the run of weeks, and the place, in which it stands out most.

A pain of six weeks in one province is lost in the year's mean and in every single month. So all runs of weeks
and all places are looked through, and what is found is held against what the same search finds where there is
nothing to find: the same rows with their pains dealt out anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import pandas as pd
from scipy import special

from journey_lib.errors import DataError, ParameterError, did_you_mean
from journey_lib.intervals import Array, discoveries, wilson
from journey_lib.model import Result

CHANCE = 0.05  # among the hot spots called found, at most so many by chance
ANYWHERE = ""  # the dimension in which only time counts
LONGEST = 13  # weeks: what lasts longer is no flare-up
LARGEST = 0.5  # part of all rows that a hot spot may hold: beyond it, it is the rest that is cold
DEALS = 199  # times that pains are dealt out anew
ENOUGH = 10  # of them as hot as what was found: it is chance, and no more are dealt (Besag and Clifford 1991)
EULER = 0.5772156649015329
STEPS = (0.0001, 0.001, 0.01, 0.05, 0.1, 0.2, 0.5, 1.0)  # to which the chance of a small spot is rounded up
TELL = ("share", "low", "high", "others_share", "own_share", "same_time_share", "chance")


class Spot(NamedTuple):
    """A place from the week `first` to the one before `after`, and how far it stands out."""

    heat: float
    place: int
    first: int
    after: int


def hot_spots(rows: pd.DataFrame, *, by: Sequence[str] = (), k: int = 10, seed: int = 0) -> Result:
    """The weeks, and the place of each dimension, in which each pain is more common than everywhere else.

    `rows`: columns timestamp, customer_id, pain (its name), happened (whether it did) and those of `by`, what
    a place is told by: a trait of the customer, the touchpoint. A row of a pain is something that could have
    hurt: an order (was it complained of?), a ticket, an answer (with a low score?); `voice.hurts` makes them.
    A customer counts once in a week, a place and a pain, and is hurt where any of the rows was. Rows without
    a place are no part of that dimension.

    For every pain, over time alone and for each dimension, the run of at most 13 weeks at one place with the
    highest likelihood ratio (the space-time scan of Kulldorff 1997, Communications in Statistics 26,
    1481-1496). Its `chance` is that of one as hot anywhere in the search when the pains are dealt out among
    the rows anew, so that having looked everywhere is paid for; it is read from a Gumbel distribution fitted
    to 199 such deals (Abrams, Kulldorff and Kleinman 2010, Int. J. Health Geographics 9, 61), and far below
    one in 199 its size means no more than "very small". Other places of the dimension follow with their own
    hottest weeks where these are beyond chance too.

    Columns pain, by (the dimension; empty: time alone), place, first, last (days), rows, customers, cases,
    share with low and high (Wilson; of what was chosen for being high, so it leans upwards), others_share
    (of all other rows), own_share (of the same place in all other weeks), same_time_share (of all other
    places in the same weeks), own_about (own_share, rounded so that `k` or more counts give it), chance,
    found: among all searches (Benjamini-Hochberg, 5%); of a place only where some of its weeks are beyond
    chance among all its weeks, and it is in the spot's weeks among all places (each by a search of its own,
    5%): neither a standing difference nor what happened everywhere is a flare-up of a place. Found ones
    first, then by chance. Spots of fewer than `k` rows are not looked at, and a share of fewer others is
    not told. Facts: searches, found, rows, pains.

    Raises
    ------
    DataError
        A column is missing.
    """
    for name in ("timestamp", "customer_id", "pain", "happened", *by):
        if name not in rows:
            raise DataError(f"the rows have no column '{name}'", do=did_you_mean(name, rows.columns))
    if k < 1:
        raise ParameterError(f"k={k} is no size of a group", do="use 1 or more")
    told: list[dict[str, Any]] = []
    leading: list[float] = []
    for pain, its in _weekly(rows).groupby("pain", sort=True):
        for dimension in (ANYWHERE, *by):
            counted = _counted(its, dimension)
            if counted["happened"].nunique() < 2 or (
                dimension != ANYWHERE and counted["place"].nunique() < 2
            ):
                continue
            # a search of its own chance: another pain or dimension beside it changes no digit
            random = np.random.default_rng([seed, crc32(f"{pain}\0{dimension}".encode())])
            spots = _searched(counted, k, random)
            leading.append(spots[0]["chance"] if spots else 1.0)
            told += [{"pain": pain, "by": dimension} | spot for spot in spots]
    columns = ["pain", "by", "place", "first", "last", "rows", "customers", "cases", "share", "low", "high"]
    columns += ["others_share", "own_share", "own_about", "same_time_share", "chance", "flares"]
    table = pd.DataFrame(told, columns=columns)
    made = np.array(leading)
    most = made[discoveries(made, CHANCE)].max(initial=0.0)
    table["found"] = (table["chance"] <= most) & table["flares"].eq(True)
    order = ["found", "chance", "cases", "pain", "by", "place"]
    table = table.sort_values(order, ascending=[False, True, False, True, True, True], ignore_index=True)
    facts = {
        "searches": len(leading),
        "found": int(table["found"].sum()),
        "rows": len(rows),
        "pains": rows["pain"].nunique(),
    }
    settings = {"by": list(by), "k": k, "longest_weeks": LONGEST, "deals": DEALS, "seed": seed}
    table = table.drop(columns="flares")
    return Result(
        "hot_spots", table, facts, settings, base="customers", people=("cases",), tell={"cases": TELL}
    )


def discreet(result: Result, k: int) -> Result:
    """What of hot spots may be shown: where fewer than `k` were hurt, not how many nor what would tell it.

    The shares of such a spot, and of all beside it, are emptied (with those of another spot of the same pain
    they give the count away), its chance is the next of `STEPS` above, and a column ``fewer``
    says so. Weeks, place, rows, customers, the rounded own_about and found stay: a true find is no secret.
    """
    few = (result.table["cases"] < k) & (result.table["cases"] > 0)
    steps = np.array(STEPS)
    above = steps[np.searchsorted(steps, result.table["chance"].clip(upper=1.0).to_numpy(float))]
    shown = result.suppressed(k)
    hidden = shown.table["suppressed"]
    chance = shown.table["chance"].mask(few & ~hidden, pd.Series(above, shown.table.index))
    return replace(shown, table=shown.table.assign(chance=chance, fewer=few & ~hidden))


def _weekly(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the week they fall into and a number for whose they are: someone else's where unknown."""
    day = rows["timestamp"].dt.tz_localize(None).dt.normalize()
    ids = rows["customer_id"]
    who, _ = pd.factorize(ids.astype(str).where(ids.notna()), sort=True)
    alone = np.arange(len(rows), 2 * len(rows))
    return rows.assign(
        week=day - pd.to_timedelta(day.dt.day_of_week, unit="D"),
        who=np.where(who < 0, alone, who),
        happened=rows["happened"].astype(bool),
    )


def _counted(rows: pd.DataFrame, dimension: str) -> pd.DataFrame:
    """A row a customer, week and place: columns week, place, who, happened."""
    place = rows[dimension].astype("object") if dimension else ANYWHERE
    told = rows[["week", "who", "happened"]].assign(place=place)
    if dimension:
        told = told[told["place"].notna() & told["place"].ne("")]
    return told.groupby(["week", "place", "who"], sort=True)["happened"].any().reset_index()


def _searched(rows: pd.DataFrame, k: int, random: np.random.Generator) -> list[dict[str, Any]]:
    """The hottest spot of one pain, then those of other places beyond chance; none where all is even."""
    begin = rows["week"].min()
    week = ((rows["week"] - begin).dt.days // 7).to_numpy()
    place, names = pd.factorize(rows["place"], sort=True)
    happened = rows["happened"].to_numpy()
    heat = _search(week, place, k)
    found = hottest(heat(np.flatnonzero(happened)), int(week.max()) + 1)
    if not found:
        return []
    deals = _deals(heat, happened, found[0].heat, random)
    spots: list[dict[str, Any]] = []
    for spot in found:
        chance = _beyond(spot.heat, *deals)
        if spots and chance > CHANCE:
            break
        then, there = (week >= spot.first) & (week < spot.after), place == spot.place
        flares = chance <= CHANCE
        if flares and len(names) > 1:
            own = _search(week[there], place[there] * 0, k)
            beside = _search(week[then] * 0, place[then], k, largest=1.0)
            when, where = np.flatnonzero(happened[there]), np.flatnonzero(happened[then])
            flares = all(
                hot > 0 and _beyond(hot, *_deals(each, its, hot, random)) <= CHANCE
                for each, its, hot in (
                    (own, happened[there], float(own(when).max())),
                    (beside, happened[then], float(beside(where)[0, spot.place])),
                )
            )
        told = {
            "place": str(names[spot.place]),
            "first": begin + pd.Timedelta(days=7 * spot.first),
            "last": begin + pd.Timedelta(days=7 * spot.after - 1),
            "customers": rows["who"][then & there].nunique(),
        }
        shares = _shares(happened, then, there, k)
        spots.append({**told, **shares, "chance": chance, "flares": flares})
    return spots


def _search(week: Array, place: Array, k: int, largest: float = LARGEST) -> Callable[[Array], Array]:
    """The heat of every run of weeks at every place, given the rows in which it hurt."""
    shape = (int(week.max()) + 1, int(place.max()) + 1)
    cell = week * shape[1] + place
    heated = heat_of(_table(cell, shape), k=k, largest=largest)

    def heat(hurt: Array) -> Array:
        return heated(_table(cell[hurt], shape))

    return heat


def _deals(
    heat: Callable[[Array], Array], happened: Array, found: float, random: np.random.Generator
) -> tuple[Array, bool]:
    """The greatest heat of each deal, and whether dealing stopped early, `found` being only chance."""
    greatest: list[float] = []
    hotter, cases = 0, int(happened.sum())
    while len(greatest) < DEALS and hotter < ENOUGH:
        dealt = random.choice(len(happened), cases, replace=False, shuffle=False)
        greatest.append(float(heat(dealt).max()))
        hotter += greatest[-1] >= found * (1 - 1e-12)
    return np.array(greatest), hotter == ENOUGH


def _beyond(heat: float, dealt: Array, stopped: bool) -> float:
    """Chance of a greatest heat of `heat` or more: among the deals, or by the Gumbel fitted to them."""
    if stopped:
        return float((dealt >= heat * (1 - 1e-12)).mean())
    wide = max(float(dealt.std(ddof=1)) * np.sqrt(6) / np.pi, 1e-9)
    return float(-np.expm1(-np.exp(-(heat - dealt.mean()) / wide - EULER)))


def _shares(happened: Array, then: Array, there: Array, k: int) -> dict[str, Any]:
    inside = then & there
    n, cases = int(inside.sum()), int(happened[inside].sum())
    low, high = wilson(np.array([cases]), np.array([n]))
    return {
        "rows": n,
        "cases": cases,
        "share": cases / n,
        "low": float(low[0]),
        "high": float(high[0]),
        "others_share": _share(happened[~inside], k),
        "own_share": _share(happened[there & ~then], k),
        "own_about": _about(happened[there & ~then], k),
        "same_time_share": _share(happened[then & ~there], k),
    }


def _share(happened: Array, k: int) -> float:
    return float(happened.mean()) if len(happened) >= k else float("nan")


def _about(happened: Array, k: int) -> float:
    """The share, rounded so that `k` counts or more give the same; missing where no step is that wide."""
    n = len(happened)
    # the lowest and the highest step are half as wide
    step = next((step for step in (0.01, 0.02, 0.05, 0.1, 0.2) if step * n >= 2 * k), None)
    return float("nan") if step is None else round(float(happened.mean()) / step) * step


def _table(cell: Array, shape: tuple[int, int]) -> Array:
    return np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)


def runs(table: Array) -> Array:
    """Sums of weeks by place over every run of 1 to 13 weeks: the runs of a length after each other."""
    total = np.vstack([np.zeros((1, table.shape[1]), np.int64), np.cumsum(table, axis=0)])
    most = min(LONGEST, len(table))
    return np.concatenate([total[length:] - total[:-length] for length in range(1, most + 1)])


def heat_of(rows: Array, *, k: int, largest: float = LARGEST) -> Callable[[Array], Array]:
    """How far each run of weeks at each place stands out: 0 where it does not, or may not be looked at.

    `rows` by week and place; of what comes back it is asked how many of them hurt. The log of a likelihood
    ratio: the rows of a run with a share of their own and all others with theirs, over one share for all
    (Bernoulli). What only `rows` decide is worked out once, for a search asks some hundred times.
    """
    whole, places = int(rows.sum()), rows.shape[1]
    room = runs(rows)
    at = np.flatnonzero((room >= k) & (room <= largest * whole))
    n = room.ravel()[at]
    # where in the sums of all weeks before it each run that may be looked at begins, and where it ends
    lengths, begins = _every(len(rows))
    begin = begins[at // places] * places + at % places
    end = begin + lengths[at // places] * places
    others = whole - n
    log = _x_log_x(1 << int(whole).bit_length()).__getitem__
    fixed = log(whole) - log(n) - log(others)

    def heat(hurt: Array) -> Array:
        all_hurt = int(hurt.sum())
        total = np.zeros((len(hurt) + 1) * places, np.int64)
        np.cumsum(hurt, axis=0, out=total[places:].reshape(hurt.shape))
        c = total[end] - total[begin]
        rest = all_hurt - c
        told = np.flatnonzero(c * others > rest * n)
        c, rest = c[told], rest[told]
        ratio = log(c) + log(n[told] - c) + log(rest) + log(others[told] - rest)
        ratio += fixed[told] - (log(all_hurt) + log(whole - all_hurt))
        found = np.zeros(room.size)
        found[at[told]] = ratio
        return found.reshape(room.shape)

    return heat


@cache
def _x_log_x(most: int) -> Array:
    """Every count below `most` times its logarithm: counts are few, and a search asks for each many times."""
    count = np.arange(most, dtype=float)
    return special.xlogy(count, count)


def _every(weeks: int) -> tuple[Array, Array]:
    """How long every run of `runs` is, and the week it begins in."""
    lengths = np.repeat(np.arange(1, LONGEST + 1), [max(weeks - n + 1, 0) for n in range(1, LONGEST + 1)])
    begins = np.concatenate([np.arange(max(weeks - n + 1, 0)) for n in range(1, LONGEST + 1)])
    return lengths, begins


def hottest(heat: Array, weeks: int) -> list[Spot]:
    """Each place's hottest run of weeks, the hottest place first; of equals the shortest and first."""
    run = heat.argmax(axis=0)
    lengths, begins = _every(weeks)
    spots = [
        Spot(float(heat[at, place]), place, int(begins[at]), int(begins[at] + lengths[at]))
        for place, at in enumerate(run)
        if heat[at, place] > 0
    ]
    return sorted(spots, key=lambda spot: (-spot.heat, spot.place))
