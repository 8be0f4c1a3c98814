"""Governance as it is kept: reopened, shared, told of, and when it does not read back."""

import asyncio
from pathlib import Path

import pytest

from provider_runtime.adapters.backends.memory import MemoryDocuments
from provider_runtime.adapters.governance.ledger import MemoryBudgetLedger
from provider_runtime.adapters.governance.local import (
    FilesystemGovernanceProvider,
    LedgerGovernance,
    LocalGovernanceProvider,
    SqliteGovernanceProvider,
)
from provider_runtime.domain.errors import BackendError, RecordCorrupt
from provider_runtime.domain.identity import RuntimeId
from provider_runtime.domain.policy.budgets.resources import Quantities, Resource
from provider_runtime.domain.policy.grants.profiles import AIRGAP, PRAGMATIC
from provider_runtime.domain.records.events import EventKind
from provider_runtime.testing.fakes import EventRecorder, FrozenClock
from provider_runtime.testing.mocks import MockBudgetLedger

LIMITS = Quantities(tokens=100, time=60)


def kept_in(kind: str, folder: Path, clock: FrozenClock) -> LedgerGovernance:
    if kind == "sqlite":
        return SqliteGovernanceProvider(path=folder / "g.sqlite", limits=LIMITS, clock=clock)
    return FilesystemGovernanceProvider(path=folder / "g", limits=LIMITS, clock=clock)


@pytest.mark.parametrize("kind", ["filesystem", "sqlite"])
async def test_what_was_consumed_and_when_time_began_is_kept_for_whoever_opens_it_next(
    tmp_path: Path, kind: str
) -> None:
    clock = FrozenClock()
    first = kept_in(kind, tmp_path, clock)
    assert await first.consume_budget(Resource.TOKENS, 30)
    assert await first.remaining(Resource.TIME) == 60
    await first.aclose()
    clock.advance(20)
    second = kept_in(kind, tmp_path, clock)
    assert await second.remaining_all() == Quantities(tokens=70, time=40)
    await second.reset()
    await second.aclose()
    third = kept_in(kind, tmp_path, clock)
    assert await third.remaining_all() == LIMITS
    await third.aclose()


@pytest.mark.parametrize("kind", ["filesystem", "sqlite"])
async def test_two_that_share_a_place_share_its_budget_and_its_clock(tmp_path: Path, kind: str) -> None:
    clock = FrozenClock()
    one = kept_in(kind, tmp_path, clock)
    assert await one.remaining(Resource.TIME) == 60
    clock.advance(10)
    other = kept_in(kind, tmp_path, clock)
    answers = await asyncio.gather(*(each.consume_budget(Resource.TOKENS, 10) for each in (one, other) * 10))
    assert sum(answers) == 10
    assert await one.remaining_all() == await other.remaining_all() == Quantities(tokens=0, time=50)
    await one.aclose()
    await other.aclose()


async def test_owners_do_not_pay_for_each_other() -> None:
    ledger = MemoryBudgetLedger()
    one = LocalGovernanceProvider(ledger=ledger, limits=LIMITS, owner=RuntimeId("one"))
    other = LocalGovernanceProvider(ledger=ledger, limits=LIMITS, owner=RuntimeId("other"))
    assert await one.consume_budget(Resource.TOKENS, 100)
    assert await other.consume_budget(Resource.TOKENS, 100)


async def test_limits_left_out_are_the_turns_of_the_profile() -> None:
    assert await LocalGovernanceProvider(profile=AIRGAP).get_budget() == Quantities(iterations=50)


async def test_the_sink_hears_once_of_each_limit_that_is_nearly_reached_and_of_every_refusal() -> None:
    clock, events = FrozenClock(), EventRecorder()
    governance = LocalGovernanceProvider(limits=LIMITS, clock=clock, event_sink=events, owner=RuntimeId("acme"))
    for _ in range(5):
        await governance.consume_budget(Resource.TOKENS, 20)
    assert not await governance.consume_budget(Resource.TOKENS, 20)
    clock.advance(50)
    for _ in range(3):
        await governance.remaining(Resource.TIME)
    told = [(event.kind, event.budget, event.budget_taken, event.budget_limit) for event in events.events]
    assert told == [
        (EventKind.BUDGET_WARNING, "governance.tokens", 80, 100),
        (EventKind.BUDGET_EXCEEDED, "governance.tokens", 100, 100),
        (EventKind.BUDGET_WARNING, "governance.time", 50_000, 60_000),
    ]
    assert {event.runtime_id for event in events.events} == {"acme"}
    await governance.reset()
    clock.advance(50)
    await governance.remaining(Resource.TIME)
    assert len(events.events) == 4


async def test_a_sink_that_fails_disturbs_nobody() -> None:
    events = EventRecorder(failure=RuntimeError("no"))
    governance = LocalGovernanceProvider(limits=LIMITS, event_sink=events)
    assert await governance.consume_budget(Resource.TOKENS, 100)


async def test_a_ledger_that_fails_is_an_error_and_never_a_yes() -> None:
    ledger = MockBudgetLedger()
    governance = LocalGovernanceProvider(ledger=ledger, limits=LIMITS)
    broken = BackendError(message="no disk")
    ledger.fail("reserve", broken)
    with pytest.raises(BackendError):
        await governance.consume_budget(Resource.TOKENS, 1)
    ledger.fail("standings", broken)
    with pytest.raises(BackendError):
        await governance.has_remaining(Resource.TOKENS)


async def test_a_start_that_does_not_read_back_is_corrupt_until_the_budget_is_reset() -> None:
    documents = MemoryDocuments()
    await documents.put("governance", "governance", b"yesterday")
    governance = LocalGovernanceProvider(limits=LIMITS, documents=documents)
    with pytest.raises(RecordCorrupt):
        await governance.has_remaining(Resource.TIME)
    await governance.reset()
    assert await governance.has_remaining(Resource.TIME)


async def test_a_profile_that_is_changed_grants_what_it_grants_from_then_on() -> None:
    governance, asked = LocalGovernanceProvider(profile=PRAGMATIC), ("model.cloud", "tools.offer")
    assert await governance.granted(asked) == {"model.cloud", "tools.offer"}
    governance.profile = AIRGAP
    assert await governance.granted(asked) == frozenset()
    governance.profile = PRAGMATIC
    assert await governance.granted(list(asked)) == await governance.granted(asked) == set(asked)
