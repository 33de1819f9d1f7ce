"""A small journey map for tests: three stages, a log of a few people, and what was written of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import yaml
from tables import touches

from journey_lib import journey_map as maps
from journey_lib.stages import Model

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
DAY = dt.date(2025, 12, 31)
MODEL = Model.model_validate(
    {
        "name": "test",
        "stages": [
            {
                "stage": "see",
                "label": {"vi": "Thấy", "en": "See"},
                "any": [{"channel": ["email", "display"]}],
            },
            {"stage": "ask", "label": {"vi": "Hỏi", "en": "Ask"}, "any": [{"channel": ["search", "direct"]}]},
            {"stage": "buy", "label": {"vi": "Mua", "en": "Buy"}, "any": [{"channel": ["store", "social"]}]},
        ],
    }
)
LOG = """
    who  | when        | channel | sale
    an   | 01-01 08:00 | email   |
    an   | 01-02 08:00 | search  |
    an   | 01-04 08:00 | store   | 5
    binh | 01-01 08:00 | display |
    binh | 01-02 08:00 | email   |
    binh | 01-03 08:00 | search  |
    chi  | 01-01 08:00 | email   |
    chi  | 01-02 08:00 | store   | 7
    dung | 01-01 08:00 | search  |
    dung | 01-05 08:00 | email   |
    """
BOOK = """
author: Care
date: 2025-10-01
review: 2026-04-01
departments: {care: {vi: Chăm sóc, en: Customer care}, it: {vi: CNTT, en: IT}}
personas:
  - {persona: p, name: {vi: Chị Mai, en: Ms Mai}, about: {vi: Bận rộn, en: Busy}, goals: [Nhanh]}
maps:
  - map: now
    title: {vi: Hiện tại, en: As it is}
    personas: [p]
    scenario: {vi: Cần áo mưa, en: Needs a raincoat}
    stages:
      - stage: see
        thinking: [{vi: "Ai đây?", en: "Who is this?"}]
        feeling: {score: 0.2, vi: Tò mò, en: Curious}
        kpi: [{measure: drop_off, target: 0.1, direction: at_most}]
        owner: it
      - stage: ask
        steps: [{vi: Nhắn tin, en: Writes a message}]
        pains: [{vi: Chờ lâu, en: Waits for long, review: 2025-06-30}, {vi: Ngại, en: Shy, assumed: true}]
        feeling: {score: -0.5, vi: Sốt ruột, en: Impatient}
        owner: care
        opportunities: [{vi: Trực tối, en: Evening shift, impact: 3, effort: 2}, {vi: Bảng cỡ, en: Sizes}]
        moments: [{vi: Câu trả lời đầu, en: First answer}]
      - stage: buy
        kpi: [{measure: reach, target: 1, unit: count}, {measure: nps, target: 0.4, label: NPS}]
        opportunities: [{vi: Giao nhanh, en: Faster, owner: it, impact: 1, effort: 1}]
  - map: wanted
    kind: future
    title: {vi: Mong muốn, en: As it should be}
    stages:
      - stage: ask
        feeling: {score: 0.5, vi: Yên tâm, en: At ease}
        kpi: [{measure: conversion, target: 0.9}]
        actions: [{vi: Thuê người, en: Hire, owner: care, due: 2026-02-01}]
  - map: behind
    stages:
      - {stage: ask, frontstage: [Nhân viên], backstage: [Kho], systems: [CRM], physical: [Phiếu]}
"""


def book(text: str = BOOK) -> maps.Book:
    return maps.book(yaml.safe_load(text))


def drawn(name: str = "now") -> maps.Map:
    return maps.drawn(book(), name)


def current(log: Any = LOG, *, k: int = 1, **more: Any) -> maps.Map:
    return maps.current(touches(log), model=MODEL, k=k, **more)


def entries(whole: maps.Map, stage: str, lane: str) -> dict[str, maps.Entry]:
    """The entries of a cell by what they speak of."""
    cell = whole.at(stage, lane)
    return {e.name or e.said("en"): e for e in (() if cell is None else cell.entries)}


def hostile() -> maps.Map:
    """A map in which every text that people or data can write is markup."""
    text = BOOK
    for word in (
        "Ms Mai",
        "As it is",
        "Who is this?",
        "Shy",
        "Evening shift",
        "Customer care",
        "Curious",
        "Care",
    ):
        text = text.replace(word, f'"{HOSTILE}"') if f'"{word}"' not in text else text.replace(word, HOSTILE)
    log = LOG.replace("email", HOSTILE)
    model = yaml.safe_load(MODEL.model_dump_json().replace("email", HOSTILE))
    return maps.current(
        touches(log), model=Model.model_validate(model), authored=maps.drawn(book(text), "now"), k=1
    )
