"""Receipts, checkpoints, crashes and tampering in any order: a chain is called whole exactly when it is."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from provider_runtime.adapters.backends.memory import MemoryJournal
from provider_runtime.adapters.backends.receipts import (
    FilesystemReceiptProvider,
    InMemoryReceiptProvider,
    JournalReceipts,
    SqliteReceiptProvider,
)
from provider_runtime.domain.records.oversight.checkpoints import ChainHead, NotedHead
from provider_runtime.domain.records.receipts import CallReceipt
from provider_runtime.testing.fakes import FrozenClock
from provider_runtime.testing.stages import a_record

T = TypeVar("T")
Entries = list[bytes]
EDITS: dict[str, Callable[[Entries, int], Entries]] = {
    "remove": lambda entries, at: [*entries[:at], *entries[at + 1 :]],
    "repeat": lambda entries, at: [*entries[: at + 1], entries[at], *entries[at + 1 :]],
    "swap": lambda entries, at: [*entries[:at], *entries[at : at + 2][::-1], *entries[at + 2 :]],
    "cut": lambda entries, at: entries[:at],
    "cut front": lambda entries, at: entries[at + 1 :],
    "change": lambda entries, at: [*entries[:at], entries[at].replace(b'"openai"', b'"opendi"'), *entries[at + 1 :]],
}


class Machine(RuleBasedStateMachine):
    """Memory; the others say what is different about them."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        self.opened: list[JournalReceipts] = []
        self.receipts = self.reopened()
        self.written: list[CallReceipt] = []
        self.noted: list[NotedHead] = []
        self.mark: str | None = None

    def reopened(self) -> JournalReceipts:
        whole = MemoryJournal(keep=None)  # one that drops receipts at the front cannot tell a missing one there
        self.opened.append(self.opened[-1] if self.opened else InMemoryReceiptProvider(journal=whole))
        return self.opened[-1]

    def do(self, work: Awaitable[T]) -> T:
        async def working() -> T:
            return await work

        return self.runner.run(working())

    def teardown(self) -> None:
        for receipts in self.opened:
            self.do(receipts.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)

    @rule(count=st.integers(1, 6))
    def store(self, count: int) -> None:
        async def together() -> list[CallReceipt]:
            return await asyncio.gather(*(self.receipts.store(a_record(number)) for number in range(count)))

        self.written += sorted(self.do(together()), key=lambda receipt: receipt.seq)

    @precondition(lambda self: self.written)
    @rule()
    def note(self) -> None:
        last = self.written[-1]
        head = ChainHead(chain_id=last.chain_id, seq=last.seq, receipt_hash=last.receipt_hash)
        self.noted.append(NotedHead(head=head, at=FrozenClock().now()))

    @rule()
    def crash(self) -> None:
        self.receipts = self.reopened()

    @rule()
    def verify(self) -> None:
        verdict = self.do(self.receipts.verify(noted=self.noted))
        assert (verdict.valid, verdict.count, verdict.checkpoints) == (True, len(self.written), len(self.noted))
        assert verdict.covered == (self.noted[-1].head.seq + 1 if self.noted else 0)
        self.mark = verdict.mark

    @precondition(lambda self: self.mark)
    @rule()
    def verify_what_came_since(self) -> None:
        verdict = self.do(self.receipts.verify(since=self.mark, noted=self.noted))
        assert (verdict.valid, verdict.count) == (True, len(self.written))
        self.mark = verdict.mark

    @precondition(lambda self: self.written)
    @rule(which=st.integers(0, 99))
    def find(self, which: int) -> None:
        receipt = self.written[which % len(self.written)]
        assert self.do(self.receipts.get(receipt.receipt_id)) == receipt
        assert (
            list(self.do(self.receipts.before(receipt.seq, 3))) == self.written[max(receipt.seq - 3, 0) : receipt.seq]
        )

    @precondition(lambda self: len(self.written) > 1)
    @rule(edit=st.sampled_from(sorted(EDITS)), which=st.integers(0, 99))
    def tamper(self, edit: str, which: int) -> None:
        before = list(self.do(self.receipts.journal.read()).entries)
        at = which % len(before)
        after = EDITS[edit](list(before), at)
        self.rewrite(after)
        verdict = self.do(self.receipts.verify(noted=self.noted))
        # What is in front of the cut is whole by itself: only what was noted behind it tells.
        is_a_beginning = after == before[: len(after)]
        told = bool(self.noted) and self.noted[-1].head.seq >= len(after)
        assert verdict.valid == (is_a_beginning and not told)
        if not verdict.valid:
            assert verdict.error
            assert verdict.broken_at is not None
            assert after[: verdict.broken_at] == before[: verdict.broken_at]
        self.rewrite(before)

    def rewrite(self, entries: Entries) -> None:
        async def work() -> None:
            await self.receipts.journal.clear()
            for entry in entries:
                await self.receipts.journal.append(partial(_as_it_is, entry))

        self.do(work())


def _as_it_is(entry: bytes, _last: bytes | None) -> bytes:
    return entry


class FilesystemMachine(Machine):
    def reopened(self) -> JournalReceipts:
        self.opened.append(FilesystemReceiptProvider(path=self.folder / "receipts.jsonl"))
        return self.opened[-1]


class SqliteMachine(Machine):
    def reopened(self) -> JournalReceipts:
        self.opened.append(SqliteReceiptProvider(path=self.folder / "receipts.sqlite"))
        return self.opened[-1]


MACHINES = pytest.mark.parametrize("machine", [Machine, FilesystemMachine, SqliteMachine])


@MACHINES
def test_a_chain_is_called_whole_exactly_when_it_is(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=12, stateful_step_count=20))  # type: ignore[no-untyped-call]  # as hypothesis has it


@pytest.mark.long
@pytest.mark.timeout(1800)
@MACHINES
def test_a_chain_is_called_whole_exactly_when_it_is_for_long(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=300, stateful_step_count=40))  # type: ignore[no-untyped-call]  # as above
