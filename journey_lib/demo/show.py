"""The demo shop and its known truth as small tables, ready to be drawn: what was so, beside what was seen.

Only pages that look at the demo shop itself start from here; a report about a shop never does. Every table
is a frame whose columns are named in its function; times are the shop's local days.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from journey_lib.demo.scene import scene
from journey_lib.demo.seasons import LEAD
from journey_lib.demo.worlds import named
from journey_lib.errors import DataError
from journey_lib.i18n import text as _
from journey_lib.model import Language

LABEL = "demo.json"
ZONE = "Asia/Ho_Chi_Minh"
Z95 = NormalDist().inv_cdf(0.975)
STAMP = "%d/%m/%Y %H:%M:%S"

SEASONS: Mapping[str, Mapping[Language, str]] = {
    "tet": {"vi": "sắm Tết", "en": "before Tết"},
    "tet_holiday": {"vi": "nghỉ Tết", "en": "Tết holiday"},
    "valentine": {"vi": "14/2", "en": "Valentine"},
    "women_day": {"vi": "8/3", "en": "8 March"},
    "reunification": {"vi": "30/4", "en": "30 April"},
    "back_to_school": {"vi": "tựu trường", "en": "back to school"},
    "double_9": {"vi": "9/9", "en": "9.9"},
    "double_10": {"vi": "10/10", "en": "10.10"},
    "vn_women_day": {"vi": "20/10", "en": "20 October"},
    "double_11": {"vi": "11/11", "en": "11.11"},
    "black_friday": {"vi": "Black Friday", "en": "Black Friday"},
    "double_12": {"vi": "12/12", "en": "12.12"},
    "christmas": {"vi": "Giáng sinh", "en": "Christmas"},
}


@dataclass(frozen=True)
class Shop:
    """A generated shop: its data in `raw`, what is true of it in `truth`.

    `label` are the arguments it was made with and the counts of its rows, `world` what `world.json` says.
    """

    raw: Path
    truth: Path
    label: Mapping[str, Any]
    world: Mapping[str, Any]

    @property
    def first_day(self) -> date:
        """The first local day of the data."""
        return date.fromisoformat(self.label["start"])

    def known(self, name: str) -> pd.DataFrame:
        """One table of the truth, by its file name."""
        path = self.truth / name
        return pq.read_table(path).to_pandas() if path.suffix == ".parquet" else pd.read_csv(path)


def open_shop(folder: str | Path) -> Shop:
    """The generated shop in a workspace folder, which is looked for from here upwards.

    Raises
    ------
    DataError
        It was not made, its truth is missing, or truth and data are not of the same run.
    """
    here = (place / folder for place in (Path.cwd(), *Path.cwd().parents))
    found = next((place for place in here if place.is_dir()), Path(folder))
    raw, truth = found / "raw", found / "truth"
    labels = [place / LABEL for place in (raw, truth)]
    if missing := [path.parent for path in labels if not path.is_file()]:
        raise DataError(
            _("the demo shop, or what is true of it, has not been made here"),
            where=str(missing[0]),
            do=_("make it with `journey demo`, then open this page again"),
        )
    said = [path.read_text("utf-8") for path in labels]
    if said[0] != said[1]:
        raise DataError(
            _("data and truth come from different runs of the demo shop"),
            where=str(folder),
            do=_("make both anew with `journey demo`"),
        )
    world = json.loads((truth / "world.json").read_text("utf-8"))
    return Shop(raw, truth, json.loads(said[0]), world)


# --- who they are, and when they want something ---


def personas(shop: Shop, language: Language) -> pd.DataFrame:
    """Who the shop's people are: a row per persona, the largest first.

    Columns: `persona`, `name`, `story`, `people`, `share`, `age` (mean), `women` (share), `price_sensitivity`
    (mean, 0 to 1), `needs` and `orders` a hundred people in the period, `basket` (median VND of an order).
    """
    people = shop.known("people.parquet").set_index("customer_id")["persona"]
    needs = shop.known("needs.parquet")
    began = needs[needs["start"] >= pd.Timestamp(shop.first_day, tz=ZONE)]["customer_id"]
    sold = orders(shop)
    rows = []
    for kind in shop.world["world"]["personas"]:
        mine = people.index[people == kind["code"]]
        its = sold[sold["customer_id"].isin(mine)]
        rows.append(
            {
                "persona": kind["code"],
                "name": kind["name"][language],
                "story": kind["story"][language],
                "people": len(mine),
                "share": len(mine) / len(people),
                "age": kind["age"][0],
                "women": kind["woman"],
                "price_sensitivity": kind["price_sensitivity"][0],
                "needs": 100 * began.isin(mine).sum() / max(len(mine), 1),
                "orders": 100 * len(its) / max(len(mine), 1),
                "basket": its["value"].median(),
            }
        )
    return pd.DataFrame(rows).sort_values("people", ascending=False, ignore_index=True)


def habits(shop: Shop, language: Language) -> pd.DataFrame:
    """Which channels are each persona's own? A row per persona and channel.

    Columns: `name`, `channel`, `contacts`, `times`: the channel's share of the persona's contacts over its
    share of all contacts, so that 1 is as everybody.
    """
    people = shop.known("people.parquet").set_index("customer_id")["persona"]
    names = {kind["code"]: kind["name"][language] for kind in shop.world["world"]["personas"]}
    met = events(shop, ["customer_id", "channel"]).dropna()
    met["name"] = met["customer_id"].map(people).map(names)
    contacts = met.groupby(["name", "channel"]).size().rename("contacts").reset_index()
    own = contacts["contacts"] / contacts.groupby("name")["contacts"].transform("sum")
    usual = contacts.groupby("channel")["contacts"].transform("sum") / contacts["contacts"].sum()
    return contacts.assign(times=own / usual)


def days(shop: Shop) -> pd.DataFrame:
    """When do people begin to need something, and order? Columns: `day`, `needs`, `orders`."""
    needs = shop.known("needs.parquet")["start"].dt.tz_convert(ZONE).dt.tz_localize(None)
    calendar = scene(named(shop.label["world"]), shop.first_day, shop.label["months"]).year
    table = pd.DataFrame({"day": pd.date_range(shop.first_day, periods=calendar.days, freq="D")})
    for name, times in (("needs", needs), ("orders", orders(shop)["time"])):
        table[name] = table["day"].map(times.dt.normalize().value_counts()).fillna(0).astype(int)
    return table


def seasons(shop: Shop, language: Language) -> pd.DataFrame:
    """The seasons that have a name: `name`, `first`, `last` (day), `need` (factor, planted)."""
    place = scene(named(shop.label["world"]), shop.first_day, shop.label["months"])
    on = pd.Series(place.year.season[LEAD:], pd.date_range(shop.first_day, periods=place.year.days))
    rows = [
        {
            "name": SEASONS[season.code][language],
            "first": on.index[on == at].min(),
            "last": on.index[on == at].max() + pd.Timedelta(days=1),
            "need": season.need,
        }
        for at, season in enumerate(place.world.seasons)
        if season.code in SEASONS and (on == at).any()
    ]
    return pd.DataFrame(rows, columns=["name", "first", "last", "need"])


# --- what channels caused ---


def effects(shop: Shop, credit: pd.DataFrame) -> pd.DataFrame:
    """What each channel caused, beside what a rule credits to it: a row per channel, the strongest first.

    `credit` is the table of `attribution.credit`. Columns: `channel`, `caused` (orders that would be missing
    without it) with its 95% interval `low` and `high`, `share` (of the sum over channels), `credited`
    (orders), `credited_share` (of the orders credited to channels), `gap` (credited less true share).
    """
    table = shop.known("channels.csv")
    given = credit.set_index("channel")["conversions"].reindex(table["channel"]).fillna(0.0).to_numpy()
    found = pd.DataFrame(
        {
            "channel": table["channel"],
            "caused": table["orders_off"],
            "low": table["orders_off"] - Z95 * table["orders_off_se"],
            "high": table["orders_off"] + Z95 * table["orders_off_se"],
            "share": table["share"],
            "credited": given,
            "credited_share": given / max(given.sum(), 1.0),
        }
    )
    found["gap"] = found["credited_share"] - found["share"]
    return found.sort_values("caused", ascending=False, ignore_index=True)


def misplaced(table: pd.DataFrame) -> float:
    """Part of the credit in a table of `effects` that lies with the wrong channels: 0 none, 1 all."""
    return float(table["gap"].abs().sum() / 2)


def baseline(shop: Shop) -> Mapping[str, float]:
    """How many orders would there be without marketing? All for the whole period, expected but for one.

    `counted` as they came; `expected` as it was; `alone` without any contact; `caused` by all contacts
    together; `sum` of what each channel caused by itself.
    """
    expected, alone = shop.world["orders_expected"], shop.world["orders_without_contacts"]
    counted, apart = shop.label["counts"]["order_rows"], shop.known("channels.csv")["orders_off"].sum()
    return {
        "counted": float(counted),
        "expected": expected,
        "alone": alone,
        "caused": expected - alone,
        "sum": float(apart),
    }


def saturation(shop: Shop, channels: Sequence[str], most: int = 10) -> pd.DataFrame:
    """What more fresh contacts do to the odds: `channel`, `contacts` (0 to `most`), `odds` (factor)."""
    terms = shop.known("channels.csv").set_index("channel").loc[list(channels)]
    met = np.arange(most + 1)
    return pd.concat(
        pd.DataFrame(
            {"channel": code, "contacts": met, "odds": np.exp(push * full * (1 - np.exp(-met / full)))}
        )
        for code, push, full in zip(terms.index, terms["push"], terms["saturation"], strict=True)
    )


def carry_over(shop: Shop, channels: Sequence[str], days: int = 30) -> pd.DataFrame:
    """How much force has a contact left after some days? Columns: `channel`, `day`, `left` (share)."""
    half = shop.known("channels.csv").set_index("channel")["half_life_days"].loc[list(channels)]
    every = np.arange(days + 1)
    return pd.concat(
        pd.DataFrame({"channel": code, "day": every, "left": 0.5 ** (every / life)})
        for code, life in half.items()
    )


def pairs(shop: Shop, most: int = 12) -> pd.DataFrame:
    """What pairs of channels caused together, beside the sum of what each caused alone.

    The `most` pairs in which both differ most, and all that help each other. Columns: `channel`, `other`,
    `together`, `low`, `high` (orders, 95%), `apart` (the sum), `helps` (they have a term in common).
    """
    alone = shop.known("channels.csv").set_index("channel")["orders_off"]
    table = shop.known("pairs.csv")
    table["apart"] = table["channel"].map(alone) + table["other"].map(alone)
    table["helps"] = table["synergy"] > 0
    gap = (table["apart"] - table["orders_off"]).abs()
    chosen = table[table["helps"] | (gap.rank(ascending=False) <= most)].copy()
    chosen["low"] = chosen["orders_off"] - Z95 * chosen["orders_off_se"]
    chosen["high"] = chosen["orders_off"] + Z95 * chosen["orders_off_se"]
    chosen = chosen.rename(columns={"orders_off": "together"}).sort_values("together", ascending=False)
    return chosen[["channel", "other", "together", "low", "high", "apart", "helps"]].reset_index(drop=True)


def experiments(shop: Shop) -> pd.DataFrame:
    """What the shop's experiments found, beside what they would have found without chance.

    Columns: `experiment`, `channel`, `start`, `end`, `people`, `orders`, `lift` with its 95% interval `low`
    and `high`, `true_lift`.
    """
    found = pd.read_csv(shop.raw / "experiments.csv")
    right = shop.known("trials.csv").set_index("trial")["lift"]
    return pd.DataFrame(
        {
            "experiment": found["experiment"],
            "channel": found["channel"],
            "start": found["start"],
            "end": found["end"],
            "people": found["given"] + found["withheld"],
            "orders": found["orders_given"] + found["orders_withheld"],
            "lift": found["lift"],
            "low": found["lift"] - Z95 * found["standard_error"],
            "high": found["lift"] + Z95 * found["standard_error"],
            "true_lift": found["experiment"].map(right),
        }
    )


# --- files ---


def text_of(path: Path) -> pd.DataFrame:
    """A CSV file as it stands: everything is text."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def events(shop: Shop, columns: list[str]) -> pd.DataFrame:
    """Some columns of all events as they were exported, faulty rows included."""
    return pq.read_table(sorted(shop.raw.glob("events_*.parquet")), columns=columns).to_pandas()


def local(column: pd.Series) -> pd.Series:
    """Local times as the shop's systems write them; what is none becomes empty."""
    return pd.to_datetime(column, format=STAMP, errors="coerce")


def orders(shop: Shop) -> pd.DataFrame:
    """Orders that can be read: `customer_id`, `time` (local), `value` (VND), `sold_at`."""
    table = pd.concat([text_of(path) for path in sorted(shop.raw.glob("orders_*.csv"))])
    names = {"Mã khách hàng": "customer_id", "Kênh bán": "sold_at"}
    table["time"] = local(table["Thời gian đặt"])
    value = table["Giá trị (đ)"].str.replace(".", "", regex=False)
    table["value"] = pd.to_numeric(value, errors="coerce")
    return table.rename(columns=names)[["customer_id", "time", "value", "sold_at"]].dropna()
