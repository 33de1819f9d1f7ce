"""By what could the shop have told who it was? The fragments of identity that every contact leaves.

A contact is recorded by a system that sees a cookie, a device, an account, an address, a number, or several
of them at once, seldom all. People have several devices and browsers, cookies end, households and stores
share devices, and what people type they type in their own way. Which fragments are one person is known here
and is written down apart from the data, in full.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa

from journey_lib.demo import fragment_devices as devices
from journey_lib.demo import fragment_spelling as spelling
from journey_lib.demo import ids
from journey_lib.demo.arrays import Flags, Floats, Ints, Stream
from journey_lib.demo.fragment_devices import HABITS, Gear, Habits
from journey_lib.demo.fragment_records import TRUTH, Misspelt, misspelt
from journey_lib.demo.kinds import Kinds
from journey_lib.demo.people import NEVER, People, cards
from journey_lib.demo.scene import Scene

__all__ = [
    "KINDS",
    "SCHEMA",
    "SOURCES",
    "TRUTH",
    "Fragments",
    "Misspelt",
    "accounts",
    "misspelt",
    "of_events",
    "together",
]

KINDS = ("cookie", "device", "user_id", "email", "phone", "member")
SOURCES = ("web", "app", "store_pos", "call_centre", "crm_mail", "chat")
SCHEMA = pa.schema([(name, pa.string()) for name in ("source", *KINDS)])

JUST = 5 / 1440  # days: whoever signs up is known from then on, give or take the minutes it takes
ACCOUNT = 0.7  # of those known who do not use the app: the share with an account
STAYS = 0.6  # of browsers in which an account once opened stays open
TABLET_BROWSER = 0.5  # of what happens on the shop's tablets: in their browser
DRAWS = 17  # chances of one contact; a new one goes at the end, so that the others stay as they are
GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # the step of SplitMix64


class Contacts(Protocol):
    """What has to be known of each event: whose (place in the block), when (day), and of which kind."""

    @property
    def person(self) -> Ints: ...
    @property
    def time(self) -> Floats: ...
    @property
    def kind(self) -> Ints: ...


@dataclass(frozen=True)
class Rule:
    """What one system sees of the contacts at some touchpoints.

    It holds for touchpoints that begin with one of `at`, and for events of type `on` if that is given. The
    rest are chances to see each fragment of somebody who has it; `tablet` is the chance that all happens on
    a tablet of the shop.
    """

    source: str
    at: tuple[str, ...]
    on: str = ""
    cookie: float = 0.0
    device: float = 0.0
    user_id: float = 0.0
    email: float = 0.0
    phone: float = 0.0
    member: float = 0.0
    tablet: float = 0.0


# the first that fits holds; the last one is for everything else
RULES = (
    Rule("web", ("web_signup",), cookie=1.0, user_id=1.0, email=0.85, phone=0.6),
    Rule("web", ("web_cart", "web_checkout"), cookie=1.0, user_id=0.75, email=0.14, phone=0.24),
    Rule("app", ("app_", "push_"), device=1.0, user_id=0.9),
    Rule("app", ("ooh_",), device=1.0),
    Rule("store_pos", ("store_signup",), device=1.0, email=0.4, phone=0.96, member=1.0, tablet=1.0),
    Rule("store_pos", ("store_",), device=0.12, phone=0.4, member=0.55, tablet=0.05),
    Rule("store_pos", ("ev_",), device=0.2, email=0.12, phone=0.5, member=0.1, tablet=0.35),
    Rule("call_centre", ("cc_", "staff_call"), phone=0.97, member=0.15),
    Rule("crm_mail", ("em_",), on="click", cookie=1.0, user_id=0.2, email=1.0),
    Rule("crm_mail", ("em_",), email=1.0),
    Rule("crm_mail", ("sms_", "zalo_oa", "zalo_order"), phone=1.0),
    Rule("chat", ("staff_zalo",), phone=0.97),
    Rule("chat", ("zalo_chat",), device=0.25, phone=0.7),
    Rule("chat", ("fb_messenger",), cookie=0.75, email=0.05, phone=0.35),
    Rule("web", ("fb_", "tt_", "yt_", "zalo_"), on="impression", cookie=0.4, device=0.65),
    Rule("web", ("mp_",), cookie=1.0, device=0.1),
    Rule("web", ("dp_", "rt_"), on="impression", cookie=1.0, device=0.05),
    Rule("web", ("",), cookie=1.0, device=0.04, user_id=0.6),
)
_SOURCE = np.array([SOURCES.index(rule.source) for rule in RULES])
SIGN_UPS = ("web_signup", "store_signup")


@dataclass(frozen=True)
class Fragments:
    """What every event left behind, and who it was.

    `rows` has a row for each event, in their order: `source` and the fragments of `KINDS`, null where there
    was none; at least one is there. `truth` has a row for each different fragment and person: the fragment
    as it was written, the person's number through all blocks, and whether it is a typing `error`.
    """

    rows: pa.Table
    truth: pa.Table


@dataclass(frozen=True)
class _Names:
    """What each person of a block could be known by: from when, and the texts, null where there is none.

    `phone` is the seven digits after 030, -1 for none.
    """

    known: Floats
    account: Flags
    user_id: pa.Array
    phone: Ints
    email: pa.Array
    member: pa.Array


@dataclass(frozen=True)
class _Seen:
    """Fragments as numbers: equal ones are the same fragment of the same kind; and what was seen of them."""

    person: Ints
    number: dict[str, Ints]
    there: dict[str, Flags]


def of_events(
    scene: Scene,
    people: People,
    events: Contacts,
    known: Floats,
    block: int,
    seed: int,
    stream: Stream,
    habits: Habits = HABITS,
) -> Fragments:
    """The fragments that the events of a block of people leave, and whose they are.

    Parameters
    ----------
    events : sorted by person. One more or less leaves the fragments of all others as they are.
    known : day from which the shop knows each person; people of the block after the last one take no part.
    habits : how far people share, and what they use.

    Returns
    -------
    Fragments
        One row for each event. No customer code is among it.
    """
    kit = devices.gear(scene, people, block, stream, habits)
    names = _names(scene, people, events, known, block, seed, stream)
    chance = _chances(kit.number[events.person], events.time, stream("fragments"))
    rule = _rules(scene.kinds)[events.kind]
    device, tablet = _devices(scene, people, kit, events, rule, chance, habits)
    browser = devices.browser_of(device, _in_app(scene.kinds)[events.kind], chance[4], seed, habits)
    weekly = kit.iphone[events.person] & devices.on_a_phone(device) & (browser == devices.MAIN)
    cookie = devices.cookie_of(device, browser, events.time, weekly, seed)
    web = _SOURCE[rule] == SOURCES.index("web")
    private = web & ~tablet & (browser <= devices.SECOND) & (chance[5] < habits.private)
    once = devices.PRIVATE + (chance[4] * devices.PRIVATE).astype(np.int64)
    there = _there(scene.kinds, names, events, rule, chance[6:12])
    there["device"] |= tablet
    there["cookie"] |= tablet & (chance[16] < TABLET_BROWSER)
    there["user_id"] &= ~tablet & _signed_in(device, browser, private, chance[12], seed)
    there["user_id"] |= names.account[events.person] & np.isin(events.kind, _kinds(scene.kinds, "web_signup"))
    _leave_nobody_out(there, web)
    number = {"cookie": np.where(private, once, cookie), "device": device}
    return _written(kit, names, _Seen(events.person, number, there), rule, chance[13:], seed)


def accounts(number: Ints, seed: int) -> pa.Array:
    """The account of each person, by their number through all blocks: ``U`` and eight shuffled digits."""
    return ids.labels("U", ids.permuted(number, ids.CUSTOMERS, seed + 12), 8)


def _chances(number: Ints, time: Floats, rng: np.random.Generator) -> Floats:
    """`DRAWS` chances from 0 to 1 for each contact (draws x contacts), scattered from person and time alone.

    Drawn in a row they would all change with one contact more; so each contact keeps its own (SplitMix64,
    started from the contact).
    """
    salt = rng.integers(0, 2**63, dtype=np.uint64)
    start = ids.mixed(np.ascontiguousarray(time).view(np.uint64) ^ ids.mixed(number.astype(np.uint64) ^ salt))
    chance = np.empty((DRAWS, len(number)))
    for place, step in enumerate(np.arange(DRAWS, dtype=np.uint64) * GOLDEN):
        bits = ids.mixed(start + step) >> np.uint64(11)
        chance[place] = bits.astype(np.float64) * 2.0**-53
    return chance


def _rules(kinds: Kinds) -> Ints:
    """The rule that holds for each kind of event."""
    return np.array(
        [
            next(
                place
                for place, rule in enumerate(RULES)
                if touchpoint.startswith(rule.at) and rule.on in ("", event_type)
            )
            for touchpoint, event_type in zip(kinds.touchpoint, kinds.event_type, strict=True)
        ]
    )


def _kinds(kinds: Kinds, *touchpoints: str) -> Ints:
    return np.array([place for place, name in enumerate(kinds.touchpoint) if name in touchpoints], np.int64)


def _in_app(kinds: Kinds) -> Ints:
    """The browser built into the app in which each kind of contact begins."""
    return np.array(
        [
            next((inside for at, inside in devices.IN_APPS.items() if name.startswith(at)), devices.MAIN)
            for name in kinds.touchpoint
        ]
    )


def _names(
    scene: Scene, people: People, events: Contacts, known: Floats, block: int, seed: int, stream: Stream
) -> _Names:
    size = len(people.city)
    card = cards(people, block, seed, stream)
    account = people.app | (stream("accounts").random(size) < ACCOUNT)
    account[events.person[np.isin(events.kind, _kinds(scene.kinds, "web_signup"))]] = True
    return _Names(
        known=np.r_[known, np.full(size - len(known), NEVER)],
        account=account,
        user_id=accounts(block * size + np.arange(size), seed),
        phone=np.array([int(phone[len(spelling.PREFIX) :] or -1) for phone in card.phone]),
        email=pa.array([email or None for email in card.email], pa.string()),
        member=pa.array(card.member, pa.string()),
    )


def _devices(
    scene: Scene,
    people: People,
    kit: Gear,
    events: Contacts,
    rule: Ints,
    chance: Floats,
    habits: Habits,
) -> tuple[Ints, Flags]:
    """The number of each event's device, and whether it is a tablet of the shop."""
    source = _SOURCE[rule]
    outside = np.array([each.at == ("ooh_",) for each in RULES])[rule]
    online = (source == SOURCES.index("web")) & ~outside
    app = (source == SOURCES.index("app")) & ~outside
    mail = source == SOURCES.index("crm_mail")
    # the step that broke was the one of the website on phones
    broken = np.array([name == "checkout_error" for name in scene.kinds.event_type])[events.kind]
    device = devices.device_of(
        kit,
        people,
        events.person,
        events.time,
        phone=(~online & ~mail) | broken,
        alone=(~online & ~app) | broken,
        chance=chance[:3],
        habits=habits,
    )
    own = np.array([devices.store_of(name) for name in scene.kinds.touchpoint])[events.kind]
    store = np.where(own < 0, people.store[events.person], own)  # a pop-up borrows the nearest store's
    tablet = chance[3] < np.array([each.tablet for each in RULES])[rule]
    return np.where(tablet, devices.shop_tablet(store, chance[0], habits), device), tablet


def _there(kinds: Kinds, names: _Names, events: Contacts, rule: Ints, chance: Floats) -> dict[str, Flags]:
    """Which fragments each event shows: what its system asks for, of what the person has by then."""
    asked = np.array([[getattr(each, name) for each in RULES] for name in KINDS])[:, rule]
    by_then = names.known[events.person] <= events.time + JUST
    by_then |= np.isin(events.kind, _kinds(kinds, *SIGN_UPS))
    has = {
        "cookie": np.ones(len(rule), dtype=bool),
        "device": np.ones(len(rule), dtype=bool),
        # an advertiser shows its pictures on its own pages, where nobody has an account of the shop
        "user_id": by_then & names.account[events.person] & ~_elsewhere(kinds)[events.kind],
        "email": names.email.is_valid().to_numpy(zero_copy_only=False)[events.person],
        "phone": names.phone[events.person] >= 0,
        "member": by_then,
    }
    return {name: (chance[place] < asked[place]) & has[name] for place, name in enumerate(KINDS)}


def _elsewhere(kinds: Kinds) -> Flags:
    """Kinds of contact that are neither on the shop's own pages nor in its app, nor lead there."""
    own = np.array([name.startswith(("web_", "app_", "push_", "em_")) for name in kinds.touchpoint])
    return ~(own | kinds.site | kinds.app)


def _signed_in(device: Ints, browser: Ints, private: Flags, chance: Floats, seed: int) -> Flags:
    """Whether an account that could be open is: it stays so in some browsers, less on shared devices."""
    stays = devices.scattered(device * devices.SLOTS + browser, seed + 23) < STAYS
    share = np.where(stays, 0.95, 0.35) * np.where(devices.is_shared(device), 0.9, 1.0)
    opened: Flags = chance < np.where(private, 0.1, share)
    return opened


def _leave_nobody_out(there: dict[str, Flags], web: Flags) -> None:
    """Whoever gave nothing is seen by the browser on the web, elsewhere by a phone looking for Wi-Fi."""
    nothing = ~np.logical_or.reduce(list(there.values()))
    there["cookie"] |= nothing & web
    there["device"] |= nothing & ~web


def _written(kit: Gear, names: _Names, seen: _Seen, rule: Ints, chance: Floats, seed: int) -> Fragments:
    """Numbers as the texts that stand in the files, and the truth about each different text."""
    source = _SOURCE[rule]
    size, person = len(kit.number), seen.person
    typed = source != SOURCES.index("crm_mail")  # a mailing carries the address as the shop has it
    steps = spelling.ladder(SOURCES)[source][:, :-1]
    texts: dict[str, pa.Array] = {}
    truth = []
    for kind in KINDS:
        rows = np.flatnonzero(seen.there[kind])
        whom = person[rows]
        wrong = np.zeros(len(rows), dtype=bool)
        if kind in ("cookie", "device"):
            number = seen.number[kind][rows]
            text = ids.event_ids(number, seed + (10 if kind == "cookie" else 11))
        elif kind == "user_id":
            number, text = whom, names.user_id.take(pa.array(whom))
        elif kind == "phone":
            how = (steps[rows] <= chance[0][rows, None]).sum(axis=1)
            number = whom * len(spelling.PHONES) + how
            text = spelling.phones(names.phone[whom], how)
        elif kind == "email":
            how = spelling.email_spelling(chance[1][rows], typed[rows])
            number, wrong = whom * len(spelling.EMAIL_SHARES) + how, how >= spelling.FIRST_SLIP
            text = spelling.emails(names.email.take(pa.array(whom)), how)
        else:
            text, wrong = spelling.members(names.member.take(pa.array(whom)), chance[2][rows], typed[rows])
            number = np.where(wrong, size + rows, whom)
        texts[kind] = _with_gaps(text, rows, len(person))
        truth.append(_whose(kind, text, number, whom, kit.number, wrong))
    told = pa.array(SOURCES).take(pa.array(source))
    table = pa.Table.from_arrays([told, *(texts[kind] for kind in KINDS)], schema=SCHEMA)
    return Fragments(table, pa.concat_tables(truth).combine_chunks())


def _with_gaps(text: pa.Array, rows: Ints, size: int) -> pa.Array:
    """The texts at their rows among `size`, null elsewhere."""
    place = np.zeros(size, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    gap = np.ones(size, dtype=bool)
    gap[rows] = False
    return text.take(pa.array(place, mask=gap))


def _whose(kind: str, text: pa.Array, number: Ints, whom: Ints, everyone: Ints, wrong: Flags) -> pa.Table:
    """The truth about one kind of fragment: each different one with each person, where it is first seen."""
    _, same = np.unique(number, return_inverse=True)
    _, first = np.unique(same * (len(everyone) + 1) + whom, return_index=True)
    first.sort()
    columns = [
        pa.array([kind], pa.string()).take(pa.array(np.zeros(len(first), dtype=np.int64))),
        text.take(pa.array(first)),
        pa.array(everyone[whom[first]]),
        pa.array(wrong[first]),
    ]
    return pa.Table.from_arrays(columns, schema=TRUTH)


def together(truths: Sequence[pa.Table]) -> pa.Table:
    """Several tables of truth as one, each fragment of a person once: a mistake once is a mistake."""
    grouped = pa.concat_tables(truths).group_by(["kind", "fragment", "person"], use_threads=False)
    table = grouped.aggregate([("error", "max")])
    return table.rename_columns({"error_max": "error"}).select(TRUTH.names).cast(TRUTH)
