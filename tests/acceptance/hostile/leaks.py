"""Where a key, a prompt or an answer could come to light, and the search for them there."""

import json
import logging
import pickle
import traceback
from base64 import b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from attrs import define, field

_PIECE: Final = 12  # characters in a row that give something away
_OURS: Final = str(Path(__file__).parent)  # the caller's own frames hold what the caller knows


def needles(canary: str) -> frozenset[str]:
    """Every piece of ``canary`` that is long enough, as it is and as it may be dressed up."""
    raw = canary.encode()
    dressed = [canary, canary[::-1], raw.hex(), quote(canary, safe=""), json.dumps(canary)[1:-1]]
    # Base64 depends on what stands before: of each of the three ways, the part that does not.
    dressed += [b64encode(b"\0" * shift + raw).decode().rstrip("=")[shift * 2 : -2] for shift in range(3)]
    return frozenset(text[at : at + _PIECE] for text in dressed for at in range(len(text) - _PIECE + 1))


def gave_away(text: str, sought: Iterable[str]) -> bool:
    return any(needle in text for needle in sought)


def place(line: str) -> str:
    """Where something was told, without what."""
    return line.partition("=")[0][:120]


@define
class LogSink(logging.Handler):
    """Keeps all that a handler could print of each record: message, arguments, extras, tracebacks."""

    told: list[str] = field(factory=list)

    def __attrs_pre_init__(self) -> None:
        super().__init__(logging.DEBUG)

    def emit(self, record: logging.LogRecord) -> None:
        extras = {name: value for name, value in vars(record).items() if name != "exc_info"}
        self.told.append(f"{record.getMessage()} {extras!r}")
        if record.exc_info and record.exc_info[1] is not None:
            self.told.extend(told_by(record.exc_info[1]))

    __hash__ = logging.Handler.__hash__


def told_by(error: BaseException) -> Iterator[str]:
    """All that can be read off an exception: itself, what it carries, its frames, and those behind it."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield from _told_by_one(one)
        waiting += [one.__cause__, one.__context__]
        waiting += one.exceptions if isinstance(one, BaseExceptionGroup) else []


def _told_by_one(error: BaseException) -> Iterator[str]:
    yield f"{error} {error!r} {error.args!r} {getattr(error, '__notes__', ())!r} {getattr(error, '__dict__', {})!r}"
    for kind in type(error).__mro__:
        for name in getattr(kind, "__slots__", ()):
            yield repr(getattr(error, name, None))
    yield _pickled(error)
    for frame, _line in traceback.walk_tb(error.__traceback__):
        if not frame.f_code.co_filename.startswith(_OURS):
            place = f"{frame.f_code.co_filename}:{frame.f_code.co_name}"
            yield from (f"{place} {name}={_shown(value)}" for name, value in frame.f_locals.items())


def _shown(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - tools that show locals go on, and so does the search
        return f"<{type(error).__name__}>"


def _pickled(error: BaseException) -> str:
    try:
        return pickle.dumps(error).decode("latin-1")
    except Exception as refused:  # noqa: BLE001 - what does not pickle gives nothing away, unless in saying so
        return repr(refused)


def told_by_files(folder: Path) -> Iterator[str]:
    """Every file below ``folder``, byte for byte."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield f"{path.name} {path.read_bytes().decode('latin-1')}"
