"""Sessions by name, each with its log: written once over the media."""

import secrets
from collections.abc import AsyncIterator, Callable
from typing import Final

from attrs import define, field, frozen

from provider_runtime.adapters.backends.families.codec import RecordCodec
from provider_runtime.adapters.backends.families.places import InFiles, InMemory, InSqlite, OverMedia
from provider_runtime.adapters.backends.medium import START, Document, Journal
from provider_runtime.adapters.backends.names import checked_name
from provider_runtime.adapters.system import SystemClock
from provider_runtime.domain.errors import RecordConflict, RecordCorrupt, RecordMissing
from provider_runtime.domain.records.sessions import (
    LoggedEvent,
    SessionAnswer,
    SessionCounts,
    SessionData,
    SessionEvent,
    SessionEventKind,
    SessionInfo,
    SessionMoment,
)
from provider_runtime.ports.system import Clock

_COLLECTION: Final = "sessions"
_ANSWERS: Final = "session answers"
_PAGE: Final = 500


@frozen(kw_only=True)
class StoredSession:
    """What stands under the name of a session. ``log``: the journal of this session and of no later one."""

    log: str
    data: SessionData


@define(kw_only=True, slots=False)
class MediaSessions(OverMedia):
    """Sessions in the documents, and their logs in journals of ``media``. See ``SessionProvider``.

    A log has a name of its own, so that a session which was deleted and made anew begins with none.
    """

    clock: Clock = field(factory=SystemClock, repr=False)
    _sessions: RecordCodec[StoredSession] = field(
        factory=lambda: RecordCodec(kind="session", of=StoredSession), init=False, repr=False
    )
    _events: RecordCodec[LoggedEvent] = field(
        factory=lambda: RecordCodec(kind="session event", of=LoggedEvent), init=False, repr=False
    )
    _answers: RecordCodec[SessionAnswer] = field(
        factory=lambda: RecordCodec(kind="session answer", of=SessionAnswer), init=False, repr=False
    )

    async def list(self) -> tuple[SessionInfo, ...]:
        found = [(name, await self._stored(name)) for name in await self.media.documents().keys(_COLLECTION)]
        return tuple([await self._info(name, stored) for name, stored in found if stored is not None])

    async def load(self, name: str) -> SessionData | None:
        stored = await self._stored(name)
        return None if stored is None else stored.data

    async def save(self, name: str, data: SessionData) -> None:
        while True:
            found = await self._document(name)
            log = self._sessions.read(found.content, name).log if found else _new_log()
            content = self._sessions.write(StoredSession(log=log, data=data))
            version = found.version if found else None
            if await self.media.documents().put_if(_COLLECTION, name, content, version=version) is not None:
                return

    async def delete(self, name: str) -> None:
        try:
            stored = await self._stored(name)
        except RecordCorrupt:
            stored = None  # a session that does not read back can be got rid of; its log is lost anyway
        await self.media.documents().delete(_COLLECTION, checked_name("session", name))
        if stored is None:
            return
        await self.media.journal(stored.log).clear()
        for key in await self.media.documents().keys(_ANSWERS, prefix=_answer_key(stored.log)):
            await self.media.documents().delete(_ANSWERS, key)

    async def exists(self, name: str) -> bool:
        return await self.media.documents().exists(_COLLECTION, checked_name("session", name))

    async def fork(self, source: str, target: str) -> None:
        stored = await self._stored(source)
        if stored is None:
            raise _missing(source, "there is no session of this name", "Save it first.")
        if await self.exists(target):
            raise _taken(target)
        name_of_log = _new_log()
        log = self.media.journal(name_of_log)
        async for logged in self._logged(source, self.media.journal(stored.log), 0, None):
            await log.append(_always(self._events.write(logged)))
        documents = self.media.documents()
        for key in await documents.keys(_ANSWERS, prefix=_answer_key(stored.log)):
            answer = await documents.get(_ANSWERS, key)
            if answer is not None:
                await documents.put(_ANSWERS, name_of_log + key.removeprefix(stored.log), answer.content)
        # The log and the answers first: whoever sees the session sees all of it.
        content = self._sessions.write(StoredSession(log=name_of_log, data=stored.data))
        if await self.media.documents().put_if(_COLLECTION, target, content, version=None) is None:
            await log.clear()
            raise _taken(target)

    async def record(self, name: str, event: SessionEvent) -> LoggedEvent:
        log, at = await self._log(name), self.clock.now()
        made: list[LoggedEvent] = []

        def make(last: bytes | None) -> bytes:
            before = None if last is None else self._events.read(last, f"{name}/last")
            counts = (SessionCounts() if before is None else before.counts).with_one(event.kind)
            made.append(LoggedEvent(seq=before.seq + 1 if before else 0, at=at, event=event, counts=counts))
            return self._events.write(made[-1])

        await log.append(make)
        return made[-1]

    async def history(self, name: str, *, since: int = 0, limit: int | None = None) -> tuple[LoggedEvent, ...]:
        log = await self._log(name)
        return tuple([logged async for logged in self._logged(name, log, max(since, 0), limit)])

    async def jump(self, name: str, seq: int) -> SessionMoment:
        log = await self._log(name)
        target = await self._event(name, log, lambda logged: logged.seq < seq)
        if target is None or target.seq != seq:
            raise _missing(f"{name}/{seq}", "the log of the session has no such event", "`history` shows what it has.")
        wanted = target.counts.checkpoints
        if wanted == 0:
            raise _missing(f"{name}/{seq}", "no checkpoint stands at or before this event", "Jump further on.")
        checkpoint = await self._event(name, log, lambda logged: logged.counts.checkpoints < wanted)
        if checkpoint is None or checkpoint.event.kind is not SessionEventKind.CHECKPOINT or checkpoint.seq > seq:
            raise _out_of_place(f"{name}/{seq}")
        replay = [logged async for logged in self._logged(name, log, checkpoint.seq + 1, seq - checkpoint.seq)]
        return SessionMoment(seq=seq, checkpoint=checkpoint, replay=tuple(replay))

    async def keep_answer(self, name: str, answer: SessionAnswer) -> int:
        log, content, occurrence = (await self._needed(name)).log, self._answers.write(answer), 0
        while True:
            key = _answer_key(log, answer.request_hash, occurrence)
            if await self.media.documents().put_if(_ANSWERS, key, content, version=None) is not None:
                return occurrence
            occurrence += 1

    async def answer_to(self, name: str, request_hash: str, occurrence: int = 0) -> SessionAnswer | None:
        key = _answer_key((await self._needed(name)).log, request_hash, occurrence)
        found = await self.media.documents().get(_ANSWERS, key)
        return None if found is None else self._answers.read(found.content, f"{name}/{request_hash[:16]}/{occurrence}")

    async def _event(self, name: str, log: Journal, is_before: Callable[[LoggedEvent], bool]) -> LoggedEvent | None:
        """The first event of the log that ``is_before`` denies."""
        at = await log.locate(lambda entry: is_before(self._events.read(entry, f"{name}/log")))
        entries = (await log.read(after=at, limit=1)).entries
        return self._events.read(entries[0], f"{name}/log") if entries else None

    async def _logged(
        self, name: str, log: Journal, first: int, count: int | None = None
    ) -> AsyncIterator[LoggedEvent]:
        """At most ``count`` events from number ``first`` on. One that was cut while it was written never was."""
        number, end = first, None if count is None else first + max(count, 0)
        start = START
        if first:
            start = await log.locate(lambda entry: self._events.read(entry, f"{name}/log").seq < first)
        while end is None or number < end:
            wanted = _PAGE if end is None else min(_PAGE, end - number)
            page = await log.read(after=start, limit=wanted)
            for entry in page.entries:
                logged = self._events.read(entry, f"{name}/{number}")
                if logged.seq != number:
                    raise _out_of_place(f"{name}/{number}")
                yield logged
                number += 1
            if len(page.entries) < wanted:
                return
            start = page.end

    async def _info(self, name: str, stored: StoredSession) -> SessionInfo:
        page = await self.media.journal(stored.log).tail(1)
        last = self._events.read(page.entries[-1], f"{name}/last") if page.entries else None
        return SessionInfo(
            name=name,
            state=stored.data.state,
            started_at=stored.data.started_at,
            ended_at=stored.data.ended_at,
            counts=last.counts if last else SessionCounts(),
            history_size=last.seq + 1 if last else 0,
            config=stored.data.config,
        )

    async def _log(self, name: str) -> Journal:
        return self.media.journal((await self._needed(name)).log)

    async def _needed(self, name: str) -> StoredSession:
        stored = await self._stored(name)
        if stored is None:
            raise _missing(name, "there is no session of this name", "Save it first.")
        return stored

    async def _stored(self, name: str) -> StoredSession | None:
        found = await self._document(name)
        return None if found is None else self._sessions.read(found.content, name)

    async def _document(self, name: str) -> Document | None:
        return await self.media.documents().get(_COLLECTION, checked_name("session", name))


@define(kw_only=True, slots=False)
class MemorySessionProvider(InMemory, MediaSessions):
    """Sessions in memory, gone at exit."""


@define(kw_only=True, slots=False)
class FilesystemSessionProvider(InFiles, MediaSessions):
    """Sessions in the folder ``root``, a file each, and one for its log."""


@define(kw_only=True, slots=False)
class SqliteSessionProvider(InSqlite, MediaSessions):
    """Sessions in the SQLite file at ``path``."""


def _answer_key(log: str, *of: object) -> str:
    return "/".join((log, *(str(part) for part in of)))


def _out_of_place(key: str) -> RecordCorrupt:
    return RecordCorrupt(
        kind="session event",
        key=key,
        message="an event is out of its place in the log",
        remedy="Restore the log from a copy, or delete the session.",
    )


def _always(entry: bytes) -> Callable[[bytes | None], bytes]:
    return lambda _last: entry


def _new_log() -> str:
    return f"session-{secrets.token_hex(16)}"


def _taken(name: str) -> RecordConflict:
    message = "there is a session of this name already"
    remedy = "Give the fork another name, or delete that one first."
    return RecordConflict(kind="session", key=name, message=message, remedy=remedy)


def _missing(key: str, message: str, remedy: str) -> RecordMissing:
    return RecordMissing(kind="session", key=key, message=message, remedy=remedy)
