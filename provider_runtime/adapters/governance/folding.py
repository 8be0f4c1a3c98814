"""Folded: a state that is what its entries add up to, for any kind of entry; in a journal, or in memory alone."""

from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from attrs import define, field

from provider_runtime.adapters.backends.medium import START, Documents, Journal, Position, Tail
from provider_runtime.adapters.backends.names import closed
from provider_runtime.domain.errors import BackendError, RecordCorrupt

EntryT = TypeVar("EntryT")
Entry_contra = TypeVar("Entry_contra", contravariant=True)
State_co = TypeVar("State_co", covariant=True)
_T = TypeVar("_T")
_CHECKPOINTS: Final = "checkpoints"
_OWN_KEPT: Final = 1024


class Fold(Protocol[Entry_contra]):
    """A state that entries bring forward, one after another."""

    @property
    def count(self) -> int:
        """How many were entered."""
        ...

    def apply(self, entry: Entry_contra) -> None:
        """Enter one more. Raises ``ValueError`` for one that cannot follow those before."""
        ...


StateT = TypeVar("StateT", bound=Fold)  # type: ignore[type-arg]  # of the entries that the same journal has


class EntryCodec(Protocol[StateT, EntryT]):
    """Entries, and the state that they lead to, as bytes and back. What does not read back is ``RecordCorrupt``."""

    def begin(self) -> StateT:
        """The state before the first entry."""
        ...

    def encoded(self, entry: EntryT) -> bytes: ...

    def decoded(self, raw: bytes) -> EntryT: ...

    def kept(self, state: StateT, position: Position) -> bytes:
        """The state as it is at ``position``."""
        ...

    def restored(self, raw: bytes) -> tuple[StateT, Position] | None:
        """What ``kept`` made these of; ``None`` where an earlier or later release made them."""
        ...

    def count_kept(self, raw: bytes) -> int:
        """How many entries the state in ``raw`` is made of; 0 where it is of no use to this release."""
        ...

    def unreadable(self, what: str) -> RecordCorrupt: ...


class Folded(Protocol[State_co, Entry_contra]):
    """A state that is brought forward by one step after another, with nobody in between."""

    async def step(self, decide: Callable[[State_co], tuple[Entry_contra | None, _T]], *, soon: bool = False) -> _T:
        """What ``decide`` makes of the state as it is now; the entry that it returns is kept when this returns.

        ``soon``: see ``Journal.decide``.
        """
        ...

    async def flush(self) -> None:
        """Let go of threads and files until the next use."""
        ...

    async def aclose(self) -> None:
        """Flush for good."""
        ...


@define(kw_only=True, eq=False)
class FoldedMemory(Generic[StateT, EntryT]):
    """The state and nothing else, gone at exit: nobody could read its entries. To be used by one event loop.

    A step waits for nothing, so none comes between another. An entry that cannot follow is refused as the
    state itself refuses it.
    """

    state: StateT = field(repr=False)
    _closed: bool = field(default=False, init=False)

    async def step(self, decide: Callable[[StateT], tuple[EntryT | None, _T]], *, soon: bool = False) -> _T:  # noqa: ARG002 - memory keeps at once
        entry, answer = decide(self.opened())
        if entry is not None:
            self.state.apply(entry)
        return answer

    def opened(self) -> StateT:
        """The state, for a step of the caller's own. Raises ``BackendError`` once this is closed."""
        if self._closed:
            raise closed("memory")
        return self.state

    async def flush(self) -> None:
        """Nothing is ever under way."""

    async def aclose(self) -> None:
        self._closed = True


@define(kw_only=True, eq=False)
class FoldedJournal(Generic[StateT, EntryT]):
    """Reads what came since the last step, by whomever, and enters at most one thing more, with nobody in between.

    The state is what has been read: an entry of this object's own counts once it is read back. Every
    ``checkpoint_every`` entries the state is kept in ``documents``, so that whoever opens the journal
    next reads few: at most a tenth more than that, and what was under way.
    """

    name: str
    journal: Journal = field(repr=False)
    codec: EntryCodec[StateT, EntryT] = field(repr=False)
    documents: Documents | None = field(default=None, repr=False)
    checkpoint_every: int = 2000
    _state: StateT | None = field(default=None, init=False, repr=False)
    _position: Position = field(default=START, init=False)
    """Behind the last entry in the state."""
    _durable: Position = field(default=START, init=False)
    """Behind the last entry that the medium is known to keep."""
    _due: int = field(default=0, init=False)
    """At so many entries the next checkpoint is made."""
    _kept: str | None = field(default=None, init=False)
    """The version of the checkpoint that was there when it was last looked at."""
    _own: dict[bytes, EntryT] = field(factory=dict, init=False, repr=False)
    """Entries made here and not yet read back: they need no decoding."""

    async def step(self, decide: Callable[[StateT], tuple[EntryT | None, _T]], *, soon: bool = False) -> _T:
        """What ``decide`` makes of the state as it is now; the entry that it returns is kept when this returns.

        ``soon``: see ``Journal.decide``.
        """
        answers: list[_T] = []
        checkpoints: list[tuple[bytes, int]] = []

        def step(tail: Tail) -> bytes | None:
            checkpoints.clear()
            entry, answer = decide(self._up_to_date(tail, checkpoints))
            answers.append(answer)
            if entry is None:
                return None
            raw = self.codec.encoded(entry)
            if len(self._own) >= _OWN_KEPT:
                self._own.clear()  # these were never kept
            self._own[raw] = entry
            return raw

        if self._state is None:
            await self._open()
        try:
            self._durable = await self.journal.decide(step, soon=soon)
        except BaseException:
            if checkpoints:
                self._due = 0  # what it holds may have been taken back: the next step makes another
            raise
        if checkpoints:
            await self._keep_checkpoint(*checkpoints[-1])  # what this step has read is kept by now
        return answers[-1]  # a medium that tries a step again keeps what it came to in the end

    async def flush(self) -> None:
        """Let go of threads and files until the next use."""
        await self.journal.flush()
        if self.documents is not None:
            await self.documents.flush()

    async def aclose(self) -> None:
        """Flush for good."""
        await self.journal.aclose()
        if self.documents is not None:
            await self.documents.aclose()

    async def _open(self) -> None:
        found = None if self.documents is None else await self.documents.get(_CHECKPOINTS, self.name)
        # Where another release made the checkpoint, the entries themselves are read.
        restored = None if found is None else self.codec.restored(found.content)
        if self._state is None:  # nobody else has opened it meanwhile
            self._state, self._position = restored or (self.codec.begin(), START)
            self._durable = self._position
            self._kept = None if found is None else found.version
            self._due = self._state.count + self.checkpoint_every

    def _up_to_date(self, tail: Tail, checkpoints: list[tuple[bytes, int]]) -> StateT:
        """The state as of ``tail``, and a checkpoint of it if it is time. Runs in a step, so nobody else is at it."""
        state = self.codec.begin() if self._state is None else self._state
        try:
            since = tail.since(self._position)
        except RecordCorrupt:
            # Entries were read in a step whose group the medium then took back. What it is known to
            # keep must still be there: a journal that was cut or replaced would forget what was decided.
            tail.since(self._durable)
            state, since = self.codec.begin(), tail.since(START)
        try:
            for raw in since:
                own = self._own.pop(raw, None) if self._own else None
                state.apply(self.codec.decoded(raw) if own is None else own)
        except ValueError:
            self._state, self._position = self.codec.begin(), START
            raise self.codec.unreadable("its entries contradict each other") from None
        self._state, self._position = state, tail.end
        if self.documents is not None and state.count >= self._due:
            checkpoints.append((self.codec.kept(state, self._position), state.count))
            self._due = state.count + max(1, self.checkpoint_every // 10)  # until it is known to be kept
        return state

    async def _keep_checkpoint(self, content: bytes, count: int) -> None:
        """Keep the state, unless somebody else has kept a later one: a checkpoint never goes back."""
        if self.documents is None:
            return
        try:
            while (version := await self._put(self.documents, content)) is None:
                found = await self.documents.get(_CHECKPOINTS, self.name)
                self._kept = None if found is None else found.version
                if found is not None and (theirs := self.codec.count_kept(found.content)) >= count:
                    count = theirs
                    break
            else:
                self._kept = version
        except BackendError:
            return  # a short cut for whoever comes next; the entries themselves are kept
        self._due = max(self._due, count + self.checkpoint_every)

    async def _put(self, documents: Documents, content: bytes) -> str | None:
        return await documents.put_if(_CHECKPOINTS, self.name, content, version=self._kept)
