"""Exports of known platforms, recognised by fields that no hand-made table has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from journey_lib.draft.headings import bare
from journey_lib.draft.sample import Sample

SNOWPLOW_COLUMNS = range(120, 140)  # about 131 of the enriched TSV, which has no headings
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

# Headings of the four ad platforms, bare; two of a platform's own are enough beside a cost.
COSTS = {"cost", "chiphi", "amountspent", "sotiendachitieu", "totalcost", "spend", "chitieu"}
AD_HEADINGS = {
    "meta": {
        *(
            "amountspent",
            "sotiendachitieu",
            "reportingstarts",
            "reportingends",
            "batdaubaocao",
            "ketthucbaocao",
        ),
        *("adsetname", "linkclicks", "accountname", "campaignname", "tenchiendich"),
    },
    "google": {
        *("impr", "currencycode", "avgcpc", "interactionrate", "campaigntype", "campaignstate", "campaignid"),
        *("campaign", "chiendich", "matiente", "loaichiendich", "cpctb", "ctr", "adgroup", "luotnhap"),
    },
    "tiktok": {
        "byday",
        "adgroupname",
        "campaignname",
        "cpm",
        "cpc",
        "destinationclicks",
        "clicksdestination",
    },
    "zalo": {"tenchiendich", "loaiquangcao", "luotquantam", "zalo", "chiphidachay", "tentaikhoanzalo"},
}
OWN = {
    "meta": {"amountspent", "sotiendachitieu", "reportingstarts", "batdaubaocao"},
    "google": {"impr", "currencycode", "matiente", "campaigntype", "loaichiendich", "campaignstate"},
    "tiktok": {"destinationclicks", "clicksdestination", "byday"},
    "zalo": {"luotquantam", "chiphidachay", "tentaikhoanzalo"},
}
IN_NAMES = {
    "google": ("google", "adwords", "gads"),
    "meta": ("meta", "facebook", "fb"),
    "tiktok": ("tiktok", "tt"),
    "zalo": ("zalo",),
}


@dataclass(frozen=True)
class Platform:
    """Which platform a file comes from, by what it was told, and the column of its kinds of events."""

    format: str
    told_by: str
    event_type: str | None = None
    platform: str | None = None


# Per format: fields it always has, those of which it has at least one, and the field of event types.
FIELDS: Mapping[str, tuple[set[str], set[str], str | None]] = {
    "ga4": ({"event_timestamp", "event_name"}, {"event_params"}, "event_name"),
    "segment": ({"type", "messageId"}, {"anonymousId", "userId"}, "event"),
    "snowplow": (
        {"event_id", "collector_tstamp"},
        {"domain_userid", "network_userid", "derived_tstamp"},
        "event",
    ),
    "adobe": ({"post_visid_high", "post_visid_low"}, {"post_visid_high"}, None),
    "matomo": ({"idVisit"}, {"actionDetails", "visitorId"}, None),
}


def recognised(sample: Sample) -> Platform | None:
    """The platform that exported a file, if any is known to write such fields."""
    names = set(sample.columns)
    for form, (always, some, event_type) in FIELDS.items():
        if always <= names and names & some:
            return Platform(form, f"its fields {', '.join(sorted(always))}", event_type)
    if sample.headless and _is_snowplow(sample):
        return Platform("snowplow", "its 131 columns without headings, with event ids in the seventh")
    if sample.path.name.split(".")[0].endswith("hit_data"):
        return Platform("adobe", "its name, hit_data")
    return _ads(sample) if sample.form in ("csv", "excel") else None


def _is_snowplow(sample: Sample) -> bool:
    rows: Sequence[Sequence[str]] = sample.rows[:50]
    return bool(rows) and all(
        len(row) in SNOWPLOW_COLUMNS and UUID.fullmatch(row[6].strip()) is not None for row in rows
    )


def _ads(sample: Sample) -> Platform | None:
    """Told by headings that only one platform writes, or by the file's name where they are shared."""
    names = {bare(column) for column in sample.columns}
    if not names & COSTS or bare("channel") in names or bare("Kênh") in names:
        return None
    words = set(re.findall(r"[a-z]+", sample.path.name.lower()))
    for platform, own in OWN.items():
        if names & own:
            found = sorted(column for column in sample.columns if bare(column) in own)
            return Platform("ads", f"{len(found)} heading(s) that {platform} writes", None, platform)
    for platform, marks in IN_NAMES.items():
        if words & set(marks) and names & AD_HEADINGS[platform]:
            return Platform("ads", "its file name and its headings", None, platform)
    return None
