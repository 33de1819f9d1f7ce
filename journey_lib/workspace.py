"""A workspace: one folder with a `journey.yaml` that says where the data are and how to read them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from babel.numbers import get_currency_precision, is_currency
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from journey_lib.authored import Name, Names, once_each
from journey_lib.errors import ConfigError, JourneyError, did_you_mean
from journey_lib.model import IDENTIFIERS, TABLES, Language, duration, timezones

CONFIG = "journey.yaml"

Words = dict[Language, str]
DateOrder = Literal["ISO", "DD/MM/YYYY", "MM/DD/YYYY"]
NumberStyle = Literal["1234.5", "1,234.5", "1.234,5"]
Encoding = Literal["utf-8", "utf-16", "windows-1258"]
Table = Literal[
    "events", "orders", "items", "returns", "costs", "customers", "identifiers", "surveys", "tickets",
    "experiments",
]  # fmt: skip
Format = Literal[
    "csv",
    "excel",
    "parquet",
    "jsonl",
    "postgres",
    "ga4",
    "segment",
    "snowplow",
    "matomo",
    "adobe",
    "ads",
    "complete_journey",
]
PACKAGED = ("complete_journey",)  # formats whose files come with a Python package


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Strict):
    """One outside file, or set of files, and how its columns are named and written.

    `dates` and `numbers` say how text is meant; undeclared, only what has one reading is read. `header` is
    the line the column names stand in, `sheet` a sheet of an Excel file, `platform` whose costs these are.
    `set` fills canonical columns that the file lacks, `columns` says where the others are, and those in
    `ignore` are not read although they bear a canonical name. A source that is
    `identified_by` its event ids has its people in the table `identifiers`. PostgreSQL is asked `query` on
    the connection whose address stands in the environment variable `connection`.
    """

    table: Table
    format: Format
    path: str = ""
    timezone: str | None = None
    dates: DateOrder | None = None
    numbers: NumberStyle | None = None
    encoding: Encoding = "utf-8"
    separator: str = Field(default=",", min_length=1, max_length=1)
    header: int = Field(default=1, ge=1)
    sheet: str | None = None
    platform: Literal["google", "meta", "tiktok", "zalo"] | None = None
    query: str | None = None
    connection: str = "JOURNEY_POSTGRES"
    identified_by: Literal["event_id"] | None = None
    set: dict[str, str] = Field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    columns: dict[str, str] = Field(default_factory=dict)

    @field_validator("timezone")
    @classmethod
    def _zone(cls, name: str | None) -> str | None:
        return name if name is None else _known_zone(name)

    @model_validator(mode="after")
    def _columns(self) -> Source:
        for key, names in (("columns", self.columns), ("set", self.set), ("ignore", self.ignore)):
            for name in names:
                if name not in TABLES[self.table]:
                    near = did_you_mean(name, TABLES[self.table])
                    raise ValueError(f"{key}: '{name}' is no column of {self.table}. {near}")
        both = sorted(self.columns.keys() & self.set.keys())
        if both:
            raise ValueError(f"set: '{both[0]}' is also under `columns`: say only one of them")
        if self.format == "postgres":
            if not self.query:
                raise ValueError("query: is missing: say what to ask the database, as one SELECT")
        elif self.format not in PACKAGED and not self.path:
            raise ValueError("path: is missing: say which file or files, such as raw/events_*.csv")
        return self


class Conversion(_Strict):
    """What counts as a conversion: an event of one of these types."""

    event_type: Names


class Privacy(_Strict):
    """Groups of fewer than `k` customers are never shown."""

    k: int = Field(default=10, ge=1)


class Checks(_Strict):
    """How much of one source may be unusable before the run stops; repeated rows do not count."""

    most_dropped: float = Field(default=0.05, ge=0, le=1)


class Channels(_Strict):
    """Which rules name the channel of rows that say where they came from, but not by which channel.

    `own_domains` are the shop's own sites: links between their pages must carry no tags.
    """

    rules: str = "ga4-2026-05"
    extensions: tuple[str, ...] = ()
    custom: str | None = None
    own_domains: tuple[str, ...] = ()


Kind = Literal[IDENTIFIERS]  # type: ignore[valid-type]


class Linking(_Strict):
    """How records of the CRM are joined that have no identifier in common; nothing of it happens undeclared.

    `method` composite: records that agree in all columns of one of the `rules` are one person's; splink:
    those too, and then pairs that are alike with a probability of `accept` or more. Pairs from `review` up
    to `accept` are listed for somebody to decide.
    """

    method: Literal["composite", "splink"]
    rules: tuple[tuple[str, ...], ...] = (("name", "birth_date", "address"),)
    accept: float = Field(default=0.95, gt=0, le=1)
    review: float = Field(default=0.5, gt=0, le=1)

    @model_validator(mode="after")
    def _ordered(self) -> Linking:
        if self.review >= self.accept:
            raise ValueError(f"review: {self.review:g} must be less than accept, which is {self.accept:g}")
        return self


class Identity(_Strict):
    """How rows become customers: from identifiers, by which rules, and where the key of their hashes is.

    `level` off: every identifier is its own customer; aggressive: shared values join too. `unique` kinds
    never occur twice in one customer; a value linked to more than its limit of stronger ones is shared and
    joins nobody. `key_file` is taken where the environment variable `key` is not set. `linking` joins records
    that no identifier does.
    """

    level: Literal["off", "normal", "aggressive"] = "normal"
    unique: tuple[Kind, ...] = ("user_id", "member")
    limits: dict[Kind, int] = Field(
        default_factory=lambda: {"email": 3, "phone": 3, "device": 3, "cookie": 2}
    )
    blocked: dict[Kind, tuple[str, ...]] = Field(default_factory=dict)
    key: str = "JOURNEY_IDENTITY_KEY"
    key_file: str | None = None
    linking: Linking | None = None


class EngineSettings(_Strict):
    """Which engine runs, and how much memory a preparation may use, or each Java process of Spark.

    `master` says where Spark is, such as ``local[4]``, ``yarn`` or ``spark://host:7077``; all cores of this
    machine when Spark is named without one.
    """

    name: Literal["duckdb", "spark"] = "duckdb"
    memory: str = Field(default="2GB", pattern=r"^\d+(\.\d+)? ?(MB|GB)$")
    master: str | None = Field(default=None, min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _mastered(cls, declared: Any) -> Any:
        if not isinstance(declared, dict):
            return declared
        if declared.get("name") == "spark":
            return {"master": "local[*]"} | declared
        if declared.get("master") is not None:
            raise ValueError("master: only Spark has one: say `name: spark` too, or leave it out")
        return declared


class OwnFeature(_Strict):
    """What an analyst's own column is called and measured in, and whether it may tell personas apart."""

    label: Words = Field(default_factory=dict)
    unit: str = ""
    behaviour: bool = False


class FeatureSettings(_Strict):
    """What features need to be told, and the analyst's own ones: a `file` of one row a customer_id.

    `offline` channels are not met online; `offers` are channels or touchpoints; `sale_days` are days of one
    year, or month and day of every year. `own` describes columns of the file, or adds some of the customers
    table.
    """

    offline: tuple[Name, ...] = ()
    offers: tuple[Name, ...] = ()
    sale_days: tuple[Annotated[str, BeforeValidator(str)], ...] = ()
    file: str | None = None
    own: dict[str, OwnFeature] = Field(default_factory=dict)

    @field_validator("sale_days")
    @classmethod
    def _are_days(cls, days: tuple[str, ...]) -> tuple[str, ...]:
        for day in days:
            try:
                dt.date.fromisoformat(day if len(day) != 5 else f"2024-{day}")
            except ValueError:
                raise ValueError(f"'{day}' is not a day: write 2025-11-11, or 11-11 for every year") from None
        return days


class ReportEntry(_Strict):
    """A report this workspace publishes, and its parameters where they differ from the notebook's.

    A second entry of the same report needs a `page` of its own, and is best given a `title`.
    """

    report: str
    page: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9_]*$")
    title: Words = Field(default_factory=dict)
    parameters: dict[str, Any] = Field(default_factory=dict)


class Workspace(_Strict):
    """Everything a `journey.yaml` declares, checked, and the folder it stands in.

    `title` is the name readers see and `note` what these data cannot tell, printed on every report; days and
    months begin in `timezone`; every amount of money is in `currency`; the first of `conversions` is the
    default. `identity` is declared where people are known by identifiers and not by one `customer_id`;
    `rates` is a table of exchange rates for amounts in other currencies. `stages` is a stage model of ours or
    a file of the workspace.
    """

    path: Path
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    title: Words = Field(default_factory=dict)
    note: Words = Field(default_factory=dict)
    language: Literal["vi", "en", "both"] = "both"
    timezone: str
    currency: str
    conversions: dict[str, Conversion] = Field(min_length=1)
    lookback: str = "30d"
    stages: str = "5A"
    privacy: Privacy = Privacy()
    checks: Checks = Checks()
    channels: Channels = Channels()
    identity: Identity | None = None
    rates: str | None = None
    engine: EngineSettings = EngineSettings()
    features: FeatureSettings = FeatureSettings()
    labels: dict[Name, Words] = Field(default_factory=dict)
    sources: tuple[Source, ...] = Field(min_length=1)
    reports: tuple[ReportEntry, ...] = ()

    @property
    def languages(self) -> tuple[Language, ...]:
        """Languages its reports are published in."""
        return ("vi", "en") if self.language == "both" else (self.language,)

    @property
    def raw(self) -> Path:
        """Folder of the files as they came; never written to."""
        return self.path / "raw"

    @property
    def work(self) -> Path:
        """Folder of everything that can be built again."""
        return self.path / "work"

    @model_validator(mode="before")
    @classmethod
    def _titled(cls, declared: Any) -> Any:
        if isinstance(declared, dict) and isinstance(declared.get("title", {}), dict):
            name = declared.get("name")
            declared = {**declared, "title": {"vi": name, "en": name} | declared.get("title", {})}
        return declared

    @field_validator("timezone")
    @classmethod
    def _zone(cls, name: str) -> str:
        return _known_zone(name)

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, code: str) -> str:
        if not is_currency(code):
            raise ValueError(f"'{code}' is no ISO 4217 currency code, such as VND or USD")
        return code

    @field_validator("lookback")
    @classmethod
    def _is_duration(cls, text: str) -> str:
        try:
            duration(text)
        except JourneyError as error:
            raise ValueError(f"{error.what}: {error.do}") from error
        return text


def minor_digits(currency: str) -> int:
    """Digits of a currency's minor unit: 0 for VND, 2 for USD; money is counted in that unit, as integers."""
    return int(get_currency_precision(currency))


def open_workspace(folder: str | Path) -> Workspace:
    """Read and check the `journey.yaml` in `folder`; `jl.open` is this function.

    Raises
    ------
    ConfigError
        The file is missing, is not YAML, or holds an unknown key or an impossible value.
    """
    path = Path(folder)
    file = path / CONFIG
    if not file.is_file():
        raise ConfigError(
            f"there is no workspace in {path}",
            where=str(file),
            do="give the folder that holds a journey.yaml, such as data/demo",
        )
    try:
        declared = once_each(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError("journey.yaml cannot be read as YAML", where=f"{file}: {error}") from error
    except RecursionError:
        raise ConfigError("journey.yaml is nested too deeply", where=str(file)) from None
    if not isinstance(declared, dict):
        raise ConfigError("journey.yaml is empty or not a mapping", where=str(file), do="start with `name:`")
    try:
        return Workspace.model_validate({**declared, "path": path})
    except ValidationError as error:
        raise ConfigError(
            "journey.yaml says something that cannot be",
            where="\n         ".join(f"{file}: {_complaint(problem)}" for problem in error.errors()),
            how_many=f"{error.error_count()} problem(s)",
        ) from None


def _known_zone(name: str) -> str:
    if name not in timezones():
        raise ValueError(f"timezone: '{name}' is not known. {did_you_mean(name, timezones())}")
    return name


def _complaint(problem: Any) -> str:
    spot = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"{spot}: unknown key. {did_you_mean(str(problem['loc'][-1]), _keys_beside(problem['loc']))}"
    return f"{spot}: {problem['msg'].removeprefix('Value error, ')}"


def _keys_beside(spot: tuple[Any, ...]) -> list[str]:
    """Keys that journey.yaml knows at the place where an unknown one stands."""
    nested: dict[str, type[_Strict]] = {
        "sources": Source,
        "conversions": Conversion,
        "privacy": Privacy,
        "engine": EngineSettings,
        "reports": ReportEntry,
        "checks": Checks,
        "channels": Channels,
        "identity": Identity,
        "features": FeatureSettings,
    }
    known = nested.get(str(spot[0]), Workspace) if len(spot) > 1 else Workspace
    known = OwnFeature if spot[:2] == ("features", "own") else known
    return [key for key in known.model_fields if key != "path" or known is not Workspace]
