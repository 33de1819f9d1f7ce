"""The demo shop's service as small tables: what truly went wrong, and what people said of it.

Reads what `show.Shop` holds, and like `show` only serves pages that look at the demo shop itself.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from journey_lib.demo.service import DELIVERY
from journey_lib.demo.show import ZONE, Shop, events, local, orders, text_of

MOST_DAYS = 21  # that a delivery takes


def first_answers(shop: Shop) -> pd.DataFrame:
    """How long do callers wait for a first answer? A row per month.

    Columns: `month` (its first day), `calls`, `median` and `slow` (nine of ten are faster), in minutes.
    """
    table = text_of(shop.raw / "tickets.csv")
    table = table[(table["Kênh"] == "call_centre") & (table["Phản hồi đầu tiên"] != "")]
    opened = local(table["Thời gian mở"])
    wait = (local(table["Phản hồi đầu tiên"]) - opened).dt.total_seconds() / 60
    month = (opened.dt.normalize() - pd.to_timedelta(opened.dt.day - 1, unit="D")).rename("month")
    by_month = wait.groupby(month)
    columns = {"calls": by_month.size(), "median": by_month.median(), "slow": by_month.quantile(0.9)}
    return pd.DataFrame(columns).reset_index()


def checkouts(shop: Shop, first: date, last: date) -> pd.DataFrame:
    """What happens at the mobile checkout? Columns: `day`, `begun` (checkouts) and `errors` seen on it."""
    seen = events(shop, ["timestamp", "touchpoint", "event_type"])
    seen = seen[(seen["touchpoint"] == "mobile_checkout") & seen["timestamp"].notna()]
    seen = seen.assign(day=seen["timestamp"].dt.tz_convert(ZONE).dt.tz_localize(None).dt.normalize())
    table = pd.DataFrame({"day": pd.date_range(first, last, freq="D")})
    for name, kind in (("begun", "begin_checkout"), ("errors", "checkout_error")):
        by_day = seen.loc[seen["event_type"] == kind, "day"].value_counts()
        table[name] = table["day"].map(by_day).fillna(0).astype(int)
    return table


def deliveries(shop: Shop) -> pd.DataFrame:
    """How many days did orders take to the door? A row per delivery that a known customer was asked about.

    A delivery belongs to the last order before the question. Columns: `ordered` (when), `days` (until the
    question, a few hours after the delivery), `province`, `hit` (a planted fault delays deliveries there).
    """
    faults = shop.world["world"]["faults"]
    where = [place for each in faults if each["kind"] == "delivery" for place in each["where"]]
    home = text_of(shop.raw / "customers.csv").set_index("Mã khách hàng")["Tỉnh/Thành phố"]
    asked = text_of(shop.raw / "surveys.csv")
    asked = asked[(asked["touchpoint"] == DELIVERY) & asked["customer_id"].isin(home.index)]
    asked = asked.assign(asked=pd.to_datetime(asked["sent_at"])).sort_values("asked")
    sold = orders(shop).rename(columns={"time": "ordered"}).sort_values("ordered")
    sold = sold[sold["sold_at"].isin(["website", "app", "call_centre"])]
    # an order that cannot be read must not lend its delivery to one of long before
    at_most = pd.Timedelta(days=MOST_DAYS)
    table = pd.merge_asof(
        asked, sold, left_on="asked", right_on="ordered", by="customer_id", tolerance=at_most
    ).dropna()
    return pd.DataFrame(
        {
            "ordered": table["ordered"],
            "days": (table["asked"] - table["ordered"]).dt.total_seconds() / 86_400,
            "province": table["customer_id"].map(home),
            "hit": table["customer_id"].map(home).isin(where),
        }
    ).reset_index(drop=True)


def quality(shop: Shop, most: int = 20) -> pd.DataFrame:
    """Which touchpoints got better or worse in the course of the year? The `most` that changed most.

    Columns: `touchpoint`, `department`, `month` (its first day), `quality` (-2 to 2), `range` (of the year).
    """
    table = shop.known("quality.csv")
    by_place = table.groupby("touchpoint")["quality"]
    table["range"] = by_place.transform("max") - by_place.transform("min")
    chosen = table.groupby("touchpoint")["range"].first().nlargest(most).index
    table = table[table["touchpoint"].isin(chosen)].copy()
    table["month"] = pd.to_datetime(table["month"])
    return table.drop(columns="emotion").sort_values(["range", "touchpoint", "month"], ascending=False)


def response_bias(shop: Shop) -> pd.DataFrame:
    """Who answers a survey? The satisfaction all those asked felt, as a score, beside the scores given.

    Columns: `score` (1 to 5), `asked` (all who felt so), `answered`, `asked_share`, `answered_share`, and
    `rate`: those who answered of those who felt so.
    """
    table = text_of(shop.raw / "surveys.csv").merge(shop.known("surveys.parquet"), on="survey_id")
    table = table[table["metric"] == "csat"]
    felt = (3 + table["felt"]).round().clip(1, 5).astype(int)
    asked = felt.value_counts().reindex(range(1, 6), fill_value=0)
    answered = felt[table["score"] != ""].value_counts().reindex(range(1, 6), fill_value=0)
    return pd.DataFrame(
        {
            "score": asked.index,
            "asked": asked.to_numpy(),
            "answered": answered.to_numpy(),
            "asked_share": (asked / asked.sum()).to_numpy(),
            "answered_share": (answered / max(answered.sum(), 1)).to_numpy(),
            "rate": (answered / asked).to_numpy(),
        }
    )


def comments(shop: Shop, each: int = 2) -> pd.DataFrame:
    """Some comments in surveys, from the angriest to the happiest, with what they are truly about.

    `each` of every sentiment in Vietnamese, and one in English. Columns: `sentiment` (-2 to 2), `score`,
    `metric`, `touchpoint`, `comment`, `themes`, `language`.
    """
    told = text_of(shop.raw / "surveys.csv")
    truth = shop.known("comments.csv").rename(columns={"id": "survey_id"})
    table = told.merge(truth[truth["source"] == "survey"], on="survey_id").sort_values("survey_id")
    table = table[table["comment"].str.len().between(25, 160)]
    rank = table.groupby(["sentiment", "language"]).cumcount()
    table = table[rank < np.where(table["language"] == "vi", each, 1)]
    columns = ["sentiment", "score", "metric", "touchpoint", "comment", "themes", "language"]
    return table.sort_values(["sentiment", "language"])[columns].reset_index(drop=True)
