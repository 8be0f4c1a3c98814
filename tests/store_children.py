"""Processes that write to a store until they are done, or until they are ended.

They are forked from one process that has everything loaded and no thread: a child costs milliseconds.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, BinaryIO

from governance_program import TOKEN
from store_faults import KillingFiles, connection_that, die

from provider_runtime.adapters.backends.checkpoints.notary import Notary
from provider_runtime.adapters.backends.checkpoints.receipts import CheckpointedReceipts
from provider_runtime.adapters.backends.checkpoints.sinks import FilesystemCheckpoints
from provider_runtime.adapters.backends.families.sessions import MediaSessions
from provider_runtime.adapters.backends.filesystem.calls import SystemFiles
from provider_runtime.adapters.backends.filesystem.framing import Lines
from provider_runtime.adapters.backends.filesystem.journal import FilesystemJournal
from provider_runtime.adapters.backends.filesystem.media import FilesystemMedia
from provider_runtime.adapters.backends.medium import Media
from provider_runtime.adapters.backends.receipts import JournalReceipts
from provider_runtime.adapters.backends.sqlite.media import SqliteMedia
from provider_runtime.adapters.call_traces.store import MediaCallTraces
from provider_runtime.adapters.governance.consents import JournalConsentLedger
from provider_runtime.adapters.governance.ledger import JournalLedger
from provider_runtime.adapters.governance.remote.desk import Admission, LedgerDesk
from provider_runtime.adapters.governance.security import JournalSecurity
from provider_runtime.adapters.http.serving import HttpService
from provider_runtime.adapters.signing.hmac_sha256 import HmacSigner
from provider_runtime.adapters.system import SystemClock
from provider_runtime.domain.policy.budgets.access import LedgerClient
from provider_runtime.domain.policy.budgets.holds import Admitted, Fate
from provider_runtime.domain.policy.consent.decisions import UseTaken
from provider_runtime.domain.policy.grants.capability import Capability, Constraints
from provider_runtime.domain.records.sessions import (
    SessionAnswer,
    SessionData,
    SessionEvent,
    SessionEventKind,
    checkpoint,
)
from provider_runtime.domain.records.state import State
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.governance.budgets import BudgetLedger
from provider_runtime.testing.contracts.governance.budgets import a_claim, an_order
from provider_runtime.testing.contracts.media.journals import counting
from provider_runtime.testing.contracts.oversight.call_traces import a_trace
from provider_runtime.testing.governance_server import client_of
from provider_runtime.testing.stages import a_record

NOTARY = HmacSigner(key=Secret("a-key-of-the-notary"))

A_HUNDRED_USES = Capability(type="x.*", constraints=Constraints(max_calls=100))
Failpoint = tuple[str, int, str]
"""What operation or statement, the how-maniest, and whether before, in it, or after."""


def opened(kind: str, folder: Path, failpoint: Failpoint | None = None) -> FilesystemMedia | SqliteMedia:
    """The medium in ``folder``; the process ends at ``failpoint``."""
    if kind == "filesystem":
        return FilesystemMedia(root=folder, files=KillingFiles(*failpoint) if failpoint else SystemFiles())
    path = folder / "store.sqlite"
    return SqliteMedia(path=path, connection=_killing(*failpoint)) if failpoint else SqliteMedia(path=path)


def _killing(statement: str, at: int, moment: str) -> type:
    left = [at]

    def act(when: str, sql: str) -> None:
        if when == moment and sql.startswith(statement):
            left[0] -= 1
            if left[0] == 0:
                die()

    return connection_that(act)


def write(folder: Path, kind: str, rounds: int, failpoint: Failpoint | None, told: BinaryIO) -> None:
    """Append four entries at once and put a document, again and again; write what is told to be kept."""

    async def main() -> None:
        media: Media = opened(kind, folder, failpoint)
        journal, documents = media.journal("steps"), media.documents()
        for number in range(rounds):
            kept = await asyncio.gather(*(journal.append(counting) for _ in range(4)))
            told.write(b"entries " + b" ".join(kept) + b"\n")
            await documents.put("c", "k", b"%d" % number + b"." * 5000)
            told.write(b"document %d\n" % number)
        await media.aclose()

    asyncio.run(main())


def add(folder: Path, kind: str, rounds: int, _failpoint: None, _told: BinaryIO) -> None:
    """Add 1 to a number that others add to, too, by comparing and setting."""

    async def main() -> None:
        documents = opened(kind, folder).documents()
        for _ in range(rounds):
            made = None
            while made is None:
                found = await documents.get("bank", "account")
                amount, version = (int(found.content), found.version) if found else (0, None)
                made = await documents.put_if("bank", "account", b"%d" % (amount + 1), version=version)

    asyncio.run(main())


@asynccontextmanager
async def ledger_in(folder: Path, kind: str, failpoint: Failpoint | None = None) -> AsyncIterator[BudgetLedger]:
    """The ledger in ``folder``; for the kind ``remote`` that of the server whose address stands there."""
    if kind == "remote":
        async with aclosing(client_of((folder / "url").read_text(), TOKEN, timeout_s=60, try_s=20)) as remote:
            yield remote
        return
    media: Media = opened(kind, folder, failpoint)
    yield JournalLedger(journal=media.journal("budgets"), documents=media.documents(), checkpoint_every=50)
    await media.aclose()


def spend(folder: Path, kind: str, rounds: int, failpoint: Failpoint | None, told: BinaryIO) -> None:
    """Four at once hold 10 and post 7, again and again; write which holds are told to be taken and posted."""

    async def main() -> None:
        async with ledger_in(folder, kind, failpoint) as ledger:

            async def one() -> None:
                for _ in range(rounds):
                    answer = await ledger.reserve(an_order(a_claim(10, limit=10**9)))
                    if not isinstance(answer, Admitted):
                        raise AssertionError("there is room for all")
                    told.write(b"held %d\n" % answer.hold.number)
                    await ledger.settle(answer.hold, Fate.POSTED, [7])
                    told.write(b"posted %d\n" % answer.hold.number)

            await asyncio.gather(*(one() for _ in range(4)))

    asyncio.run(main())


def race(folder: Path, kind: str, rounds: int, _failpoint: None, told: BinaryIO) -> None:
    """All at once try to hold 10 of 100; write how many could."""

    async def main() -> None:
        async with ledger_in(folder, kind) as ledger:
            answers = await asyncio.gather(*(ledger.reserve(an_order(a_claim(10))) for _ in range(rounds)))
            told.write(b"admitted %d\n" % sum(isinstance(answer, Admitted) for answer in answers))

    asyncio.run(main())


def use(folder: Path, kind: str, rounds: int, failpoint: Failpoint | None, told: BinaryIO) -> None:
    """Four at once use a grant of 100 uses, again and again; write each use that was granted, and each denied."""

    async def main() -> None:
        media: Media = opened(kind, folder, failpoint)
        security = JournalSecurity(journal=media.journal("audit"), capabilities=[A_HUNDRED_USES])

        async def one() -> None:
            for number in range(rounds):
                allowed = await security.check_cap("x.use")
                told.write(b"%s %d\n" % (b"granted" if allowed else b"denied", number))

        await asyncio.gather(*(one() for _ in range(4)))
        await media.aclose()

    asyncio.run(main())


def consent(folder: Path, kind: str, rounds: int, failpoint: Failpoint | None, told: BinaryIO) -> None:
    """All at once make calls on the one consent there is, every fifth of which comes to nothing; write how it went."""

    async def main() -> None:
        media: Media = opened(kind, folder, failpoint)
        ledger = JournalConsentLedger(
            journal=media.journal("consents"), documents=media.documents(), checkpoint_every=7
        )
        (kept,) = await ledger.consents()

        async def one(number: int) -> None:
            answer = await ledger.use(kept, f"use_{os.getpid()}_{number}")
            if isinstance(answer, UseTaken):
                told.write(b"used %s\n" % answer.use_id.encode())
            if isinstance(answer, UseTaken) and number % 5 == 0:
                await ledger.give_back(kept, answer.use_id)
                told.write(b"back %s\n" % answer.use_id.encode())

        await asyncio.gather(*(one(number) for number in range(rounds)))
        await media.aclose()

    asyncio.run(main())


def record(folder: Path, kind: str, rounds: int, failpoint: Failpoint | None, told: BinaryIO) -> None:
    """Store receipts, four at once, with checkpoints elsewhere; write which are told to be kept."""

    async def main() -> None:
        sink = FilesystemCheckpoints(path=folder / "elsewhere" / "checkpoints.jsonl")
        notary = Notary(signer=NOTARY, sink=sink, clock=SystemClock(), every=6)
        receipts = CheckpointedReceipts(receipts=receipts_in(kind, folder, failpoint), notary=notary)
        for number in range(rounds):
            stored = await asyncio.gather(*(receipts.store(a_record(number)) for _ in range(4)))
            told.write(b"".join(b"receipt %d %s\n" % (one.seq, one.receipt_hash.encode()) for one in stored))
            await asyncio.sleep(0)
        await receipts.aclose()

    asyncio.run(main())


def receipts_in(kind: str, folder: Path, failpoint: Failpoint | None = None) -> JournalReceipts:
    """The receipts in ``folder``; the process ends at ``failpoint``."""
    if kind == "filesystem":
        files = KillingFiles(*failpoint) if failpoint else SystemFiles()
        path = folder / "receipts.jsonl"
        return JournalReceipts(journal=FilesystemJournal(path=path, framing=Lines(), files=files))
    media = opened(kind, folder, failpoint)
    return JournalReceipts(journal=media.journal("receipts"))


def tell(folder: Path, kind: str, rounds: int, failpoint: Failpoint | None, told: BinaryIO) -> None:
    """Log events of a session, keep answers and the lives of calls; write what is told to be kept."""

    async def main() -> None:
        media: Media = opened(kind, folder, failpoint)
        sessions, traces = MediaSessions(media=media), MediaCallTraces(media=media)
        await sessions.save("work", SessionData())
        told.write(b"session 0\n")
        for number in range(rounds):
            event = checkpoint(State(control=number)) if number % 5 == 0 else SessionEvent(kind=SessionEventKind.STEP)
            told.write(b"event %d\n" % (await sessions.record("work", event)).seq)
            answer = SessionAnswer(request_hash="a" * 64, response=number)
            told.write(b"answer %d\n" % await sessions.keep_answer("work", answer))
            await traces.keep(a_trace(f"call_{number}"))
            told.write(b"trace %d\n" % number)
        await media.aclose()

    asyncio.run(main())


def consent_race(folder: Path, kind: str, rounds: int, _failpoint: None, told: BinaryIO) -> None:
    """All at once make calls on the one consent there is; write who could."""

    async def main() -> None:
        media: Media = opened(kind, folder)
        ledger = JournalConsentLedger(journal=media.journal("consents"), documents=media.documents())
        (kept,) = await ledger.consents()
        answers = await asyncio.gather(*(ledger.use(kept, f"use_{os.getpid()}_{n}") for n in range(rounds)))
        for answer in answers:
            if isinstance(answer, UseTaken):
                told.write(b"used %s\n" % answer.use_id.encode())
        await media.aclose()

    asyncio.run(main())


def serve(folder: Path, kind: str, rounds: int, failpoint: Failpoint | None, told: BinaryIO) -> None:
    """Serve the ledger in ``folder`` at the port ``rounds``, or any free one, until it is ended; write the port."""

    async def main() -> None:
        async with ledger_in(folder, kind, failpoint) as ledger:
            admission = Admission(client=LedgerClient(name="tests", keeper=True), token=Secret(TOKEN))
            service = HttpService(answerer=LedgerDesk(ledger=ledger, admissions=(admission,)), port=rounds)
            await service.start()
            told.write(b"port %d\n" % service.port)
            await asyncio.Event().wait()

    asyncio.run(main())


class Children:
    """The process that forks children on order."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def start(self, work: str, folder: Path, kind: str, rounds: int, failpoint: Failpoint | None = None) -> "Child":
        """A child that does ``work``, one of the functions above."""
        folder.mkdir(parents=True, exist_ok=True)
        pipe = folder.parent / f"told-{os.urandom(8).hex()}"
        os.mkfifo(pipe)
        pid = self._asked([work, str(folder), kind, rounds, failpoint, str(pipe)])
        return Child(pid=pid, told=pipe.open("rb"), ended=lambda: self._asked(pid))

    def _asked(self, order: Any) -> int:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(order) + "\n")
        return int(self._server.stdout.readline())

    def close(self) -> None:
        """End the process."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(10)
        self._server.stdout.close()


class Child:
    """One of its children. ``ended`` waits for its end and says how it came."""

    def __init__(self, pid: int, told: BinaryIO, ended: Callable[[], int]) -> None:
        self.pid, self.ended, self._told = pid, ended, told

    def told(self) -> Iterator[list[bytes]]:
        """Line by line what it was told is kept, until it ends."""
        with self._told:
            for line in self._told:
                if line.endswith(b"\n"):
                    yield line.split()


def _serve() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        if isinstance(order, int):
            answer = os.waitstatus_to_exitcode(os.waitpid(order, 0)[1])
        elif (answer := os.fork()) == 0:
            work, folder, kind, rounds, failpoint, pipe = order
            try:
                with Path(pipe).open("wb", buffering=0) as told:
                    globals()[work](Path(folder), kind, rounds, failpoint, told)
            finally:
                os._exit(1 if sys.exc_info()[0] else 0)
        print(answer, flush=True)  # noqa: T201 - that is how the server answers


if __name__ == "__main__":
    _serve()
