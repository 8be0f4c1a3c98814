"""The audit as it is kept: over several processes, after they were ended, and when it does not read back."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_children import A_HUNDRED_USES, Children, Failpoint, opened

from provider_runtime.adapters.backends.memory import MemoryJournal
from provider_runtime.adapters.governance.audit_entries import decoded, encoded, tally_of
from provider_runtime.adapters.governance.security import (
    FilesystemSecurityProvider,
    JournalSecurity,
    LocalSecurityProvider,
)
from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.identity import CallId
from provider_runtime.domain.policy.grants.audit import AuditEntry, AuditEvent, AuditOutcome
from provider_runtime.domain.policy.grants.capability import Capability, Constraints, Granted, GrantFault, Use
from provider_runtime.testing.fakes import FrozenClock

KINDS = pytest.mark.parametrize("kind", ["filesystem", "sqlite"])
FAILPOINTS: list[tuple[str, Failpoint]] = [
    *(("filesystem", ("write", at, moment)) for at in (1, 5) for moment in ("before", "in", "after")),
    *(("filesystem", ("sync", 3, moment)) for moment in ("before", "after")),
    *(("sqlite", ("COMMIT", at, moment)) for at in (2, 5) for moment in ("before", "after")),
    *(("sqlite", ("INSERT INTO entries", 2, moment)) for moment in ("before", "after")),
]


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    forking = Children()
    yield forking
    forking.close()


async def outcomes(folder: Path, kind: str) -> Counter[AuditOutcome]:
    media = opened(kind, folder)
    security = JournalSecurity(journal=media.journal("audit"))
    counted = Counter(entry.outcome for entry in await security.audit_log(100_000))
    await media.aclose()
    return counted


@KINDS
def test_processes_that_share_a_grant_use_it_as_often_as_it_says(tmp_path: Path, children: Children, kind: str) -> None:
    started = [children.start("use", tmp_path / "store", kind, 20) for _ in range(4)]
    heard = Counter(what for child in started for what, _ in child.told())
    assert [child.ended() for child in started] == [0] * 4
    assert heard == {b"granted": 100, b"denied": 220}
    assert asyncio.run(outcomes(tmp_path / "store", kind)) == {AuditOutcome.ALLOWED: 100, AuditOutcome.DENIED: 220}


@pytest.mark.parametrize(("kind", "failpoint"), FAILPOINTS)
def test_a_process_that_ends_anywhere_leaves_every_use_it_was_told_of_counted(
    tmp_path: Path, children: Children, kind: str, failpoint: Failpoint
) -> None:
    folder = tmp_path / "store"
    ending = children.start("use", folder, kind, 10, failpoint)
    heard = Counter(what for what, _ in ending.told())
    assert ending.ended() == -signal.SIGKILL
    kept = asyncio.run(outcomes(folder, kind))
    assert heard[b"granted"] <= kept[AuditOutcome.ALLOWED] <= heard[b"granted"] + 4  # four were under way
    rest = children.start("use", folder, kind, 30)
    more = Counter(what for what, _ in rest.told())
    assert rest.ended() == 0
    assert kept[AuditOutcome.ALLOWED] + more[b"granted"] == 100


@KINDS
def test_a_process_that_is_killed_forgets_no_use(tmp_path: Path, children: Children, kind: str) -> None:
    folder, heard = tmp_path / "store", 0
    victim = children.start("use", folder, kind, 1000)
    for what, _ in victim.told():
        heard += what == b"granted"
        if heard == 30:
            os.kill(victim.pid, signal.SIGKILL)
    victim.ended()
    assert asyncio.run(outcomes(folder, kind))[AuditOutcome.ALLOWED] >= heard >= 30


entries = st.builds(
    AuditEntry,
    timestamp=st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
    event=st.sampled_from(AuditEvent),
    outcome=st.sampled_from(AuditOutcome),
    call_id=st.none() | st.just(CallId("call_1")),
    caps=st.lists(st.text(max_size=20), max_size=3),
    denied=st.none() | st.text(max_size=20),
    fault=st.none() | st.sampled_from(GrantFault),
    counted=st.lists(st.text("0123456789abcdef", min_size=16, max_size=16), max_size=2),
    gate=st.none() | st.text(max_size=20),
    code=st.none() | st.text(max_size=20),
    provider=st.none() | st.text(max_size=20),
    model=st.none() | st.text(max_size=20),
    size=st.none() | st.integers(0, 2**53),
    scopes=st.lists(st.text("abc=", min_size=1, max_size=9), max_size=2),
)


@settings(max_examples=60)
@given(entry=entries, used=st.dictionaries(st.text("0123456789abcdef", max_size=16), st.integers(0, 2**53), max_size=3))
def test_an_entry_reads_back_as_it_was_with_all_it_counted(entry: AuditEntry, used: dict[str, int]) -> None:
    raw = encoded(entry, used)
    assert b"\n" not in raw
    assert decoded(raw) == entry
    assert tally_of(raw).used == used
    assert tally_of(raw).at == entry.timestamp


@settings(max_examples=60)
@given(junk=st.binary(max_size=40))
def test_what_is_no_entry_is_corrupt(junk: bytes) -> None:
    with pytest.raises(RecordCorrupt):
        decoded(junk)
    with pytest.raises(RecordCorrupt):
        tally_of(junk)


@pytest.mark.parametrize(
    "change",
    [{"event": "other"}, {"outcome": "maybe"}, {"fault": "bad_luck"}, {"at": 10**30}, {"extra": 1}, {"call": ""}],
)
def test_an_entry_of_another_form_is_corrupt(change: dict[str, object]) -> None:
    line = {"at": 0, "event": "gate", "outcome": "denied", **change}
    with pytest.raises(RecordCorrupt):
        decoded(msgspec.json.encode(line))


async def test_an_audit_whose_end_does_not_read_back_grants_nothing(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    security = FilesystemSecurityProvider(path=path, caps=["*"])
    assert await security.check_cap("x.use")
    await security.aclose()
    path.write_bytes(path.read_bytes() + b'{"at":0,"event":"capability","outcome":"allowed","used":{"a":-1}}\n')
    again = FilesystemSecurityProvider(path=path, caps=["*"])
    with pytest.raises(RecordCorrupt):
        await again.check_cap("x.use")
    with pytest.raises(RecordCorrupt):
        await again.rehearse(Use(caps=("x.use",)))
    await again.aclose()


async def test_a_decision_costs_the_same_however_many_came_before() -> None:
    class CountingJournal(MemoryJournal):
        read_at_once = 0

        async def tail(self, limit: int):  # type: ignore[no-untyped-def]  # noqa: ANN202 - as the journal's own
            type(self).read_at_once = max(self.read_at_once, limit)
            return await super().tail(limit)

        async def read(self, **_: object):  # type: ignore[no-untyped-def]  # noqa: ANN202 - never called
            raise AssertionError("a decision reads the last entry, not all of them")

    security = JournalSecurity(journal=CountingJournal(keep=None), capabilities=[A_HUNDRED_USES])
    for _ in range(50):
        await security.check_cap("x.use")
        await security.rehearse(Use(caps=("x.use",)))
    assert CountingJournal.read_at_once == 1


async def test_memory_stays_flat_and_the_count_is_right_all_the_same() -> None:
    security = LocalSecurityProvider(capabilities=[A_HUNDRED_USES], keep=10, clock=FrozenClock())
    answers = [await security.check_cap("x.use") for _ in range(120)]
    assert answers == [True] * 100 + [False] * 20
    assert len(await security.audit_log(1000)) == 10


@given(
    asked=st.lists(st.tuples(st.sampled_from(["x.use", "y.use", "no name"]), st.sampled_from([None, "m-1", "sk-x"]))),
    limit=st.integers(0, 12),
)
def test_memory_and_a_journal_decide_and_tell_the_same(asked: list[tuple[str, str | None]], limit: int) -> None:
    async def told(security: JournalSecurity | LocalSecurityProvider) -> list[object]:
        answers: list[object] = []
        for cap, model in asked:
            use = Use(caps=(cap,), granted=frozenset({"y.use"}), model=model, scopes=("t=a",), size=9)
            answers += [await security.rehearse(use), decision := await security.decide(use)]
            if isinstance(decision, Granted) and model is None:
                await security.give_back(use, decision)
            if model == "m-1":
                await security.refused(use, gate="budget", code="budget_exceeded")
        return [*answers, await security.audit_log(limit), await security.audit_log()]

    clock, thrice = FrozenClock(), Capability(type="x.*", constraints=Constraints(max_calls=3))
    journal = JournalSecurity(journal=MemoryJournal(), capabilities=[thrice], clock=clock)
    memory = LocalSecurityProvider(capabilities=[thrice], clock=clock)
    assert asyncio.run(told(memory)) == asyncio.run(told(journal))


def test_a_use_that_could_not_be_written_down_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="model"):
        Use(caps=("x.use",), model=7)  # type: ignore[arg-type]  # that is the point


async def test_a_grant_given_anew_has_its_uses_anew_and_an_old_one_does_not() -> None:
    journal = MemoryJournal()
    once = Capability(type="x.use", constraints=Constraints(max_calls=1), granted_at=datetime(2026, 1, 1, tzinfo=UTC))
    anew = Capability(type="x.use", constraints=Constraints(max_calls=1), granted_at=datetime(2026, 1, 2, tzinfo=UTC))
    for grant, allowed in ((once, True), (once, False), (anew, True), (once, False), (anew, False)):
        security = JournalSecurity(journal=journal, capabilities=[grant])
        assert isinstance(await security.decide(Use(caps=("x.use",))), Granted) is allowed
