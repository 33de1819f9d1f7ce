"""What people answer when asked: recommendation after purchases, satisfaction at touchpoints, effort.

Everybody asked feels something; who answers is another matter. The angry and the delighted answer far more
often than those in between, and older people less often online, so answers are not what customers feel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from journey_lib.demo import ids
from journey_lib.demo.arrays import Columns, Flags, Floats, Ints, Stream, stacked
from journey_lib.demo.faults import going_on
from journey_lib.demo.journeys import Block
from journey_lib.demo.names import STORES
from journey_lib.demo.people import People, customer_ids
from journey_lib.demo.scene import Scene
from journey_lib.demo.service import (
    CANCELLED,
    CHECKOUT,
    DELIVERY,
    FELT,
    FELT_DELIVERY,
    FELT_ERROR,
    MOBILE_CHECKOUT,
    Deliveries,
    Quality,
    at_work,
    bell,
    quality,
)
from journey_lib.demo.tickets import REOPENED, Texts, TicketSheet, ticket_ids
from journey_lib.demo.words_surveys import Cases, Context, comments
from journey_lib.demo.world import SALES_CHANNELS
from journey_lib.demo.write import BLOCK

SURVEY_COLUMNS = (
    "survey_id",
    "customer_id",
    "sent_at",
    "answered_at",
    "metric",
    "touchpoint",
    "score",
    "comment",
)
COMMENT_COLUMNS = ("source", "id", "themes", "sentiment", "language")
SURVEYS_A_BLOCK = 1 << 14
SURVEYS = (10_000, 10_000)
METRICS = ("nps", "csat", "ces")
NPS, CSAT, CES = range(3)
PURCHASE = "purchase"  # what is asked about after an order as a whole
AFTER_TICKETS = ("cc_support", "zalo_chat", "fb_messenger", "em_support", "app_chat", "store")

# who is asked: share of contacts by touchpoint, and of orders and closed tickets
ASKED = {"web_": 0.08, "app_home": 0.25, "store_": 0.12, "cc_": 0.5, "fb_messenger": 0.15, "zalo_chat": 0.2}
ASKED_ERROR, ASKED_SALE, ASKED_DELIVERY, ASKED_NPS, ASKED_TICKET = 0.8, 0.5, 0.95, 0.85, 0.5
# who answers: share of those who do not care either way, and of those at the ends
LUKEWARM, HEATED = 0.08, 0.30
ONLINE_AGEING, SPOKEN_AGEING = -0.022, 0.008  # change of that per year of age from 34 on, as a log factor
GIVES_UP = 21.0  # days after which nobody answers any more
MOOD = 0.35  # spread of how kindly people judge in general, part of FELT's


@dataclass(frozen=True)
class SurveySheet(Columns):
    """Questions sent, as columns in order of person and time; times in days, NaN for never answered.

    `order`  row of the block's orders, -1 for none.   `metric` in `METRICS`.   `score` -1 for no answer.
    `felt`, `themes`, `sentiment`, `language` are the truth: what was felt, -2 ... 2, answered or not, and
    what the comment is about. Without a comment the last three are empty and 0.
    """

    number: Ints
    person: Ints
    order: Ints
    sent: Floats
    answered: Floats
    metric: Ints
    touchpoint: Texts
    score: Ints
    felt: Floats
    comment: Texts
    themes: Texts
    sentiment: Ints
    language: Texts


@dataclass(frozen=True)
class _Asked(Columns):
    """Questions sent; `level` is what is felt on average in such a case, `place` a row of the names."""

    person: Ints
    order: Ints
    ticket: Ints
    sent: Floats
    metric: Ints
    place: Ints
    context: Ints
    level: Floats
    slow: Flags
    chance: Floats  # rows x DRAWS, like the rest drawn row by row


DRAWS = 7
INVITED, FEELS, ANSWERS, DELAY, WRITES, SCORES, WORDS = range(DRAWS)


def surveys(
    scene: Scene, people: People, block: Block, deliveries: Deliveries, tickets: TicketSheet, stream: Stream
) -> SurveySheet:
    """All questions sent to one block of people within the calendar, and what came back.

    `deliveries` has a row for each of `block.orders`; `tickets` are the block's own, not numbered yet.
    """
    truth = quality(scene)
    names = (*truth.touchpoint, PURCHASE, *(t for t in AFTER_TICKETS if t not in truth.touchpoint))
    asked = stacked(
        [
            *_after_orders(scene, truth, people, block, deliveries, names, stream("surveys orders")),
            _after_contacts(scene, truth, block, stream("surveys contacts")),
            _after_tickets(people, tickets, names, stream("surveys tickets")),
        ]
    )
    inside = (asked.sent >= 0) & (asked.sent < scene.year.days)
    asked = asked.only(np.flatnonzero(inside)[np.lexsort((asked.sent[inside], asked.person[inside]))])
    kind = stream("moods").normal(0, MOOD, len(people.born))[asked.person]
    own = np.sqrt(FELT[2] ** 2 - MOOD**2) * bell(asked.chance[:, FEELS])
    whole = asked.metric == NPS  # satisfaction with an order is a person's own already
    felt = np.clip(asked.level + np.where(whole, 0, kind + own), -2, 2)
    answered = _answered(scene, people, asked, felt)
    back = ~np.isnan(answered)
    writes = asked.chance[:, WRITES] < 0.35 + 0.3 * (np.abs(felt) / 2) ** 1.5
    row = np.flatnonzero(back & writes)
    cases = Cases(asked.person[row], asked.order[row], asked.ticket[row], asked.context[row], asked.slow[row])
    mood = np.clip(np.round(felt[row]), -2, 2).astype(np.int64)
    seeds = (asked.chance[row, WORDS] * 2**62).astype(np.int64)
    said = comments(
        people, block.orders, deliveries, tickets, cases, mood, seeds, scene.year.start.year, stream
    )
    empty = np.full(len(felt), "", dtype=object)
    text, themes, language = empty.copy(), empty.copy(), empty.copy()
    sentiment = np.zeros(len(felt), dtype=np.int64)
    for at, one in zip(row.tolist(), said, strict=True):
        text[at], themes[at], language[at], sentiment[at] = one.text, one.themes, one.language, one.sentiment
    return SurveySheet(
        number=np.arange(len(felt)),
        person=asked.person,
        order=asked.order,
        sent=asked.sent,
        answered=answered,
        metric=asked.metric,
        touchpoint=np.array(names, dtype=object)[asked.place],
        score=np.where(back, _scores(asked, felt), -1),
        felt=felt,
        comment=text,
        themes=themes,
        sentiment=sentiment,
        language=language,
    )


def response(felt: Floats, age: Floats, online: Flags) -> Floats:
    """Chance to answer by what is felt (-2 ... 2) and age: `LUKEWARM` in the middle, `HEATED` at the ends."""
    rate = LUKEWARM + (HEATED - LUKEWARM) * (felt / 2) ** 2
    ageing = np.where(online, ONLINE_AGEING, SPOKEN_AGEING) * (np.clip(age, 18, 70) - 34)
    return rate * np.exp(ageing)


def _answered(scene: Scene, people: People, asked: _Asked, felt: Floats) -> Floats:
    """When each question was answered, NaN for never."""
    age = (scene.year.start.year - people.born[asked.person]).astype(np.float64)
    spoken = np.isin(asked.context, (Context.CALL, Context.STORE))
    willing = asked.chance[:, ANSWERS] < response(felt, age, ~spoken)
    at_once = np.isin(asked.context, (Context.CALL, Context.STORE, Context.WEB, Context.APP, Context.ERROR))
    delay = -np.log1p(-asked.chance[:, DELAY]) * np.where(at_once, 0.004, 0.9) + 0.0004
    time = asked.sent + delay
    asleep = ~at_once & (time % 1 < 6.5 / 24)
    time = np.where(asleep, np.floor(time) + (6.5 + 2.5 * asked.chance[:, SCORES]) / 24, time)
    return np.where(willing & (delay < GIVES_UP) & (time < scene.year.days), time, np.nan)


def _scores(asked: _Asked, felt: Floats) -> Ints:
    """The score given for what is felt: 0-10, 1-5 or 1-7; few Vietnamese give a bad one lightly."""
    shake = 0.5 * bell(asked.chance[:, SCORES])
    nps = np.clip(np.round(7.3 + np.where(felt > 0, 1.6, 2.4) * felt + shake), 0, 10)
    csat = np.clip(np.round(3 + felt), 1, 5)
    ces = np.clip(np.round(4.5 + 1.4 * felt + 0.6 * shake), 1, 7)
    return np.choose(asked.metric, [nps, csat, ces]).astype(np.int64)


# --- who is asked ---


def _after_orders(
    scene: Scene,
    truth: Quality,
    people: People,
    block: Block,
    fate: Deliveries,
    names: tuple[str, ...],
    rng: np.random.Generator,
) -> list[_Asked]:
    """Questions after orders: at the till or the checkout, after the delivery, and about the whole of it."""
    orders = block.orders
    chance = rng.random((len(orders.person), 3, DRAWS))
    sold = np.array(SALES_CHANNELS)[orders.sold_at]
    sent, kept = ~np.isnan(fate.days), fate.outcome != CANCELLED
    till = np.array([names.index(code) for code, _, _ in STORES])[people.store[orders.person]]
    checkout = np.where(orders.mobile, names.index(MOBILE_CHECKOUT), names.index(CHECKOUT))
    place = np.where(sold == "store", till, np.where(sold == "app", names.index("app_cart"), checkout))
    context = np.where(sold == "store", Context.TILL, np.where(sold == "app", Context.APP, Context.CHECKOUT))
    broken = _while(scene, "checkout", orders.time) & orders.mobile & (sold == "website")
    told = block.known[orders.person] <= orders.time + 0.01
    told &= ~people.opt_out[orders.person] & (people.has_email | people.has_phone)[orders.person]
    own = np.isin(sold, ("website", "app", "store", "call_centre"))
    arrived = at_work(orders.time + np.where(sent, fate.days, 0), chance[:, 1, SCORES])
    none, never = np.full(len(sold), -1), np.zeros(len(sold), dtype=bool)
    row = np.arange(len(sold))
    level = _level(truth, scene, place, orders.time)
    late = np.where(fate.late, FELT_DELIVERY[1], FELT_DELIVERY[0])
    which = (np.full(len(sold), names.index(name)) for name in (DELIVERY, PURCHASE))
    door, whole = which
    csat, nps = np.full(len(sold), CSAT), np.full(len(sold), NPS)
    at_door, at_home = np.full(len(sold), Context.DELIVERY), np.full(len(sold), Context.ORDER)
    after = np.where(sent, arrived + 7, orders.time + 2)
    who = orders.person
    groups = (
        (
            np.isin(sold, ("website", "app", "store")),
            ASKED_SALE,
            (who, row, none, orders.time + 0.001, csat, place, context, level, broken, chance[:, 0]),
        ),
        (
            sent & kept & own,
            ASKED_DELIVERY,
            (who, row, none, arrived + 0.08, csat, door, at_door, late, never, chance[:, 1]),
        ),
        (
            kept & own & told,
            ASKED_NPS,
            (who, row, none, after, nps, whole, at_home, fate.satisfaction + 0.2, never, chance[:, 2]),
        ),
    )
    return [
        _Asked(*columns).only(np.flatnonzero(able & (columns[-1][:, INVITED] < share)))
        for able, share, columns in groups
    ]


def _after_contacts(scene: Scene, truth: Quality, block: Block, rng: np.random.Generator) -> _Asked:
    """Questions on website and app, in the store, after calls and chats, and after failed payments."""
    kinds = list(zip(scene.kinds.touchpoint, scene.kinds.event_type, strict=True))
    share = np.array([_share(touchpoint, what) for touchpoint, what in kinds])
    contexts = np.array([_context(touchpoint, what) for touchpoint, what in kinds])
    places = np.array([truth.touchpoint.index(touchpoint) for touchpoint, _ in kinds])
    events = block.events
    able = np.flatnonzero(share[events.kind] > 0)
    chance = rng.random((len(able), DRAWS))
    some = chance[:, INVITED] < share[events.kind[able]]
    row, chance = able[some], chance[some]
    kind, time = events.kind[row], events.time[row]
    context, place = contexts[kind], places[kind]
    level = np.where(context == Context.ERROR, FELT_ERROR, _level(truth, scene, place, time))
    by_phone = np.array([touchpoint.startswith("cc_") for touchpoint, _ in kinds])[kind]
    slow = by_phone & _while(scene, "answers", time)
    none = np.full(len(row), -1)
    wait = np.where(np.isin(context, (Context.CALL, Context.CHAT)), 0.01, 0.002)
    metric = np.full(len(row), CSAT)
    return _Asked(events.person[row], none, none, time + wait, metric, place, context, level, slow, chance)


def _after_tickets(
    people: People, tickets: TicketSheet, names: tuple[str, ...], rng: np.random.Generator
) -> _Asked:
    """How easy it was, asked of those whose ticket was closed: long waits and reopened tickets hurt."""
    chance = rng.random((len(tickets.person), DRAWS))
    done = ~np.isnan(tickets.resolved) & (chance[:, INVITED] < ASKED_TICKET)
    row = np.flatnonzero(done)
    sheet, chance = tickets.only(row), chance[row]
    waited = (sheet.first_response - sheet.opened) * 24
    worked = (sheet.resolved - sheet.first_response) * 24
    level = 0.95 - 0.35 * np.log1p(waited / 3) - 0.2 * np.log1p(worked / 24) - 0.7 * sheet.slow
    level -= 0.6 * (sheet.status == REOPENED) + 0.3 * (sheet.sentiment < 0)
    place = np.array([names.index(t) if t in names else -1 for t in AFTER_TICKETS])[sheet.channel]
    stores = np.array([names.index(code) for code, _, _ in STORES])[people.store[sheet.person]]
    place = np.where(sheet.channel == AFTER_TICKETS.index("store"), stores, place)
    metric, context = np.full(len(row), CES), np.full(len(row), Context.TICKET)
    sent = sheet.resolved + 0.04
    return _Asked(sheet.person, sheet.order, row, sent, metric, place, context, level, sheet.slow, chance)


def _share(touchpoint: str, what: str) -> float:
    """Share of contacts of one kind after which a question is asked."""
    if what == "checkout_error":
        return ASKED_ERROR
    if what not in ("visit", "call", "message", "check_in"):
        return 0.0
    return next((share for code, share in ASKED.items() if touchpoint.startswith(code)), 0.0)


def _context(touchpoint: str, what: str) -> int:
    """What somebody asked after a contact of one kind can tell about."""
    if what == "checkout_error":
        return Context.ERROR
    places = {
        "cc_": Context.CALL,
        "fb_messenger": Context.CHAT,
        "zalo_chat": Context.CHAT,
        "app_": Context.APP,
        "store_": Context.STORE,
    }
    return next((context for code, context in places.items() if touchpoint.startswith(code)), Context.WEB)


def _while(scene: Scene, kind: str, time: Floats) -> Flags:
    """Whether a fault of this kind is there at each time."""
    there = [going_on(fault, scene.year, time) for fault in scene.world.faults if fault.kind == kind]
    return np.any(there, axis=0) if there else np.zeros(len(time), dtype=bool)


def _level(truth: Quality, scene: Scene, place: Ints, time: Floats) -> Floats:
    """What contacts at each place and time make people feel on average."""
    month = np.maximum(scene.year.month[scene.year.place(time)], 0)
    level: Floats = FELT[0] + FELT[1] * truth.quality[place, month]
    return level


# --- files ---


def numbered(sheet: SurveySheet, block: int) -> SurveySheet:
    """The sheet with numbers and people counted through all blocks, ready to be stacked."""
    return replace(sheet, number=block * SURVEYS_A_BLOCK + sheet.number, person=block * BLOCK + sheet.person)


def survey_ids(sheet: SurveySheet, seed: int) -> list[str]:
    """``KS`` and eight shuffled digits for each question of a numbered sheet."""
    labels: list[str] = ids.labels("KS", ids.permuted(sheet.number, SURVEYS, seed + 6), 8).to_pylist()
    return labels


def survey_rows(scene: Scene, sheet: SurveySheet, seed: int) -> Iterator[tuple[str, ...]]:
    """Rows of the survey tool's export for a numbered sheet, in order of sending; as in `SURVEY_COLUMNS`."""
    sheet = sheet.only(np.argsort(sheet.sent, kind="stable"))
    customers = customer_ids(sheet.person, seed).to_pylist()
    sent, answered = (_stamps(scene, times) for times in (sheet.sent, sheet.answered))
    for at, code in enumerate(survey_ids(sheet, seed)):
        score = str(sheet.score[at]) if answered[at] else ""
        metric = METRICS[sheet.metric[at]]
        told = (metric, sheet.touchpoint[at], score, sheet.comment[at])
        yield (code, customers[at], sent[at], answered[at], *told)


def comment_rows(
    tickets: TicketSheet, surveys: SurveySheet, seed: int
) -> Iterator[tuple[str, str, str, int, str]]:
    """The truth of every text in numbered sheets: columns as in `COMMENT_COLUMNS`."""
    for source, codes, sheet in (
        ("ticket", ticket_ids(tickets, seed), tickets),
        ("survey", survey_ids(surveys, seed), surveys),
    ):
        for at in np.flatnonzero(sheet.themes != "").tolist():
            yield (source, codes[at], sheet.themes[at], int(sheet.sentiment[at]), sheet.language[at])


def _stamps(scene: Scene, times: Floats) -> list[str]:
    """Local times as the survey tool writes them; nothing for NaN."""
    start = np.datetime64(scene.year.start, "s")
    seconds = np.where(np.isnan(times), 0, times * 86_400).astype(np.int64)
    text = np.datetime_as_string(start + seconds.astype("timedelta64[s]"), unit="s")
    return [
        stamp.replace("T", " ") if there else "" for stamp, there in zip(text, ~np.isnan(times), strict=True)
    ]
