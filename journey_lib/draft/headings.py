"""What headings mean, by a dictionary of Vietnamese and English names for the columns of each table.

Case, tone marks, blanks, underscores and what stands in brackets make no difference: ``Mã khách hàng``,
``MA_KHACH_HANG`` and ``ma khach hang (KH)`` are one heading. Of several columns that fit, the name that
stands earlier in a list is taken. The names stand in `headings.yaml`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from journey_lib.model import IDENTIFIERS, TABLES

FILE = Path(__file__).parent / "headings.yaml"

# How much a column says that a file is this table and no other; one that is not listed says 1.
TELLING: Mapping[str, Mapping[str, int]] = {
    "events": {"event_type": 4, "event_id": 2, "touchpoint": 2},
    "orders": {"order_id": 3, "value": 2, "items": 2},
    "items": {"category": 4, "order_id": 2},
    "returns": {"order_id": 2, "value": 3, "kind": 2},
    "costs": {"cost": 4, "impressions": 3, "clicks": 2, "campaign": 2},
    "customers": {"name": 2, "birth_year": 2, "gender": 2, "opt_out": 2, "tier": 2, "joined": 2},
    "identifiers": {"event_id": 2},
    "surveys": {"score": 4, "metric": 4, "survey_id": 3, "comment": 2, "answered_at": 2},
    "tickets": {"ticket_id": 4, "first_response_at": 4, "resolved_at": 4, "topic": 2, "text": 2},
    "experiments": {"lift": 4, "standard_error": 4, "experiment": 2},
}
BY_END = ("email", "phone")  # and those before whose name they may: Requester email
METRICS = ("nps", "csat", "ces")
AGREES = "đồng ý nhận tin, nhận tin, opt in, opted in, email opt in, subscribed, consent, accepts marketing"
CLOCKS = "giờ, time, hour, thời gian, giờ bán, giờ đặt"
BY_START = (*IDENTIFIERS[1:5], "order_id", "ticket_id")  # columns whose name may be followed by more words


@cache
def dictionary() -> Mapping[str, Mapping[str, Any]]:
    """Everything in headings.yaml."""
    found: Mapping[str, Mapping[str, Any]] = yaml.safe_load(FILE.read_text("utf-8"))
    return found


@cache
def bare(said: str) -> str:
    """A heading as it is compared: without marks, case, blanks and brackets."""
    return bare_words(said).replace(" ", "")


@cache
def bare_words(said: str) -> str:
    """The words of a heading, without marks, case and brackets."""
    whole = re.sub(r"[(\[{].*?[)\]}]", " ", said) or said
    parts = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", whole)
    plain = unicodedata.normalize("NFD", parts.replace("đ", "d").replace("Đ", "D")).lower()
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(re.findall(r"[a-z0-9]+", plain)) or said.strip().lower()


def listed(words: str) -> list[str]:
    """Names in one of the lists above, bare."""
    return [bare(word) for word in words.split(", ")]


@cache
def names(table: str) -> Mapping[str, tuple[str, ...]]:
    """Canonical column of a table → the bare names it goes by, its own first."""
    people = dictionary()["people"] if "customer_id" in TABLES[table] else {}
    said = {**people, **dictionary()["tables"][table]}
    return {
        column: tuple(dict.fromkeys([bare(column), *listed(said.get(column, column))]))
        for column in TABLES[table]
    }


def rank(table: str, column: str, heading: str) -> int | None:
    """How well a heading fits a canonical column: 0 is its own name; None when it does not fit."""
    plain, known = bare(heading), names(table)[column]
    if plain in known:
        return known.index(plain)
    parts = heading.rpartition(".")  # a field within JSON: user.email
    if parts[0] and (last := bare(parts[2])) in known:
        return 50 + known.index(last)
    if column in BY_START:
        words = bare_words(heading).split()
        for count in range(len(words) - 1, 0, -1):
            start = "".join(words[:count])
            if start in known and len(start) > 2:
                return 100 + len(words) - count
    if column in BY_END and (words := bare_words(heading).split()) and words[-1] in known:
        return 150 + len(words)
    return None
