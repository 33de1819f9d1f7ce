"""What somebody could work out who has every table of a report: sums and differences of all that is shown.

A world is a table of truth, a row a customer. Whoever attacks does not have it; it only says which customers
a number counts. Each number that is shown is an equation between the cells of the world; a group is given
away when the equations together leave its size one value, and it is of fewer than `k` people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import pandas as pd

from journey_lib.personas.portrait import UNKNOWN

NONE = "(none)"
Tables = Mapping[str, pd.DataFrame]
Facts = Mapping[str, Mapping[str, object]]


@dataclass
class World:
    """Customers by persona and by one thing more; `known` collects the numbers that are shown."""

    persona: pd.Series
    kind: pd.Series
    innocent: tuple[str, ...] = ()  # kinds that are no group: of whom something was not recorded
    # Personas and kinds of which readers cannot know that there is nobody.
    personas: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    known: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.persona, self.kind = self.persona.fillna(NONE).astype(str), self.kind.fillna(NONE).astype(str)
        self.personas = tuple(sorted({*self.persona, *self.personas}))
        self.kinds = tuple(sorted({*self.kind, *self.kinds}))
        self.cells = list(product(self.personas, self.kinds))
        counted = pd.crosstab(self.persona, self.kind).reindex(
            index=self.personas, columns=self.kinds, fill_value=0
        )
        self.truth = np.array([counted.loc[cell] for cell in self.cells], float)

    def of(self, persona: object = None, kind: object = None, *, others: bool = False) -> np.ndarray:
        """Which cells a number counts: those of a persona, or of the `others`; of a kind or some."""
        kinds = None if kind is None else {kind} if isinstance(kind, str) else {*kind}  # type: ignore[misc]
        return np.array(
            [
                float((persona is None or (who == persona) != others) and (kinds is None or what in kinds))
                for who, what in self.cells
            ]
        )

    def see(self, number: object, cells: np.ndarray) -> None:
        """A number that is shown; the attack stands on its being the one the world says."""
        if number is None or pd.isna(number):
            return
        assert abs(float(number) - cells @ self.truth) < 1e-6, (number, cells @ self.truth)  # type: ignore[arg-type]
        self.known.append(cells)

    def share(self, number: object, part: np.ndarray, whole: np.ndarray) -> None:
        """A share in all its digits: as a fraction it tells both numbers it is of."""
        if number is not None and not pd.isna(number) and whole @ self.truth:
            assert abs(float(number) - part @ self.truth / (whole @ self.truth)) < 1e-9  # type: ignore[arg-type]
            if 0 < float(number) < 1:  # type: ignore[arg-type]
                self.known += [part, whole]
            else:  # nobody, or everybody: how many these are it does not say
                self.known.append(part if not float(number) else whole - part)  # type: ignore[arg-type]

    def found(self, k: int) -> list[str]:
        """The groups of fewer than `k` people that follow from what is shown."""
        if not self.known:
            return []
        _left, sizes, right = np.linalg.svd(np.vstack(self.known))
        free = right[int((sizes > 1e-9).sum()) :]
        names = [None, *self.personas]
        kinds = [None, *sorted({*self.kinds} - {*self.innocent})]
        asked = {}
        for persona, kind in product(names, kinds):
            cells = self.of(persona, kind)
            asked[f"{persona} & {kind}"] = cells
            if persona is not None:
                asked[f"not {persona} & {kind}"] = self.of(persona, kind, others=True)
            if kind is not None:
                rest = tuple({*kinds} - {None, kind})
                asked[f"{persona} & not {kind}"] = self.of(persona, rest)
        return [
            f"{name}: {cells @ self.truth:g}"
            for name, cells in asked.items()
            if 0.5 < cells @ self.truth < k and (not len(free) or np.abs(free @ cells).max() < 1e-6)
        ]


def sizes(world: World, tables: Tables, facts: Facts) -> None:
    """What the table of sizes tells of the personas alone."""
    for row in tables["persona_sizes"].to_dict("records"):
        world.see(row["customers"], world.of(row["persona"]))
        world.share(row["share"], world.of(row["persona"]), world.of())
    if "persona_accounts" in tables:
        inside, *outside = tables["persona_accounts"]["customers"]
        world.see(inside, world.of(NONE, others=True))
        world.see(sum(outside), world.of(NONE))
    told = facts["persona_sizes"]
    world.see(told["customers"], world.of())
    world.see(told["not_placed"], world.of(NONE))
    world.see(told["placed"], world.of(NONE, others=True))


def bought(world: World, tables: Tables, facts: Facts) -> None:
    """Kinds "0", "1" and "2" of conversions."""
    sizes(world, tables, facts)
    for row in tables["persona_sizes"].to_dict("records"):
        who = row["persona"]
        buyers, again = world.of(who, ("1", "2")), world.of(who, "2")
        world.see(row["buyers"], buyers)
        world.see(row["repeaters"], again)
        world.share(row["conversion_rate"], buyers, world.of(who))
        world.share(row["repeat_rate"], again, buyers)
    known(world, tables, "recency_conversion_days", ("1", "2"))
    if "rfm" in tables:
        world.see(facts["rfm"]["customers"], world.of(None, ("1", "2")))
        world.see(facts["rfm"]["without"], world.of(None, "0"))
        for row in tables["rfm"].to_dict("records"):
            world.see(row["of"], world.of(None, ("1", "2")))


def known(world: World, tables: Tables, feature: str, kinds: tuple[str, ...]) -> None:
    """Of whom a trait is known: those of some kinds."""
    for name in ("persona_traits", "persona_strengths", "persona_changes"):
        table = tables.get(name, pd.DataFrame(columns=["feature"]))
        for row in table[table["feature"] == feature].to_dict("records"):
            who = row["persona"]
            world.see(row["n"], world.of(who, kinds))
            world.see(row.get("members"), world.of(who))
            if "rest_n" in row:
                world.see(row["rest_n"], world.of(who, kinds, others=True))
                world.see(row.get("others"), world.of(who, others=True))


def classes(world: World, tables: Tables, facts: Facts, feature: str) -> None:
    """Who they are: the classes of one feature, and those of whom it is not known."""
    sizes(world, tables, facts)
    table = tables["persona_demographics"]
    every = tuple({*world.kind} - {NONE})
    for row in table[table["feature"] == feature].to_dict("records"):
        who, unknown = row["persona"], row["value"] == UNKNOWN
        kind = NONE if unknown else str(row["value"])
        whole = None if unknown else every
        world.see(row["customers"], world.of(who, kind))
        world.see(row["known"], world.of(who, whole))
        world.share(row["share"], world.of(who, kind), world.of(who, whole))
        world.see(row.get("others"), world.of(who, kind, others=True))
        world.see(row.get("others_known"), world.of(who, whole, others=True))
        world.share(row["rest"], world.of(who, kind, others=True), world.of(who, whole, others=True))


def laid_over(world: World, tables: Tables, facts: Facts, overlap: str, other: str) -> None:
    """Kinds are the groups of another grouping, of which some customers may have none."""
    sizes(world, tables, facts)
    every = tuple({*world.kind} - {NONE})
    for row in tables[overlap].to_dict("records"):
        who, kind = row["a"], row["b"]
        world.see(row["customers"], world.of(who, kind))
        world.see(row.get("size"), world.of(who))
        world.see(row["of"], world.of(who, every))
        world.share(row["share"], world.of(who, kind), world.of(who, every))
    told = facts[overlap]
    world.see(told["only_a"], world.of(NONE, NONE, others=True))
    world.see(told["only_b"], world.of(NONE, every))
    world.see(told["customers"], world.of(NONE, every, others=True))
    for row in tables[other].to_dict("records"):
        world.see(row["customers"], world.of(None, row["segment"]))
        world.see(row["of"], world.of(None, every))
        world.share(row["share"], world.of(None, row["segment"]), world.of(None, every))


FITS_NONE, LITTLE, LEFT = "(fits none)", "(known too little)", "(no row)"


def moved(world: World, tables: Tables, facts: Facts) -> None:
    """Personas are those of before, kinds those of now: `FITS_NONE` on both days, `LITTLE` and `LEFT` now."""
    placed = tuple(kind for kind in world.kinds if kind not in (FITS_NONE, LITTLE, LEFT))
    today = tuple(kind for kind in world.kinds if kind != LEFT)
    of, codes = world.of, [who for who in world.personas if who not in (NONE, FITS_NONE)]
    now_sizes(world, tables, facts, placed, today)
    for row in tables["persona_migration"].to_dict("records"):
        before = row["before"] or FITS_NONE
        now = {"": FITS_NONE, "gone": (LITTLE, LEFT)}.get(row["now"], row["now"])
        world.see(row["customers"], of(before, now))
        world.share(row["share"], of(before, now), of(before))
    told = facts["persona_migration"]
    both = np.sum([of(who, placed) for who in codes], axis=0) if codes else 0 * of()
    same = np.sum([of(who, who) for who in codes], axis=0) if codes else 0 * of()
    world.see(told["customers"], both)
    world.see(told["kept"], same)
    world.see(told["changed"], both - same)
    world.see(told["placed"], of(None, placed))
    world.see(told["new"], of(None, placed) - both)
    world.share(told["stayed"], same, both)
    for row in tables["persona_changes"].to_dict("records"):
        if row["feature"] == "conversions":  # known of everybody
            world.see(row["n"], of(None, row["persona"]))
            world.see(row["before_n"], of(row["persona"]))


def kept(world: World, tables: Tables, facts: Facts) -> None:
    """What is told of all who are known well enough, now and on the day the personas of a file are of."""
    of, codes = world.of, [who for who in world.personas if who not in (NONE, FITS_NONE)]
    known = tuple(kind for kind in world.kinds if kind not in (LITTLE, LEFT))
    then = sum((of(who) for who in (*codes, FITS_NONE) if who in world.personas), 0 * of())
    for row in tables["persona_kept"].to_dict("records"):
        world.see(row["customers"], of(None, row["persona"]))
        world.share(row["share"], of(None, row["persona"]), of(None, known))
        world.see(row["before"], of(row["persona"]))
        world.share(row["before_share"], of(row["persona"]), then)
    for name in ("persona_kept", "persona_alternatives"):
        world.see(facts[name]["known"], of(None, known))
        world.see(facts[name]["fits_none"], of(None, FITS_NONE))
        world.see(facts[name]["too_little"], of(None, LITTLE))
    world.see(facts["persona_alternatives"]["customers"], of(None, known))
    world.see(facts["persona_gate"]["customers"], of(None, known))
    world.see(facts["persona_gate_then"]["customers"], then)
    # cards and traits are beside those known as well, as a rule
    among = tuple(facts["base"]["kinds"])  # type: ignore[arg-type]
    for row in tables["persona_traits_of_known"].to_dict("records"):
        if row["feature"] == "conversions":
            others = tuple(kind for kind in among if kind != row["persona"])
            world.see(row["n"], of(None, row["persona"]))
            world.see(row["rest_n"], of(None, others))


def now_sizes(
    world: World, tables: Tables, facts: Facts, placed: tuple[str, ...], today: tuple[str, ...]
) -> None:
    """What is told of the personas of today, where these are the kinds."""
    of = world.of
    for row in tables["persona_sizes"].to_dict("records"):
        world.see(row["customers"], of(None, row["persona"]))
        world.share(row["share"], of(None, row["persona"]), of(None, today))
    parts = {
        "in a persona": placed,
        "fit none": FITS_NONE,
        "known too little": LITTLE,
        "in none of these": (FITS_NONE, LITTLE),
    }
    for row in tables["persona_accounts"].to_dict("records"):
        world.see(row["customers"], of(None, parts[row["group"]]))
        world.share(row["share"], of(None, parts[row["group"]]), of(None, today))
    told = facts["persona_sizes"]
    world.see(told["customers"], of(None, today))
    world.see(told["placed"], of(None, placed))
    world.see(told["not_placed"], of(None, (FITS_NONE, LITTLE)))


def bought_before(world: World, tables: Tables) -> None:
    """Personas of before, and kinds "0" and "1" of conversions then."""
    for row in tables["persona_migration"].to_dict("records"):
        if row["customers"] and pd.notna(row["share"]):
            world.see(round(row["customers"] / row["share"]), world.of(row["before"] or FITS_NONE))
    for row in tables["persona_changes"].to_dict("records"):
        kinds = {"conversions": ("0", "1"), "recency_conversion_days": ("1",)}.get(row["feature"])
        if kinds:
            world.see(row["before_n"], world.of(row["persona"], kinds))


TOP, PAID, FREE, NEVER = "the most valuable", "paid", "bought, brought nothing", "never bought"
BOUGHT = (TOP, PAID, FREE)


def valued(world: World, tables: Tables, facts: Facts, feature: str, classes: Mapping[str, str]) -> None:
    """Personas are `TOP`, `PAID`, `FREE` and `NEVER`, kinds those of a feature; `classes` of the audience."""
    every = tuple(kind for kind in world.kinds if kind != NONE)

    def of(who: tuple[str, ...], kind: object = None) -> np.ndarray:
        return np.sum([world.of(each, kind) for each in who], axis=0)

    told = facts["value_profile"]
    world.see(told["customers"], of((TOP,)))
    world.see(told["of"], of((TOP, PAID)))
    world.see(told["others"], of((PAID,)))
    world.see(told["unpaid"], of((FREE,)))
    world.see(facts["rfm"]["customers"], of(BOUGHT))
    world.see(facts["rfm"]["without"], of((NEVER,)))
    for row in tables["value_profile"].to_dict("records"):
        if row["feature"] not in (feature, "conversions"):
            continue
        whole = every if row["trait"] else None
        kind = row["trait"] or whole
        world.see(row["customers"], of((TOP,), kind))
        world.see(row["n"], of((TOP,), whole))
        world.see(row["of"], of((TOP, PAID), whole))
        if row["trait"]:
            world.share(row["top"], of((TOP,), kind), of((TOP,), whole))
            world.share(row["base"], of((TOP, PAID), kind), of((TOP, PAID), whole))
    world.see(facts["audience"]["customers"], of(BOUGHT))
    rest = tuple(kind for kind in every if kind not in classes)
    for row in tables["audience"].to_dict("records"):
        kind = row["trait"] if row["trait"] in classes else rest
        world.see(row["customers"], of(BOUGHT, kind))
        world.see(row["of"], of(BOUGHT, every))
        world.see(row["unknown"], of(BOUGHT, NONE))
        world.share(row["share"], of(BOUGHT, kind), of(BOUGHT, every))
        world.share(row["unknown_share"], of(BOUGHT, NONE), of(BOUGHT))
        if pd.notna(row["gap"]):
            world.share(row["gap"] + row["target"], of(BOUGHT, kind), of(BOUGHT, every))
        if pd.notna(row["index"]):
            world.share(row["index"] * row["target"], of(BOUGHT, kind), of(BOUGHT, every))
