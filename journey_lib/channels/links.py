"""The UTM linter: what is wrong with the tags of links, before it becomes a channel nobody asked for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qsl, unquote_plus, urlsplit

from journey_lib.channels.assign import UNASSIGNED, assign
from journey_lib.channels.rules import Rules
from journey_lib.errors import DataError
from journey_lib.model import TRAFFIC, Result

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

FIELDS = ("source", "medium", "campaign")
# Mediums that the rules know, to guess from what was meant.
MEDIUMS = (
    *("cpc", "ppc", "paid", "display", "banner", "cpm", "social", "video", "organic", "referral", "email"),
    *("affiliate", "audio", "sms", "push", "ai-assistant", "retargeting"),
)
PRIVATE = (
    re.compile(r"(?<![\w.+%-])[\w.+%-]+(@|%40|%2540)[\w-]+\.[\w.]+", re.IGNORECASE),
    re.compile(r"(?<!\d)(\+?84|0)[ .()-]{0,2}\d([ .()-]{0,2}\d){8}(?!\d)"),
    re.compile(r"\+\d([ .()-]{0,2}\d){8,14}(?!\d)"),
)
# Parameters that are about a person whatever they hold.
PERSONAL = re.compile(
    r"e-?mail|mail|phone|tel|mobile|sdt|dien_?thoai|so_?dien_?thoai|ho_?ten|full_?name|first_?name|last_?name"
    r"|dob|birth_?(day|date)|ngay_?sinh|cccd|cmnd|address|dia_?chi|password|mat_?khau",
    re.IGNORECASE,
)
HIDDEN = "•••"

# What can be wrong, told by a word that reports translate.
SPELLING, BLANKS, NO_RULE, INTERNAL, PERSONAL_DATA = "spelling", "blanks", "no_rule", "internal", "personal"
COLUMNS = ("issue", "field", "example", "rows", "meant")
# What a platform wrote of its own traffic, and its words for what it does not know, are no tags of ours.
PLATFORM = ("network", "creative_format", "engine")
_UNKNOWN = re.compile(r"\s*\(.*\)\s*")

# Issue, field, example, what was probably meant, and the rows of the table it is true of.
Finding = tuple[str, str, str, str, "pd.Index[Any]"]


def lint(
    links: pa.Table | pd.DataFrame, rules: Rules, *, own_domains: Sequence[str] = (), rows: str = "rows"
) -> Result:
    """What is wrong with the tags of links.

    Parameters
    ----------
    links
        Distinct combinations with any of the columns of `model.TRAFFIC`, page (the address it led to),
        referrer and named (whether its channel was known without asking the rules), and how many rows stand
        behind each.
    own_domains
        Sites of the shop itself, with all that end in them: links between its own pages must carry no tags.

    Returns
    -------
    Result
        Columns issue (spelling, blanks, no_rule, internal, personal), field, example (personal data masked),
        rows, meant (the medium a misspelt one is near to, or nothing); the most rows first. Rows of one issue
        and field add up; rows with several issues count in each. Facts: issues, rows (looked at), concerned
        (rows with any issue) and personal (rows with personal data).
    """
    import pandas as pd

    frame = (links if isinstance(links, pd.DataFrame) else links.to_pandas()).reset_index(drop=True)
    if rows not in frame:
        raise DataError(f"the links have no column '{rows}'", do="say how many rows stand behind each link")
    told = frame[[name for name in PLATFORM if name in frame]].notna().any(axis=1)
    typed, found = frame[~told], list[Finding]()
    for field in FIELDS:
        if field in frame:
            found += _spelling(typed, field, rows)
    found += [*_mediums(typed, rules), *_internal(frame, own_domains), *_personal(frame)]
    many = frame[rows]
    listed = [
        (issue, field, example, int(many[where].sum()), meant)
        for issue, field, example, meant, where in found
    ]
    table = pd.DataFrame(listed, columns=list(COLUMNS))
    table = table.sort_values(["rows", "issue", "field", "example"], ascending=[False, True, True, True])
    facts = {
        "issues": len(table),
        "rows": int(many.sum()),
        "concerned": _rows(many, [each[-1] for each in found]),
        "personal": _rows(many, [each[-1] for each in found if each[0] == PERSONAL_DATA]),
    }
    return Result("utm_lint", table.reset_index(drop=True), facts, {"rules": rules.version})


def _rows(many: pd.Series[Any], found: Sequence[pd.Index[Any]]) -> int:
    """Rows that any of the findings is true of, each once."""
    concerned = many.index.isin([at for where in found for at in where])
    return int(many[concerned].sum())


def _spelling(frame: pd.DataFrame, field: str, rows: str) -> Iterator[Finding]:
    """One value written in several ways, and blanks inside or around it."""
    import pandas as pd

    there = frame[frame[field].notna()]
    texts = there[field].astype(str)
    places, counted = texts.groupby(texts).groups, there[rows].groupby(texts).sum()
    ways: dict[str, list[str]] = {}
    for value in counted.index:
        if value.strip() and not _UNKNOWN.fullmatch(value):
            ways.setdefault(value.strip().casefold(), []).append(value)
    for written in ways.values():
        if len({value.strip() for value in written}) > 1:
            usual = max(written, key=lambda value: (counted[value], value))
            where = pd.Index([at for value in written if value != usual for at in places[value]])
            yield SPELLING, field, " / ".join(_masked(value) for value in sorted(written)), "", where
        for value in written:
            if re.search(r"\s", value):
                yield BLANKS, field, repr(_masked(value)), "", places[value]


def _mediums(frame: pd.DataFrame, rules: Rules) -> Iterator[Finding]:
    """Mediums that no rule knows: their visits are Unassigned."""
    import pandas as pd

    if "medium" not in frame:
        return
    tagged = frame[
        frame["medium"].notna() & ~frame["medium"].astype("string").str.fullmatch(_UNKNOWN).fillna(False)
    ]
    if "named" in frame:
        tagged = tagged[~tagged["named"].astype(bool)]
    there = [name for name in TRAFFIC if name in tagged]
    channel = pd.Series(assign(rules, tagged[there].astype("string")), index=tagged.index, dtype="string")
    lost = tagged[channel == UNASSIGNED]
    for medium, found in lost.groupby("medium"):
        near = difflib.get_close_matches(str(medium).strip().casefold(), MEDIUMS, n=1, cutoff=0.6)
        yield NO_RULE, "medium", _masked(str(medium)), near[0] if near else "", found.index


def _internal(frame: pd.DataFrame, own: Sequence[str]) -> Iterator[Finding]:
    """Tags on links between the shop's own pages: they end the visit and hide where it came from."""
    import pandas as pd

    sites = {_host(site) for site in ([own] if isinstance(own, str) else own)} - {""}
    there = [name for name in FIELDS if name in frame]
    left = frame[there].apply(lambda tags: tags.astype("string").str.strip().fillna("") != "").any(axis=1)
    for field in ("referrer", "source"):
        if field not in frame or not sites or frame.empty:
            continue
        hosts = frame[field].astype("string").fillna("").map(_host)
        inside = left & pd.Series([_within(host, sites) for host in hosts], index=frame.index)
        if inside.any():
            yield INTERNAL, field, str(hosts[inside].iloc[0]), "", frame.index[inside]
        left &= ~inside  # a row is told once


def _within(host: str, sites: set[str]) -> bool:
    return any(host == site or host.endswith(f".{site}") for site in sites)


def _split(link: str) -> SplitResult | None:
    try:
        return urlsplit(link if "://" in link else f"//{link}")
    except ValueError:  # no address at all, such as one with half a bracket
        return None


def _host(link: str) -> str:
    parts = _split(link.strip())
    return ((parts and parts.hostname) or "").casefold().removeprefix("www.")


def _personal(frame: pd.DataFrame) -> Iterator[Finding]:
    """E-mail addresses and phone numbers in tags, and in addresses of pages by the parameter."""
    for field in (*FIELDS, "page"):
        if field not in frame:
            continue
        texts = frame[field].dropna().astype(str)
        private = [
            text for text in texts.unique() if _private(text) or bool(field == "page" and _asked(text))
        ]
        if not private:
            continue
        if field != "page":
            yield PERSONAL_DATA, field, _masked(min(private)), "", texts.index[texts.isin(private)]
            continue
        by_name: dict[str, list[str]] = {}
        for text in private:
            for name in set(_asked(text)) or {""}:
                by_name.setdefault(name, []).append(text)
        for name, pages in sorted(by_name.items()):
            told = f"page ({name})" if name else "page"
            yield PERSONAL_DATA, told, _address(min(pages)), "", texts.index[texts.isin(pages)]


def _query(link: str) -> list[tuple[str, str]]:
    parts = _split(link)
    return parse_qsl(parts.query, keep_blank_values=True) if parts else []


def _asked(link: str) -> list[str]:
    """The parameters of an address that tell of a person."""
    told = [(name, value) for name, value in _query(link) if value or _private(name)]
    return [
        _masked(name) for name, value in told if PERSONAL.fullmatch(name) or _private(name) or _private(value)
    ]


def _address(link: str) -> str:
    """A page without anything that was typed into its address: only where it is and what it was asked for."""
    parts = _split(link)
    if parts is None:
        return HIDDEN
    asked = "&".join(f"{_masked(name)}={HIDDEN}" for name, _value in _query(link))
    return f"{_masked((parts.hostname or '') + parts.path)}{'?' + asked if asked else ''}"[:120]


def without_people(page: str) -> str:
    """An address without what it tells of a person: what was asked of the page, e-mails in its path."""
    where, _mark, asked = re.match(r"([^?#]*)([?#]?)(.*)", page, re.DOTALL).groups()  # type: ignore[union-attr]
    return PRIVATE[0].sub(HIDDEN, where if _asked(page) or _private(asked) else page)


def _private(text: str) -> bool:
    readings = {text, unquote_plus(text), unquote_plus(unquote_plus(text))}
    return any(pattern.search(reading) for pattern in PRIVATE for reading in readings)


def _masked(text: str) -> str:
    """The text without what could be somebody's address or number; nothing where that cannot be cut out."""
    for pattern in PRIVATE:
        text = pattern.sub(HIDDEN, text)
    return HIDDEN if _private(text) else text[:120]
