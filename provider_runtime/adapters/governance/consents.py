"""Ledgers of consents: written once, chosen a medium by small subclasses."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from attrs import define, field

from provider_runtime.adapters.backends.medium import Documents, Journal, Media
from provider_runtime.adapters.governance.consent_entries import ConsentEntryCodec
from provider_runtime.adapters.governance.folding import Folded, FoldedJournal, FoldedMemory
from provider_runtime.adapters.system import SystemClock
from provider_runtime.domain.policy.consent.books import ConsentBooks
from provider_runtime.domain.policy.consent.decisions import Consent, SignedReceipt, UseTaken
from provider_runtime.domain.policy.consent.entries import ConsentEntry
from provider_runtime.domain.policy.consent.faults import ConsentFault
from provider_runtime.domain.policy.consent.plans import ConsentRequest
from provider_runtime.domain.policy.consent.subject import ConsentSubject
from provider_runtime.domain.policy.consent.verdicts import Found, Revocations
from provider_runtime.ports.system import Clock

if TYPE_CHECKING:
    from provider_runtime.adapters.backends.sqlite.media import SqliteMedia

_T = TypeVar("_T")
_JOURNAL: Final = "consents"


@define(kw_only=True, eq=False)
class FoldedConsentLedger:
    """The ledger whose books are what its entries add up to. See ``ConsentLedger``.

    Revocations are entries like all others, so what is found is never behind them: it is as of when it was read.
    """

    clock: Clock = field(factory=SystemClock, repr=False)
    _folded: Folded[ConsentBooks, ConsentEntry] = field(init=False, repr=False)

    @property
    def in_process(self) -> bool:
        return False

    async def find(self, subject: ConsentSubject) -> Found:
        return await self._looked(lambda books: self._found(books, subject))

    async def use(self, consent: Consent, use_id: str) -> UseTaken | ConsentFault:
        return await self._folded.step(lambda books: books.use(consent, use_id, self.clock.now()))

    async def give_back(self, consent: Consent, use_id: str) -> None:
        request_id = consent.request.request_id
        await self._folded.step(lambda books: (books.give_back(request_id, use_id, self.clock.now()), None))

    async def ask(self, request: ConsentRequest) -> ConsentRequest:
        return await self._folded.step(lambda books: books.ask(request, self.clock.now()))

    async def question(self, request_id: str) -> ConsentRequest:
        return await self._looked(lambda books: books.question(request_id, self.clock.now()))

    async def decide(self, request_id: str, signed: SignedReceipt) -> Consent:
        def entry(books: ConsentBooks) -> tuple[ConsentEntry, Consent]:
            question = books.question(request_id, self.clock.now())
            return books.decide(request_id, signed, self.clock.now()), Consent(request=question, signed=signed)

        return await self._folded.step(entry)

    async def revoke(self, request_ids: Sequence[str], *, user_id: str, reason: str | None = None) -> tuple[str, ...]:
        def entry(books: ConsentBooks) -> tuple[ConsentEntry | None, tuple[str, ...]]:
            revoked = books.revoke(request_ids, user_id, reason, self.clock.now())
            return revoked, () if revoked is None else revoked.request_ids

        return await self._folded.step(entry)

    async def waiting(self) -> tuple[ConsentRequest, ...]:
        return await self._looked(lambda books: books.waiting(books.time(self.clock.now())))

    async def consents(self) -> tuple[Consent, ...]:
        return await self._looked(lambda books: books.consents())

    async def flush(self) -> None:
        await self._folded.flush()

    async def aclose(self) -> None:
        await self._folded.aclose()

    def _found(self, books: ConsentBooks, subject: ConsentSubject) -> Found:
        found = books.find(subject)
        return Found(Revocations(self.clock.now()), found.consents, found.latest)

    async def _looked(self, look: Callable[[ConsentBooks], _T]) -> _T:
        return await self._folded.step(lambda books: (None, look(books)))


@define(kw_only=True, eq=False)
class MemoryConsentLedger(FoldedConsentLedger):
    """Consents in memory, gone at exit. Hand one to several runtimes, and they share them; in one event loop."""

    waits: ClassVar[bool] = False
    _folded: FoldedMemory[ConsentBooks, ConsentEntry] = field(
        factory=lambda: FoldedMemory(state=ConsentBooks()), init=False, repr=False
    )

    @property
    def in_process(self) -> bool:
        return True

    async def find(self, subject: ConsentSubject) -> Found:
        return self._folded.opened().find(subject)  # here and now: every call asks


@define(kw_only=True, eq=False)
class JournalConsentLedger(FoldedConsentLedger):
    """Consents in ``journal``.

    Every ``checkpoint_every`` entries the books are kept in ``documents``; see ``FoldedJournal``.
    """

    journal: Journal = field(repr=False)
    documents: Documents | None = field(default=None, repr=False)
    checkpoint_every: int = 2000

    def __attrs_post_init__(self) -> None:
        # Not a default of the field: subclasses make their journal after it.
        self._folded = FoldedJournal[ConsentBooks, ConsentEntry](
            name=_JOURNAL,
            journal=self.journal,
            codec=ConsentEntryCodec(),
            documents=self.documents,
            checkpoint_every=self.checkpoint_every,
        )


@define(kw_only=True, eq=False)
class FilesystemConsentLedger(JournalConsentLedger):
    """Consents in the folder ``path``, durable; several processes may share it."""

    path: Path = field(converter=Path)
    media: Media = field(init=False, repr=False)
    journal: Journal = field(init=False, repr=False)
    documents: Documents | None = field(init=False, repr=False)

    @media.default
    def _make_media(self) -> Media:
        # Imported where it is used: consents in memory need no medium that lasts.
        from provider_runtime.adapters.backends.filesystem.media import FilesystemMedia  # noqa: PLC0415 - see above

        return FilesystemMedia(root=self.path)

    @journal.default
    def _make_journal(self) -> Journal:
        return self.media.journal(_JOURNAL)

    @documents.default
    def _make_documents(self) -> Documents:
        return self.media.documents()


@define(kw_only=True, eq=False)
class SqliteConsentLedger(JournalConsentLedger):
    """Consents in the SQLite file ``path``, durable; several processes may share it. Busy calls share one ``fsync``."""

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
