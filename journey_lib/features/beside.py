"""What is known of customers beside their touches: tickets, surveys, returns, the CRM, an analyst's file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from journey_lib.errors import ConfigError, did_you_mean
from journey_lib.features.about import Feature
from journey_lib.features.columns import BANDS, KNOWN, OLDEST, mixed, word
from journey_lib.features.rows import Array
from journey_lib.model import DEMOGRAPHICS
from journey_lib.prepare.people import TRAITS
from journey_lib.spelling import respelt
from journey_lib.touches import Touches
from journey_lib.workspace import CONFIG, Workspace

Columns = list[tuple[Feature, Any]]
LARGEST = 1e18  # no amount, count or day is larger; sums of squares of what is would overflow
DESCRIBED = ("gender", "city", "tier", *(name for name in DEMOGRAPHICS if name != "age_band"))


def check_names(workspace: Workspace, touches: Touches) -> None:
    """Refuse names under `features` in journey.yaml that no touch has."""
    declared = workspace.features
    both = (*touches.channels, *touches.touchpoints)
    for key, names, known in (
        ("offline", declared.offline, touches.channels),
        ("offers", declared.offers, both),
    ):
        for name in names:
            if name not in known:
                raise ConfigError(
                    f"no touch is at '{name}'",
                    where=f"{workspace.path / CONFIG}: features.{key}",
                    do=did_you_mean(name, known),
                )


def tickets(workspace: Workspace, who: Array, since: int, until: int) -> Columns:
    """How many tickets each customer opened in the window."""
    found = _side(workspace, "tickets", ["customer", "timestamp"])
    if found is None:
        return []
    inside = found[_between(found["timestamp"], since, until)]
    return [(KNOWN["tickets"], _per(inside["customer"], who))]


def surveys(workspace: Workspace, who: Array, since: int, until: int) -> Columns:
    """Questions sent in the window, what part was answered before its end, and the mean of each score."""
    found = _side(workspace, "surveys", ["customer", "timestamp", "answered_at", "metric", "score"])
    if found is None:
        return []
    sent = found[_between(found["timestamp"], since, until)]
    # Where no time of the answer is known, it is taken to have come at once.
    answered = sent["answered_at"].fillna(sent["timestamp"])
    answers = sent[sent["score"].notna() & _between(answered, since, until)]
    asked, told = _per(sent["customer"], who), _per(answers["customer"], who)
    columns: Columns = [(KNOWN["surveys_sent"], asked), (KNOWN["surveys_answered"], _part(told, asked))]
    metric = answers["metric"].str.strip().str.lower()
    names = sorted(metric.dropna().unique())
    for feature, name in zip(mixed("metric", names), names, strict=True):
        mine = answers[metric == name]
        scores = _per(mine["customer"], who, mine["score"].to_numpy(float))
        columns.append((feature, _part(scores, _per(mine["customer"], who))))
    return columns


def returns(workspace: Workspace, who: Array, since: int, until: int) -> Columns:
    """How many of their orders each customer sent back or cancelled in the window."""
    file = workspace.work / "returns.parquet"
    if not file.is_file() or "customer" not in pq.read_schema(file).names:
        return []
    found = pq.read_table(file, columns=["customer", "timestamp"]).to_pandas()
    inside = found[_between(found["timestamp"], since, until)]
    return [(KNOWN["returns"], _per(inside["customer"], who))]


def mixture(
    workspace: Workspace, mix: Literal["device", "goods"], who: Array, since: int, until: int
) -> tuple[list[str], Array, Array]:
    """Names of devices or goods, how often each customer came on or bought each in the window, and the sums.

    Rows of the counts are the names, in their order; nothing where the workspace has no such source.
    """
    table, column = {"device": ("devices", "device_type"), "goods": ("items", "category")}[mix]
    found = _side(workspace, table, ["customer", "timestamp", column])
    if found is None:
        return [], np.zeros((0, len(who)), np.int64), np.zeros(len(who), np.int64)
    inside = found[_between(found["timestamp"], since, until)].dropna(subset=["customer", column])
    name = inside[column].str.strip()
    if mix == "device":  # of platforms: Mobile, mobile
        name = name.str.lower()
    code, names = pd.factorize(name, sort=True)
    counts = np.zeros((len(names), len(who)), np.int64)
    for number in range(len(names)):
        counts[number] = _per(inside["customer"][code == number], who)
    return list(map(str, names)), counts, counts.sum(axis=0)


def traits(workspace: Workspace, who: Array, until: int) -> Columns:
    """Who the customers are, as the CRM says; an age as of the year of the window's end."""
    told = _told(workspace, ["birth_year", "age_band", *DESCRIBED])
    if not told:
        return []
    found = _people(workspace, who, told)
    columns: Columns = []
    if {"birth_year", "age_band"} & {*told}:
        age = _age(workspace, found, until)
        if age.notna().any():
            columns.append((KNOWN["age_band"], age))
    for name in DESCRIBED:
        if name in told and found[name].null_count < len(who):
            columns.append((KNOWN[name], found[name].to_pandas()))
    return columns


def _told(workspace: Workspace, names: Sequence[str]) -> list[str]:
    """Which columns of the customers table say anything of anybody, as its file's own counts tell."""
    about = pq.read_metadata(workspace.work / "customers.parquet")
    place = {about.schema.column(number).path: number for number in range(about.num_columns)}
    groups = [about.row_group(number) for number in range(about.num_row_groups)]

    def nothing(name: str) -> bool:
        kept = [group.column(place[name]).statistics for group in groups]
        return all(
            counts is not None and counts.has_null_count and counts.null_count == group.num_rows
            for counts, group in zip(kept, groups, strict=True)
        )

    return [name for name in names if not nothing(name)]


def _age(workspace: Workspace, found: pa.Table, until: int) -> pd.Series:
    """The age band of each on the day before the window's end."""
    given = [name for name in ("birth_year", "age_band") if name in found.column_names]
    if given == ["age_band"]:
        return found["age_band"].to_pandas()
    year = pd.Timestamp(until - 1, unit="us", tz="UTC").tz_convert(workspace.timezone).year
    born = found["birth_year"].combine_chunks().dictionary_encode()
    ages = year - pd.to_numeric(pd.Series(born.dictionary.to_pylist()), errors="coerce").to_numpy(float)
    band = np.searchsorted(list(BANDS.values()), np.nan_to_num(ages), side="right") - 1
    # The last entry is for who has no year: their code becomes -1.
    bands = np.append(np.where((ages >= 0) & (ages <= OLDEST), band, -1), -1)
    code = bands[born.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
    age = spoken(code, list(BANDS))
    # A band the CRM gives is as of its export; a year of birth tells the age on the day asked for.
    return age.fillna(found["age_band"].to_pandas()) if "age_band" in given else age


def spoken(code: Array, names: Sequence[str]) -> pd.Series:
    """The names of codes, as text; a negative code is not known."""
    indices = pa.array(code, pa.int32(), mask=code < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.string())).cast(pa.string()).to_pandas()


def own(workspace: Workspace, who: Array, taken: Sequence[str]) -> Columns:
    """The analyst's own columns, of a file of the workspace or of the customers table.

    Raises
    ------
    ConfigError
        There is no such file or column, the file's customers are not ours, or a name is taken.
    """
    declared = workspace.features
    given = _file(workspace) if declared.file else pd.DataFrame(index=pd.Index([], name="customer"))
    known = {*given.columns, *TRAITS}
    columns: Columns = []
    used = list(taken)
    for name in declared.own:
        if name not in known:
            raise ConfigError(
                f"'{name}' is a column neither of the features' file nor of the customers table",
                where=f"{workspace.path / CONFIG}: features.own",
                do=did_you_mean(name, known),
            )
    for name in (*given.columns, *(name for name in declared.own if name not in given.columns)):
        about = declared.own.get(name)
        ours = name in given.columns
        values = given[name].reindex(who) if ours else _people(workspace, who, [name])[name].to_pandas()
        number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
        feature = Feature(
            word(name),
            "{of}",
            about.unit if about else "",
            "own",
            "number" if number else "category",
            "file" if ours else "customers",
            behaviour=about.behaviour if about else False,
            of=name,
        )
        if feature.name in used:
            raise ConfigError(
                f"a feature is called '{feature.name}' already",
                where=f"{workspace.path / CONFIG}: features",
                do=f"give the column '{name}' another name",
            )
        used.append(feature.name)
        columns.append(
            (feature, _finite(workspace, name, values) if number else _spelt(values.astype("str")))
        )
    return columns


def _finite(workspace: Workspace, name: str, values: pd.Series) -> Array:
    """The numbers of an analyst's column; a division by zero is refused, for no mean would survive it."""
    numbers = values.to_numpy(float, na_value=np.nan)
    wrong = int((np.abs(numbers) > LARGEST).sum())
    if wrong:
        raise ConfigError(
            f"the column '{name}' holds numbers that are infinite, or as good as",
            where=str(workspace.path / str(workspace.features.file)),
            how_many=f"{wrong} customers",
            do="leave such cells empty: what is not known is missing",
        )
    return np.asarray(numbers)


def _spelt(values: pd.Series) -> pd.Series:
    """Texts of the analyst's file, spelt as those of the CRM are."""
    return values.replace(respelt(values.dropna().unique()))


def _file(workspace: Workspace) -> pd.DataFrame:
    """The columns of the analyst's file, by the customer's code in the touch table."""
    file = workspace.path / str(workspace.features.file)
    if not file.is_file():
        raise ConfigError("there is no file of features", where=str(file), do="write it, or leave it out")
    try:
        given = (
            pq.read_table(file).to_pandas() if file.suffix == ".parquet" else pd.read_csv(
                file, dtype={"customer_id": "str"}, encoding="utf-8-sig"
            )
        )  # fmt: skip
    except (pa.ArrowInvalid, ValueError, OSError) as error:
        raise ConfigError("the file of features cannot be read", where=f"{file}: {error}") from error
    if "customer_id" not in given:
        raise ConfigError(
            "the file of features has no column 'customer_id'",
            where=str(file),
            do=did_you_mean("customer_id", map(str, given.columns)),
        )
    twice = given["customer_id"].duplicated()
    if twice.any():
        raise ConfigError(
            "the file of features has customers twice",
            where=f"{file}: {given.loc[twice, 'customer_id'].iloc[0]}",
            how_many=f"{int(twice.sum())} rows",
            do="keep one row a customer",
        )
    table = pq.read_table(workspace.work / "customers.parquet", columns=["customer_id", "customer"])
    codes = table.to_pandas().dropna().set_index("customer_id")["customer"].astype("int64")
    code = given["customer_id"].astype("str").map(codes)
    if code.isna().all():
        raise ConfigError(
            "no customer of the features' file is one of ours",
            where=str(file),
            do="take `customer_id` from customers.load(workspace)",
        )
    kept = code.notna().to_numpy()
    given = given.drop(columns="customer_id")[kept].set_axis(code[kept].astype("int64"), axis=0)
    return given.rename(columns=str)


def _people(workspace: Workspace, who: Array, names: Sequence[str]) -> pa.Table:
    """Columns of the customers table, one row for each of `who`; it is in the order of their codes."""
    table = pq.read_table(workspace.work / "customers.parquet", columns=["customer", *names])
    codes = table["customer"].drop_null().to_numpy()
    return table.select(list(names)).take(pa.array(np.searchsorted(codes, who)))


def _side(workspace: Workspace, name: str, columns: Sequence[str]) -> pd.DataFrame | None:
    file: Path = workspace.work / f"{name}.parquet"
    return pq.read_table(file, columns=list(columns)).to_pandas() if file.is_file() else None


def _between(times: pd.Series, since: int, until: int) -> pd.Series:
    first, end = (pd.Timestamp(each, unit="us") for each in (since, until))
    return (times >= first) & (times < end)


def _per(customer: pd.Series, who: Array, weights: Array | None = None) -> Array:
    """A count, or a sum, for each of `who`, of rows that name their customer."""
    known = customer.notna().to_numpy()
    code = customer[known].to_numpy().astype(np.int64)
    size = int(max(who.max(), code.max(initial=0))) + 1
    return np.bincount(code, None if weights is None else weights[known], minlength=size)[who]


def _part(counts: Array, base: Array) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(base > 0, counts / base, np.nan)
