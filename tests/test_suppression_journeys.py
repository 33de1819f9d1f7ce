"""Whoever has every table of the page on journeys cannot work out a group of fewer than k customers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from attack import World
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tables import cells

import journey_lib as jl
from journey_lib import sections
from journey_lib.model import Result

K = 10
QUIETLY = {"deadline": None, "derandomize": True, "phases": [Phase.explicit, Phase.generate]}

# --- chains: ever fewer of the same people ---


def chain(text: str, columns: tuple[str, ...], by: tuple[str, ...] = (), **declared: Any) -> list[list[str]]:
    """A small table as it is shown: its numbers, and nothing where one is hidden."""
    table = pd.DataFrame(cells(text))
    for name in columns:
        table[name] = pd.to_numeric(table[name])
    result = Result("chain", table, base=columns[-1], people=columns[:-1], chains={columns: by}, **declared)
    shown = result.suppressed(K).table[[*columns]]
    return [["" if pd.isna(n) else f"{n:g}" for n in row] for row in shown.to_numpy()]


def test_a_step_that_few_do_not_take_is_hidden_and_the_next_is_held_against_the_last_shown() -> None:
    """95 leave five of 100; 92 leave eight of them; 80 leave twenty."""
    steps = """
        step | customers
        a    | 100
        b    | 95
        c    | 92
        d    | 80
        e    | 80
        f    | 4
        g    | 0
        """
    assert chain(steps, ("customers",)) == [["100"], [""], [""], ["80"], ["80"], [""], ["0"]]


def test_a_number_that_stands_in_two_rows_is_hidden_in_both() -> None:
    steps = """
        step | of  | customers
        a    |     | 100
        b    | 100 | 95
        c    | 95  | 60
        """
    assert chain(steps, ("of", "customers")) == [["", "100"], ["", ""], ["", "60"]]


def test_a_number_that_grows_is_counted_from_nobody() -> None:
    days = """
        day | customers
        0   | 0
        1   | 6
        2   | 12
        3   | 20
        4   | 22
        """
    assert chain(days, ("customers",)) == [["0"], [""], ["12"], [""], ["22"]]


def test_every_line_of_a_table_is_a_chain_of_its_own() -> None:
    weeks = """
        week | customers
        1    | 100
        1    | 95
        2    | 95
        2    | 50
        """
    assert chain(weeks, ("customers",), ("week",)) == [["100"], [""], ["95"], ["50"]]


def test_of_enough_people_nothing_is_hidden() -> None:
    steps = """
        step | of  | customers
        a    |     | 100
        b    | 100 | 90
        c    | 90  | 90
        """
    assert chain(steps, ("of", "customers")) == [["", "100"], ["100", "90"], ["90", "90"]]


# --- the funnel, what those did who stopped, the curve and the weeks ---

STEPS = ("see", "ask", "buy")
THINGS = ("chat", "mail")
NEVER = "never"  # of the last day, so that the data do not end before
START = dt.datetime(2025, 1, 6, 9)  # a Monday
DAYS = {"w0": 0, "w1": 7, "late": 36}  # when somebody enters; the data end on the 40th day
Counts = Mapping[tuple[str, int, str], int]


class Ways(World):
    """Customers by way and by what they did then: a way that nobody took is not known to be empty."""

    def __post_init__(self) -> None:
        super().__post_init__()
        ways = [f"{when} {far}" for when in DAYS for far in range(3)] + ["apart 1", "apart 2", f"{NEVER} 0"]
        counted = pd.crosstab(self.persona, self.kind)
        self.cells = list(product(ways, ("nothing", *THINGS)))
        self.truth = np.array([counted.get(then, {}).get(way, 0) for way, then in self.cells], float)


def log(who: Counts, apart: tuple[int, int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Events, and of each customer what the attack does not know: when, how far, and what came next.

    `who` counts customers by when they entered, the last step they came to and what they did after it;
    `apart` those who were at the second and at the third step without the first.
    """
    events, truth = [], []

    def customer(when: str, far: int | str, then: str, touched: list[tuple[int, str]]) -> None:
        code = f"c{len(truth):05}"
        truth.append((f"{when} {far}", then))
        events.extend((code, START + dt.timedelta(days=day), what) for day, what in touched)

    for (when, far, then), n in who.items():
        way = [(DAYS[when] + step, STEPS[step]) for step in range(far + 1)]
        after = [] if then == "nothing" else [(DAYS[when] + 3, then)]
        for _each in range(n):
            customer(when, far, then, [*way, *after])
    for step, n in zip((1, 2), apart, strict=True):
        for _each in range(n):
            customer("apart", step, "nothing", [(1, STEPS[step])])
    for _each in range(30):
        customer(NEVER, 0, "nothing", [(40, "chat")])
    frame = pd.DataFrame(events, columns=["customer", "time", "channel"])
    frame = frame.assign(conversion=False, value=np.nan)
    return frame, pd.DataFrame(truth, columns=["way", "then"])


def _of(world: World, ways: list[str], then: str | None = None) -> np.ndarray:
    return np.sum([world.of(way, then) for way in ways] or [np.zeros(len(world.cells))], axis=0)


def _far(least: int, *whens: str) -> list[str]:
    """The ways of those who came at least to a step."""
    return [f"{when} {step}" for when in whens for step in range(least, 3)]


def see_funnel(world: World, funnel: Result) -> None:
    of = partial(_of, world)
    for row in funnel.table.to_dict("records"):
        step = STEPS.index(row["step"])
        here, before, first = (of(_far(n, "w0", "w1")) for n in (step, max(step - 1, 0), 0))
        world.see(row["reach"], of([*_far(step, *DAYS), *([f"apart {step}"] if step else [])]))
        world.see(row["customers"], here)
        world.see(row["open"], of(_far(step, "late")))
        if step:
            world.see(row["of_previous"], before)
            world.share(row["conversion"], here, before)
        world.share(row["total"], here, first)
    told = funnel.quoted(K)
    world.see(told["entered"], of(_far(0, "w0", "w1")))
    world.see(told["open"], of(_far(0, "late")))


def see_dropped(world: World, dropped: Result, what: str) -> None:
    """What was done next or last, which here are the same: each by itself."""
    for row in dropped.table[dropped.table["what"] == what].to_dict("records"):
        stopped = [f"{when} {STEPS.index(row['step'])}" for when in ("w0", "w1")]
        did = "nothing" if row["name"] in ("(nothing more)", row["step"]) else row["name"]
        here, everyone = _of(world, stopped, did), _of(world, stopped)
        world.see(row["customers"], here)
        world.see(row["of"], everyone)
        world.share(row["share"], here, everyone)


def see_curve(world: World, waited: Result, *, risk: bool) -> None:
    world.see(waited.quoted(K)["entered"], _of(world, _far(0, *DAYS)))
    for row in waited.table.to_dict("records"):
        world.see(row["customers"], _of(world, _far(2, *DAYS) if row["day"] >= 2 else []))
        last = {(when, step): 2 if step == 2 else 40 - DAYS[when] for when in DAYS for step in range(3)}
        if risk:
            watched = [f"{when} {step}" for (when, step), day in last.items() if row["day"] <= day]
            world.see(row["at_risk"], _of(world, watched))


def see_weeks(world: World, weekly: Result) -> None:
    for row in weekly.table.to_dict("records"):
        step, when = STEPS.index(row["step"]), "w0" if row["week"].day == START.day else "w1"
        here, before = _of(world, _far(step, when)), _of(world, _far(step - 1, when))
        world.see(row["customers"], here)
        world.see(row["of"], before)
        world.share(row["share"], here, before)


def groups(world: World) -> dict[str, np.ndarray]:
    """Whom a reader might ask about: who came, stopped or was apart, in a week or in all; not who is open."""
    asked = {}
    for whens in (("w0",), ("w1",), ("w0", "w1")):
        for least in range(3):
            for most in range(least, 3):
                names = {f"{when} {step}" for when in whens for step in range(least, most + 1)}
                for then in (None, "nothing", *THINGS):
                    here = [world.of(name, then) for name in sorted(names)]
                    asked[f"{whens} {least}–{most} {then}"] = np.sum(here, axis=0)
    for step in (1, 2):
        asked[f"apart {step}"] = world.of(f"apart {step}")
    return asked


def given_away(world: World, asked: Mapping[str, np.ndarray], k: int = K) -> list[str]:
    """The groups of fewer than `k` that follow from all that is known of the world."""
    if not world.known:
        return []
    _left, sizes, right = np.linalg.svd(np.vstack(world.known))
    free = right[int((sizes > 1e-9).sum()) :]
    return [
        f"{name}: {cells @ world.truth:g}"
        for name, cells in asked.items()
        if 0.5 < cells @ world.truth < k and (not len(free) or np.abs(free @ cells).max() < 1e-6)
    ]


def attacked(who: Counts, apart: tuple[int, int], k: int = K) -> list[str]:
    events, truth = log(who, apart)
    touches = jl.touches.from_frame(
        events, customer_id="customer", timestamp="time", channel="channel", conversion="conversion"
    )
    cut = {"order": "loose"}
    found = jl.journeys.together(
        {
            "funnel": partial(jl.funnel.funnel, touches, STEPS, within="20d", **cut),
            "dropped": partial(jl.funnel.dropped, touches, STEPS, within="20d", **cut),
            "waited": partial(jl.funnel.time_to, touches, STEPS, **cut),
            "weekly": partial(jl.funnel.trend, touches, STEPS, within="20d", **cut),
        }
    )
    away = []
    # When somebody was last watched says when they came: whoever has both the weeks and those still at risk
    # knows of the customers of each week how many are on their way. See docs/adr/0014.
    for risk in (True, False):
        world = Ways(truth["way"], truth["then"])
        see_funnel(world, found["funnel"].suppressed(k))
        see_dropped(world, found["dropped"].suppressed(k), "next" if risk else "last")
        see_curve(world, sections.waited(found, k), risk=risk)
        if not risk:
            see_weeks(world, found["weekly"].suppressed(k))
        away += given_away(world, groups(world))
    return away


def shop(n: int, **more: int) -> Counts:
    """The same number of every way, but where said: ``w0_1_chat=4``, or ``w0_1=5`` for that way in all."""
    ways = [(when, far, then) for when in DAYS for far in range(3) for then in ("chat", "mail", "nothing")]
    counts = {}
    for when, far, then in ways:
        whole = more.get(f"{when}_{far}")
        some = n if whole is None else whole if then == "chat" else 0
        counts[when, far, then] = more.get(f"{when}_{far}_{then}", some)
    return counts


MADE = {
    "all but five go on": (shop(40, w0_0=5, w1_0=0), (20, 30)),
    "few did something else": (shop(40, w0_1_chat=3, w1_1_chat=1), (20, 30)),
    "all but few did the same": (shop(0, w0_0_chat=60, w0_0_mail=4, w0_1=50, w0_2=44), (20, 30)),
    "few in the second week": (shop(40, w1_0=3), (20, 30)),
    "few were there in another order": (shop(40), (3, 4)),
    "few come to the end": (shop(40, w0_2=3, w1_2=1), (20, 30)),
    "few come to the end, and all in one week": (shop(40, w0_2=90, w1_2=4), (20, 30)),
}


@pytest.mark.parametrize(("who", "apart"), MADE.values(), ids=MADE)
def test_a_shop_made_to_give_somebody_away_does_not(who: Counts, apart: tuple[int, int]) -> None:
    assert not attacked(who, apart)


def test_the_attack_finds_what_is_not_hidden() -> None:
    found = attacked(*MADE["all but five go on"], k=1)
    assert "('w0', 'w1') 0–0 None: 5" in found


COUNT = st.one_of(st.just(0), st.integers(1, 12), st.integers(8, 60))


@pytest.mark.slow
@given(st.lists(COUNT, min_size=27, max_size=27).filter(lambda n: n[6] and n[7]), st.tuples(COUNT, COUNT))
@settings(max_examples=12, **QUIETLY)
def test_no_shop_gives_a_group_of_few_away(counts: list[int], apart: tuple[int, int]) -> None:
    assert not attacked(dict(zip(shop(0), counts, strict=True)), apart)
