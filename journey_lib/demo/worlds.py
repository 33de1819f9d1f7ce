"""The demo shop in other circumstances: one thing changed in each, so that a method can be tried on all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from journey_lib.demo.personas import ALIKE, CLEAR, OFFLINE
from journey_lib.demo.shop import BASE
from journey_lib.demo.world import World
from journey_lib.errors import ParameterError, did_you_mean
from journey_lib.i18n import text as _

UPPER = ("facebook", "tiktok", "youtube", "outdoor", "event", "display")
ODDS_CLEAR = -8.05  # log odds of an order in the world of clear personas
STRONG = 3.0  # selection, as a multiple of the shop's


def _no_selection() -> World:
    """Nobody is met more often because of wanting more.

    So no kind of people wants more than another either, buyers are not written to after their orders, and
    what they need next they want no more than the first time.
    """
    return replace(
        BASE,
        selection=0.0,
        personas=tuple(replace(persona, strength=1.0, loyalty=1.0) for persona in BASE.personas),
        rates=replace(
            BASE.rates, touches=(0.52, 0.68, 0.8), aftercare=0.0, follow_up_strength=0.0, odds=-6.65
        ),
    )


def _strong_selection() -> World:
    return replace(BASE, selection=STRONG, rates=replace(BASE.rates, touches=(-0.55, 0.55, 0.8)))


def _pushed(codes: tuple[str, ...], factor: float, others: float) -> World:
    """Some channels push so much harder, the others so much less."""
    channels = tuple(
        replace(channel, push=channel.push * (factor if channel.code in codes else others))
        for channel in BASE.channels
    )
    return replace(BASE, channels=channels)


def _offline_heavy() -> World:
    """Shops, events and voices are where people go, and what moves them."""
    moved = _pushed((*OFFLINE, "outdoor"), 1.4, 0.8)
    channels = tuple(
        replace(
            channel,
            pull=(channel.pull[0] * 2.5, channel.pull[1] * 2.5, channel.pull[2] * 2.5),
            ambient=channel.ambient * 1.5,
        )
        if channel.code in (*OFFLINE, "outdoor")
        else channel
        for channel in moved.channels
    )
    return replace(moved, channels=channels)


def _clear_personas() -> World:
    """A year of contact tells who is who: far apart, met often, and nearly all known from the first day.

    The odds are lower by as much as keeps orders where they were, with so many more contacts.
    """
    met = replace(BASE.rates, touches=(1.0, *BASE.rates.touches[1:]), members=0.95, odds=ODDS_CLEAR)
    return replace(BASE, personas=CLEAR, rates=met)


WORLDS: Mapping[str, World] = MappingProxyType(
    {
        "base": BASE,
        "no_selection": _no_selection(),
        "strong_selection": _strong_selection(),
        "upper_funnel": _pushed(UPPER, 1.6, 0.35),
        "offline_heavy": _offline_heavy(),
        "structureless": replace(BASE, personas=ALIKE),
        "clear_personas": _clear_personas(),
        "fault_free": replace(BASE, faults=()),
    }
)


def named(name: str) -> World:
    """The world of a name.

    Raises
    ------
    ParameterError
        There is none of that name.
    """
    if name not in WORLDS:
        raise ParameterError(_("there is no demo world '{name}'", name=name), do=did_you_mean(name, WORLDS))
    return WORLDS[name]
