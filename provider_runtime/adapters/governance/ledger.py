"""Ledgers of budgets over any journal: written once, chosen a medium by small subclasses."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, Final, TypeVar

from attrs import define, field

from provider_runtime.adapters.backends.filesystem.media import FilesystemMedia
from provider_runtime.adapters.backends.medium import START, Documents, Journal, Media, Position, Tail
from provider_runtime.adapters.backends.memory import MemoryJournal
from provider_runtime.adapters.backends.sqlite.media import SqliteMedia
from provider_runtime.adapters.governance.checkpoints import books_as_bytes, books_from_bytes, count_in
from provider_runtime.adapters.governance.ledger_entries import EntryReader, encoded, unreadable
from provider_runtime.adapters.system import SystemClock
from provider_runtime.domain.errors import BackendError, RecordCorrupt
from provider_runtime.domain.identity import OrderId
from provider_runtime.domain.policy.budgets import deciding
from provider_runtime.domain.policy.budgets.books import Books
from provider_runtime.domain.policy.budgets.entries import Entry
from provider_runtime.domain.policy.budgets.holds import (
    Claim,
    Fate,
    Hold,
    HoldOrder,
    Reservation,
    Standing,
    Tally,
)
from provider_runtime.ports.system import Clock

_T = TypeVar("_T")
_JOURNAL: Final = "budgets"
_CHECKPOINTS: Final = "checkpoints"
_OWN_KEPT: Final = 1024


@define(kw_only=True, eq=False)
class JournalLedger:
    """The ledger in ``journal``. See ``BudgetLedger``.

    Each step reads what came since the last one, by whomever, and enters one thing more, with nobody
    in between. The books are what has been read: an entry of this object's own counts once it is read
    back. Every ``checkpoint_every`` entries the books are kept in ``documents``, so that whoever
    opens the ledger next reads few: at most a tenth more than that, and what was under way.
    """

    journal: Journal = field(repr=False)
    documents: Documents | None = field(default=None, repr=False)
    clock: Clock = field(factory=SystemClock, repr=False)
    checkpoint_every: int = 2000
    _reader: EntryReader = field(factory=EntryReader, init=False, repr=False)
    _books: Books | None = field(default=None, init=False, repr=False)
    _position: Position = field(default=START, init=False)
    """Behind the last entry in the books."""
    _durable: Position = field(default=START, init=False)
    """Behind the last entry that the medium is known to keep."""
    _due: int = field(default=0, init=False)
    """At so many entries the next checkpoint is made."""
    _kept: str | None = field(default=None, init=False)
    """The version of the checkpoint that was there when it was last looked at."""
    _own: dict[bytes, Entry] = field(factory=dict, init=False, repr=False)
    """Entries made here and not yet read back: they need no decoding."""

    async def reserve(self, order: HoldOrder) -> Reservation:
        return await self._step(lambda books: deciding.reserve(books, order, self._now_ms()))

    async def settle(self, hold: Hold, fate: Fate, charges: Sequence[int]) -> None:
        await self._enter(
            lambda books, now_ms: deciding.settle(books, hold, fate, charges, now_ms),
        )

    async def withdraw(self, order_id: OrderId) -> None:
        await self._enter(lambda books, now_ms: deciding.withdraw(books, order_id, now_ms))

    async def adjust(self, number: int, charges: Sequence[int]) -> None:
        await self._enter(lambda books, now_ms: deciding.adjust(books, number, charges, now_ms))

    async def reset_account(self, budget: str, owner: str) -> None:
        await self._enter(lambda books, now_ms: deciding.reset(books, budget, owner, now_ms))

    async def reconcile(self) -> tuple[Hold, ...]:
        await self._enter(deciding.expire)
        return await self._step(lambda books: (None, books.adjustable_holds))

    async def standings(self, claims: Sequence[Claim]) -> tuple[Standing, ...]:
        return await self._step(lambda books: (None, books.standings(claims, self._now_ms())))

    async def tallies(self) -> tuple[Tally, ...]:
        return await self._step(lambda books: (None, books.tallies(self._now_ms())))

    async def flush(self) -> None:
        await self.journal.flush()
        if self.documents is not None:
            await self.documents.flush()

    async def aclose(self) -> None:
        await self.journal.aclose()
        if self.documents is not None:
            await self.documents.aclose()

    async def _enter(self, decide: Callable[[Books, int], Entry | None]) -> None:
        await self._step(lambda books: (decide(books, self._now_ms()), None))

    async def _step(self, decide: Callable[[Books], tuple[Entry | None, _T]]) -> _T:
        answers: list[_T] = []
        checkpoints: list[tuple[bytes, int]] = []

        def step(tail: Tail) -> bytes | None:
            checkpoints.clear()
            entry, answer = decide(self._up_to_date(tail, checkpoints))
            answers.append(answer)
            if entry is None:
                return None
            raw = encoded(entry)
            if len(self._own) >= _OWN_KEPT:
                self._own.clear()  # these were never kept
            self._own[raw] = entry
            return raw

        if self._books is None:
            await self._open()
        try:
            self._durable = await self.journal.decide(step)
        except BaseException:
            if checkpoints:
                self._due = 0  # what it holds may have been taken back: the next step makes another
            raise
        if checkpoints:
            await self._keep_checkpoint(*checkpoints[-1])  # what this step has read is kept by now
        return answers[-1]  # a medium that tries a step again keeps what it came to in the end

    async def _open(self) -> None:
        found = None if self.documents is None else await self.documents.get(_CHECKPOINTS, _JOURNAL)
        # Where another release made the checkpoint, the entries themselves are read.
        books, position = (None if found is None else books_from_bytes(found.content)) or (Books(), START)
        if self._books is None:  # nobody else has opened it meanwhile
            self._books, self._position, self._durable = books, position, position
            self._kept = None if found is None else found.version
            self._due = books.count + self.checkpoint_every

    def _up_to_date(self, tail: Tail, checkpoints: list[tuple[bytes, int]]) -> Books:
        """The books as of ``tail``, with a checkpoint if it is time. Runs in a step, so nobody else is at them."""
        books = self._books or Books()
        try:
            since = tail.since(self._position)
        except RecordCorrupt:
            # Entries were read in a step whose group the medium then took back. What it is known to
            # keep must still be there: a ledger that was cut or replaced would forget what was spent.
            tail.since(self._durable)
            books, since = Books(), tail.since(START)
        try:
            for raw in since:
                own = self._own.pop(raw, None) if self._own else None
                books.apply(own or self._reader.read(raw))
        except ValueError:
            self._books, self._position = Books(), START
            raise unreadable("its entries contradict each other") from None
        self._books, self._position = books, tail.end
        if self.documents is not None and books.count >= self._due:
            checkpoints.append((books_as_bytes(books, self._position), books.count))
            self._due = books.count + max(1, self.checkpoint_every // 10)  # until it is known to be kept
        return books

    async def _keep_checkpoint(self, content: bytes, count: int) -> None:
        """Keep the books, unless somebody else has kept later ones: a checkpoint never goes back."""
        if self.documents is None:
            return
        try:
            while (version := await self._put(self.documents, content)) is None:
                found = await self.documents.get(_CHECKPOINTS, _JOURNAL)
                self._kept = None if found is None else found.version
                if found is not None and (theirs := count_in(found.content)) >= count:
                    count = theirs
                    break
            else:
                self._kept = version
        except BackendError:
            return  # a short cut for whoever comes next; the entries themselves are kept
        self._due = max(self._due, count + self.checkpoint_every)

    async def _put(self, documents: Documents, content: bytes) -> str | None:
        return await documents.put_if(_CHECKPOINTS, _JOURNAL, content, version=self._kept)

    def _now_ms(self) -> int:
        return int(self.clock.now().timestamp() * 1000)


@define(kw_only=True, eq=False)
class MemoryBudgetLedger(JournalLedger):
    """Budgets in memory, gone at exit. Hand one to several runtimes, and they share them; in one event loop."""

    waits: ClassVar[bool] = False
    # Nobody else reads this journal, and this object reads each entry at its next step.
    journal: Journal = field(factory=lambda: MemoryJournal(keep=16), init=False, repr=False)


@define(kw_only=True, eq=False)
class FilesystemBudgetLedger(JournalLedger):
    """Budgets in the folder ``path``, durable; several processes may share it."""

    path: Path = field(converter=Path)
    media: Media = field(init=False, repr=False)
    journal: Journal = field(init=False, repr=False)
    documents: Documents | None = field(init=False, repr=False)

    @media.default
    def _make_media(self) -> Media:
        return FilesystemMedia(root=self.path)

    @journal.default
    def _make_journal(self) -> Journal:
        return self.media.journal(_JOURNAL)

    @documents.default
    def _make_documents(self) -> Documents:
        return self.media.documents()


@define(kw_only=True, eq=False)
class SqliteBudgetLedger(JournalLedger):
    """Budgets in the SQLite file ``path``, durable; several processes may share it. Busy calls share one ``fsync``."""

    path: Path = field(converter=Path)
    media: SqliteMedia = field(init=False, repr=False)
    journal: Journal = field(init=False, repr=False)
    documents: Documents | None = field(init=False, repr=False)

    @media.default
    def _make_media(self) -> SqliteMedia:
        return SqliteMedia(path=self.path)

    @journal.default
    def _make_journal(self) -> Journal:
        return self.media.journal(_JOURNAL)

    @documents.default
    def _make_documents(self) -> Documents:
        return self.media.documents()

    async def aclose(self) -> None:
        await self.media.aclose()
