"""Every place where a secret may come to light, read after the event: what was logged, raised, kept, printed, shown."""

import asyncio
import logging
import os
import pickle
import subprocess
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import attrs
from attrs import define, field
from traceback_search import told_by

from provider_runtime.domain.records.events import LifecycleEvent
from provider_runtime.testing.isolation.searching import PIECE, Content, Search
from provider_runtime.testing.isolation.sinks import texts_of_exception, texts_of_folder, texts_of_record

# What somebody finds who looks into objects one by one, as debuggers do. What is no Secret is there by right.
INSIDE: Final = "inside"
# What tools that show the locals of a traceback print: of our frames alone, the others answer for themselves.
LOCALS: Final = "locals"
_OUR_FRAMES: Final = (f"{os.sep}provider_runtime{os.sep}",)


class _Listener(logging.Handler):
    def __init__(self, sinks: "Sinks") -> None:
        super().__init__(logging.NOTSET)
        self._sinks = sinks

    def emit(self, record: logging.LogRecord) -> None:
        for where, text in texts_of_record(record):
            self._sinks.add("log", f"{record.name}, {where}", text)
        if record.exc_info and record.exc_info[1] is not None:
            self._sinks.raised(record.exc_info[1], "log")


@define(eq=False)
class Sinks:
    """Collects texts by the kind of place they stood in; ``found`` says what of the secrets stands in any."""

    texts: dict[str, list[tuple[str, Content]]] = field(factory=dict)

    def add(self, sink: str, where: str, text: Content) -> None:
        self.texts.setdefault(sink, []).append((where, text))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Everything logged, at DEBUG and with asyncio in debug mode, and every warning."""
        root, handler, loop = logging.getLogger(), _Listener(self), asyncio.get_running_loop()
        before = root.level, loop.slow_callback_duration
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        loop.set_debug(True)
        loop.slow_callback_duration = 0  # every step is slow enough to be logged, with its arguments
        try:
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                yield
            for warning in warned:
                self.add("warnings", warning.filename, str(warning.message))
        finally:
            loop.set_debug(False)
            root.setLevel(before[0])
            loop.slow_callback_duration = before[1]
            root.removeHandler(handler)

    def raised(self, error: BaseException, sink: str = "exceptions") -> None:
        """All that could be printed of an exception, the locals of our frames included, and its pickle."""
        for where, text in texts_of_exception(error, locals_of=_OUR_FRAMES):
            self.add(LOCALS if where.startswith("local variable") else sink, where, text)
        self.add(INSIDE, f"{sink}, deep", told_by(error))
        self.pickled(error, sink)

    def pickled(self, thing: object, sink: str = "pickles") -> None:
        try:
            self.add(sink, "pickle", pickle.dumps(thing))
        except Exception as refused:  # noqa: BLE001 - what does not pickle gives nothing away, unless in saying so
            self.add(sink, "refusal to pickle", repr(refused))

    def shown(self, thing: Any, name: str) -> None:
        """How a thing prints, and how each of its attributes does."""
        self.add("shown", f"repr of {name}", repr(thing))
        self.add("shown", f"str of {name}", f"{thing} {thing!r:}")
        if attrs.has(type(thing)):
            for one in attrs.fields(type(thing)):
                self.add(INSIDE, f"{name}.{one.name}", repr(getattr(thing, one.name, None)))
        self.add(INSIDE, f"__dict__ of {name}", repr(getattr(thing, "__dict__", {})))

    def emitted(self, events: Iterable[LifecycleEvent]) -> None:
        for event in events:
            self.add("events", event.kind, repr(event))
            self.pickled(event, "events")

    def kept(self, receipts: Iterable[object]) -> None:
        for receipt in receipts:
            self.add("receipts", "receipt", repr(receipt))

    def written(self, folder: Path) -> None:
        for where, text in texts_of_folder(folder):
            self.add("files", where, text)

    def printed(self, out: str, err: str) -> None:
        self.add("streams", "stdout", out)
        self.add("streams", "stderr", err)

    def inherited(self) -> None:
        """What a child process finds in its environment and on its command line."""
        program = "import os, sys; print(dict(os.environ), sys.argv, open('/proc/self/cmdline').read())"
        child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        self.add("children", "environment", child.stdout)

    def found(self, keys: dict[str, str], said: dict[str, str]) -> list[str]:
        """What stands where: ``keys`` are looked for everywhere, what was ``said`` where things print by themselves."""
        anywhere, printed = Search(keys, piece=PIECE), Search({**keys, **said}, piece=PIECE)
        return sorted(
            {
                f"{name} ({form}) in {sink}: {where}"
                for sink, texts in self.texts.items()
                for where, text in texts
                for name, form in (anywhere if sink in {INSIDE, LOCALS} else printed).found(text)
            }
        )

    def found_in_locals(self, said: dict[str, str]) -> list[str]:
        """What of ``said`` the locals of our frames print."""
        search = Search(said, piece=PIECE)
        found = ((where, search.found(text)) for where, text in self.texts.get(LOCALS, ()))
        return sorted({f"{name} ({form}) in {where}" for where, names in found for name, form in names})
