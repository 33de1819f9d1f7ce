"""One column of a file on its way to being canonical: its names, its type, what is read of it."""

from __future__ import annotations

from dataclasses import dataclass

from journey_lib.engine import identifier
from journey_lib.sources import written

MONEY = {"value", "cost"}
NUMBERS = MONEY | {
    *("items", "impressions", "clicks", "platform_conversions"),
    *("score", "lift", "standard_error"),
}
MOMENTS = {"timestamp", "answered_at", "first_response_at", "resolved_at"}
DAYS = {"date", "start", "end"}
LIGHT = {"customer_id", "event_id", "order_id", "channel", "touchpoint", "event_type"}
SHORT = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")  # fit in 64 bits
NOBODY = "nobody is identified"
TWICE = "times that happened twice"
DECLARE = "has more than one reading"
TYPED_NUMBERS = (
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
    *("UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL"),
)


@dataclass(frozen=True)
class Column:
    """One canonical column, the file's column it comes from, and what stands where in the SQL."""

    name: str
    file_name: str
    kind: str

    @property
    def quoted(self) -> str:
        """The canonical column."""
        return identifier(self.name)

    @property
    def said(self) -> str:
        """What stands in the file."""
        return self.step("said")

    @property
    def words(self) -> str:
        """That as tidy text."""
        return f"CAST({self.said} AS VARCHAR)" if self.plain else self.step("words")

    def empty(self, *, tidied: bool) -> str:
        """Whether the cell says nothing; to see a visible first letter, a text need not be tidied."""
        if self.plain:
            return f"{self.said} IS NULL"
        if tidied or self.kind != "VARCHAR":
            return f"{self.words} IS NULL"
        visible = f"coalesce({self.said} >= '!' AND {self.said} < chr(127), false)"
        return f"(NOT {visible} AND {written.words(self.said)} IS NULL)"

    @property
    def is_time(self) -> bool:
        """Whether it is a moment or a day."""
        return self.name in MOMENTS | DAYS

    @property
    def typed(self) -> bool:
        """Whether the file itself makes it a time or a number, so that no text is to be read."""
        if self.is_time:
            return self.kind.startswith(("TIMESTAMP", "DATE"))
        return self.name in NUMBERS and self.kind.startswith(TYPED_NUMBERS)

    @property
    def plain(self) -> bool:
        """Whether its text is no more than its type written out."""
        return self.typed or self.kind in written.WHOLE

    @property
    def light(self) -> bool:
        """Whether reading the column is next to nothing, and no rule asks again and again what it says."""
        return self.typed or (self.name in LIGHT and self.kind in {*written.WHOLE, "VARCHAR"})

    def step(self, what: str) -> str:
        """The name of a column on the way."""
        return identifier(f"{self.name} {what}")
