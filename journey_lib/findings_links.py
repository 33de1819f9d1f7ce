"""The tags of links in words: what is wrong with them, in how many rows, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from journey_lib import i18n
from journey_lib.i18n import text as _
from journey_lib.model import Result

ISSUE_NAMES: Mapping[str, str] = {
    "spelling": "written in several ways",
    "blanks": "has blanks",
    "no_rule": "no rule fits",
    "internal": "internal link with tags",
    "personal": "personal data",
}


def links(result: Result | None) -> str:
    """The section on tags, with its heading; nothing where no source says where visits come from."""
    if result is None:
        return ""
    facts = result.facts
    lines = ["## " + _("Are links tagged as they should be?")]
    if facts["rows"]:
        lines.append(_tags(facts))
    if facts["personal"]:
        lines.append(
            _("{n} rows hold e-mail addresses or phone numbers.", n=f"**{i18n.number(facts['personal'])}**")
        )
    if facts.get("pages_personal"):
        lines.append(
            _(
                "The address of the page tells of a person in {n} of {pages} rows; the table names the"
                " parameters.",
                n=f"**{i18n.number(facts['pages_personal'])}**",
                pages=f"**{i18n.number(facts['pages'])}**",
            )
        )
    return "\n\n".join(lines)


def _tags(facts: Mapping[str, int]) -> str:
    return _(
        "{rows} rows say by source, medium or campaign where they came from; in {concerned} of them ({share})"
        " something is wrong with these tags.",
        rows=f"**{i18n.number(facts['rows'])}**",
        concerned=f"**{i18n.number(facts['concerned'])}**",
        share=i18n.percent(facts["concerned"] / facts["rows"], 2),
    )


def reading(result: Result | None) -> str:
    """How to read the table of `shown`; nothing where there is none."""
    if result is None:
        return ""
    return _(
        "**How to read this.** One source in two spellings becomes two lines in every report, and a medium no"
        " rule knows makes its visits Unassigned. A row with several issues counts in each of them. What"
        " platforms write of their own traffic is only looked at for personal data. The example is the value"
        " of most rows; what could be an address or a number of a person is shown as •••."
    )


def shown(result: Result | None) -> Result | None:
    """The same issues as their readers read them, with what to do about each."""
    if result is None:
        return None
    table = result.table
    todo = [_advice(*each) for each in zip(table["issue"], table["meant"], strict=True)]
    issue = [_(ISSUE_NAMES[code]) for code in table["issue"]]
    example = ["".join(sign if sign.isprintable() else "�" for sign in text) for text in table["example"]]
    return replace(result, table=table.assign(issue=issue, example=example, what_to_do=todo))


def _advice(issue: str, meant: str) -> str:
    if issue == "no_rule" and meant:
        return _("did you mean {medium}?", medium=meant)
    return {
        "spelling": _("write it in lower case, everywhere"),
        "blanks": _("use - or _ instead of blanks"),
        "no_rule": _("use a medium the rules know, or add a rule of your own"),
        "internal": _("take the tags off links between your own pages"),
        "personal": _("take it out at the source, and delete what was stored"),
    }[issue]


def of_links() -> dict[str, tuple[str, str, str]]:
    """The checks of tags and page addresses as the summary tells them: name, unit, what to do."""
    return {
        "links": (
            _("Rows with faulty tags"),
            _("share of rows with source, medium or campaign"),
            _("One source becomes several, or none: correct the links; the section on tags says where."),
        ),
        "personal": (
            _("Personal data in tags"),
            _("share of rows with source, medium or campaign"),
            _("Take it out at the source, and delete what was stored: such texts travel to every tool."),
        ),
        "personal_pages": (
            _("Personal data in page addresses"),
            _("share of rows with the address of a page"),
            _("Forms and mails put it there: take the parameters off, and delete what was stored."),
        ),
    }
