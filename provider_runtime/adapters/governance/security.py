"""Security providers: in memory, and over any journal, chosen a medium by small subclasses."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path

from attrs import define, field

from provider_runtime.adapters.backends.medium import Journal
from provider_runtime.adapters.governance.audit_entries import Tally, decoded, encoded, tally_of
from provider_runtime.adapters.governance.audit_trail import MemoryAuditTrail, one_less
from provider_runtime.adapters.system import SystemClock
from provider_runtime.domain.checks import all_are
from provider_runtime.domain.json_values import tuple_of
from provider_runtime.domain.policy.grants.audit import AuditEntry, decision_entry, refusal_entry, return_entry
from provider_runtime.domain.policy.grants.capability import NOTHING_COUNTED, Capability, Decision, Granted, Use
from provider_runtime.domain.policy.grants.caps import CapSet, caps_of
from provider_runtime.domain.policy.grants.verdicts import decide
from provider_runtime.ports.system import Clock


@define(kw_only=True, eq=False, slots=False)
class Deciding:
    """Decides by ``caps``, which have no conditions, and ``capabilities``.

    Time never runs back: an expired grant does not come to life again when a clock is set.
    """

    caps: CapSet = field(factory=lambda: CapSet(()), converter=caps_of)
    capabilities: tuple[Capability, ...] = field(default=(), converter=tuple_of, validator=all_are(Capability))
    clock: Clock = field(factory=SystemClock, repr=False)

    def _decided(self, use: Use, used: Mapping[str, int], latest: datetime) -> tuple[datetime, Decision]:
        at = self._time(latest)
        known = use.granted.union(filter(self.caps.grants, use.caps)) if self.caps.names else use.granted
        return at, decide(use, known, self.capabilities, used, at)

    def _time(self, latest: datetime) -> datetime:
        return max(self.clock.now(), latest)


@define(kw_only=True, eq=False, slots=False)
class JournalSecurity(Deciding):
    """See ``SecurityProvider``.

    The audit in ``journal`` is also the count: each entry says how often every counted grant was used by
    then, so a decision needs to know the entry before it alone, and nobody can come between the two.
    """

    journal: Journal = field(repr=False)
    _last: tuple[bytes, Tally] | None = field(default=None, init=False, repr=False)
    """The last entry that was written here, and what it says: it needs no decoding."""

    async def check_cap(self, cap: str) -> bool:
        return isinstance(await self.decide(Use(caps=(cap,))), Granted)

    async def decide(self, use: Use) -> Decision:
        decisions: list[Decision] = []

        def make(last: bytes | None) -> bytes:
            before = self._tally(last)
            at, decision = self._decided(use, before.used, before.at)
            decisions.append(decision)
            used = Counter(before.used)
            if isinstance(decision, Granted):
                used.update(decision.counted)
            return self._written(decision_entry(use, at, decision), used)

        await self.journal.append(make)
        return decisions[-1]

    async def rehearse(self, use: Use) -> Decision:
        entries = (await self.journal.tail(1)).entries
        before = self._tally(entries[-1] if entries else None)
        return self._decided(use, before.used, before.at)[1]

    async def give_back(self, use: Use, granted: Granted) -> None:
        def make(last: bytes | None) -> bytes:
            before = self._tally(last)
            used = one_less(before.used, granted.counted)
            return self._written(return_entry(use, self._time(before.at), granted), used)

        await self.journal.append(make)

    async def refused(self, use: Use, *, gate: str, code: str) -> None:
        def make(last: bytes | None) -> bytes:
            before = self._tally(last)
            return self._written(refusal_entry(use, self._time(before.at), gate, code), before.used)

        await self.journal.append(make)

    async def audit_log(self, limit: int = 1000) -> tuple[AuditEntry, ...]:
        if limit < 0:
            raise ValueError("limit must be a whole number from 0")
        return tuple(map(decoded, (await self.journal.tail(limit)).entries))

    async def flush(self) -> None:
        await self.journal.flush()

    async def aclose(self) -> None:
        await self.journal.aclose()

    def _tally(self, last: bytes | None) -> Tally:
        if last is None:
            return Tally()
        if self._last is not None and self._last[0] == last:
            return self._last[1]
        return tally_of(last)

    def _written(self, entry: AuditEntry, used: Mapping[str, int]) -> bytes:
        raw = encoded(entry, used)
        self._last = raw, Tally(at=entry.timestamp, used=used)
        return raw


@define(kw_only=True, eq=False, slots=False)
class LocalSecurityProvider(Deciding):
    """Security in this process: the last ``keep`` entries in memory, gone at exit, and the count with them.

    Several may share one ``audit``, in one event loop. No step waits, so none comes between another.
    """

    keep: int = 1000
    audit: MemoryAuditTrail = field(repr=False)

    @audit.default
    def _make_audit(self) -> MemoryAuditTrail:
        return MemoryAuditTrail(keep=self.keep)

    async def check_cap(self, cap: str) -> bool:
        return isinstance(await self.decide(Use(caps=(cap,))), Granted)

    async def decide(self, use: Use) -> Decision:
        audit = self.audit.opened()
        at, decision = self._decided(use, audit.used, audit.latest)
        if decision is not NOTHING_COUNTED and isinstance(decision, Granted):
            audit.used.update(decision.counted)
        audit.note(at, partial(decision_entry, use, at, decision))
        return decision

    async def rehearse(self, use: Use) -> Decision:
        audit = self.audit.opened()
        return self._decided(use, audit.used, audit.latest)[1]

    async def give_back(self, use: Use, granted: Granted) -> None:
        audit = self.audit.opened()
        at = self._time(audit.latest)
        audit.used = one_less(audit.used, granted.counted)
        audit.note(at, partial(return_entry, use, at, granted))

    async def refused(self, use: Use, *, gate: str, code: str) -> None:
        audit = self.audit.opened()
        at = self._time(audit.latest)
        audit.note(at, partial(refusal_entry, use, at, gate, code))

    async def audit_log(self, limit: int = 1000) -> tuple[AuditEntry, ...]:
        return self.audit.opened().last(limit)

    async def flush(self) -> None:
        """Nothing is ever under way."""

    async def aclose(self) -> None:
        self.audit.closed = True


@define(kw_only=True, eq=False, slots=False)
class FilesystemSecurityProvider(JournalSecurity):
    """The audit in the file at ``path``, one JSON object a line, durable. Several processes may share it."""

    path: Path = field(converter=Path)
    journal: Journal = field(init=False, repr=False)

    @journal.default
    def _make_journal(self) -> Journal:
        # Imported where it is used: an audit in memory needs no medium that lasts.
        from provider_runtime.adapters.backends.filesystem.framing import Lines  # noqa: PLC0415 - see above
        from provider_runtime.adapters.backends.filesystem.journal import FilesystemJournal  # noqa: PLC0415 - see above

        return FilesystemJournal(path=self.path, framing=Lines())


@define(kw_only=True, eq=False, slots=False)
class SqliteSecurityProvider(JournalSecurity):
    """The audit in the SQLite file at ``path``, durable. Several processes may share it."""

    path: Path = field(converter=Path)
    journal: Journal = field(init=False, repr=False)

    @journal.default
    def _make_journal(self) -> Journal:
        from provider_runtime.adapters.backends.sqlite.journal import SqliteJournal  # noqa: PLC0415 - see above
        from provider_runtime.adapters.backends.sqlite.store import SqliteStore  # noqa: PLC0415 - see above

        return SqliteJournal(store=SqliteStore(path=self.path), name="audit", closes_store=True)
