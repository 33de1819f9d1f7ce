"""Charts of journeys: how they begin, run, turn and end."""

from __future__ import annotations

from typing import Any, Literal

import altair as alt
import pandas as pd

from journey_lib import i18n
from journey_lib.charts import (
    ROW,
    SPECIAL,
    Names,
    _ends_apart,
    _heat_map,
    _lean,
    _nothing,
    _shown,
    _tip,
    _title,
    named,
    path_name,
)
from journey_lib.charts_shares import _exact, _of, _rates, _told, whole_percent
from journey_lib.i18n import text as _
from journey_lib.intervals import SMALL
from journey_lib.model import CONVERTED, ENDED, NO_TOUCH, OPEN, Result

OUTCOMES = {
    "first_touches": ("channel", "Which first touch do journeys convert most often from?"),
    "last_touches": ("channel", "Which last touch do journeys convert most often from?"),
    "lengths": ("length", "How often do journeys convert, by their number of touches?"),
    "pattern": ("group", "How often do journeys convert that follow the pattern, and the others?"),
    "durations": ("days", "How often do journeys convert, by how long they have lasted?"),
    "overview": ("group", "How often do the journeys of each segment convert?"),
}
DAYS = {
    0.0: "under an hour",
    1 / 24: "under a day",
    1.0: "1–2 days",
    3.0: "3–6 days",
    7.0: "7–13 days",
    14.0: "14–29 days",
    30.0: "30 days and more",
}
MATCH = ("matching", "not matching")
MOVES = {
    "repeat": "repeats",
    "next": "next stage",
    "skip": "skips",
    "jump_to_end": "jumps to end",
    "back": "goes back",
    "loop": "comes again",
}
DROPPED = {
    "next": "What did customers do instead who went no further?",
    "last": "Where were customers last seen who went no further?",
}
CELL = 90  # pixels the few columns of a map of colours are wide


def outcomes(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """How often do journeys convert, by first or last touch, length or duration? (`journeys.entries` …)."""
    key, question = OUTCOMES[result.name]
    # without a touch there is nothing but the conversion: its rate is 100% by construction
    asked = result.table[~result.table[key].isin([NO_TOUCH, "0"]) & (result.table["over"] != 0)]
    frame = asked.dropna(subset=["conversion_rate"])
    subtitle = _told(subtitle, len(asked) - len(frame))
    if not len(frame):
        return _nothing(_(question), _("No group of journeys is large enough to be shown."))
    words: dict[Any, str] = {days: _(said) for days, said in DAYS.items()} | {code: _(code) for code in MATCH}
    named_rows = (
        [words.get(code, code) for code in frame[key]]
        if key in ("days", "group")
        else named(frame[key], names)
    )
    frame = frame.assign(row=named_rows, few=frame["over"] < SMALL)
    frame = frame.assign(
        label=[_of(r, n) for r, n in zip(frame["conversion_rate"], frame["over"], strict=True)]
    )
    order = frame.sort_values("conversion_rate", ascending=False)["row"] if key == "channel" else frame["row"]
    return _rates(
        frame,
        order.tolist(),
        value="conversion_rate",
        title=_("Conversion rate"),
        tips=[
            _tip("row", _("Group")),
            _tip("conversion_rate", _("Conversion rate"), ".2%"),
            _tip("low", _("95% from"), ".2%"),
            _tip("high", _("to"), ".2%"),
            _tip("over", _("Journeys that are over"), ",.0f"),
            _tip("conversions", _("Conversions"), ",.0f"),
        ],
    ).properties(
        title=_title(_(question), subtitle),
        description=_("Conversion rates of {n} groups of journeys, with 95% intervals.", n=len(frame)),
        height=alt.Step(ROW),
    )


def around(result: Result, names: Names, subtitle: str = "", most: int = 8) -> alt.TopLevelMixin:
    """What leads to one touchpoint, and what follows it? (`journeys.around`)."""
    (name,) = named(pd.Series([result.settings["around"]]), names)
    question = _("What comes before {name}, and what after it?", name=name)
    frame = _shown(result).sort_values("journeys", ascending=False).groupby("side", sort=False).head(most)
    if not len(frame):
        return _nothing(question, _("Too few customers were there to be shown."))
    sides = {"before": _("before"), "after": _("after")}
    frame = frame.assign(
        row=named(frame["name"], names),
        side_name=[sides[side] for side in frame["side"]],
        few=frame["of"] < SMALL,
        label=[i18n.percent(share) for share in frame["share"]],
    )
    panels = [
        _rates(
            part,
            part.sort_values("share", ascending=False)["row"].tolist(),
            value="share",
            title=_("Share of steps {side} it", side=sides[side]),
            tips=[
                _tip("row", _("Touchpoint")),
                _tip("share", _("Share"), ".1%"),
                _tip("low", _("95% from"), ".1%"),
                _tip("high", _("to"), ".1%"),
                _tip("journeys", _("Steps"), ",.0f"),
                _tip("median_days", _("Median days between"), ".1f"),
            ],
        ).properties(height=alt.Step(ROW))
        for side, part in ((side, frame[frame["side"] == side]) for side in sides)
        if len(part)
    ]
    return alt.vconcat(*panels, spacing=18).properties(
        title=_title(question, subtitle),
        description=_("The most frequent steps into and out of {name}, with 95% intervals.", name=name),
    )


def step_matrix(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """Where are journeys at each step? (`journeys.step_matrix`)."""
    frame = _shown(result)
    question = _("Where are journeys after one touch, two, three …?")
    if not len(frame):
        return _nothing(question, _("There is no journey in this period."))
    frame = frame.assign(
        row=named(frame["name"], names),
        label=[whole_percent(share) for share in frame["share"]],
    )
    size = frame.groupby("row")["journeys"].sum().sort_values(ascending=False)
    ends = [_(SPECIAL[end]) for end in (CONVERTED, ENDED, OPEN) if _(SPECIAL[end]) in size.index]
    cells = _heat_map(
        frame,
        x=alt.X("step:O", title=_("Touch"), axis=alt.Axis(labelAngle=0)),
        y=alt.Y("row:N", sort=_ends_apart(size.index.tolist(), [], ends), title=None),
        legend=_("Share of all journeys"),
        tooltip=[
            _tip("step", _("Touch")),
            _tip("row", _("Place")),
            _tip("share", _("Share of all journeys"), ".1%"),
            _tip("journeys", _("Journeys"), ",.0f"),
        ],
    )
    return cells.properties(
        title=_title(question, subtitle),
        description=_(
            "Heat map of where {n} journeys are at each touch.", n=i18n.number(result.facts["journeys"])
        ),
        width=alt.Step(CELL),
    )


def funnel(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """How many customers reach each stage, one after the other? (`funnel.funnel`)."""
    frame = _shown(result)
    question = _("How many customers get from stage to stage?")
    if not len(frame) or not frame["customers"].max() > 0:
        return _nothing(question, _("No customer entered the first stage in this period."))
    subtitle = _told(subtitle, len(result.table) - len(frame))
    frame = frame.assign(
        row=named(frame["step"], names),
        label=[
            i18n.number(n) + ("" if pd.isna(c) else f" · {_exact(c)}")
            for n, c in zip(frame["customers"], frame["conversion"], strict=True)
        ],
    )
    y = alt.Y("row:N", sort=frame["row"].tolist(), title=None)
    fields = ["row", "customers", "reach", "conversion", "low", "high", "total", "median_days", "label"]
    base = alt.Chart(_lean(frame, fields))
    tips = [
        _tip("row", _("Stage")),
        _tip("customers", _("Customers in order"), ",.0f"),
        _tip("conversion", _("of those at the stage before"), ".1%"),
        _tip("low", _("95% from"), ".1%"),
        _tip("high", _("to"), ".1%"),
        _tip("total", _("of those at the first stage"), ".2%"),
        _tip("reach", _("Customers at this stage in any order"), ",.0f"),
        _tip("median_days", _("Median days from the first stage"), ".0f"),
    ]
    x = alt.X("customers:Q", title=_("Customers in order"), axis=alt.Axis(format=",.0f"))
    bars = base.mark_bar(size=16).encode(y=y, x=x, tooltip=tips)
    words = base.mark_text(style="label", align="left", dx=6).encode(y=y, x="customers:Q", text="label:N")
    return alt.layer(bars, words).properties(
        title=_title(question, subtitle),
        description=_(
            "Funnel of {n} stages: {first} customers enter, {last} reach the last one shown.",
            n=len(frame),
            first=i18n.number(result.facts["entered"]),
            last=i18n.number(frame["customers"].iloc[-1]),
        ),
        height=alt.Step(30),
    )


def dropped(
    result: Result,
    names: Names,
    subtitle: str = "",
    most: int = 5,
    *,
    what: Literal["next", "last"] = "next",
) -> alt.TopLevelMixin:
    """What did customers do next who stopped at a stage, or where were they last? (`funnel.dropped`)."""
    question = _(DROPPED[what])
    asked = result.table[result.table["what"] == what]
    first = asked.groupby("step", sort=False).head(most)
    frame = asked.dropna(subset=["share"]).groupby("step", sort=False).head(most)
    subtitle = _told(subtitle, int(first["share"].isna().sum()))
    if not len(frame):
        return _nothing(question, _("Too few customers stopped at a stage to be shown."))
    frame = frame.assign(row=named(frame["name"], names), few=frame["of"] < SMALL)
    frame = frame.assign(label=[_of(s, n) for s, n in zip(frame["share"], frame["customers"], strict=True)])
    panels = []
    for step, part in frame.groupby("step", sort=False):
        (stage,) = named(pd.Series([step]), names)
        panels.append(
            _rates(
                part,
                part["row"].tolist(),
                value="share",
                title=_("Share of those who stopped at {stage}", stage=stage),
                tips=[
                    _tip("row", _("Next") if what == "next" else _("Last")),
                    _tip("share", _("Share"), ".1%"),
                    _tip("low", _("95% from"), ".1%"),
                    _tip("high", _("to"), ".1%"),
                    _tip("customers", _("Customers"), ",.0f"),
                ],
            ).properties(height=alt.Step(ROW))
        )
    return alt.vconcat(*panels, spacing=16).properties(
        title=_title(question, subtitle),
        description=_("The most frequent contacts of customers who stopped at {n} stages.", n=len(panels)),
    )


def detours(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """How often do journeys not go straight on? (`journeys.detours`)."""
    asked = result.table[~result.table["stage"].eq("(all)")]
    frame = asked.dropna(subset=["share"])
    subtitle = _told(subtitle, len(asked) - len(frame))
    frame = frame.assign(row=named(frame["stage"], names))
    question = _("How often do journeys repeat, skip or turn back?")
    cells = _moves(frame, question, subtitle, rows=(_("Stage"), _("from")), share=_("Share of journeys"))
    return cells.properties(description=_("Heat map of moves out of {n} stages.", n=frame["row"].nunique()))


def detours_by_segment(result: Result, subtitle: str = "") -> alt.TopLevelMixin:
    """How often do the journeys of each segment not go straight on? (`journeys.detours` of each)."""
    frame = result.table.dropna(subset=["share"]).assign(row=lambda f: f["segment"])
    subtitle = _told(subtitle, len(result.table) - len(frame))
    question = _("How often do the journeys of each segment repeat, skip or turn back?")
    cells = _moves(frame, question, subtitle, rows=(_("Segment"), ""), share=_("Share of journeys"))
    return cells.properties(description=_("Heat map of the moves of {n} segments.", n=frame["row"].nunique()))


def _moves(
    frame: pd.DataFrame, question: str, subtitle: str, *, rows: tuple[str, str], share: str
) -> alt.TopLevelMixin:
    """A map of colours of what part of the journeys of each row makes each kind of move."""
    if not len(frame):
        return _nothing(question, _("There is no journey in this period."))
    frame = frame.assign(
        move_name=[_(MOVES[move]) for move in frame["move"]],
        label=[whole_percent(share) for share in frame["share"]],
    )
    cells = _heat_map(
        frame,
        x=alt.X(
            "move_name:N",
            sort=[_(name) for name in MOVES.values()],
            title=None,
            axis=alt.Axis(labelAngle=0, labelLimit=CELL),
        ),
        y=alt.Y("row:N", sort=list(dict.fromkeys(frame["row"])), title=rows[1] or None),
        legend=share,
        tooltip=[
            _tip("row", rows[0]),
            _tip("move_name", _("Move")),
            _tip("share", share, ".1%"),
            _tip("journeys", _("Journeys"), ",.0f"),
            _tip("steps", _("Steps"), ",.0f"),
        ],
    )
    return cells.properties(title=_title(question, subtitle), width=alt.Step(CELL))


def paths(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """Which whole ways do most journeys take? All others are one row (`journeys.top`)."""
    question = _("Which whole ways do most journeys take?")
    frame = result.table
    if not len(frame):
        return _nothing(question, _("There is no journey in this period."))
    frame = frame.assign(
        row=[path_name(path, names) for path in frame["path"]],
        low=frame["share_low"],
        high=frame["share_high"],
        few=frame["journeys"] < SMALL,
        label=[_of(share, n) for share, n in zip(frame["share"], frame["journeys"], strict=True)],
    )
    return _rates(
        frame,
        frame["row"].tolist(),
        value="share",
        title=_("Share of all journeys"),
        tips=[
            _tip("row", _("Path")),
            _tip("share", _("Share of all journeys"), ".2%"),
            _tip("low", _("95% from"), ".2%"),
            _tip("high", _("to"), ".2%"),
            _tip("journeys", _("Journeys"), ",.0f"),
            _tip("conversions", _("Conversions"), ",.0f"),
        ],
    ).properties(
        title=_title(question, subtitle),
        description=_("The {n} most frequent paths, and the share of all others.", n=len(frame) - 1),
        height=alt.Step(ROW),
    )


def now(result: Result, names: Names, subtitle: str = "") -> alt.TopLevelMixin:
    """In which stage are customers now? (`journeys.stages_now`)."""
    question = _("In which stage are customers now?")
    frame = result.table.dropna(subset=["share"])
    subtitle = _told(subtitle, len(result.table) - len(frame))
    if not len(frame) or not frame["customers"].max() > 0:
        return _nothing(question, _("No customer touched anything before the end of this period."))
    frame = frame.assign(
        row=named(frame["step"], names),
        few=frame["customers"] < SMALL,
        label=[_of(share, n) for share, n in zip(frame["share"], frame["customers"], strict=True)],
    )
    return _rates(
        frame,
        frame["row"].tolist(),
        value="share",
        title=_("Share of customers"),
        tips=[
            _tip("row", _("Stage")),
            _tip("customers", _("Customers"), ",.0f"),
            _tip("share", _("Share of customers"), ".2%"),
            _tip("low", _("95% from"), ".2%"),
            _tip("high", _("to"), ".2%"),
            _tip("median_days", _("Median days since the last touch"), ".0f"),
        ],
    ).properties(
        title=_title(question, subtitle),
        description=_("Where {n} customers are now, by stage.", n=i18n.number(result.facts["customers"])),
        height=alt.Step(ROW),
    )
