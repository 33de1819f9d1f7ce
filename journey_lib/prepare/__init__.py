"""Sources become the touch table, once: coded, bucketed by customer, sorted; and the record of how.

After this, every view is arithmetic over sorted integers. Rows are ordered by (fold, customer, timestamp,
rows with a channel before rows without, event_id), a total order: nothing downstream depends on file order.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from journey_lib import checks, sources
from journey_lib.channels import rules
from journey_lib.channels import staged as arrivals
from journey_lib.engine import Engine, connect, spark
from journey_lib.errors import ConfigError
from journey_lib.identity import keys, stitch
from journey_lib.model import TABLES
from journey_lib.prepare import on_spark, people, table
from journey_lib.prepare.code import refuse_reserved
from journey_lib.prepare.manifest import BUCKET_ROWS, FOLDS, FORMAT, Manifest, bucket_count, read_manifest
from journey_lib.prepare.refuse import refuse_losses, refuse_nothing
from journey_lib.prepare.spelt import spell
from journey_lib.prepare.write import with_devices, write_side_tables
from journey_lib.workspace import Workspace, minor_digits

__all__ = [
    "BUCKET_ROWS",
    "FOLDS",
    "FORMAT",
    "Manifest",
    "bucket_count",
    "fingerprint",
    "prepare",
    "read_manifest",
    "refuse_reserved",
]

Progress = Callable[[str], None]


def prepare(
    workspace: Workspace,
    progress: Progress | None = None,
    *,
    databases: Literal["kept", "asked"] = "kept",
) -> Manifest:
    """Build `work/` from the declared sources; with unchanged sources and declarations, do nothing.

    What a database says is only known by asking. That is done where `databases` are to be ``asked``, once a
    run; otherwise, as in notebooks, what it said last time stands.

    Raises
    ------
    DataError
        A source is missing or unreadable, too many of its rows are, or no usable event is left.
    """
    say = progress or (lambda _: None)
    known = read_manifest(workspace)
    stands = databases == "kept" or not any(sources.asked(source) for source in workspace.sources)
    if known is not None and stands and known.fingerprint == fingerprint(workspace, known.answers):
        return known
    building = Path(tempfile.mkdtemp(prefix="building-", dir=workspace.path))
    try:
        with connect(building, workspace.engine.memory) as engine:
            manifest = _built(workspace, engine, building, say)
        if known is not None and known.fingerprint == manifest.fingerprint:
            return known
        (building / "manifest.json").write_text(
            json.dumps(asdict(manifest), indent=1, ensure_ascii=False), encoding="utf-8"
        )
        shutil.rmtree(workspace.work, ignore_errors=True)
        building.replace(workspace.work)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return manifest


def fingerprint(workspace: Workspace, answers: Sequence[str] = ()) -> str:
    """A short digest of the content of every source and of what the workspace declares about them.

    `answers` are digests of what databases said.
    """
    about = {"timezone", "currency", "sources", "identity", "channels", "rates"}
    declared = workspace.model_dump(mode="json", include=about, exclude_defaults=True)
    digest = hashlib.sha256(json.dumps([FORMAT, declared, *answers], sort_keys=True).encode())
    named = [workspace.path / name for name in (workspace.rates, workspace.channels.custom) if name]
    named += rules.files(workspace.channels.rules, workspace.channels.extensions)
    for path in [path for path in named if path.is_file()]:
        digest.update(path.read_bytes())
    if workspace.identity is not None:
        digest.update(keys.hashed("key", ["fingerprint"], _key(workspace))[0].encode())
    for source in workspace.sources:
        for path in sources.files(source, workspace.path):
            with path.open("rb") as file:
                digest.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def _built(workspace: Workspace, engine: Engine, folder: Path, say: Progress) -> Manifest:
    """On Spark where that is asked for and Spark can read the sources; the result is the same."""
    if workspace.engine.master is not None:
        spark.missing()
        why_not = on_spark.hindrance(workspace)
        if why_not is None:
            return on_spark.build(workspace, engine, folder, say, fingerprint(workspace))
        say(f"preparing on this machine, for {why_not}; only measures run on Spark")
    return _build(workspace, engine, folder, say)


def _build(workspace: Workspace, engine: Engine, folder: Path, say: Progress) -> Manifest:
    scale = 10 ** minor_digits(workspace.currency)
    staged, records = _staged(workspace, engine, say)
    answers = _answers(workspace, engine)
    spell(engine, staged)
    for name, tables in staged.items():
        checks.mark_duplicates(engine, tables, name)
    linted = arrivals.lint_tags(engine, staged["events"], workspace)
    channel_rules = arrivals.name_channels(engine, staged["events"], workspace)
    stitched = _stitched(workspace, engine, staged, folder / "identity", say)
    accounts = _accounts(workspace, engine, records, folder / "rejected")
    refuse_losses(workspace, accounts, folder)
    say("sorting touches by customer and time")
    buckets = bucket_count(sum(account.kept for account in accounts if account.table in ("events", "orders")))
    alone = people.alone(staged, stitched) and not with_devices(engine, staged["events"])
    built = table.build(engine, staged, folder, scale, buckets, workspace.engine.memory, alone=alone)
    if not built.touches:
        refuse_nothing(workspace, accounts, folder)
    write_side_tables(engine, staged, folder, scale)
    if linted is not None:
        linted.table.to_parquet(folder / "links.parquet")
    if not alone:
        people.write(engine, staged, folder / "customers.parquet", stitched, built.period[1])
    return Manifest(
        fingerprint=fingerprint(workspace, answers),
        format=FORMAT,
        accounts=tuple(accounts),
        touches=built.touches,
        customers=sum(built.customers_per_fold),
        customers_per_fold=built.customers_per_fold,
        event_types=built.event_types,
        channels=built.channels,
        touchpoints=built.touchpoints,
        period=built.period,
        buckets=buckets,
        identity=None if stitched is None else stitched.facts,
        channel_rules=channel_rules,
        links=None if linted is None else dict(linted.facts),
        answers=answers,
    )


def _staged(
    workspace: Workspace, engine: Engine, say: Progress
) -> tuple[dict[str, list[str]], list[dict[str, int]]]:
    """Read every source; amounts are in the workspace's currency from here on."""
    staged: dict[str, list[str]] = {name: [] for name in TABLES}
    records = []
    rates = workspace.path / workspace.rates if workspace.rates else None
    for number, source in enumerate(workspace.sources):
        say(f"reading {source.table}: {source.path or source.format}")
        into = f"staged_{number}"
        counted = dict(sources.stage(source, workspace, engine, into))
        counted |= checks.convert_currency(
            engine, into, source.table, workspace.currency, workspace.timezone, rates
        )
        records.append(counted)
        staged[source.table].append(into)
    return staged, records


def _answers(workspace: Workspace, engine: Engine) -> tuple[str, ...]:
    """A digest of what each database said, whatever the order of its rows."""
    return tuple(
        str(engine.one(f"SELECT (count(*), sum(hash(said)))::VARCHAR FROM staged_{number} said")[0])
        for number, source in enumerate(workspace.sources)
        if sources.asked(source)
    )


def _stitched(
    workspace: Workspace, engine: Engine, staged: Mapping[str, Sequence[str]], folder: Path, say: Progress
) -> stitch.Stitched | None:
    """Turn identifiers into customers, where rows have more than a `customer_id`."""
    if workspace.identity is None:
        if stitch.needed(engine, staged):
            raise ConfigError(
                "rows are known by identifiers, and nothing says how these become customers",
                where=str(workspace.path / "journey.yaml"),
                do="declare `identity: {}` (docs/single-customer-view.md says what it can be told)",
            )
        return None
    say("joining identifiers to customers")
    named = {f"staged_{number}": source for number, source in enumerate(workspace.sources)}
    often = Counter(source.table for source in workspace.sources)
    labels = {
        name: source.table if often[source.table] == 1 else f"{source.table}: {source.path or source.format}"
        for name, source in named.items()
    }
    return stitch.stitch(
        engine,
        staged,
        labels,
        [name for name, source in named.items() if source.identified_by],
        workspace.identity,
        _key(workspace),
        folder,
    )


def _key(workspace: Workspace) -> bytes:
    declared = workspace.identity
    file = workspace.path / declared.key_file if declared and declared.key_file else None
    return keys.key(declared.key if declared else keys.ENVIRONMENT, file)


def _accounts(
    workspace: Workspace, engine: Engine, records: Sequence[Mapping[str, int]], rejected: Path
) -> list[checks.Account]:
    """What became of every row; those that cannot be used are kept apart."""
    accounts = []
    for number, source in enumerate(workspace.sources):
        into = f"staged_{number}"
        rows_in, kept, dropped = checks.account(engine, into)
        if dropped:
            checks.keep_rejected(engine, into, rejected / f"{number}_{source.table}.parquet")
        accounts.append(
            checks.Account(source.table, source.format, source.path, rows_in, kept, dropped, records[number])
        )
    return accounts
