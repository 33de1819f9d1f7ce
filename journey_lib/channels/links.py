"""The UTM linter: what is wrong with the tags of links, before it becomes a channel nobody asked for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from urllib.parse import parse_qsl, urlsplit

import pandas as pd
import pyarrow as pa

from journey_lib.channels.assign import UNASSIGNED, assign
from journey_lib.channels.rules import Rules
from journey_lib.errors import DataError
from journey_lib.model import Result

FIELDS = ("source", "medium", "campaign")
# Mediums that the rules know, to guess from what was meant.
MEDIUMS = (
    *("cpc", "ppc", "paid", "display", "banner", "cpm", "social", "video", "organic", "referral", "email"),
    *("affiliate", "audio", "sms", "push", "ai-assistant", "retargeting"),
)
PRIVATE = (
    re.compile(r"[\w.+-]+(@|%40)[\w-]+\.[\w.]+"),
    re.compile(r"(?<!\d)(\+?84|0)[ .-]?\d([ .-]?\d){8}(?!\d)"),
)

Finding = tuple[str, str, str, int, str]


def lint(
    links: pa.Table | pd.DataFrame, rules: Rules, *, own_domains: Sequence[str] = (), rows: str = "rows"
) -> Result:
    """What is wrong with the tags of links.

    Parameters
    ----------
    links
        Distinct combinations with any of the columns source, medium, campaign, page (the address it led to)
        and referrer, and how many rows stand behind each.
    own_domains
        Sites of the shop itself: a link between its own pages must carry no tags.

    Returns
    -------
    Result
        Columns issue, field, example (personal data masked), rows, what_to_do; the most rows first.
    """
    frame = links.to_pandas() if isinstance(links, pa.Table) else links
    if rows not in frame:
        raise DataError(f"the links have no column '{rows}'", do="say how many rows stand behind each link")
    found: list[Finding] = []
    for field in FIELDS:
        if field in frame:
            found += _spelling(frame, field, rows)
    found += [*_mediums(frame, rules, rows), *_internal(frame, own_domains, rows), *_personal(frame, rows)]
    table = pd.DataFrame(found, columns=["issue", "field", "example", "rows", "what_to_do"])
    table = table.sort_values(["rows", "issue", "field", "example"], ascending=[False, True, True, True])
    facts = {"issues": len(table), "rows": int(table["rows"].sum())}
    return Result("utm_lint", table.reset_index(drop=True), facts, {"rules": rules.version})


def _spelling(frame: pd.DataFrame, field: str, rows: str) -> Iterator[Finding]:
    """One value written in several ways, and blanks inside or around it."""
    counted = frame.dropna(subset=[field]).groupby(frame[field].astype(str))[rows].sum()
    counted = counted[[bool(str(value).strip()) for value in counted.index]]
    ways: dict[str, list[str]] = {}
    for value in counted.index:
        ways.setdefault(value.strip().casefold(), []).append(value)
    for written in ways.values():
        if len({value.strip() for value in written}) > 1:
            usual = max(written, key=lambda value: (counted[value], value))
            others = [value for value in written if value != usual]
            example = " / ".join(_masked(value) for value in sorted(written))
            total = int(sum(counted[value] for value in others))
            yield "written in several ways", field, example, total, "write it in lower case, everywhere"
    for value, many in counted.items():
        if re.search(r"\s", str(value)):
            advice = "use - or _ instead of blanks"
            yield "has blanks", field, repr(_masked(str(value))), int(many), advice


def _mediums(frame: pd.DataFrame, rules: Rules, rows: str) -> Iterator[Finding]:
    """Mediums that no rule knows: their visits are Unassigned."""
    if "medium" not in frame:
        return
    tagged = frame.dropna(subset=["medium"])
    there = [name for name in FIELDS if name in tagged]
    channel = pd.Series(assign(rules, tagged[there].astype("string")), index=tagged.index)
    lost = tagged[channel == UNASSIGNED].groupby("medium")[rows].sum()
    for medium, many in lost.items():
        near = difflib.get_close_matches(str(medium).strip().casefold(), MEDIUMS, n=1, cutoff=0.6)
        hint = (
            f"did you mean {near[0]}?" if near else "use a medium the rules know, or add a rule of your own"
        )
        yield "no rule fits", "medium", _masked(str(medium)), int(many), hint


def _internal(frame: pd.DataFrame, own: Sequence[str], rows: str) -> Iterator[Finding]:
    """Tags on links between the shop's own pages: they end the visit and hide where it came from."""
    if "referrer" not in frame or not own:
        return
    sites = {site.casefold().removeprefix("www.") for site in own}
    tagged = frame[[name for name in FIELDS if name in frame]].notna().any(axis=1)
    hosts = [
        str(urlsplit(str(link)).hostname or "").casefold().removeprefix("www.") for link in frame["referrer"]
    ]
    inside = tagged & pd.Series([host in sites for host in hosts], index=frame.index)
    if inside.any():
        host = next(host for host, yes in zip(hosts, inside, strict=True) if yes)
        many = int(frame.loc[inside, rows].sum())
        yield (
            "internal link with tags",
            "referrer",
            host,
            many,
            "take the tags off links between your own pages",
        )


def _host(link: str) -> str:
    try:
        return (urlsplit(link).hostname or "").casefold().removeprefix("www.")
    except ValueError:  # no address at all, such as one with half a bracket
        return ""


def _personal(frame: pd.DataFrame, rows: str) -> Iterator[Finding]:
    """E-mail addresses and phone numbers in tags or in the address of the page."""
    for field in (*FIELDS, "page"):
        if field not in frame:
            continue
        texts = frame[field].astype("string").fillna("")
        private = texts.map(lambda text: any(pattern.search(text) for pattern in PRIVATE))
        if private.any():
            example = _masked(str(texts[private].iloc[0]))
            names = {name for text in texts[private] for name, _ in parse_qsl(urlsplit(text).query)}
            where = f"{field} ({', '.join(sorted(names)[:3])})" if names else field
            many = int(frame.loc[private, rows].sum())
            yield (
                "personal data",
                where,
                example,
                many,
                "take it out at the source, and delete what was stored",
            )


def _masked(text: str) -> str:
    """The text without what could be somebody's address or number."""
    for pattern in PRIVATE:
        text = pattern.sub("•••", text)
    return text[:120]
