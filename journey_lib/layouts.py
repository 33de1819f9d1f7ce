"""How each Result reads as a table: its caption, its columns, and what readers call the codes in them."""

from __future__ import annotations

from collections.abc import Mapping

from journey_lib import charts_conformance, findings_customers, words_personas, words_touchpoints, words_voice
from journey_lib.charts import SPECIAL
from journey_lib.charts_customers import LEVEL_NAMES, STAGE_NAMES
from journey_lib.findings_links import ISSUE_NAMES
from journey_lib.model import OTHER

# What became of journeys, as every table of them says it.
OUTCOME: Mapping[str, str] = {
    "journeys": "number",
    "customers": "number",
    "over": "number",
    "conversions": "number",
    "conversion_rate": "percent:2",
    "low": "percent:2",
    "high": "percent:2",
    "value": "money",
    "touches": "number:1",
    "median_days": "number:1",
}

# What a map says otherwise than another, cell by cell.
CHANGES: Mapping[str, str] = {
    "what": "text",
    "stage": "text",
    "lane": "text",
    "kind": "text",
    "aspect": "text",
    **dict.fromkeys(("before", "now", "difference", "low", "high"), "interval"),
    "n": "number",
}

# How each Result reads as a table: its caption, and the columns shown with the way they are written.
LAYOUTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "map_coverage": (
        "Cells of the map by how they are known",
        {"evidence": "text", "cells": "number", "share": "percent"},
    ),
    "map_stale": (
        "Entries past their review date",
        dict.fromkeys(("text", "stage", "lane", "author"), "text")
        | {"review": "date", "days_past": "number"},
    ),
    "map_changes": ("What the map says otherwise than before", CHANGES),
    "map_changes_since": ("What the map says otherwise than in the earlier run", CHANGES),
    "map_apart": (
        "Where personas differ by more than chance explains",
        dict.fromkeys(("what", "stage", "lane", "persona"), "text")
        | {"here": "interval", "beside": "text"}
        | dict.fromkeys(("there", "difference", "low", "high"), "interval")
        | {"n": "number"},
    ),
    "map_opportunities": (
        "Opportunities, the most promising first",
        {
            **dict.fromkeys(("opportunity", "stage", "owner", "status"), "text"),
            **dict.fromkeys(("worth", "low", "high"), "compact"),
            **dict.fromkeys(("reach", "customers", "impact", "effort"), "number"),
            "drop_off": "percent",
            "basis": "text",
        },
    ),
    "map_actions": (
        "Who does what, department by department",
        dict.fromkeys(("action", "owner", "stage", "kind", "status"), "text") | {"due": "date"},
    ),
    "map_sign_off": (
        "To be signed by each department",
        {
            "owner": "text",
            "stages": "text",
            "entries": "number",
            "stale": "number",
            "actions": "number",
            "name": "text",
            "date": "text",
            "signature": "text",
        },
    ),
    "stage_topics": (
        "What tickets are about, stage by stage",
        {
            "stage": "text",
            "kind": "text",
            "topic": "text",
            "tickets": "number",
            "customers": "number",
            "share": "percent",
            "low": "percent",
            "high": "percent",
            "contacts": "number",
            "per_100": "number:2",
            "per_low": "number:2",
            "per_high": "number:2",
            "peak": "text",
            "peak_tickets": "number",
        },
    ),
    "touchpoint_topics": (
        "What tickets are about, touchpoint by touchpoint",
        {
            "touchpoint": "text",
            "kind": "text",
            "topic": "text",
            "tickets": "number",
            "customers": "number",
            "share": "percent",
            "low": "percent",
            "high": "percent",
            "peak": "text",
            "peak_tickets": "number",
        },
    ),
    "stage_answers": (
        "First answers, stage by stage",
        {
            "stage": "text",
            "tickets": "number",
            "in_time": "number",
            "share": "percent",
            "low": "percent",
            "high": "percent",
            "unanswered": "number",
            "unanswered_share": "percent:1",
            "unanswered_low": "percent:1",
            "unanswered_high": "percent:1",
        },
    ),
    "stage_words": (
        "What customers talk of, stage by stage",
        {
            "stage": "text",
            "term": "text",
            "customers": "number",
            "share": "percent:1",
            "others_share": "percent:1",
            "verbatim": "text",
        },
    ),
    "stitching": (
        "The same rows at each level of stitching",
        {
            "level": "text",
            "customers": "number",
            "journeys": "number",
            "over": "number",
            "conversions": "number",
            "conversion_rate": "percent:2",
            "low": "percent:2",
            "high": "percent:2",
            "drop_off": "percent:2",
            "touched": "number",
        },
    ),
    "life_stages": (
        "Stages of a customer's life",
        {
            "stage": "text",
            "customers": "number",
            "share": "percent",
            "orders": "number",
            "value": "money",
            "opt_out": "number",
            "rule": "text",
        },
    ),
    "data": (
        "What became of the rows of every source",
        {
            "table": "text",
            "source": "text",
            "rows_in": "number",
            "kept": "number",
            "dropped": "number",
            "reasons": "text",
        },
    ),
    "counted": ("Whom and what the reports count, over all days", {"counted": "text", "count": "number"}),
    "records": ("What the source itself counts", {"record": "text", "count": "number"}),
    "credit": (
        "Credit by channel",
        {
            "channel": "text",
            "conversions": "number:1",
            "share": "share",
            "low": "percent",
            "high": "percent",
            "value": "money",
            "journeys": "number",
            "customers": "number",
        },
    ),
    "differences": (
        "In which views the two groups differ",
        {
            "view": "text",
            "comparisons": "number",
            "real": "number",
            "rows_behind_80_percent": "number",
            "largest": "text",
            "difference": "percent:1",
            "low": "percent:1",
            "high": "percent:1",
        },
    ),
    "top_paths": (
        "The most frequent paths, and everything else",
        {
            "path": "text",
            "journeys": "number",
            "customers": "number",
            "conversions": "number",
            "conversion_rate": "percent:2",
            "low": "percent:2",
            "high": "percent:2",
            "value": "money",
        },
    ),
    "overview": ("Journeys of each segment", {"group": "text", **OUTCOME}),
    "first_touches": ("Journeys by their first touch", {"channel": "text", **OUTCOME}),
    "last_touches": ("Journeys by their last touch", {"channel": "text", **OUTCOME}),
    "pattern": ("Journeys that follow the pattern, and the others", {"group": "text", **OUTCOME}),
    "transitions": (
        "The most frequent steps",
        {
            "from": "text",
            "to": "text",
            "journeys": "number",
            "customers": "number",
            "share": "percent",
            "low": "percent",
            "high": "percent",
            "share_in": "percent",
            "median_days": "number:1",
            "p90_days": "number:1",
        },
    ),
    "funnel": (
        "From stage to stage",
        {
            "step": "text",
            "reach": "number",
            "customers": "number",
            "conversion": "percent",
            "low": "percent",
            "high": "percent",
            "total": "percent:2",
            "open": "number",
            "median_days": "number",
        },
    ),
    "stages_now": (
        "In which stage customers are now",
        {
            "step": "text",
            "customers": "number",
            "share": "percent",
            "low": "percent",
            "high": "percent",
            "median_days": "number",
        },
    ),
    "integrity": (
        "Can these numbers be read as they stand?",
        {"check": "text", "outcome": "text", "found": "text"},
    ),
    "efficiency": (
        "Spend against credit",
        {
            "channel": "text",
            "cost": "money",
            "conversions": "number:1",
            "cost_per_conversion": "money",
            "low": "money",
            "high": "money",
            "return_on_spend": "number:2",
            "journeys": "number",
        },
    ),
    "trust": ("Can reports on these data be trusted?", {"check": "text", "found": "text", "rule": "text"}),
    "reconciled": (
        "What became of every row, with an example of every reason",
        {
            "table": "text",
            "source": "text",
            "outcome": "text",
            "rows": "number",
            "part": "percent:2",
            "example": "text",
        },
    ),
    "gaps": (
        "Days without rows where there usually are some",
        {"series": "text", "first_day": "date", "last_day": "date", "days": "number", "expected": "number"},
    ),
    "jumps": (
        "Sudden changes of volume, the largest of single channels",
        {
            "series": "text",
            "first_day": "date",
            "last_day": "date",
            "days": "number",
            "rows": "number",
            "expected": "number",
            "ratio": "number:2",
        },
    ),
    "times": (
        "How far times decide the order of rows",
        {
            "series": "text",
            "rows": "number",
            "same_instant": "number",
            "ordered_by_id": "number",
            "part_by_id": "percent",
            "at_midnight": "number",
            "part_at_midnight": "percent",
        },
    ),
    "matches": (
        "Rows and customers that do not find each other",
        {"group": "text", "rows": "number", "of": "number", "part": "percent:2"},
    ),
    "links": (
        "What is wrong with tags",
        {
            "issue": "text",
            "field": "text",
            "values": "number",
            "rows": "number",
            "part": "percent:2",
            "example": "text",
            "what_to_do": "text",
        },
    ),
    **charts_conformance.LAYOUTS,
    **findings_customers.LAYOUTS,
    **words_personas.LAYOUTS,
    **words_touchpoints.LAYOUTS,
    **words_voice.LAYOUTS,
}

# Columns whose codes are words of ours, and what readers call those that are no words themselves.
WORDS = {
    "outcome",
    "kind",
    "left_kind",
    "right_kind",
    "level",
    "stage",
    "reason",
    "rule",
    "group",
    "evidence",
    "source",
    "view",
}
CODES: Mapping[str, str] = {
    **findings_customers.KIND_NAMES,
    **LEVEL_NAMES,
    **STAGE_NAMES,
    **findings_customers.REASON_NAMES,
    **ISSUE_NAMES,
    **charts_conformance.MOVE_NAMES,
    **charts_conformance.GROUP_NAMES,
    OTHER: SPECIAL[OTHER],
    "ok": "in order",
    "care": "read with care",
    "wrong": "do not use",
}
