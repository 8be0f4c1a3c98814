"""The places where secrets end up, each read as pairs of where and text."""

import gzip
import linecache
import logging
import sqlite3
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from provider_runtime.testing.isolation.searching import Content

Texts = Iterator[tuple[str, Content]]
_OF_EVERY_RECORD: Final = frozenset(vars(logging.makeLogRecord({})))
_SQLITE: Final = b"SQLite format 3\0"
_GZIP: Final = b"\x1f\x8b"


def texts_of_record(record: logging.LogRecord) -> Texts:
    """What a handler could print of a log record: message, arguments, ``extra``, the exception and its formatting."""
    try:
        yield "message", record.getMessage()
    except (TypeError, ValueError, KeyError):  # arguments that do not fit: logging would print both
        yield "message", str(record.msg)
    yield from _texts_of_values("args", record.args)
    for name, value in vars(record).items():
        if name not in _OF_EVERY_RECORD:
            yield from _texts_of_values(f"extra[{name}]", value)
    if record.exc_info and record.exc_info[1] is not None:
        yield from texts_of_exception(record.exc_info[1])
    for name in ("exc_text", "stack_info"):
        if text := getattr(record, name):
            yield name, str(text)


def texts_of_exception(error: BaseException, *, locals_of: Iterable[str] | None = None) -> Texts:
    """What could be printed of ``error`` and of all that it carries: causes, contexts, members of a group, notes.

    ``locals_of``: in frames of files whose path contains one of these, the local variables too, as
    ``traceback`` shows them; ``("",)`` is every frame. Exceptions hidden by ``from None`` are read as well.
    """
    seen: set[int] = set()
    waiting = [("exception", error)]
    while waiting:
        where, one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        where = f"{where} {type(one).__name__}"
        yield f"str of {where}", str(one)
        yield f"repr of {where}", repr(one)
        yield from _texts_of_values(f"args of {where}", one.args)
        yield from _texts_of_values(f"attributes of {where}", getattr(one, "__dict__", {}))
        yield from _texts_of_locals(where, one, tuple(locals_of or ()))
        waiting += [
            (f"{name} of {where}", other) for name in ("__cause__", "__context__") if (other := getattr(one, name))
        ]
        if isinstance(one, BaseExceptionGroup):
            waiting += [(f"member of {where}", member) for member in one.exceptions]


def texts_of_file(path: Path) -> Texts:
    """The bytes of a file; of a gzip file what it holds; of an SQLite file its rows, too."""
    try:
        raw = path.read_bytes()
    except OSError:  # gone, or a socket, or not ours to read
        return
    yield str(path), raw
    if raw.startswith(_GZIP):
        try:
            yield f"{path}, unzipped", gzip.decompress(raw)
        except (OSError, EOFError):
            return
    if raw.startswith(_SQLITE):
        yield from texts_of_sqlite(path)


def texts_of_folder(path: Path) -> Texts:
    """Every file below a folder, and its name; ``path`` may be a file, too."""
    if path.is_file():
        yield from texts_of_file(path)
        return
    for entry in sorted(path.rglob("*")):
        yield f"the name of {entry.parent}/…", entry.name
        if entry.is_file():
            yield from texts_of_file(entry)


def texts_of_sqlite(path: Path) -> Texts:
    """Every value of every table. Long ones are spread over pages, so the bytes of the file do not show them."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for name in names:
                quoted = name.replace('"', '""')
                for row in database.execute(f'SELECT * FROM "{quoted}"'):  # noqa: S608 - the name is the file's own
                    for value in row:
                        if isinstance(value, str | bytes):
                            yield f"{path}, table {name}", value
    except sqlite3.Error:  # damaged or locked: its bytes were read already
        return


def _texts_of_values(where: str, value: object) -> Texts:
    """``value`` as it prints; texts within mappings and sequences as they are, since printing escapes them."""
    if isinstance(value, str | bytes):
        yield where, value
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield f"a key of {where}", str(key)
            yield from _texts_of_values(f"{where}[…]", item)
    elif isinstance(value, tuple | list | set | frozenset):
        for item in value:
            yield from _texts_of_values(where, item)
    elif value is not None:
        yield where, repr(value)


def _texts_of_locals(where: str, error: BaseException, files: tuple[str, ...]) -> Texts:
    if not files:
        return
    linecache.checkcache()
    shown = traceback.TracebackException(type(error), error, error.__traceback__, capture_locals=True)
    for frame in shown.stack:
        if any(part in frame.filename for part in files):
            for name, text in (frame.locals or {}).items():
                yield f"local variable {name} in {frame.name} of {where}", text
