"""Ledgers of budgets: written once, chosen a medium by small subclasses."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from attrs import define, field

from provider_runtime.adapters.backends.medium import Documents, Journal, Media
from provider_runtime.adapters.governance.checkpoints import LedgerCodec
from provider_runtime.adapters.governance.folding import Folded, FoldedJournal, FoldedMemory
from provider_runtime.adapters.system import SystemClock
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
from provider_runtime.ports.governance.budgets import AtOnce
from provider_runtime.ports.system import Clock

if TYPE_CHECKING:
    from provider_runtime.adapters.backends.sqlite.media import SqliteMedia

_JOURNAL: Final = "budgets"


@define(kw_only=True, eq=False)
class FoldedLedger:
    """The ledger whose books are what its entries add up to. See ``BudgetLedger``."""

    clock: Clock = field(factory=SystemClock, repr=False)
    _folded: Folded[Books, Entry] = field(init=False, repr=False)

    async def reserve(self, order: HoldOrder) -> Reservation:
        return await self._folded.step(lambda books: deciding.reserve(books, order, self._now_ms()))

    async def settle(self, hold: Hold, fate: Fate, charges: Sequence[int]) -> None:
        await self._folded.step(
            lambda books: (deciding.settle(books, hold, fate, charges, self._now_ms()), None),
            soon=_is_covered(hold, charges),
        )

    async def withdraw(self, order_id: OrderId) -> None:
        await self._enter(lambda books, now_ms: deciding.withdraw(books, order_id, now_ms))

    async def adjust(self, number: int, charges: Sequence[int]) -> None:
        await self._enter(lambda books, now_ms: deciding.adjust(books, number, charges, now_ms))

    async def reset_account(self, budget: str, owner: str) -> None:
        await self._enter(lambda books, now_ms: deciding.reset(books, budget, owner, now_ms))

    async def reconcile(self) -> tuple[Hold, ...]:
        await self._enter(deciding.expire)
        return await self._folded.step(lambda books: (None, books.adjustable_holds))

    async def standings(self, claims: Sequence[Claim]) -> tuple[Standing, ...]:
        return await self._folded.step(lambda books: (None, books.standings(claims, self._now_ms())))

    async def tallies(self) -> tuple[Tally, ...]:
        return await self._folded.step(lambda books: (None, books.tallies(self._now_ms())))

    async def flush(self) -> None:
        await self._folded.flush()

    async def aclose(self) -> None:
        await self._folded.aclose()

    async def _enter(self, decide: Callable[[Books, int], Entry | None]) -> None:
        await self._folded.step(lambda books: (decide(books, self._now_ms()), None))

    def _now_ms(self) -> int:
        return int(self.clock.now().timestamp() * 1000)


@define(kw_only=True, eq=False)
class MemoryBudgetLedger(FoldedLedger):
    """Budgets in memory, gone at exit. Hand one to several runtimes, and they share them; in one event loop."""

    waits: ClassVar[bool] = False
    _folded: FoldedMemory[Books, Entry] = field(factory=lambda: FoldedMemory(state=Books()), init=False, repr=False)

    @property
    def at_once(self) -> AtOnce | None:
        """The two steps of every call; ``None`` for a subclass that takes one of them its own way."""
        kind, ours = type(self), MemoryBudgetLedger
        as_here = kind.reserve is ours.reserve and kind.settle is ours.settle
        return AtOnce(self._reserve, self._settle) if as_here else None

    async def reserve(self, order: HoldOrder) -> Reservation:
        return self._reserve(order)

    async def settle(self, hold: Hold, fate: Fate, charges: Sequence[int]) -> None:
        self._settle(hold, fate, charges)

    def _reserve(self, order: HoldOrder) -> Reservation:
        books = self._folded.opened()
        entry, reservation = deciding.reserve(books, order, self._now_ms())
        if entry is not None:
            books.apply(entry)
        return reservation

    def _settle(self, hold: Hold, fate: Fate, charges: Sequence[int]) -> None:
        books = self._folded.opened()
        # At the time of the last hold: nobody sees when a hold was settled here, and what is held next asks the clock.
        entry = deciding.settle(books, hold, fate, charges, books.now_ms)
        if entry is not None:
            books.apply(entry)


@define(kw_only=True, eq=False)
class JournalLedger(FoldedLedger):
    """The ledger in ``journal``.

    Every ``checkpoint_every`` entries the books are kept in ``documents``; see ``FoldedJournal``.
    """

    journal: Journal = field(repr=False)
    documents: Documents | None = field(default=None, repr=False)
    checkpoint_every: int = 2000

    def __attrs_post_init__(self) -> None:
        # Not a default of the field: subclasses make their journal after it.
        self._folded = FoldedJournal[Books, Entry](
            name=_JOURNAL,
            journal=self.journal,
            codec=LedgerCodec(),
            documents=self.documents,
            checkpoint_every=self.checkpoint_every,
        )


@define(kw_only=True, eq=False)
class FilesystemBudgetLedger(JournalLedger):
    """Budgets in the folder ``path``, durable; several processes may share it."""

    path: Path = field(converter=Path)
    media: Media = field(init=False, repr=False)
    journal: Journal = field(init=False, repr=False)
    documents: Documents | None = field(init=False, repr=False)

    @media.default
    def _make_media(self) -> Media:
        # Imported where it is used: whoever keeps budgets in memory needs no medium that lasts.
        from provider_runtime.adapters.backends.filesystem.media import FilesystemMedia  # noqa: PLC0415 - see above

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
    media: "SqliteMedia" = field(init=False, repr=False)
    journal: Journal = field(init=False, repr=False)
    documents: Documents | None = field(init=False, repr=False)

    @media.default
    def _make_media(self) -> "SqliteMedia":
        from provider_runtime.adapters.backends.sqlite.media import SqliteMedia  # noqa: PLC0415 - see above

        return SqliteMedia(path=self.path)

    @journal.default
    def _make_journal(self) -> Journal:
        return self.media.journal(_JOURNAL)

    @documents.default
    def _make_documents(self) -> Documents:
        return self.media.documents()

    async def aclose(self) -> None:
        await self.media.aclose()


def _is_covered(hold: Hold, charges: Sequence[int]) -> bool:
    """Whether a loss of power may take the settlement back: then the hold is posted in full, which is no less."""
    amounts = hold.amounts
    return len(charges) == len(amounts) and all(
        type(charge) is int and charge <= amount for charge, amount in zip(charges, amounts, strict=True)
    )
