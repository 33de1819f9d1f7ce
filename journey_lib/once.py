"""Heavy answers computed once a run: its kernels, a report's two languages first of all, share them.

`once` marks a function whose answer depends on its arguments alone. Where the runner has named a folder
(`KEPT` in the environment), the answer is kept there under a digest of the function and of everything its
arguments hold, and whoever asks the same next reads it; without a folder nothing is kept. See docs/adr/0012.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import io
import os
import pickle
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar

import pandas as pd

from journey_lib import i18n
from journey_lib.workspace import Workspace

try:
    import fcntl
except ImportError:  # Windows: two who ask at the same moment both compute
    fcntl = None  # type: ignore[assignment]

KEPT = "JOURNEY_KEPT"  # set in the environment of a run's kernels: the folder of what they share

# What pickle says of that which it cannot write.
_NOT_WRITTEN = (pickle.PicklingError, TypeError, ValueError, AttributeError, RecursionError)

Options = ParamSpec("Options")
Answer = TypeVar("Answer")


def once(function: Callable[Options, Answer]) -> Callable[Options, Answer]:
    """Compute an answer once a run, however many kernels ask; every one gets a copy of its own.

    Of the same arguments the function must always say the same, in numbers and codes and not in words: an
    answer that took words in the language of its reader is not kept. What cannot be told apart by its
    content, such as a function written on the spot, is computed each time.
    """

    @functools.wraps(function)
    def asked(*args: Options.args, **options: Options.kwargs) -> Answer:
        folder = os.environ.get(KEPT)
        name = folder and _name(function, args, options)
        if not folder or not name:
            return function(*args, **options)
        file = Path(folder) / name
        with _alone(file):
            with contextlib.suppress(OSError):
                answer: Answer = pickle.loads(file.read_bytes())  # noqa: S301 - this run wrote it, for itself
                return answer
            before = i18n.asked()
            answer = function(*args, **options)
            if i18n.asked() == before:
                _keep(file, answer)
            return answer

    return asked


def _name(function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> str | None:
    """What stands for a question: the same for equal arguments in every kernel of a run."""
    content = io.BytesIO()
    try:
        pickler = _Content(content)
        pickler.dump((args, sorted(options.items())))
    except _NOT_WRITTEN:
        return None
    digest = hashlib.sha256(content.getbuffer()).hexdigest()[:32]
    return f"{function.__module__}.{function.__qualname__}-{digest}"


class _Whole(pickle.Pickler):
    """Writes also what pickle alone refuses: the facts of a Result, which cannot be changed."""

    def reducer_override(self, value: Any) -> Any:
        """Let a view of a mapping be made anew from its content."""
        return (_view, (dict(value),)) if isinstance(value, MappingProxyType) else NotImplemented


def _view(content: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(content)


class _Content(_Whole):
    """Writes what arguments hold, whichever of their parts happen to be one object in memory."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self.fast = True  # no references to what was written before

    def reducer_override(self, value: Any) -> Any:
        """Write what a value says, and not how it happens to be held or what it has worked out meanwhile.

        A workspace also stands for the data it was prepared from.
        """
        said: tuple[Any, ...] | None = None
        if isinstance(value, Workspace):
            with contextlib.suppress(OSError):
                said = (value.path.absolute(), value.model_dump_json(), _manifest(value))
        elif isinstance(value, pd.DataFrame):
            columns = [value.iloc[:, place].array for place in range(value.shape[1])]
            said = (value.columns, value.index, columns)
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            said = tuple(getattr(value, field.name) for field in dataclasses.fields(value))
        return super().reducer_override(value) if said is None else (tuple, ((type(value), *said),))


def _manifest(workspace: Workspace) -> bytes:
    return (workspace.work / "manifest.json").read_bytes()


def _keep(file: Path, answer: Any) -> None:
    """Put an answer where the next finds it, whole or not at all; what cannot be written is not kept."""
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as written:
            _Whole(written, protocol=pickle.HIGHEST_PROTOCOL).dump(answer)
        draft.replace(file)
    except (OSError, *_NOT_WRITTEN):
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


@contextlib.contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Let one kernel compute an answer while others who need it wait; a dead one's place is free again."""
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):
            lock = held.enter_context(file.with_name(f"{file.name}.lock").open("ab"))
            if fcntl is not None:
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield
