"""Spark: the same Python functions, each in a task of its own, for data that outgrow one machine.

Spark only carries: a task runs what one machine would run, on its bucket or its file, and sends back the
small table. The executors need this environment (Python and packages) and the workspace's folder at the same
path.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import pickle
import re
import shutil
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from journey_lib.errors import ConfigError, DataError, JourneyError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

Bucket = TypeVar("Bucket")
Item = TypeVar("Item")
Answer = TypeVar("Answer")

QUIET = Path(__file__).with_name("quiet.properties")


@dataclass(frozen=True)
class Spark:
    """Which Spark to run on, and how much memory its Java side may use in the driver and each executor."""

    master: str
    memory: str


@dataclass(frozen=True)
class OnSpark(Sequence[Callable[[], Bucket]], Generic[Bucket]):
    """Buckets that are measured where Spark runs; read one by one here, they are the same buckets."""

    loaders: tuple[Callable[[], Bucket], ...]
    spark: Spark
    shared: Path

    def __len__(self) -> int:
        return len(self.loaders)

    @overload
    def __getitem__(self, at: int) -> Callable[[], Bucket]: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Callable[[], Bucket]]: ...
    def __getitem__(self, at: int | slice) -> Callable[[], Bucket] | Sequence[Callable[[], Bucket]]:
        return self.loaders[at]


def run(
    spark: Spark, items: Sequence[Item], function: Callable[[Item], Answer], shared: Path
) -> list[Answer]:
    """What `function` says of each item, in the order of the items; each is asked in a task of its own.

    `shared` is a folder that driver and executors both write to. Answers come back through it, so that Java
    holds none of them, however large they are.

    Raises
    ------
    JourneyError
        As the function raised it on the executor.
    DataError
        The function failed in another way, or Spark itself did.
    """
    if not items:
        return []
    folder = Path(tempfile.mkdtemp(prefix="answers-", dir=shared)).absolute()

    def task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch["id"].to_pylist():
                _answer(function, items[number], number, folder)
            yield batch

    try:
        with readable():
            session(spark).range(0, len(items), 1, len(items)).mapInArrow(task, "id long").count()
        return [_answered(folder / str(number)) for number in range(len(items))]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def query(
    spark: Spark, views: Mapping[str, Path], sql: str, into: Path | None = None
) -> list[tuple[Any, ...]]:
    """The rows of a small answer over Parquet folders; none where the answer is written `into` a folder."""
    with readable():
        answer = _selected(spark, views, sql)
        if into is None:
            return [tuple(row) for row in answer.collect()]
        answer.write.parquet(str(into))
        return []


def regroup(
    spark: Spark,
    views: Mapping[str, Path],
    sql: str,
    group: str,
    groups: int,
    function: Callable[[int, Iterator[pa.RecordBatch]], None],
    shared: Path,
) -> None:
    """Bring rows of the same `group` together, and hand each group's rows to `function` in one task.

    `group` is an SQL expression from 0 to `groups` - 1; a group without rows is handed over too.
    """
    folder = Path(tempfile.mkdtemp(prefix="answers-", dir=shared)).absolute()

    def task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext

        number = TaskContext.get().partitionId()  # type: ignore[union-attr]
        _answer(lambda rows: function(number, rows), iter(batches), number, folder)
        yield from ()

    try:
        with readable():
            from pyspark.sql.functions import expr

            rows = _selected(spark, views, sql).repartitionById(groups, expr(f"CAST({group} AS INT)"))
            rows.mapInArrow(task, "nothing int").count()
        for number in range(groups):
            _answered(folder / str(number))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _selected(spark: Spark, views: Mapping[str, Path], sql: str) -> DataFrame:
    opened = session(spark)
    for name, folder in views.items():
        opened.read.parquet(str(folder)).createOrReplaceTempView(name)
    return opened.sql(sql)


def _answer(function: Callable[[Item], Answer], item: Item, number: int, folder: Path) -> None:
    """Leave one answer for the driver; a failure is one too, for Spark would try the same four times."""
    try:
        said = pickle.dumps((function(item), None), protocol=5)
    except JourneyError as error:
        said = pickle.dumps((None, error))
    except Exception as error:
        said = pickle.dumps((None, _failed(error, number)))
    # A task that Spark runs twice leaves one whole answer, whichever comes last.
    handle, name = tempfile.mkstemp(dir=folder)
    with os.fdopen(handle, "wb") as file:
        file.write(said)
    Path(name).replace(folder / str(number))


def _answered(file: Path) -> Any:
    if not file.is_file():
        raise DataError(
            "an executor of Spark answered in a folder that cannot be seen here",
            where=str(file.parent),
            do="keep the workspace where the driver and every executor find it at the same path",
        )
    answer, error = pickle.loads(file.read_bytes())  # noqa: S301
    if error is not None:
        raise error
    return answer


def _failed(error: Exception, number: int) -> DataError:
    """What to say of an error nobody foresaw; how it came about stands in its note."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"part {number}, {Path(last.filename).name}, line {last.lineno}, in {last.name}"
    if isinstance(error, MemoryError):
        return DataError(
            "an executor of Spark has too little memory for its part of the data",
            where=place,
            do="give Spark fewer cores a machine, or machines with more memory (docs/spark.md says how much)",
        )
    failed = DataError(
        f"a function failed on an executor of Spark: {type(error).__name__}: {error}",
        where=place,
        do="run it with `engine: {name: duckdb}`; if it fails there too, report it as a bug",
    )
    failed.add_note("".join(traceback.format_exception(error)))
    return failed


@contextmanager
def readable() -> Iterator[None]:
    """Turn what Spark says of itself into something a user can act on."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of pandas 3: no frame of pandas is made here
            yield
    except JourneyError:
        raise
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in {"pyspark", "py4j"}:
            raise
        told = _told(str(error))
        if "No module named" in told:
            raise DataError(
                "the executors of Spark lack a package that is there on the driver",
                where=told,
                do="give them the same environment as here (docs/spark.md)",
            ) from error
        raise DataError(
            "Spark stopped before it was done",
            where=told,
            do="where a worker exited or was lost, memory ran out (docs/spark.md); a stopped Spark starts"
            " again with the next process (kernel)",
        ) from error


def _told(text: str) -> str:
    """The line that says why, of the many Spark says."""
    raised = r"\w+(?:Error|Exception): "
    causes = re.findall(rf"{raised}(?!Exception thrown)(?:.*\b{raised})?(.+)", text)
    why = str(causes[-1] if causes else text.partition("\n")[0] or "no reason given")
    return why.partition(". Consider")[0][:300]


_own: dict[Spark, SparkSession] = {}


def session(spark: Spark) -> SparkSession:
    """The one session of this process: one that is already open, as on a platform's notebook, or our own.

    Raises
    ------
    ConfigError
        PySpark or Java is missing, or this process already runs Spark with other settings.
    """
    missing()
    from pyspark.sql import SparkSession

    active = SparkSession.getActiveSession()
    if active is None:
        _own.clear()
        _own[spark] = _started(spark)
        atexit.register(_stopped, _own[spark])
        return _own[spark]
    if _own and spark not in _own:
        raise ConfigError(
            f"this process already runs Spark as {next(iter(_own))}",
            where=f"`engine` in journey.yaml asks for {spark}",
            do="say the same in both workspaces, or open each in a process (a kernel) of its own",
        )
    return active


def _stopped(session: SparkSession) -> None:
    with suppress(Exception):  # it may have died before
        session.stop()


def missing() -> None:
    """Say what to install where PySpark is not."""
    if importlib.util.find_spec("pyspark") is None:
        raise ConfigError(
            "`engine: {name: spark}` needs PySpark, which is not installed",
            do="pip install 'journey-workbench[spark]'",
        )


def _started(spark: Spark) -> SparkSession:
    from pyspark.sql import SparkSession

    here = spark.master.startswith("local")
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java") is None and not (home and Path(home, "bin", "java").is_file()):
        raise ConfigError(
            "Spark needs Java 17 or newer, which is not installed",
            do="install one (Debian and Ubuntu: apt install openjdk-17-jre-headless), or set JAVA_HOME",
        )
    if here:
        os.environ["PYSPARK_PYTHON"] = sys.executable  # else workers start a Python without these packages
    number, unit = re.fullmatch(r"([\d.]+) ?(MB|GB)", spark.memory).groups()  # type: ignore[union-attr]
    memory = f"{round(float(number) * (1024 if unit == 'GB' else 1))}m"
    settings: dict[str, bool | float | int | str | None] = {
        "spark.driver.memory": memory,
        "spark.executor.memory": memory,
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={QUIET.as_uri()}",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
    }
    if here:  # nothing outside this machine can reach it
        settings |= dict.fromkeys(("spark.driver.host", "spark.driver.bindAddress"), "127.0.0.1")
        settings |= {"spark.ui.enabled": "false"}
    builder = SparkSession.builder.master(spark.master).appName("journey workbench")
    return builder.config(map=settings).getOrCreate()
