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
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import pyarrow as pa

from journey_lib.errors import ConfigError, DataError, JourneyError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Bucket = TypeVar("Bucket")
Item = TypeVar("Item")
Answer = TypeVar("Answer")

PIECE = 1 << 26  # bytes of an answer that travel together: neither Arrow nor Java takes 2 GB in one value
ANSWER = pa.schema({"item": pa.int64(), "piece": pa.int32(), "answer": pa.binary()})
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

    def __len__(self) -> int:
        return len(self.loaders)

    @overload
    def __getitem__(self, at: int) -> Callable[[], Bucket]: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Callable[[], Bucket]]: ...
    def __getitem__(self, at: int | slice) -> Callable[[], Bucket] | Sequence[Callable[[], Bucket]]:
        return self.loaders[at]


def run(spark: Spark, items: Sequence[Item], function: Callable[[Item], Answer]) -> list[Answer]:
    """What `function` says of each item, in the order of the items; each is asked in a task of its own.

    Raises
    ------
    JourneyError
        As the function raised it on the executor.
    DataError
        The function failed in another way, or Spark itself did.
    """

    def task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch["id"].to_pylist():
                yield from _answer(function, items[number], number)

    with _readable(), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of pandas 3: no frame of pandas is ever made here
        numbers = session(spark).range(0, len(items), 1, max(len(items), 1))
        return _answers(numbers.mapInArrow(task, "item long, piece int, answer binary"))


def _answer(function: Callable[[Item], Answer], item: Item, number: int) -> Iterator[pa.RecordBatch]:
    """One answer, pickled; a failure is an answer too, for Spark would only try the same four times."""
    try:
        said = pickle.dumps((function(item), None), protocol=5)
    except JourneyError as error:
        said = pickle.dumps((None, error))
    except Exception as error:
        said = pickle.dumps((None, _failed(error, number)))
    for piece, start in enumerate(range(0, len(said), PIECE)):
        yield pa.RecordBatch.from_pydict(
            {"item": [number], "piece": [piece], "answer": [said[start : start + PIECE]]}, schema=ANSWER
        )


def _answers(frame: DataFrame) -> list[Any]:
    """All answers in order; the first failure is raised."""
    said = frame.toArrow().sort_by([("item", "ascending"), ("piece", "ascending")])
    pieces: dict[int, list[bytes]] = {}
    for number, piece in zip(said["item"].to_pylist(), said["answer"], strict=True):
        pieces.setdefault(number, []).append(piece.as_buffer())
    answers = []
    for number in sorted(pieces):
        answer, error = pickle.loads(b"".join(pieces.pop(number)))  # noqa: S301
        if error is not None:
            raise error
        answers.append(answer)
    return answers


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
def _readable() -> Iterator[None]:
    """Turn what Spark says of itself into something a user can act on."""
    try:
        yield
    except JourneyError:
        raise
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in {"pyspark", "py4j"}:
            raise
        told = _told(str(error))
        if "ModuleNotFoundError" in told:
            raise DataError(
                "the executors of Spark lack a package that is there on the driver",
                where=told,
                do="give them the same environment as here (docs/spark.md)",
            ) from error
        raise DataError(
            "Spark stopped before it was done",
            where=told,
            do="if it says that a worker exited or was lost, memory ran out: see docs/spark.md",
        ) from error


def _told(text: str) -> str:
    """The line that says why, of the many Spark says."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    why = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b: ", line)]
    return (why[-1] if why else lines[0] if lines else "no reason given")[:300]


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
        atexit.register(_own[spark].stop)
        return _own[spark]
    if _own and spark not in _own:
        raise ConfigError(
            f"this process already runs Spark as {next(iter(_own))}",
            where=f"`engine` in journey.yaml asks for {spark}",
            do="say the same in both workspaces, or open each in a process (a kernel) of its own",
        )
    return active


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
        "spark.driver.maxResultSize": "0",  # of all answers together: they are as large as they are here
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={QUIET.as_uri()}",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
    }
    if here:  # nothing outside this machine can reach it
        settings |= dict.fromkeys(("spark.driver.host", "spark.driver.bindAddress"), "127.0.0.1")
        settings |= {"spark.ui.enabled": "false"}
    builder = SparkSession.builder.master(spark.master).appName("journey workbench")
    return builder.config(map=settings).getOrCreate()
