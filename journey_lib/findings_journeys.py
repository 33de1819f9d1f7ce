"""What the views of journeys say, in words: computed numbers with their base, and never a cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from journey_lib import i18n
from journey_lib import journeys as views
from journey_lib.charts import named
from journey_lib.charts_flows import about
from journey_lib.findings import _bold, _name
from journey_lib.findings_conformance import _points
from journey_lib.funnel import NOTHING
from journey_lib.i18n import text as _
from journey_lib.model import NO_TOUCH, OTHER, Result

Names = Mapping[str, str]
FEW = 30  # journeys or customers below which a rate is not worth a sentence
RATE = "conversion rate"
VIEW_NAMES = {
    "transitions": "next steps",
    "flows": "touch by touch",
    "first_touches": "first touch",
    "last_touches": "last touch",
    "lengths": "length",
    "durations": "duration",
    "paths": "whole ways",
    "detours": "detours",
    "funnel": "from stage to stage",
    "dropped": "what those did who stopped",
    "stages_now": "stage now",
    "time_to": "days to the last stage",
    "repeat": "days to the second conversion",
    "retention": "monthly cohorts",
    "planned_steps": "steps of the plan",
    "pattern": "the pattern",
    "overview": "segments",
}


def lengths(result: Result) -> str:
    """How many journeys have one touch only, and how long the others are (`journeys.lengths`)."""
    table, facts = result.table, result.facts
    single = table[table["length"] == "1"]
    alone = int(single["journeys"].sum())
    return _(
        "{journeys} journeys, of which {converted} converted and {open} are still open. {alone} of all have"
        " one touch only; those that converted had {touches} touches on average.",
        journeys=_bold(i18n.number(facts["journeys"])),
        converted=_bold(i18n.number(facts["conversions"])),
        open=i18n.number(facts["open"]),
        alone=_bold(i18n.percent(alone / facts["journeys"])) if facts["journeys"] else "–",
        touches=i18n.number(_mean_touches(table), 1),
    )


def by_steps(result: Result, names: Names, k: int) -> str:
    """Why journeys by touchpoint and by stage are not as many as by channel; else empty.

    The same words on every page that counts journeys, whichever of these it counts (`journeys.by_steps`).
    """
    first, *others = result.table.to_dict(orient="records")
    if all(row["journeys"] == first["journeys"] for row in others):
        return ""
    said = [
        _(
            "By channel, as in the reports on journeys and on attribution, there are {n} journeys.",
            n=_bold(i18n.number(first["journeys"])),
        )
    ]
    for row in others:
        said.append(
            _(
                "By touchpoint, as in the report on touchpoints, there are {n}: {why}."
                if row["by"] == "touchpoint"
                else "By stage, as where journeys turn back and on the journey map, there are {n}: {why}.",
                n=_bold(i18n.number(row["journeys"])),
                why=_why(row, k),
            )
        )
        if row["last_there"] >= k:
            said.append(
                _(
                    "The largest part of those without a channel was last at {place} ({there} of {more}).",
                    place=_name(row["last_at"], names),
                    there=i18n.number(row["last_there"]),
                    more=i18n.number(row["without_channel"]),
                )
            )
    return " ".join(said)


def untouched(result: Result) -> str:
    """How many conversions without a touch are of customers who never had one (`journeys.by_steps`)."""
    facts = result.facts
    if not facts["no_touch"]:
        return ""
    return _(
        "Of {none} conversions without a touch on a channel in the lookback, {never} are of customers of whom"
        " none is recorded at all, as in the report on data health; the others had theirs earlier or later.",
        none=i18n.number(facts["no_touch"]),
        never=_bold(i18n.number(facts["never_touched"])),
    )


def _why(row: Mapping[Any, Any], k: int) -> str:
    more, fewer = (i18n.people(row[name], k) for name in ("without_channel", "channel_only"))
    if not row["without_channel"] and not row["channel_only"]:
        return _("the same")
    if not row["channel_only"]:
        return _("{more} more, which hold no step with a channel", more=more)
    if not row["without_channel"]:
        return _("{fewer} fewer, for these hold no step of this kind", fewer=fewer)
    return _(
        "{more} more, which hold no step with a channel, and {fewer} fewer, which hold no step of this kind",
        more=more,
        fewer=fewer,
    )


def entries(result: Result, names: Names) -> str:
    """Where most journeys begin, and where those that begin there convert most often (`journeys.entries`)."""
    table = result.table[result.table["channel"] != NO_TOUCH]
    table = table[table["over"].fillna(0) >= FEW]
    if not len(table):
        return _("No channel begins enough journeys to say how they end.")
    most = table.sort_values("journeys", ascending=False).iloc[0]
    best = table.sort_values("conversion_rate", ascending=False).iloc[0]
    return _(
        "Most journeys begin with {most} ({n}; {rate} of those that are over converted). Those that begin"
        " with {best} convert most often: {best_rate} of {best_n} (95% interval {low} to {high}). Who begins"
        " where is no accident: the difference does not say what a channel brings about.",
        most=_bold(_name(most["channel"], names)),
        n=i18n.number(most["journeys"]),
        rate=i18n.percent(most["conversion_rate"], 2),
        best=_bold(_name(best["channel"], names)),
        best_rate=_bold(i18n.percent(best["conversion_rate"])),
        best_n=i18n.number(best["over"]),
        low=i18n.percent(best["low"]),
        high=i18n.percent(best["high"]),
    )


def funnel(result: Result, names: Names) -> str:
    """How many enter and finish, and at which stage most of them are lost (`funnel.funnel`)."""
    table = result.table.dropna(subset=["customers"])  # stages too few customers reached are not spoken of
    if not len(table) or not table["customers"].iloc[0] > 0:
        return _("No customer entered the first stage in this period.")
    steps = table.iloc[1:].dropna(subset=["conversion"])
    last = table.iloc[-1]
    said = _(
        "{entered} customers entered, {finished} got as far as {stage} ({total}).",
        entered=_bold(i18n.number(table["customers"].iloc[0])),
        finished=_bold(i18n.number(last["customers"])),
        stage=_bold(_name(last["step"], names)),
        total=i18n.percent(last["customers"] / table["customers"].iloc[0], 2),
    )
    if not len(steps):
        return said
    worst = steps.sort_values("conversion").iloc[0]
    return (
        said
        + " "
        + _(
            "The fewest go on to {stage}: {rate} of {n} (95% interval {low} to {high}).",
            stage=_bold(_name(worst["step"], names)),
            rate=_bold(i18n.percent(worst["conversion"])),
            n=i18n.number(worst["of_previous"]),
            low=i18n.percent(worst["low"]),
            high=i18n.percent(worst["high"]),
        )
    )


def dropped(result: Result, names: Names) -> str:
    """What most customers did next who stopped, stage by stage (`funnel.dropped`)."""
    rows = result.table[result.table["what"] == "next"]
    sentences = []
    for stage, part in rows.groupby("step", sort=False):
        nothing = part[part["name"] == NOTHING]
        others = part[part["name"] != NOTHING].dropna(subset=["customers"])
        if not len(others) or not part["of"].iloc[0] >= FEW:
            continue
        first = others.sort_values("customers", ascending=False).iloc[0]
        sentences.append(
            _(
                "Of {n} who stopped at {stage}, {nothing} did nothing more that was recorded; most of the"
                " others went to {next} ({share}).",
                n=i18n.number(first["of"]),
                stage=_bold(_name(str(stage), names)),
                nothing=i18n.percent(float(nothing["share"].sum())),
                next=_bold(_name(first["name"], names)),
                share=i18n.percent(first["share"]),
            )
        )
    return " ".join(sentences) or _("Too few customers stopped at a stage to say what they did next.")


def detours(result: Result) -> str:
    """How often journeys repeat, skip and turn back, over all stages (`journeys.detours`)."""
    facts = result.facts
    steps = sum(facts[move] for move in ("repeat", "next", "skip", "back"))
    if not steps:
        return _("No journey has a second step.")
    return _(
        "Of {steps} steps from one stage to another or the same, {repeat} repeat the stage, {next} go on to"
        " the next, {skip} skip ahead and {back} go back.",
        steps=_bold(i18n.number(steps)),
        repeat=_bold(i18n.percent(facts["repeat"] / steps)),
        next=_bold(i18n.percent(facts["next"] / steps)),
        skip=_bold(i18n.percent(facts["skip"] / steps)),
        back=_bold(i18n.percent(facts["back"] / steps)),
    )


def compared(result: Result) -> str:
    """Where two groups differ most, and how few rows make most of it (`journeys.compare`)."""
    facts, (a, b) = result.facts, (_(name) for name in result.settings["names"])
    rows = result.table[result.table["real"] & ~result.table["structural"]]
    if not len(rows):
        return _(
            "Nothing differs between {a} and {b} by more than chance could make it ({rows} comparisons).",
            a=a,
            b=b,
            rows=i18n.number(facts["rows"]),
        )
    return _(
        "Of {rows} comparisons between {a} and {b}, {real} differ by more than chance explains; {few} make up"
        " 80% of the whole difference. These are differences between the groups, not effects of anything.",
        rows=i18n.number(facts["rows"]),
        a=_bold(a),
        b=_bold(b),
        real=_bold(i18n.number(facts["real_rows"])),
        few=_bold(i18n.number(facts["few"])),
    )


def pattern(result: Result) -> str:
    """How many journeys follow a pattern, and how differently they convert (`journeys.follow`)."""
    facts, shown = result.facts, result.table.dropna(subset=["journeys"])
    if len(shown) < len(result.table):
        return _(
            "Too few customers follow the pattern, or all but a few do: nothing can be said of the others."
        )
    said = _(
        "{matching} of {journeys} journeys follow the pattern {pattern} ({share}, 95% interval {low} to"
        " {high}).",
        matching=_bold(i18n.number(facts["matching"])),
        journeys=i18n.number(facts["journeys"]),
        pattern=_bold(_name(str(result.settings["pattern"]), {})),
        share=_bold(i18n.percent(facts["share"])),
        low=i18n.percent(facts["share_low"]),
        high=i18n.percent(facts["share_high"]),
    )
    if facts["structural"]:
        return said + " " + _("The pattern asks for the conversion itself: its rate says nothing.")
    if pd.isna(facts["difference"]):
        return said
    return (
        said
        + " "
        + _(
            "Of those that are over, their conversion rate differs from that of the others by {difference}"
            " points (95% interval {low} to {high}): a difference between journeys, not what following the"
            " pattern brings about.",
            difference=_bold(_points(facts["difference"])),
            low=_points(facts["difference_low"]),
            high=_points(facts["difference_high"]),
        )
    )


def differences(compared: Sequence[Result], names: Names) -> Result:
    """In which views two groups differ, and where most, in words (`journeys.differences`)."""
    found = views.differences(compared)
    where, which = [], []
    for result in compared:
        real = views.real_rows(result)
        where.append(about(real.iloc[0].to_dict(), result, names) if len(real) else "")
        view = _(VIEW_NAMES[result.facts["view"]])
        which.append(f"{view} ({_(RATE)})" if result.facts["counted"] == "conversions" else view)
    return replace(found, table=found.table.assign(view=which, largest=where))


def last_time(compared: Sequence[Result]) -> str:
    """In how many of the views two periods differ by more than chance explains (`journeys.differences`)."""
    moved = [_(VIEW_NAMES[result.facts["view"]]) for result in compared if result.facts["real_rows"]]
    still = [_(VIEW_NAMES[result.facts["view"]]) for result in compared if not result.facts["real_rows"]]
    if not moved:
        return _("In none of {n} views does anything differ by more than chance explains.", n=len(compared))
    said = _("In {some} of {n} views something differs by more than chance explains.", some=_bold(
        i18n.number(len(moved))), n=i18n.number(len(compared)))  # fmt: skip
    return said + (" " + _("Nothing does in: {views}.", views=", ".join(still)) if still else "")


def story(result: Result, names: Names, who: str) -> str:
    """The most frequent way to a conversion, told in a sentence: `journeys.top` of converting journeys."""
    paths = result.table[~result.table["path"].isin([OTHER, NO_TOUCH])]
    told = paths[paths["conversions"].fillna(0) > 0].sort_values("conversions", ascending=False)
    total = result.facts["conversions"]
    if not len(told) or not total:
        return _("{who}: no path is common enough to be told.", who=_bold(who))
    first = told.iloc[0]
    steps = named(pd.Series(str(first["path"]).split(" > ")), names)
    said = _(
        "{who}: the most frequent way to a conversion is {path} ({n} of {total} conversions, {share});"
        " the {many} most frequent ways cover {cover}.",
        who=_bold(who),
        path=_bold(" → ".join(_name(step, {}) for step in steps)),
        n=i18n.number(first["conversions"]),
        total=i18n.number(total),
        share=i18n.percent(first["conversions"] / total),
        many=i18n.number(len(told)),
        cover=i18n.percent(told["conversions"].sum() / total),
    )
    alone = float(result.table.loc[result.table["path"] == NO_TOUCH, "conversions"].sum())
    if not alone:
        return said
    return (
        said
        + " "
        + _(
            "Before {n} conversions ({share}) no touch was recorded in the lookback.",
            n=i18n.number(alone),
            share=i18n.percent(alone / total),
        )
    )


def _mean_touches(table: pd.DataFrame) -> float:
    some = table[table["conversions"] > 0]
    total = float(some["conversions"].sum())
    return float((some["touches"] * some["conversions"]).sum()) / total if total else 0.0
