"""Does a key come out anywhere: logs, warnings, printed text, files?"""

import asyncio
import logging
import sys
import warnings
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from typing import Any, ClassVar, Final, TextIO, cast

from attrs import define, field

from provider_runtime.testing.isolation.checks.check import Check
from provider_runtime.testing.isolation.evidence import Evidence, Finding
from provider_runtime.testing.isolation.marks import Mark
from provider_runtime.testing.isolation.searching import Content, Search
from provider_runtime.testing.isolation.sinks import texts_of_folder, texts_of_record

_SLOW_CALLBACK: Final = "Executing "  # how the line begins that asyncio logs in debug mode


@define(kw_only=True)
class _KeysSeen(Check):
    """Looks for keys in whatever is shown to it, and remembers where they were."""

    _search: Callable[[], Search[Mark]] | None = field(default=None, init=False, repr=False)
    _seen: dict[str, None] = field(factory=dict, init=False, repr=False)

    def begin(self, evidence: Evidence) -> None:
        self._search = lambda: evidence.marks.search_for(*evidence.secret_kinds, pieces=True)

    def look(self, where: str, text: Content, more: str = "") -> None:
        """Remember what of a tenant stands in ``text``."""
        if self._search is not None:
            for mark, form in self._search().found(text):
                self._seen.setdefault(f"{where} holds {mark.shown} ({form}{more})")

    def findings(self, evidence: Evidence) -> Iterable[Finding]:  # noqa: ARG002 - it was searched as it came
        return [self.finding(text) for text in self._seen]


@define(kw_only=True)
class Logs(_KeysSeen):
    """No log record of any logger, at DEBUG and with asyncio in debug mode, holds a key.

    Levels, propagation and ``logging.disable`` are overruled for the length of the trial.
    """

    name: ClassVar[str] = "logs"
    _undo: ExitStack = field(factory=ExitStack, init=False, repr=False)

    def begin(self, evidence: Evidence) -> None:
        super().begin(evidence)
        handler = _Listener(self)
        asyncio_logger = logging.getLogger("asyncio")
        quiet = _AsQuietAsBefore(handler, asyncio_logger.getEffectiveLevel())
        asyncio_logger.addFilter(quiet)
        self._undo.callback(asyncio_logger.removeFilter, quiet)
        loggers = [logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
        for logger in (logging.root, *loggers):
            if logger is logging.root or not logger.propagate:
                logger.addHandler(handler)
                self._undo.callback(logger.removeHandler, handler)
            if logger is logging.root or logger.level > logging.DEBUG:
                self._undo.callback(logger.setLevel, logger.level)
                logger.setLevel(logging.DEBUG)
        self._undo.callback(logging.disable, logging.root.manager.disable)
        logging.disable(logging.NOTSET)
        self._debug_asyncio()

    def end(self) -> None:
        self._undo.close()

    def _debug_asyncio(self) -> None:
        loop = asyncio.get_running_loop()
        self._undo.callback(loop.set_debug, loop.get_debug())
        self._undo.callback(setattr, loop, "slow_callback_duration", loop.slow_callback_duration)
        loop.set_debug(True)
        loop.slow_callback_duration = 0.0  # every callback is slow enough to be logged, with its arguments


class _Listener(logging.Handler):
    """Shows every record to the check."""

    def __init__(self, check: _KeysSeen) -> None:
        super().__init__(logging.NOTSET)
        self._check = check

    def emit(self, record: logging.LogRecord) -> None:
        for where, text in texts_of_record(record):
            self._check.look(f"a record of logger {record.name}", text, f"; {record.levelname}, {where}")


class _AsQuietAsBefore(logging.Filter):
    """Searches what the debug mode of asyncio adds, and keeps it from everybody else: there are thousands of lines."""

    def __init__(self, listener: _Listener, level: int) -> None:
        super().__init__()
        self._listener, self._level = listener, level

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno >= self._level and not str(record.msg).startswith(_SLOW_CALLBACK):
            return True
        self._listener.emit(record)
        return False


@define(kw_only=True)
class Warnings(_KeysSeen):
    """No warning holds a key; they are shown as ever."""

    name: ClassVar[str] = "warnings"
    _shown_by: Any = field(default=None, init=False, repr=False)

    def begin(self, evidence: Evidence) -> None:
        super().begin(evidence)
        self._shown_by = shown_by = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], filename: str, *rest: Any, **named: Any) -> None:
            self.look(f"a {category.__name__}", str(message))
            shown_by(message, category, filename, *rest, **named)

        warnings.showwarning = show

    def end(self) -> None:
        warnings.showwarning = self._shown_by


class _Tee:
    """Shows what is written to the check and passes it on; whatever else a stream can do, the one behind does."""

    def __init__(self, look: Callable[[str], None], stream: TextIO) -> None:
        self._look, self._stream = look, stream

    def write(self, text: str) -> int:
        self._look(text)
        return self._stream.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@define(kw_only=True)
class StandardStreams(_KeysSeen):
    """Nothing printed to ``sys.stdout`` or ``sys.stderr`` holds a key."""

    name: ClassVar[str] = "output"
    _undo: ExitStack = field(factory=ExitStack, init=False, repr=False)

    def begin(self, evidence: Evidence) -> None:
        super().begin(evidence)
        stdout, stderr = sys.stdout, sys.stderr
        sys.stdout = cast("TextIO", _Tee(partial(self.look, "stdout"), stdout))
        sys.stderr = cast("TextIO", _Tee(partial(self.look, "stderr"), stderr))
        self._undo.callback(setattr, sys, "stdout", stdout)
        self._undo.callback(setattr, sys, "stderr", stderr)

    def end(self) -> None:
        self._undo.close()


@define(kw_only=True)
class Files(_KeysSeen):
    """No file in the folders named to the trial holds a key, in any form, nor does its name."""

    name: ClassVar[str] = "files"

    def findings(self, evidence: Evidence) -> Iterable[Finding]:
        for path in evidence.files:
            for where, text in texts_of_folder(path):
                self.look(where, text)
        return super().findings(evidence)
