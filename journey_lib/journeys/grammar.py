"""The grammar of path patterns: text in, a small tree out, or an error that points at the place.

::

    pattern    = ["^" | "start ->"] timed
    timed      = element ("->" element)* ["within" duration]
    element    = item [quantifier] | item ("|" item)+ | "..."
    item       = name | "." | "[" ["^"] name ("|" name)* "]" | "(" timed ")" | ending
    ending     = "conversion" | "end" | "$"
    quantifier = "*" | "+" | "?" | "{2}" | "{2,}" | "{1,3}"
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn

from journey_lib.errors import ParameterError, did_you_mean
from journey_lib.model import duration
from journey_lib.spelling import tidy_name

START, CONVERSION, END, WITHIN = "start", "conversion", "end", "within"
RESERVED = (START, CONVERSION, END, WITHIN)
LONGEST = 2**62  # microseconds of a window, so that times can be added to it
DEEPEST = 30  # groups within groups; more is a slip of the keyboard, and would exhaust the stack

# The journey's ending is read like one more step after the last; its codes follow those of the names.
CONVERTED, OVER, STILL_OPEN = range(3)
STATES = 3
ENDINGS = {CONVERSION: (CONVERTED,), END: (OVER,), "$": (CONVERTED, OVER, STILL_OPEN)}

TOKENS = re.compile(
    r"""
    (?P<blank>\s+)
    | (?P<arrow>->)
    | (?P<within>within(?![^\s()|])(?P<length>\s*(?:[\w.]+(?:\s+[mhdw]\b)?)?))
    | (?P<quoted>"(?:[^"]|"")*"|'(?:[^']|'')*')
    | (?P<between>\.\.\.)
    | (?P<times>\{[^{}]*\}|[*+?])
    | (?P<mark>[.|()\[\]^$])
    | (?P<word>(?:(?!->)[^\s.|()\[\]^$*+?{}"])+)
    """,
    re.VERBOSE,
)
COUNTS = re.compile(r"\{\s*(\d{1,4})\s*(?:(,)\s*(\d{1,4})?\s*)?\}")


class Token(NamedTuple):
    """A piece of a pattern: its kind, what it says, and where it stands."""

    kind: str
    text: str
    at: int


@dataclass(frozen=True)
class Step:
    """One step with one of these codes; an ending is a step too, the journey's last."""

    codes: frozenset[int]
    at: int = 0


@dataclass(frozen=True)
class Series:
    """Parts that follow each other directly."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Choice:
    """One of the parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Repeat:
    """The part again and again, from `least` to `most` times; None is any number."""

    part: Node
    least: int
    most: int | None


@dataclass(frozen=True)
class Window:
    """The part, its first and last matched step at most `length` microseconds apart."""

    part: Node
    length: int


Node = Step | Series | Choice | Repeat | Window


@dataclass(frozen=True)
class Tree:
    """A pattern that was read: where it may begin, what it says, and which endings it mentions."""

    body: Node
    anchored: bool
    endings: frozenset[str]


def read(text: str, names: Sequence[str]) -> Tree:
    """The tree of a pattern over steps of these names."""
    if not isinstance(text, str):
        raise ParameterError(f"{text!r} is not a pattern", do='write one, such as "ad -> ... -> purchase"')
    return _Reader(text, list(_tokens(text)), {name: code for code, name in enumerate(names)}).pattern()


def mentioned(text: str, names: Sequence[str]) -> tuple[str, ...]:
    """The names that stand in a pattern, in the order of `names`."""
    said = [token.text for token in _tokens(text) if token.kind in ("quoted", "word")]
    words = {tidy_name(word.strip("\"'")) for word in said}
    return tuple(name for name in names if tidy_name(name) in words)


def refuse(text: str, at: int, what: str, do: str) -> NoReturn:
    """Raise the error that shows the pattern with a mark under the place."""
    line = re.sub(r"\s", " ", text)
    column = sum(not unicodedata.combining(letter) for letter in line[:at])
    raise ParameterError(f"{what}\n    {line}\n    {' ' * column}^", do=do)


def _tokens(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        found = TOKENS.match(text, at)
        if not found:
            marks = {
                '"': ('this " has no partner', 'close the name: "paid search"'),
                "{": ("this { has no partner", "write {2}, {2,} or {1,3}"),
                "}": ("this } has no partner", "write {2}, {2,} or {1,3}"),
            }
            what, do = marks.get(text[at], (f"{text[at]!r} means nothing here", "write -> between two steps"))
            refuse(text, at, what, do)
        kind, begins = str(found.lastgroup), at
        at = found.end()
        if kind == "within":
            yield Token(kind, found["length"].strip(), begins)
        elif kind != "blank":
            yield Token(kind, found[0], begins)
    yield Token("nothing", "", len(text))


@dataclass
class _Reader:
    """A recursive descent over the tokens of one pattern."""

    text: str
    tokens: list[Token]
    codes: dict[str, int]
    place: int = 0
    depth: int = 0
    windows: int = 0
    endings: set[str] = field(default_factory=set)

    @property
    def next(self) -> Token:
        return self.tokens[self.place]

    def take(self, *said: str) -> Token | None:
        """The next token if it is one of these kinds or marks."""
        token = self.next
        if token.kind in said or (token.kind == "mark" and token.text in said):
            self.place += 1
            return token
        return None

    def wrong(self, what: str, do: str, at: int | None = None) -> NoReturn:
        refuse(self.text, self.next.at if at is None else at, what, do)

    def pattern(self) -> Tree:
        """The whole text."""
        anchored = self.take("^") is not None
        begins = self.next
        if not anchored and begins.kind == "word" and begins.text == START:
            self.place += 1
            anchored = True
        alone = anchored and self.next.kind == "nothing"
        if anchored and not self.take("arrow") and begins.text == START and not alone:
            self.wrong("`start` is followed by ->", 'write "start -> ad", or quote a step of that name')
        body = Series(()) if alone else self.windowed()
        if self.next.kind != "nothing":
            self.wrong("this ) has no partner", "open the group, or leave the mark out")
        return Tree(body, anchored, frozenset(self.endings))

    def windowed(self) -> Node:
        """A sequence and the time its steps may take."""
        before = self.windows
        body = self.sequence()
        token = self.take("within")
        if not token:
            return body
        if self.windows > before:
            self.wrong("a window within a window", "keep one; `lookback` bounds whole journeys", token.at)
        self.windows += 1
        try:
            length = duration(token.text)
        except ParameterError as error:
            self.wrong(error.what, str(error.do), token.at)
        if self.next.kind != "nothing" and self.next.text != ")":
            what, do = "`within` ends a group or the pattern", "write a group: (a -> b within 2d) -> c"
            self.wrong(what, do)
        return Window(body, min(length, LONGEST))

    def sequence(self) -> Node:
        """Elements with arrows between them."""
        parts = [self.element()]
        while True:
            if self.take("arrow"):
                parts.append(self.element())
            elif self.next.kind == "mark" and self.next.text == "$":
                parts.append(self.element())  # `ad $` says what `ad -> $` says
            elif self.next.kind in {"nothing", "within"} or self.next.text == ")":
                return parts[0] if len(parts) == 1 else Series(tuple(parts))
            else:
                self.wrong(
                    "two steps without -> between them",
                    'write -> where one follows the other; a name with blanks is quoted: "paid search"',
                )

    def element(self) -> Node:
        """An item, how often it comes, or several to choose from."""
        between = self.take("between")
        if between:
            if self.next.kind == "times":
                self.wrong("`...` is already any number of steps", "write .{2,} for two or more")
            return Repeat(Step(self.steps(), between.at), 0, None)
        items = [self.item()]
        while True:
            times = self.take("times")
            if times and (len(items) > 1 or self.next.text == "|"):
                self.wrong(
                    "it is not clear what is repeated",
                    "write [a|b]* for any of them again and again, a|(b*) for the last",
                    times.at,
                )
            if times:
                return self.repeated(items[0], times)
            if not self.take("|"):
                return items[0] if len(items) == 1 else Choice(tuple(items))
            items.append(self.item())

    def repeated(self, part: Node, times: Token) -> Node:
        """The part as often as the quantifier says."""
        if self.next.kind == "times":
            self.wrong("two quantifiers on one element", "keep one, or put the element in a group")
        if times.text in {"*", "+", "?"}:
            return Repeat(part, int(times.text == "+"), 1 if times.text == "?" else None)
        counts = COUNTS.fullmatch(times.text)
        if not counts:
            self.wrong(f"{times.text} is not a number of times", "write {2}, {2,} or {1,3}", times.at)
        least = int(counts[1])
        most = least if not counts[2] else int(counts[3]) if counts[3] else None
        if most is not None and (most < least or most == 0):
            self.wrong(f"{times.text} cannot be", "give the smaller first, and the larger from 1", times.at)
        return Repeat(part, least, most)

    def item(self) -> Node:
        """A name, any step, a class, a group or an ending."""
        token = self.next
        if self.take("("):
            self.depth += 1
            if self.depth > DEEPEST:
                self.wrong(f"more than {DEEPEST} groups within each other", "write it flatter", token.at)
            body = self.windowed()
            if not self.take(")"):
                self.wrong("this ( has no partner", "close the group", token.at)
            self.depth -= 1
            return body
        if self.take("["):
            return self.bracket(token)
        if self.take("."):
            return Step(self.steps(), token.at)
        if token.text in ENDINGS and token.kind in {"word", "mark"}:
            self.place += 1
            self.endings.add(token.text)
            return Step(frozenset(len(self.codes) + ending for ending in ENDINGS[token.text]), token.at)
        return Step(frozenset({self.name()}), token.at)

    def bracket(self, opened: Token) -> Step:
        """One of the names between the brackets, or any but these."""
        other = self.take("^") is not None
        named = {self.name()}
        while self.take("|"):
            named.add(self.name())
        if not self.take("]"):
            self.wrong("this [ has no partner, or no | between its names", "write [a|b] or [^a|b]", opened.at)
        return Step(self.steps() - named if other else frozenset(named), opened.at)

    def name(self) -> int:
        """The code of the name that comes next."""
        token = self.take("quoted", "word")
        if not token:
            said = {"nothing": "the pattern ends", "within": "`within` stands"}.get(
                self.next.kind, f"{self.next.text} stands"
            )
            self.wrong(f"{said} where a step should be", "name a step, or write . for any")
        quote = token.text[0] if token.kind == "quoted" else ""
        if not quote and token.text in RESERVED:
            places = {START: "begins the pattern", WITHIN: "bounds the time of what stands before it"}
            place = places.get(token.text, "stands for the journey's ending")
            self.wrong(
                f"`{token.text}` {place}, and cannot stand here",
                f'quote it if a step has that name: "{token.text}"',
                token.at,
            )
        said = token.text[1:-1].replace(quote * 2, quote) if quote else token.text
        known = {tidy_name(name): code for name, code in self.codes.items()}
        code = self.codes.get(said, known.get(tidy_name(said)))
        if code is None:
            blank = [name for name in self.codes if name.startswith(f"{said} ")]
            do = f'quote a name with blanks: "{blank[0]}"' if blank else did_you_mean(said, self.codes)
            self.wrong(f"there is no step '{said}'", do, token.at)
        return code

    def steps(self) -> frozenset[int]:
        """The codes of all names."""
        return frozenset(range(len(self.codes)))
