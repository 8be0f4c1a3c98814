"""Ledgers of budgets over any journal: written once, chosen a medium by small subclasses."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from attrs import define, field

from provider_runtime.adapters.backends.filesystem.media import FilesystemMedia
from provider_runtime.adapters.backends.medium import START, Documents, Journal, Media, Position, Tail
from provider_runtime.adapters.backends.memory import MemoryJournal
from provider_runtime.adapters.backends.sqlite.media import SqliteMedia
from provider_runtime.adapters.governance.ledger_entries import (
    books_as_bytes,
    books_from_bytes,
    decoded,
    encoded,
    unreadable,
)
from provider_runtime.adapters.system import SystemClock
from provider_runtime.domain.errors import BackendError, RecordCorrupt
from provider_runtime.domain.policy.budgets.books import Books
from provider_runtime.domain.policy.budgets.entries import Entry
from provider_runtime.domain.policy.budgets.holds import Claim, Fate, Hold, HoldOrder, Reservation, Standing
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
    opens the ledger next need not read it all.
    """

    journal: Journal = field(repr=False)
    documents: Documents | None = field(default=None, repr=False)
    clock: Clock = field(factory=SystemClock, repr=False)
    checkpoint_every: int = 2000
    _books: Books | None = field(default=None, init=False, repr=False)
    _position: Position = field(default=START, init=False)
    """Behind the last entry in the books."""
    _durable: Position = field(default=START, init=False)
    """Behind the last entry that the medium is known to keep."""
    _kept_count: int = field(default=0, init=False)
    _own: dict[bytes, Entry] = field(factory=dict, init=False, repr=False)
    """Entries made here and not yet read back: they need no decoding."""

    async def reserve(self, order: HoldOrder) -> Reservation:
        return await self._step(lambda books: books.reserve(order, self._now_ms()))

    async def settle(self, hold: Hold, fate: Fate, charges: Sequence[int]) -> None:
        await self._step(
            lambda books: (books.settle(hold.number, hold.fence, fate, charges, self._now_ms()), None),
        )

    async def adjust(self, number: int, charges: Sequence[int]) -> None:
        await self._step(lambda books: (books.adjust(number, charges, self._now_ms()), None))

    async def reconcile(self) -> tuple[Hold, ...]:
        await self._step(lambda books: (books.expire(self._now_ms()), None))
        return await self._step(lambda books: (None, tuple(books.adjustable.values())))

    async def standings(self, claims: Sequence[Claim]) -> tuple[Standing, ...]:
        return await self._step(lambda books: (None, books.standings(claims, self._now_ms())))

    async def flush(self) -> None:
        await self.journal.flush()
        if self.documents is not None:
            await self.documents.flush()

    async def aclose(self) -> None:
        await self.journal.aclose()
        if self.documents is not None:
            await self.documents.aclose()

    async def _step(self, decide: Callable[[Books], tuple[Entry | None, _T]]) -> _T:
        answers: list[_T] = []
        checkpoints: list[bytes] = []

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
                self._kept_count = 0  # what it holds may have been taken back: the next step makes another
            raise
        if checkpoints:
            await self._keep_checkpoint(checkpoints[-1])  # what this step has read is kept by now
        return answers[-1]  # a medium that tries a step again keeps what it came to in the end

    async def _open(self) -> None:
        found = None if self.documents is None else await self.documents.get(_CHECKPOINTS, _JOURNAL)
        books, position = (Books(), START) if found is None else books_from_bytes(found.content)
        if self._books is None:  # nobody else has opened it meanwhile
            self._books, self._position, self._durable, self._kept_count = books, position, position, books.count

    def _up_to_date(self, tail: Tail, checkpoints: list[bytes]) -> Books:
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
                books.apply(self._own.pop(raw) if raw in self._own else decoded(raw))
        except ValueError:
            self._books, self._position = Books(), START
            raise unreadable("its entries contradict each other") from None
        self._books, self._position = books, tail.end
        if self.documents is not None and books.count - self._kept_count >= self.checkpoint_every:
            checkpoints.append(books_as_bytes(books, self._position))
            self._kept_count = books.count
        return books

    async def _keep_checkpoint(self, content: bytes) -> None:
        if self.documents is None:
            return
        try:
            await self.documents.put(_CHECKPOINTS, _JOURNAL, content)
        except BackendError:
            return  # a short cut for whoever comes next; the entries themselves are kept

    def _now_ms(self) -> int:
        return int(self.clock.now().timestamp() * 1000)


@define(kw_only=True, eq=False)
class MemoryBudgetLedger(JournalLedger):
    """Budgets in memory, gone at exit. Hand one to several runtimes, and they share them; in one event loop."""

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
