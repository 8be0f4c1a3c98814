"""Security providers over any journal: written once, chosen a medium by small subclasses."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import define, field

from provider_runtime.adapters.backends.medium import Journal
from provider_runtime.adapters.backends.memory import MemoryJournal
from provider_runtime.adapters.governance.audit_entries import Tally, decoded, encoded, tally_of
from provider_runtime.adapters.system import SystemClock
from provider_runtime.domain.checks import all_are
from provider_runtime.domain.json_values import tuple_of
from provider_runtime.domain.policy.grants.audit import AuditEntry, AuditEvent, AuditOutcome
from provider_runtime.domain.policy.grants.capability import Capability, Decision, Denied, Granted, Use
from provider_runtime.domain.policy.grants.caps import CapSet, caps_of
from provider_runtime.domain.policy.grants.verdicts import decide
from provider_runtime.ports.system import Clock


@define(kw_only=True, eq=False, slots=False)
class JournalSecurity:
    """Decides by ``caps``, which have no conditions, and ``capabilities``. See ``SecurityProvider``.

    The audit in ``journal`` is also the count: each entry says how often every counted grant was used by
    then, so a decision needs to know the entry before it alone, and nobody can come between the two.
    Time never runs back: an expired grant does not come to life again when a clock is set.
    """

    journal: Journal = field(repr=False)
    caps: CapSet = field(factory=lambda: CapSet(()), converter=caps_of)
    capabilities: tuple[Capability, ...] = field(default=(), converter=tuple_of, validator=all_are(Capability))
    clock: Clock = field(factory=SystemClock, repr=False)
    _last: tuple[bytes, Tally] | None = field(default=None, init=False, repr=False)
    """The last entry that was written here, and what it says: it needs no decoding."""

    async def check_cap(self, cap: str) -> bool:
        return isinstance(await self.decide(Use(caps=(cap,))), Granted)

    async def decide(self, use: Use) -> Decision:
        decisions: list[Decision] = []

        def make(last: bytes | None) -> bytes:
            before = self._tally(last)
            entry, decision = self._decided(use, before)
            decisions.append(decision)
            if isinstance(decision, Denied) or not decision.counted:
                return self._written(entry, before.used)
            used = Counter(before.used)
            used.update(decision.counted)
            return self._written(entry, used)

        await self.journal.append(make)
        return decisions[-1]

    async def rehearse(self, use: Use) -> Decision:
        entries = (await self.journal.tail(1)).entries
        return self._decided(use, self._tally(entries[-1] if entries else None))[1]

    async def give_back(self, use: Use, granted: Granted) -> None:
        def make(last: bytes | None) -> bytes:
            before = self._tally(last)
            used = dict(before.used)
            for grant in granted.counted:
                used[grant] = max(0, used.get(grant, 0) - 1)
            entry = self._entry(use, self._now(before), event=AuditEvent.GIVEN_BACK, counted=granted.counted)
            return self._written(entry, used)

        await self.journal.append(make)

    async def refused(self, use: Use, *, gate: str, code: str) -> None:
        def make(last: bytes | None) -> bytes:
            before = self._tally(last)
            entry = self._entry(
                use, self._now(before), event=AuditEvent.GATE, outcome=AuditOutcome.DENIED, gate=gate, code=code
            )
            return self._written(entry, before.used)

        await self.journal.append(make)

    async def audit_log(self, limit: int = 1000) -> tuple[AuditEntry, ...]:
        if limit < 0:
            raise ValueError("limit must be a whole number from 0")
        return tuple(map(decoded, (await self.journal.tail(limit)).entries))

    async def flush(self) -> None:
        await self.journal.flush()

    async def aclose(self) -> None:
        await self.journal.aclose()

    def _decided(self, use: Use, before: Tally) -> tuple[AuditEntry, Decision]:
        known = use.granted.union(filter(self.caps.grants, use.caps)) if self.caps.names else use.granted
        now = self._now(before)
        decision = decide(use, known, self.capabilities, before.used, now)
        if isinstance(decision, Denied):
            return self._entry(
                use, now, outcome=AuditOutcome.DENIED, denied=decision.cap, fault=decision.fault
            ), decision
        return self._entry(use, now, counted=decision.counted), decision

    def _now(self, before: Tally) -> datetime:
        return max(self.clock.now(), before.at)

    def _entry(
        self,
        use: Use,
        at: datetime,
        event: AuditEvent = AuditEvent.CAPABILITY,
        outcome: AuditOutcome = AuditOutcome.ALLOWED,
        **told: Any,
    ) -> AuditEntry:
        return AuditEntry(
            timestamp=at,
            event=event,
            outcome=outcome,
            call_id=use.call_id,
            caps=use.caps,
            provider=use.provider,
            model=use.model,
            size=use.size,
            scopes=use.scopes,
            **told,
        )

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
class LocalSecurityProvider(JournalSecurity):
    """Security in this process: the last ``keep`` entries in memory, gone at exit, and the count with them."""

    keep: int = 1000
    journal: Journal = field(init=False, repr=False)

    @journal.default
    def _make_journal(self) -> Journal:
        return MemoryJournal(keep=self.keep)


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
