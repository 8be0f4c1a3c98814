"""What every ``SecurityProvider`` promises."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from provider_runtime.domain.errors import BackendError
from provider_runtime.domain.identity import CallId
from provider_runtime.domain.policy.grants.audit import AuditEvent, AuditOutcome
from provider_runtime.domain.policy.grants.capability import (
    Capability,
    Constraints,
    Denied,
    Granted,
    GrantFault,
    Use,
)
from provider_runtime.ports.governance.security import SecurityProvider
from provider_runtime.testing.fakes import FrozenClock

THRICE, HOUR = 3, timedelta(hours=1)


def the_grants(clock: FrozenClock) -> tuple[Capability, ...]:
    """What the provider under test is given: free use, three uses, an hour, a hundred bytes, one model."""
    now = clock.now()
    return (
        Capability(type="free.use"),
        Capability(type="counted.use", constraints=Constraints(max_calls=THRICE)),
        Capability(type="brief.use", constraints=Constraints(expires_at=now + HOUR)),
        Capability(type="short.use", constraints=Constraints(max_bytes=100)),
        Capability(type="one.use", constraints=Constraints(allowed_models=("m-1",)), granted_by="ops"),
    )


def a_use(*caps: str, **facts: Any) -> Use:
    """A use of these capabilities by a call."""
    return Use(caps=caps, **{"call_id": CallId("call_1"), "size": 100, "model": "m-1", **facts})


class SecurityProviderContract:
    """Subclass it, and give it a fixture ``security``: an empty one, by ``clock``, with ``the_grants(clock)``."""

    @pytest.fixture
    def clock(self) -> FrozenClock:
        return FrozenClock()

    @pytest.fixture
    def security(self, clock: FrozenClock) -> SecurityProvider:
        raise NotImplementedError

    def test_it_is_a_security_provider(self, security: SecurityProvider) -> None:
        assert isinstance(security, SecurityProvider)

    async def test_what_is_granted_is_allowed_and_written_down(self, security: SecurityProvider) -> None:
        assert await security.check_cap("free.use")
        (entry,) = await security.audit_log()
        assert (entry.event, entry.outcome) == (AuditEvent.CAPABILITY, AuditOutcome.ALLOWED)
        assert entry.caps == ("free.use",)

    async def test_what_is_not_granted_is_denied_and_written_down(self, security: SecurityProvider) -> None:
        assert not await security.check_cap("other.use")
        (entry,) = await security.audit_log()
        assert (entry.outcome, entry.denied, entry.fault) == (
            AuditOutcome.DENIED,
            "other.use",
            GrantFault.NOT_GRANTED,
        )

    async def test_what_has_expired_is_denied(self, security: SecurityProvider, clock: FrozenClock) -> None:
        assert await security.check_cap("brief.use")
        clock.advance(HOUR.total_seconds())
        decision = await security.decide(a_use("brief.use"))
        assert isinstance(decision, Denied)
        assert decision.fault is GrantFault.EXPIRED
        assert [entry.outcome for entry in await security.audit_log()] == [AuditOutcome.ALLOWED, AuditOutcome.DENIED]

    async def test_what_is_used_up_is_denied(self, security: SecurityProvider) -> None:
        assert [await security.check_cap("counted.use") for _ in range(THRICE + 2)] == [True] * THRICE + [False] * 2
        assert (await security.audit_log())[-1].fault is GrantFault.CALLS_USED_UP

    async def test_what_does_not_meet_a_condition_is_denied(self, security: SecurityProvider) -> None:
        assert isinstance(await security.decide(a_use("short.use", "one.use")), Granted)
        assert isinstance(await security.decide(a_use("short.use", size=101)), Denied)
        assert isinstance(await security.decide(a_use("one.use", model="m-2")), Denied)

    async def test_of_many_at_once_exactly_as_many_as_the_grant_says_are_allowed(
        self, security: SecurityProvider
    ) -> None:
        uses = [security.decide(a_use("counted.use", call_id=CallId(f"call_{n}"))) for n in range(50)]
        assert sum(isinstance(decision, Granted) for decision in await asyncio.gather(*uses)) == THRICE
        assert len(await security.audit_log()) == 50

    async def test_all_of_a_use_is_granted_or_nothing_is_counted(self, security: SecurityProvider) -> None:
        for _ in range(THRICE + 1):
            assert isinstance(await security.decide(a_use("counted.use", "other.use")), Denied)
        assert await security.check_cap("counted.use")

    async def test_what_somebody_else_grants_is_granted_and_written_down(self, security: SecurityProvider) -> None:
        use = a_use("other.use", "free.use", granted=frozenset({"other.use"}))
        assert await security.decide(use) == Granted()
        (entry,) = await security.audit_log()
        assert (entry.caps, entry.outcome) == (("other.use", "free.use"), AuditOutcome.ALLOWED)

    async def test_every_decision_is_one_entry_in_order_with_its_facts(self, security: SecurityProvider) -> None:
        for number in range(4):
            name = "free.use" if number % 2 else "other.use"
            await security.decide(a_use(name, call_id=CallId(f"call_{number}"), provider="openai", scopes=("t=a",)))
        log = await security.audit_log()
        assert [entry.call_id for entry in log] == [f"call_{number}" for number in range(4)]
        assert {(entry.provider, entry.model, entry.size, entry.scopes) for entry in log} == {
            ("openai", "m-1", 100, ("t=a",))
        }

    async def test_a_rehearsal_says_the_same_and_leaves_no_trace(self, security: SecurityProvider) -> None:
        for _ in range(THRICE + 1):
            assert isinstance(await security.rehearse(a_use("counted.use")), Granted)
            assert isinstance(await security.rehearse(a_use("other.use")), Denied)
        assert await security.audit_log() == ()
        for _ in range(THRICE):
            await security.check_cap("counted.use")
        assert isinstance(await security.rehearse(a_use("counted.use")), Denied)

    async def test_a_use_that_did_not_happen_is_there_again(self, security: SecurityProvider) -> None:
        use = a_use("counted.use")
        for _ in range(2 * THRICE):
            decision = await security.decide(use)
            assert isinstance(decision, Granted)
            await security.give_back(use, decision)
        assert [entry.event for entry in await security.audit_log()][-2:] == [
            AuditEvent.CAPABILITY,
            AuditEvent.GIVEN_BACK,
        ]
        assert [await security.check_cap("counted.use") for _ in range(THRICE + 1)] == [True] * THRICE + [False]

    async def test_giving_back_more_than_was_taken_gives_nobody_more_than_was_granted(
        self, security: SecurityProvider
    ) -> None:
        use = a_use("counted.use")
        decision = await security.decide(use)
        assert isinstance(decision, Granted)
        for _ in range(5):
            await security.give_back(use, decision)
        assert [await security.check_cap("counted.use") for _ in range(THRICE + 1)] == [True] * THRICE + [False]

    async def test_what_another_gate_refused_is_written_down(self, security: SecurityProvider) -> None:
        await security.refused(a_use("free.use"), gate="leakage", code="leakage_found")
        (entry,) = await security.audit_log()
        assert (entry.event, entry.outcome) == (AuditEvent.GATE, AuditOutcome.DENIED)
        assert (entry.gate, entry.code, entry.call_id) == ("leakage", "leakage_found", "call_1")

    async def test_the_log_shows_the_last_entries_and_no_more(self, security: SecurityProvider) -> None:
        for number in range(6):
            await security.check_cap(f"use.number-{number}")
        assert [entry.caps for entry in await security.audit_log(2)] == [("use.number-4",), ("use.number-5",)]
        assert await security.audit_log(0) == ()
        with pytest.raises(ValueError, match="limit"):
            await security.audit_log(-1)

    async def test_what_is_no_name_is_denied_and_not_repeated(self, security: SecurityProvider) -> None:
        assert not await security.check_cap("the words of somebody")
        assert "words" not in str(await security.audit_log())

    async def test_time_does_not_run_back(self, security: SecurityProvider, clock: FrozenClock) -> None:
        clock.advance(HOUR.total_seconds())
        await security.check_cap("free.use")
        clock.moment -= 2 * HOUR
        assert not await security.check_cap("brief.use")
        first, second = await security.audit_log()
        assert first.timestamp == second.timestamp

    async def test_it_goes_on_after_a_flush_and_not_after_its_end(self, security: SecurityProvider) -> None:
        assert await security.check_cap("free.use")
        await security.flush()
        assert await security.check_cap("free.use")
        await security.aclose()
        await security.aclose()
        with pytest.raises(BackendError):
            await security.check_cap("free.use")
