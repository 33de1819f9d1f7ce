"""The demo shop gives nothing away by accident: no label, place in a file or digit tells the truth."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from learners import FEWEST, MOST, Array, Flags, adding, cutting, learnt, separation
from numpy.typing import NDArray

from journey_lib import demo

pytestmark = pytest.mark.slow  # whole worlds are simulated

SURE = 4.5  # standard errors: about one false alarm in 300,000 looks


# --- the shop, and everything in it that should say nothing ---


@dataclass(frozen=True)
class Shop:
    """The raw tables in the order of their files, and what is true of them."""

    events: pd.DataFrame
    identifiers: pd.DataFrame
    crm: pd.DataFrame
    orders: pd.DataFrame
    tickets: pd.DataFrame
    surveys: pd.DataFrame
    people: pd.DataFrame
    stages: pd.DataFrame
    owners: pd.DataFrame
    comments: pd.DataFrame


def opened(folder: Path) -> Shop:
    raw, known = folder / "raw", folder / "truth"

    def text(pattern: str, place: Path = raw) -> pd.DataFrame:
        files = sorted(place.glob(pattern))
        return pd.concat([pd.read_csv(file, dtype=str, keep_default_na=False) for file in files])

    events = pd.concat([pq.read_table(file).to_pandas() for file in sorted(raw.glob("events_*.parquet"))])
    events["customer_id"] = events.customer_id.fillna("")
    return Shop(
        events=events.reset_index(drop=True),
        identifiers=pq.read_table(raw / "identifiers.parquet").to_pandas(),
        crm=text("customers.csv"),
        orders=text("orders_*.csv").reset_index(drop=True),
        tickets=text("tickets.csv"),
        surveys=text("surveys.csv"),
        people=pq.read_table(known / "people.parquet").to_pandas().set_index("customer_id"),
        stages=pq.read_table(known / "events.parquet").to_pandas().set_index("event_id"),
        owners=pq.read_table(known / "fragments.parquet").to_pandas(),
        comments=text("comments.csv", known),
    )


@pytest.fixture(scope="module", params=[6_000, pytest.param(60_000, marks=pytest.mark.slow)])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("leaks")
    demo.generate(folder, customers=request.param)
    return opened(folder)


def digits(name: str, texts: pd.Series) -> pd.DataFrame:
    """Each digit of labels of one length as a number, and the whole."""
    width = range(texts.str.len().max())
    columns = {f"{name} {at}": texts.str[at].map(lambda c: int(c, 16)) for at in width}
    columns[name] = texts.map(lambda label: int(label, 16) / 16.0 ** len(label))
    return pd.DataFrame(columns)


def places(rows: int) -> pd.DataFrame:
    """The place in a file, by the numbers a writer might have counted in."""
    place = np.arange(rows)
    return pd.DataFrame({f"place mod {step}": place % step for step in (2, 3, 8, 10, 16, 64)})


def of_customers(shop: Shop) -> pd.DataFrame:
    """Hints of customer records: every digit of every label in them, and their place in the file."""
    crm = shop.crm.reset_index(drop=True)
    parts = {
        "code": crm["Mã khách hàng"].str[2:],
        "phone": crm["Số điện thoại"].str.extract(r"^030(\d{7})$", expand=False),
        "e-mail": crm["Email"].str.extract(r"(\d{7})@", expand=False),
        "member": crm["Mã thành viên"].str.extract(r"^TV(\d{9})$", expand=False),
    }
    whole = pd.DataFrame(parts).dropna()
    hints = [digits(name, whole[name]) for name in parts]
    tail = crm["Email"].str.extract(r"([\d._]+)@", expand=False).str.len()
    count = places(len(crm)).assign(place=crm.index, tail=tail).loc[whole.index]
    return pd.concat([*hints, count], axis=1).set_index(("KH" + whole["code"]).rename("customer_id"))


def of_events(shop: Shop) -> pd.DataFrame:
    """Hints of events: digits of the id, the seconds and what is below them, the place in the file."""
    events = pd.concat([shop.events, places(len(shop.events))], axis=1)
    events = events.drop_duplicates("event_id").dropna(subset=["timestamp"])
    # one event a person: rows of one person go together, and chance would reach farther than it seems
    events = events[events.customer_id != ""].sample(frac=1, random_state=1).drop_duplicates("customer_id")
    micro = events.timestamp.dt.microsecond
    below = pd.DataFrame({f"microsecond {place}": micro // 10**place % 10 for place in range(6)})
    hints = events.filter(like="place mod").join(below).join(digits("id", events.event_id))
    return hints.assign(
        second=events.timestamp.dt.second, event_id=events.event_id, customer_id=events.customer_id
    ).set_index(["event_id", "customer_id"])


def of_rows(table: pd.DataFrame, code: str, customer: str, time: str) -> pd.DataFrame:
    """Hints of orders, tickets and surveys: digits of the code, the seconds, the place in the file."""
    table = table.reset_index(drop=True)
    hints = pd.concat([digits("code", table[code].str[2:]), places(len(table))], axis=1)
    hints["second"] = pd.to_numeric(table[time].str[-2:], errors="coerce").fillna(-1)
    if "Giá trị (đ)" in table:
        value = pd.to_numeric(table["Giá trị (đ)"].str.replace(".", ""), errors="coerce").fillna(0)
        hints["last thousand"], hints["rounded"] = value // 1000 % 10, value % 5000 == 0
    return hints.set_index([table[code].rename("code"), table[customer].rename("customer_id")])


def of_everything(shop: Shop) -> dict[str, pd.DataFrame]:
    """All hints that belong to somebody, by what they stand on."""
    orders = of_rows(shop.orders, "Mã đơn hàng", "Mã khách hàng", "Thời gian đặt")
    return {
        "customer": of_customers(shop),
        "event": of_events(shop),
        "order": orders[orders.index.get_level_values("customer_id") != ""],
        "ticket": of_rows(shop.tickets, "Mã phiếu", "Mã khách hàng", "Thời gian mở"),
        "survey": of_rows(shop.surveys, "survey_id", "customer_id", "sent_at"),
    }


def whose(shop: Shop, hints: pd.DataFrame, trait: str) -> NDArray[np.object_]:
    return shop.people[trait].reindex(hints.index.get_level_values("customer_id")).to_numpy()


def told(looks: dict[str, tuple[pd.DataFrame, Flags]]) -> dict[str, float]:
    """What was learnt, beyond chance."""
    found = {name: learnt(hints, label) for name, (hints, label) in looks.items()}
    return {name: round(far, 1) for name, far in found.items() if far > SURE}


# --- what the learners find ---


def of_personas(shop: Shop) -> dict[str, tuple[pd.DataFrame, Flags]]:
    tables = of_everything(shop)
    return {
        f"{name}: {persona}": (hints, own == persona)
        for name, hints in tables.items()
        for own in [whose(shop, hints, "persona")]
        for persona, rows in pd.Series(own).value_counts().head(3).items()
        if rows >= FEWEST
    }


def of_propensity(shop: Shop) -> dict[str, tuple[pd.DataFrame, Flags]]:
    middle = shop.people.propensity_90.median()
    return {
        name: (hints, own > max(middle, float(np.median(own))))
        for name, hints in of_everything(shop).items()
        for own in [whose(shop, hints, "propensity_90").astype(np.float64)]
    }


def of_stages(shop: Shop) -> dict[str, tuple[pd.DataFrame, Flags]]:
    hints = of_events(shop)
    truth = shop.stages.loc[hints.index.get_level_values("event_id")]
    looks = {stage: (hints, (truth.stage == stage).to_numpy()) for stage in truth.stage.unique()}
    looks["of a need"] = (hints, truth.need.notna().to_numpy())
    looks["brought by another"] = (hints, truth.brought_by.notna().to_numpy())
    return {name: look for name, look in looks.items() if look[1].sum() >= FEWEST}


def of_moods(shop: Shop) -> dict[str, tuple[pd.DataFrame, Flags]]:
    looks = {}
    for source in ("ticket", "survey"):
        hints = of_everything(shop)[source]
        said = shop.comments[shop.comments.source == source].set_index("id").sentiment.astype(int)
        felt = said.reindex(hints.index.get_level_values("code")).to_numpy()
        looks[f"{source}: pain"] = (hints[~np.isnan(felt)], felt[~np.isnan(felt)] < 0)
    return {name: look for name, look in looks.items() if look[1].sum() >= FEWEST}


Looks = Callable[[Shop], dict[str, tuple[pd.DataFrame, Flags]]]


@pytest.mark.parametrize("truth", [of_personas, of_propensity, of_stages, of_moods])
def test_neither_labels_nor_places_nor_digits_tell_the_truth(shop: Shop, truth: Looks) -> None:
    assert told(truth(shop)) == {}


def pairs(shop: Shop, right: pd.DataFrame, one: str, other: str) -> tuple[pd.DataFrame, Flags]:
    """Pairs of fragments, half of them of one person, and all by which their labels and places differ."""
    seen = {kind: shop.identifiers[kind].drop_duplicates().reset_index() for kind in (one, other)}
    first = {kind: table.set_index(kind)["index"] for kind, table in seen.items()}

    def of_kind(kind: str, keep: Literal["first", "last"]) -> pd.Series:
        own = right[(right.kind == kind) & right.fragment.isin(first[kind].index)]
        return own.drop_duplicates("customer_id", keep=keep).set_index("customer_id").fragment

    left, mate = of_kind(one, "first"), of_kind(other, "last")
    both = pd.concat([left.rename("one"), mate.rename("other")], axis=1, join="inner")
    both = both[both.one != both.other].sample(frac=1, random_state=1).head(MOST // 2)
    strange = both.assign(other=np.roll(both.other.to_numpy(), len(both) // 2))
    table = pd.concat([both, strange], ignore_index=True)
    label = np.arange(len(table)) < len(both)
    hints = gaps(table.one, table.other, first[one], first[other], shop)
    apart = (hints.file > 0).to_numpy()  # two that stand in one row may be told to be one person's
    return hints[apart], label[apart]


def bare(label: str) -> str:
    """The digits of a label that somebody numbered: of an address only those at its end."""
    address = re.search(r"(\d{7})(\+\w+)?@", label)
    return address[1] if address else re.sub("[^0-9a-f]", "", label)[-16:]


def gaps(one: pd.Series, other: pd.Series, place: pd.Series, mate: pd.Series, shop: Shop) -> pd.DataFrame:
    """How far two labels differ: digit by digit, as wholes, and in where they first stand in the file."""
    numbers = [[bare(text) for text in series] for series in (one, other)]
    width = min(len(text) for texts in numbers for text in texts)
    base = 16.0 if width == 16 else 10.0
    a, b = (np.array([[int(c, 16) for c in text[-width:]] for text in texts]) for texts in numbers)
    whole = (a - b) @ base ** -np.arange(1.0, width + 1)
    hints = {f"gap {at}": (a - b)[:, at] % base for at in range(width)}
    hints |= {f"apart {at}": np.abs(a - b)[:, at] for at in range(width)}
    hints["equal"] = (a == b).sum(axis=1)
    hints["whole"], hints["apart"] = whole % 1, np.abs(whole)
    far = np.abs(place.loc[one].to_numpy() - mate.loc[other].to_numpy())
    hints["file"] = far / len(shop.identifiers)
    return pd.DataFrame(hints)


PAIRS = [("cookie", "cookie"), ("device", "device"), ("cookie", "device"), ("cookie", "user_id"),
         ("user_id", "device"), ("user_id", "phone"), ("user_id", "email"), ("phone", "email")]  # fmt: skip


def of_pairs(shop: Shop) -> dict[str, tuple[pd.DataFrame, Flags]]:
    right = shop.owners[~shop.owners.error]
    right = right[~right.duplicated(["kind", "fragment"], keep=False)]
    looks = {f"{one} and {other}": pairs(shop, right, one, other) for one, other in PAIRS}
    return {name: look for name, look in looks.items() if len(look[1]) >= 400}


def test_labels_do_not_tell_which_fragments_are_one_person(shop: Shop) -> None:
    looks = {name: (hints.drop(columns="file"), same) for name, (hints, same) in of_pairs(shop).items()}
    assert len(looks) >= 6
    assert told(looks) == {}


@pytest.mark.parametrize("shop", [6_000, pytest.param(60_000, marks=pytest.mark.slow)], indirect=True)
def test_places_do_not_tell_which_fragments_are_one_person(shop: Shop) -> None:
    far = {name: separation(-hints.file.to_numpy(), same) for name, (hints, same) in of_pairs(shop).items()}
    assert {name: round(z, 1) for name, z in far.items() if abs(z) > SURE} == {}


def far_apart(shop: Shop) -> tuple[Array, Array]:
    """Rows of the customer file between two records of one person, and between records of two people."""
    place = pd.Series(np.arange(len(shop.crm)), index=shop.crm["Mã khách hàng"])
    codes = shop.owners[shop.owners.kind == "customer_id"]
    twice = codes[codes.duplicated("customer_id", keep=False)]
    same = twice.groupby("customer_id").fragment.agg(lambda both: np.ptp(place.loc[both].to_numpy()))
    strange = np.random.default_rng(1).integers(0, len(place), (20_000, 2))
    return same.to_numpy(dtype=np.float64), np.abs(strange[:, 0] - strange[:, 1]).astype(np.float64)


def test_the_place_in_the_customer_file_does_not_tell_which_records_are_one_person(shop: Shop) -> None:
    same, strange = far_apart(shop)
    label = np.r_[np.ones(len(same), dtype=bool), np.zeros(len(strange), dtype=bool)]
    assert len(same) >= 10
    assert abs(separation(np.r_[same, strange], label)) < SURE


def test_no_second_after_a_touch_is_the_one_at_which_orders_come(shop: Shop) -> None:
    column = "Thời gian đặt"
    orders = shop.orders.assign(
        time=pd.to_datetime(shop.orders[column], format="%d/%m/%Y %H:%M:%S", errors="coerce"),
        customer_id=shop.orders["Mã khách hàng"],
    ).dropna(subset=["time"])
    touch = shop.events[shop.events.channel.notna()].dropna(subset=["timestamp"])
    touch = touch.assign(met=touch.timestamp.dt.tz_convert("Asia/Ho_Chi_Minh").dt.tz_localize(None))
    last = pd.merge_asof(
        orders.sort_values("time"), touch[["met", "customer_id"]].sort_values("met"),
        left_on="time", right_on="met", by="customer_id",
    )  # fmt: skip
    seconds = (last.time - last.met).dt.total_seconds().dropna().round()
    assert seconds.value_counts(normalize=True).iloc[0] < 0.02


# --- that they would find it ---


def in_every(rows: pd.Series | Flags, share: float) -> Flags:
    """That share of the rows that are marked."""
    marked = np.asarray(rows, dtype=bool)
    return marked & (np.random.default_rng(2).random(len(marked)) < share)


def in_a_phone(shop: Shop) -> Shop:
    crm, column = shop.crm.copy(), "Số điện thoại"
    hunts = (shop.people.persona.reindex(crm["Mã khách hàng"]) == "deal_hunter").to_numpy()
    rows = in_every(hunts & crm[column].str.fullmatch(r"030\d{7}"), 0.2)
    crm.loc[rows, column] = crm.loc[rows, column].str[:-1] + "7"
    return replace(shop, crm=crm)


def in_the_order_of_the_file(shop: Shop) -> Shop:
    rank = shop.people.propensity_90.reindex(shop.crm["Mã khách hàng"]).rank(pct=True).to_numpy()
    noise = np.random.default_rng(2).normal(0, 1, len(rank))
    return replace(shop, crm=shop.crm.iloc[np.argsort(np.nan_to_num(rank) + noise)])


def in_microseconds(shop: Shop) -> Shop:
    need = shop.stages.need.notna().reindex(shop.events.event_id).to_numpy()
    rows, time = in_every(need, 0.1), shop.events.timestamp
    return replace(shop, events=shop.events.assign(timestamp=time.where(~rows, time.dt.floor("10us"))))


def in_rounded_values(shop: Shop) -> Shop:
    column = "Giá trị (đ)"
    likely = shop.people.propensity_90.reindex(shop.orders["Mã khách hàng"]).to_numpy()
    rows = in_every(likely > np.nanmedian(likely), 0.6)
    value = shop.orders[column].where(~rows, shop.orders[column].str[:-5] + "0.000")
    return replace(shop, orders=shop.orders.assign(**{column: value}))


def in_the_code_of_a_ticket(shop: Shop) -> Shop:
    said = shop.comments[(shop.comments.source == "ticket") & (shop.comments.sentiment.astype(int) < 0)].id
    rows = in_every(shop.tickets["Mã phiếu"].isin(said), 0.7)
    code = shop.tickets["Mã phiếu"].where(~rows, shop.tickets["Mã phiếu"].str[:-1] + "9")
    new = dict(zip(shop.tickets["Mã phiếu"], code, strict=True))
    told = shop.comments.assign(id=shop.comments.id.map(lambda code: new.get(code, code)))
    return replace(shop, tickets=shop.tickets.assign(**{"Mã phiếu": code}), comments=told)


def in_cookies(shop: Shop) -> Shop:
    own = shop.owners.drop_duplicates("fragment").set_index("fragment").customer_id
    tail = (own.str[-1].astype(int) % 10).astype(str)
    some = own.index[in_every(np.ones(len(own)), 0.4)]
    new = {old: tail[old] + old[1:] for old in own.index.intersection(some)}
    seen = shop.identifiers.copy()
    for column in ("cookie", "device"):
        seen[column] = seen[column].map(lambda old: new.get(old, old))
    told = shop.owners.assign(fragment=shop.owners.fragment.map(lambda old: new.get(old, old)))
    return replace(shop, identifiers=seen, owners=told)


@pytest.mark.parametrize(
    ("plant", "looks", "name"),
    [
        (in_a_phone, of_personas, "customer: deal_hunter"),
        (in_the_order_of_the_file, of_propensity, "customer"),
        (in_microseconds, of_stages, "of a need"),
        (in_rounded_values, of_propensity, "order"),
        (in_the_code_of_a_ticket, of_moods, "ticket: pain"),
        (in_cookies, of_pairs, "cookie and cookie"),
        (in_cookies, of_pairs, "cookie and device"),
    ],
)
def test_a_leak_that_is_planted_is_found(
    shop: Shop, plant: Callable[[Shop], Shop], looks: Looks, name: str
) -> None:
    assert learnt(*looks(plant(shop))[name]) > SURE


def test_a_leak_that_no_weight_can_show_is_found_by_steps(shop: Shop) -> None:
    hints = of_events(shop)
    middle = hints["id 3"].isin([6, 7, 8, 9]).to_numpy()
    label = np.random.default_rng(2).random(len(hints)) < np.where(middle, 0.5, 0.26)
    table = hints.to_numpy(dtype=np.float64)
    half = np.arange(len(table)) % 2 == 0
    far = [separation(by(table[half], label[half], table[~half]), label[~half]) for by in (adding, cutting)]
    assert far[0] < SURE < far[1]
