"""What people ask and complain about: tickets as a help desk exports them, and how soon they were answered.

A ticket has a cause in the life of its author: a late order, a return, a failed payment, a call. How long the
first answer takes depends on the channel, the hour, the crowd and the faults of the season.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from journey_lib.demo import ids
from journey_lib.demo.arrays import Columns, Flags, Floats, Ints, Stream
from journey_lib.demo.journeys import Block
from journey_lib.demo.names import STORES
from journey_lib.demo.people import People, customer_ids
from journey_lib.demo.scene import Scene
from journey_lib.demo.service import (
    CANCELLED,
    DEPARTMENTS,
    KEPT,
    RETURNED,
    Deliveries,
    at_work,
    bell,
    first_answers,
    quality,
)
from journey_lib.demo.words_style import ORDER_MARK, PHONE_MARK
from journey_lib.demo.words_tickets import Cases, texts
from journey_lib.demo.world import SALES_CHANNELS
from journey_lib.demo.write import BLOCK, ORDERS_A_BLOCK, order_codes

Texts = NDArray[np.object_]

TICKET_COLUMNS = (
    "Mã phiếu", "Mã khách hàng", "Thời gian mở", "Kênh", "Chủ đề", "Nội dung", "Phản hồi đầu tiên",
    "Thời gian xử lý xong", "Trạng thái", "Bộ phận", "Mã đơn hàng",
)  # fmt: skip
TICKETS_A_BLOCK = 1 << 13
TICKETS = (10_000, 10_000)

CHANNELS = ("call_centre", "zalo", "facebook", "email", "app", "store")
ANSWERED_IN = np.array([3.0, 12.0, 18.0, 210.0, 25.0, 1.0]) / 1440  # median days to the first answer
DRAWS = 10  # numbers drawn for each ticket that may be
STATUS = ("Đã đóng", "Đang xử lý", "Mở lại", "Mới")
CLOSED, WORKING, REOPENED, NEW = range(4)

# theme: what an agent calls it, who works on it, median hours until it is resolved
TOPICS: dict[str, tuple[str, str, float]] = {
    "delivery_time": ("Giao hàng trễ", "logistics", 30),
    "order_status": ("Hỏi tình trạng đơn", "customer_care", 1.5),
    "cancellation": ("Hủy đơn", "customer_care", 3),
    "returns": ("Đổi trả hàng", "customer_care", 90),
    "material": ("Chất lượng sản phẩm", "customer_care", 60),
    "size": ("Size, kích thước", "customer_care", 30),
    "as_pictured": ("Hàng khác mô tả", "ecommerce", 50),
    "wrong_item": ("Giao sai, thiếu hàng", "logistics", 50),
    "packaging": ("Hàng hư hỏng khi giao", "logistics", 48),
    "courier": ("Thái độ giao hàng", "logistics", 40),
    "checkout": ("Lỗi thanh toán", "ecommerce", 12),
    "advice": ("Tư vấn sản phẩm", "customer_care", 0.3),
    "promotion": ("Khuyến mãi, voucher", "marketing", 1),
    "membership": ("Tích điểm, thành viên", "crm", 6),
    "messages": ("Từ chối nhận tin", "crm", 20),
    "staff": ("Thái độ nhân viên", "store_ops", 40),
    "store": ("Cửa hàng", "store_ops", 40),
    "price": ("Giá bán", "marketing", 5),
}
OTHER = "Khác"
_TOPIC = {theme: index for index, theme in enumerate(TOPICS)}
_UNHAPPY = ("material", "size", "as_pictured", "price", "wrong_item", "packaging", "courier", "staff")


@dataclass(frozen=True)
class TicketSheet(Columns):
    """Tickets as columns, in order of person and time; times in days, NaN for what did not happen.

    `order`  row of the block's orders, -1 for none.   `channel` in `CHANNELS`.   `status` in `STATUS`.
    `topic`  what it is about, in `TOPICS`; `filed` what the agent chose, -1 for `OTHER`.
    `slow`   it met the fault of slow answers.   `themes`, `sentiment`, `language` are the truth of `text`.
    """

    number: Ints
    person: Ints
    order: Ints
    opened: Floats
    channel: Ints
    topic: Ints
    filed: Ints
    first_response: Floats
    resolved: Floats
    status: Ints
    slow: Flags
    text: Texts
    themes: Texts
    sentiment: Ints
    language: Texts


@dataclass(frozen=True)
class _Causes:
    """Why tickets are opened: by whom, when, about what, how angrily, through what, and a seed of each."""

    person: Ints
    order: Ints
    time: Floats
    topic: Ints
    mood: Ints
    channel: Ints  # -1: as the person likes
    chance: Floats  # rows x 10: like the rest, drawn row by row


def tickets(
    scene: Scene, people: People, block: Block, deliveries: Deliveries, stream: Stream
) -> TicketSheet:
    """All tickets of one block, those outside the calendar left out.

    `deliveries` has a row for each of `block.orders`.
    """
    causes = [
        _about_orders(block, deliveries, stream("tickets orders")),
        _about_contacts(scene, block, stream("tickets contacts")),
        _about_stores(scene, block, stream("tickets stores")),
        _about_messages(scene, people, block, stream("tickets messages")),
    ]
    found = _Causes(*(np.concatenate([getattr(c, f.name) for c in causes]) for f in fields(_Causes)))
    channel = np.where(found.channel >= 0, found.channel, _liked_channel(people, found))
    attended = np.isin(channel, (CHANNELS.index("call_centre"), CHANNELS.index("store")))
    time = np.where(attended, at_work(found.time, found.chance[:, 6]), found.time)
    inside = (time >= 0) & (time < scene.year.days)
    row = np.flatnonzero(inside)[np.lexsort((time[inside], found.person[inside]))]
    found = _Causes(*(getattr(replace(found, time=time), field.name)[row] for field in fields(_Causes)))
    channel = channel[row]
    first, resolved, status, slow = _course(scene, found, channel)
    other = found.chance[:, 8]
    wrong = (other * 1e6).astype(np.int64) % len(TOPICS)
    filed = np.where(other < 0.06, -1, np.where(other < 0.09, wrong, found.topic))
    cases = Cases(
        person=found.person,
        order=found.order,
        opened=found.time,
        theme=found.topic,
        mood=found.mood,
        noted=np.isin(channel, (CHANNELS.index("call_centre"), CHANNELS.index("store"))),
        missed=np.isnan(first) & (channel == CHANNELS.index("call_centre")),
        wait=np.where(slow, np.where(np.isnan(first), 2.0, first - found.time), np.nan),
        seed=(found.chance[:, 9] * 2**62).astype(np.int64),
    )
    said = texts(people, block.orders, deliveries, cases, tuple(TOPICS), scene.year.start.year, stream)
    return TicketSheet(
        number=np.arange(len(row)),
        person=found.person,
        order=found.order,
        opened=found.time,
        channel=channel,
        topic=found.topic,
        filed=filed,
        first_response=first,
        resolved=resolved,
        status=status,
        slow=slow,
        text=np.array([one.text for one in said], dtype=object),
        themes=np.array([one.themes for one in said], dtype=object),
        sentiment=np.array([one.sentiment for one in said], dtype=np.int64),
        language=np.array([one.language for one in said], dtype=object),
    )


# --- causes ---


def _about_orders(block: Block, fate: Deliveries, rng: np.random.Generator) -> _Causes:
    """Complaints and questions that orders give rise to, one at most for each."""
    orders = block.orders
    chance = rng.random((len(orders.person), DRAWS))
    ask, when, which = chance[:, 0], chance[:, 1], chance[:, 6]
    sent = ~np.isnan(fate.days)
    days, promised = np.where(sent, fate.days, 0), np.where(sent, fate.promised, 0)
    extra = np.where(fate.late, days - promised, 0)
    unhappy = _complaint(block, fate, which)
    small = np.where(which < 0.7, _TOPIC["order_status"], _TOPIC["promotion"])
    small = np.where(which < 0.9, small, _TOPIC["membership"])
    bad = np.where(fate.satisfaction < -1.6, -2, -1)
    complains = promised + extra * when * 1.6 + 0.2 * when  # some before it comes, some after
    cases = (  # who, how likely, about what, how angrily, when
        (fate.late & (ask < 0.35 + 0.06 * np.minimum(extra, 6)), "delivery_time", bad, complains),
        (fate.outcome == RETURNED, "returns", np.where(fate.fit < -1, -1, 0), None),
        (fate.outcome == CANCELLED, "cancellation", np.where(fate.late, -1, 0), None),
    )
    topic, mood = np.full(len(ask), -1), np.zeros(len(ask), dtype=np.int64)
    time = orders.time + days * when
    told = {"returns": 0.8, "cancellation": 0.45}
    for who, about, angry, after in cases:
        now = who & (topic < 0) & (ask < told.get(about, 1.0))
        topic[now], mood[now] = _TOPIC[about], angry[now]
        then = orders.time + after if after is not None else fate.outcome_time - 0.02 - 0.6 * when
        then = np.fmin(then, fate.outcome_time)
        time = np.where(now, np.maximum(then, orders.time + 0.01), time)
    now = (topic < 0) & (fate.outcome == KEPT) & ~fate.late & (fate.satisfaction < -0.9) & (ask < 0.3)
    topic[now], mood[now] = unhappy[now], bad[now]
    time = np.where(now, orders.time + days + 0.1 + 5 * when, time)
    now = (topic < 0) & (fate.outcome == KEPT) & ~fate.late & sent & (ask > 0.9)
    topic[now] = small[now]
    row = np.flatnonzero(topic >= 0)
    none = np.full(len(row), -1)
    return _Causes(orders.person[row], row, time[row], topic[row], mood[row], none, chance[row])


def _complaint(block: Block, fate: Deliveries, chance: Floats) -> Ints:
    """What each order would be complained about, if it came to that."""
    in_store = block.orders.sold_at == SALES_CHANNELS.index("store")
    weight = np.tile([0.3, 0.2, 0.1, 0.05, 0.13, 0.12, 0.07, 0.0], (len(chance), 1))
    weight[fate.fit < -0.5, :3] *= 2.5
    weight[in_store, 2:7] = (0.0, 0.08, 0.0, 0.0, 0.0)
    weight[in_store, 7] = 0.35
    ladder = np.cumsum(weight, axis=1)
    which = (ladder[:, :-1] < (chance * ladder[:, -1])[:, None]).sum(axis=1)
    return np.array([_TOPIC[theme] for theme in _UNHAPPY])[which]


def _about_contacts(scene: Scene, block: Block, rng: np.random.Generator) -> _Causes:
    """Calls and messages, each with a question, and payments that failed."""
    table = np.zeros((len(scene.kinds.touchpoint), 2))  # chance of a ticket; channel
    for kind, (touchpoint, what) in enumerate(
        zip(scene.kinds.touchpoint, scene.kinds.event_type, strict=True)
    ):
        if touchpoint.startswith("cc_") and what == "call":
            table[kind] = (0.5, 0)
        elif touchpoint == "zalo_chat":
            table[kind] = (0.15, 1)
        elif touchpoint == "fb_messenger":
            table[kind] = (0.15, 2)
        elif what == "checkout_error":
            table[kind] = (0.2, -1)
    row = np.flatnonzero(table[block.events.kind, 0] > 0)
    chance = rng.random((len(row), DRAWS))
    some = chance[:, 0] < table[block.events.kind[row], 0]
    row, chance = row[some], chance[some]
    channel = table[block.events.kind[row], 1].astype(np.int64)
    which = chance[:, 6]
    topic = np.where(
        which < 0.8, _TOPIC["advice"], np.where(which < 0.93, _TOPIC["promotion"], _TOPIC["membership"])
    )
    stranger = block.known[block.events.person[row]] > block.events.time[row]  # has no points to ask about
    topic = np.where(stranger & (topic == _TOPIC["membership"]), _TOPIC["advice"], topic)
    failed = channel < 0
    topic = np.where(failed, _TOPIC["checkout"], topic)
    mood = np.where(failed, np.where(chance[:, 1] < 0.4, -2, -1), 0)
    time = block.events.time[row] + np.where(failed, 0.004 + 0.1 * which, 0)
    return _Causes(block.events.person[row], np.full(len(row), -1), time, topic, mood, channel, chance)


def _about_stores(scene: Scene, block: Block, rng: np.random.Generator) -> _Causes:
    """Complaints after visits to a store, the more the worse it is."""
    truth = quality(scene)
    level = truth.quality[[truth.touchpoint.index(code) for code, _, _ in STORES]]
    names = [code for code, _, _ in STORES]
    store = np.array([names.index(t) if t in names else -1 for t in scene.kinds.touchpoint])
    row = np.flatnonzero(store[block.events.kind] >= 0)
    chance = rng.random((len(row), DRAWS))
    month = np.maximum(scene.year.month[scene.year.place(block.events.time[row])], 0)
    at = level[store[block.events.kind[row]], month]
    some = chance[:, 0] < 0.005 * np.exp(-1.2 * at)
    row, chance = row[some], chance[some]
    topic = np.where(chance[:, 6] < 0.6, _TOPIC["staff"], _TOPIC["store"])
    mood = np.where(chance[:, 1] < 0.3, -2, -1)
    time = block.events.time[row] + 0.02 + 1.5 * chance[:, 1]
    none = np.full(len(row), -1)
    return _Causes(block.events.person[row], none, time, topic, mood, none, chance)


def _about_messages(scene: Scene, people: People, block: Block, rng: np.random.Generator) -> _Causes:
    """People who refused messages, and say so again."""
    size = len(block.known)
    chance = rng.random((size, DRAWS))
    time = chance[:, 1] * scene.year.days
    annoyed = people.opt_out[:size] & (block.known < time) & (chance[:, 0] < 0.06 * scene.year.days / 365)
    row = np.flatnonzero(annoyed)
    none = np.full(len(row), -1)
    topic = np.full(len(row), _TOPIC["messages"])
    return _Causes(row, none, time[row], topic, none, none, chance[row])


# --- answers ---


def _course(scene: Scene, found: _Causes, channel: Ints) -> tuple[Floats, Floats, Ints, Flags]:
    """First answers, times of resolution, states, and which tickets met the slow answers, as of the end."""
    first, slow = first_answers(scene, found.time, ANSWERED_IN[channel], channel == 0, found.chance[:, 3:5])
    hours = np.array([entry[2] for entry in TOPICS.values()])[found.topic]
    work = hours / 24 * np.exp(0.8 * bell(found.chance[:, 2])) * np.where(slow, 1.6, 1.0)
    resolved = at_work(first + work, found.chance[:, 6])
    chatted = np.isin(channel, (CHANNELS.index("zalo"), CHANNELS.index("facebook")))
    unheard = found.chance[:, 7] < np.where(slow, 0.12, np.where(chatted, 0.04, 0.0))
    unheard |= first >= scene.year.days
    open_yet = ~unheard & (resolved >= scene.year.days)
    status = np.where(found.chance[:, 5] < 0.04, REOPENED, CLOSED)
    status = np.where(unheard, NEW, np.where(open_yet, WORKING, status))
    first = np.where(unheard, np.nan, first)
    return first, np.where(unheard | open_yet, np.nan, resolved), status, slow


def _liked_channel(people: People, found: _Causes) -> Ints:
    """The channel each author would turn to: the telephone and Zalo for the older, chats for the younger."""
    older = people.born[found.person] < np.median(people.born)
    weight = np.where(
        older[:, None], (0.5, 0.3, 0.08, 0.05, 0.02, 0.05), (0.27, 0.24, 0.26, 0.06, 0.12, 0.05)
    )
    weight[~people.app[found.person], CHANNELS.index("app")] = 0
    weight[np.isin(found.topic, (_TOPIC["checkout"], _TOPIC["messages"])), CHANNELS.index("store")] = 0
    ladder = np.cumsum(weight, axis=1)
    place: Ints = (ladder[:, :-1] < (found.chance[:, 9] * ladder[:, -1])[:, None]).sum(axis=1)
    return place


# --- files ---


def numbered(sheet: TicketSheet, block: int) -> TicketSheet:
    """The sheet with numbers, people and orders counted through all blocks, ready to be stacked."""
    return replace(
        sheet,
        number=block * TICKETS_A_BLOCK + sheet.number,
        person=block * BLOCK + sheet.person,
        order=np.where(sheet.order >= 0, block * ORDERS_A_BLOCK + sheet.order, -1),
    )


def ticket_ids(sheet: TicketSheet, seed: int) -> list[str]:
    """``YC`` and eight shuffled digits for each ticket of a numbered sheet."""
    labels: list[str] = ids.labels("YC", ids.permuted(sheet.number, TICKETS, seed + 5), 8).to_pylist()
    return labels


def ticket_rows(scene: Scene, sheet: TicketSheet, seed: int) -> Iterator[tuple[str, ...]]:
    """Rows of the help desk's export for a numbered sheet, in order of opening; as in `TICKET_COLUMNS`."""
    row = np.argsort(sheet.opened, kind="stable")
    sheet = sheet.only(row)
    codes = ticket_ids(sheet, seed)
    customers = customer_ids(sheet.person, seed).to_pylist()
    orders = order_codes(np.maximum(sheet.order, 0), seed)
    phones = ids.permuted(sheet.person, ids.PHONES, seed + 1)
    entries = list(TOPICS.values())
    for at, code in enumerate(codes):
        filed = int(sheet.filed[at])
        text = sheet.text[at].replace(ORDER_MARK, orders[at]).replace(PHONE_MARK, f"030{phones[at]:07d}")
        times = (sheet.opened[at], sheet.first_response[at], sheet.resolved[at])
        opened, first, resolved = (local(scene, float(time)) for time in times)
        yield (
            code,
            customers[at],
            opened,
            CHANNELS[sheet.channel[at]],
            entries[filed][0] if filed >= 0 else OTHER,
            text,
            first,
            resolved,
            STATUS[sheet.status[at]],
            entries[filed][1] if filed >= 0 else DEPARTMENTS[3],
            orders[at] if sheet.order[at] >= 0 else "",
        )


def local(scene: Scene, time: float) -> str:
    """A local time as the shop's software writes it; nothing for NaN."""
    if np.isnan(time):
        return ""
    start = scene.year.start
    moment = datetime(start.year, start.month, start.day) + timedelta(seconds=int(time * 86_400))
    return moment.strftime("%d/%m/%Y %H:%M:%S")
