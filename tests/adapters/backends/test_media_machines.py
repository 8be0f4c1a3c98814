"""Any sequence of operations on a medium, with crashes in between, gives what a list and a dict would."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from provider_runtime.adapters.backends.filesystem.media import FilesystemMedia
from provider_runtime.adapters.backends.medium import START, Media, Position, Tail
from provider_runtime.adapters.backends.memory import MemoryMedia
from provider_runtime.adapters.backends.sqlite.media import SqliteMedia
from provider_runtime.domain.errors import RecordCorrupt

T = TypeVar("T")
ENTRIES = st.binary(max_size=40)
NAMES = st.sampled_from(["a", "A", "b/c", "é", "e\u0301", "x" * 300, "x" * 301])


class Machine(RuleBasedStateMachine):
    """Memory; the others say what is different about them."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        self.abandoned: list[Media] = []
        self.media = self.opened()
        self.entries: list[bytes] = []
        self.noted: list[tuple[Position, int]] = [(START, 0)]
        self.lost: list[Position] = []
        self.documents: dict[tuple[str, str], tuple[bytes, str]] = {}

    def opened(self) -> Media:
        return MemoryMedia()

    def do(self, work: Awaitable[T]) -> T:
        async def working() -> T:
            return await work

        return self.runner.run(working())

    @property
    def journal(self) -> Any:
        return self.media.journal("steps")

    def teardown(self) -> None:
        for media in (*self.abandoned, self.media):
            self.do(media.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)

    # ── journal ─────────────────────────────────────────────────────────────────────────────

    @rule(entries=st.lists(ENTRIES, min_size=1, max_size=5))
    def append(self, entries: list[bytes]) -> None:
        async def together() -> None:
            await asyncio.gather(*(self.journal.append(lambda _, entry=entry: entry) for entry in entries))

        self.do(together())
        self.entries += entries

    @rule(entry=st.none() | ENTRIES, which=st.integers(0, 50))
    def decide(self, entry: bytes | None, which: int) -> None:
        position, place = self.noted[which % len(self.noted)]

        def step(tail: Tail) -> bytes | None:
            assert list(tail.since(position)) == self.entries[place:]
            assert tail.last == (self.entries[-1] if self.entries else None)
            return entry

        end = self.do(self.journal.decide(step))
        self.entries += [] if entry is None else [entry]
        self.noted.append((end, len(self.entries)))

    @rule(limit=st.none() | st.integers(1, 5), which=st.integers(0, 50))
    def read(self, limit: int | None, which: int) -> None:
        position, place = self.noted[which % len(self.noted)]
        page = self.do(self.journal.read(after=position, limit=limit))
        assert list(page.entries) == self.entries[place:][:limit]
        self.noted.append((page.end, place + len(page.entries)))

    @rule(limit=st.integers(0, 5))
    def look_at_the_end(self, limit: int) -> None:
        page = self.do(self.journal.tail(limit))
        assert list(page.entries) == self.entries[max(len(self.entries) - limit, 0) :]
        assert self.do(self.journal.count()) == len(self.entries)
        self.noted.append((page.end, len(self.entries)))

    @rule()
    def clear(self) -> None:
        self.do(self.journal.clear())
        self.lost = [position for position, _ in self.noted if position != START]
        self.entries, self.noted = [], [(START, 0)]

    @precondition(lambda self: self.lost and not self.entries)
    @rule()
    def read_from_a_place_that_is_gone(self) -> None:
        with pytest.raises(RecordCorrupt):
            self.do(self.journal.read(after=self.lost[-1]))

    # ── documents ───────────────────────────────────────────────────────────────────────────

    @rule(collection=NAMES, key=NAMES, content=ENTRIES)
    def put(self, collection: str, key: str, content: bytes) -> None:
        version = self.do(self.media.documents().put(collection, key, content))
        self.documents[collection, key] = (content, version)

    @rule(collection=NAMES, key=NAMES, content=ENTRIES, current=st.booleans())
    def put_if(self, collection: str, key: str, content: bytes, *, current: bool) -> None:
        _, version = self.documents.get((collection, key), (b"", None))
        asked = version if current else "0123456789abcdef"
        made = self.do(self.media.documents().put_if(collection, key, content, version=asked))
        assert (made is not None) == current
        if made is not None:
            self.documents[collection, key] = (content, made)

    @rule(collection=NAMES, key=NAMES)
    def delete(self, collection: str, key: str) -> None:
        was_there = self.documents.pop((collection, key), None) is not None
        assert self.do(self.media.documents().delete(collection, key)) == was_there

    @rule(collection=NAMES, prefix=st.sampled_from(["", "x", "b/"]))
    def look(self, collection: str, prefix: str) -> None:
        kept = {key: what for (where, key), what in self.documents.items() if where == collection}
        found = self.do(self.media.documents().keys(collection, prefix=prefix))
        assert found == tuple(sorted(key for key in kept if key.startswith(prefix)))
        for key, what in kept.items():
            document = self.do(self.media.documents().get(collection, key))
            assert document is not None
            assert (document.content, document.version) == what


class DurableMachine(Machine):
    """What is on the disk is there again after the process that wrote it has ended, however it did."""

    @rule()
    def crash(self) -> None:
        self.abandoned.append(self.media)
        self.media = self.opened()

    @rule()
    def close_and_open(self) -> None:
        self.do(self.media.aclose())
        self.media = self.opened()


class FilesystemMachine(DurableMachine):
    def opened(self) -> Media:
        return FilesystemMedia(root=self.folder)

    @rule(torn=st.binary(min_size=1, max_size=30).filter(lambda torn: b"\n" not in torn))
    def crash_while_writing(self, torn: bytes) -> None:
        self.crash()
        path = self.folder / "journals" / "steps.journal"
        if path.exists():
            with path.open("ab") as file:
                file.write(torn)
        for folder in (self.folder / "documents").glob("*/"):
            (folder / ".new-0123").write_bytes(torn)


class SqliteMachine(DurableMachine):
    def opened(self) -> Media:
        return SqliteMedia(path=self.folder / "store.sqlite")


MACHINES = pytest.mark.parametrize("machine", [Machine, FilesystemMachine, SqliteMachine])


@MACHINES
def test_a_medium_does_what_a_list_and_a_dict_do(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=15, stateful_step_count=25))  # type: ignore[no-untyped-call]  # as hypothesis has it


@pytest.mark.long
@pytest.mark.timeout(1800)
@MACHINES
def test_a_medium_does_what_a_list_and_a_dict_do_for_long(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=500, stateful_step_count=50))  # type: ignore[no-untyped-call]  # as above
