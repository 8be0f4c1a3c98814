"""What every ``GovernanceProvider`` promises."""

import asyncio
from decimal import Decimal
from typing import Any, Final

import pytest

from provider_runtime.domain.errors import BackendError
from provider_runtime.domain.policy.budgets.resources import Quantities, Resource
from provider_runtime.domain.policy.grants.profiles import GovernanceProfile, ProfileBudgets
from provider_runtime.ports.governance.provider import GovernanceProvider
from provider_runtime.testing.fakes import FrozenClock

THE_PROFILE: Final = GovernanceProfile(
    name="under-test",
    allowed_caps=("observe", "file.*"),
    budgets=ProfileBudgets(max_oracle_turns=7, max_eval_steps=70),
)
THE_LIMITS: Final = Quantities(tokens=100, cost=Decimal("1.50"), time=60)
"""Iterations are not limited."""


class GovernanceProviderContract:
    """Subclass it, and give it a fixture ``governance``: fresh, of ``THE_PROFILE`` and ``THE_LIMITS``, by ``clock``."""

    @pytest.fixture
    def clock(self) -> FrozenClock:
        return FrozenClock()

    @pytest.fixture
    def governance(self, clock: FrozenClock) -> GovernanceProvider:
        raise NotImplementedError

    def test_it_is_a_governance_provider(self, governance: GovernanceProvider) -> None:
        assert isinstance(governance, GovernanceProvider)

    async def test_it_says_its_profile_its_capabilities_and_its_limits(self, governance: GovernanceProvider) -> None:
        assert await governance.get_profile() == THE_PROFILE
        assert await governance.get_caps() == THE_PROFILE.allowed_caps
        assert await governance.get_budget() == THE_LIMITS

    async def test_a_capability_is_granted_by_its_name_or_its_domain(self, governance: GovernanceProvider) -> None:
        assert await governance.check_cap("observe")
        assert await governance.check_cap("file.read")
        assert await governance.check_cap("cap.file.read")
        assert not await governance.check_cap("net.read")
        assert not await governance.check_cap("no name at all")

    async def test_many_capabilities_are_asked_about_at_once(self, governance: GovernanceProvider) -> None:
        asked = ("observe", "net.read", "file.write", "no name")
        assert await governance.granted(asked) == {"observe", "file.write"}
        assert await governance.granted(()) == frozenset()

    async def test_what_fits_is_consumed_and_what_does_not_is_not(self, governance: GovernanceProvider) -> None:
        assert await governance.consume_budget(Resource.TOKENS, 60)
        assert not await governance.consume_budget(Resource.TOKENS, 50)
        assert await governance.remaining(Resource.TOKENS) == 40
        assert await governance.consume_budget(Resource.TOKENS, 40)
        assert await governance.remaining(Resource.TOKENS) == 0
        assert not await governance.has_remaining(Resource.TOKENS)
        assert not await governance.consume_budget(Resource.TOKENS, 1)

    async def test_dollars_are_exact(self, governance: GovernanceProvider) -> None:
        for _ in range(3):
            assert await governance.consume_budget(Resource.COST, Decimal("0.1"))
        assert await governance.remaining(Resource.COST) == Decimal("1.2")
        assert not await governance.consume_budget(Resource.COST, Decimal("1.200000001"))
        assert await governance.consume_budget(Resource.COST, Decimal("1.2"))

    async def test_what_has_no_limit_is_counted_all_the_same(self, governance: GovernanceProvider) -> None:
        assert await governance.consume_budget(Resource.ITERATIONS, 10**6)
        assert await governance.remaining(Resource.ITERATIONS) is None
        assert await governance.has_remaining(Resource.ITERATIONS)
        assert (await governance.report()).consumed.iterations == 10**6

    async def test_time_passes_by_itself_and_is_not_consumed(
        self, governance: GovernanceProvider, clock: FrozenClock
    ) -> None:
        assert await governance.remaining(Resource.TIME) == 60
        clock.advance(20.5)
        assert await governance.remaining(Resource.TIME) == Decimal("39.5")
        assert await governance.consume_budget(Resource.TIME, 39)
        assert not await governance.consume_budget(Resource.TIME, 40)
        assert await governance.remaining(Resource.TIME) == Decimal("39.5")
        clock.advance(100)
        assert await governance.remaining(Resource.TIME) == 0
        assert not await governance.has_remaining(Resource.TIME)

    async def test_a_clock_that_is_set_back_gives_no_time_back(
        self, governance: GovernanceProvider, clock: FrozenClock
    ) -> None:
        clock.advance(30)
        assert await governance.remaining(Resource.TIME) == 30
        clock.moment = clock.moment.replace(year=2020)
        assert await governance.remaining(Resource.TIME) == 30

    async def test_a_report_tells_limits_what_was_consumed_and_what_is_left(
        self, governance: GovernanceProvider, clock: FrozenClock
    ) -> None:
        await governance.consume_budget(Resource.TOKENS, 30)
        await governance.consume_budget(Resource.ITERATIONS, 2)
        clock.advance(15)
        report = await governance.report()
        assert report.limits == THE_LIMITS
        assert report.consumed == Quantities(tokens=30, cost=0, time=15, iterations=2)
        assert report.remaining == Quantities(tokens=70, cost=Decimal("1.5"), time=45, iterations=None)
        assert await governance.remaining_all() == report.remaining

    async def test_a_reset_begins_anew(self, governance: GovernanceProvider, clock: FrozenClock) -> None:
        await governance.consume_budget(Resource.TOKENS, 100)
        await governance.consume_budget(Resource.COST, 1)
        clock.advance(59)
        await governance.reset()
        assert (await governance.report()).consumed == Quantities(tokens=0, cost=0, time=0, iterations=0)
        assert await governance.consume_budget(Resource.TOKENS, 100)
        await governance.reset()
        assert await governance.remaining_all() == THE_LIMITS

    async def test_resetting_what_nobody_touched_changes_nothing(self, governance: GovernanceProvider) -> None:
        await governance.reset()
        assert await governance.remaining_all() == THE_LIMITS

    @pytest.mark.parametrize("amount", [-1, Decimal("-0.1"), Decimal("NaN"), Decimal("Infinity"), 1.5, True, "3", None])
    async def test_what_is_no_amount_is_refused_and_consumes_nothing(
        self, governance: GovernanceProvider, amount: Any
    ) -> None:
        for resource in Resource:
            with pytest.raises((TypeError, ValueError)):
                await governance.consume_budget(resource, amount)
        assert await governance.remaining_all() == THE_LIMITS

    async def test_a_part_of_a_token_is_none(self, governance: GovernanceProvider) -> None:
        with pytest.raises(ValueError, match="whole"):
            await governance.consume_budget(Resource.TOKENS, Decimal("0.5"))

    async def test_nothing_is_consumed_by_an_amount_of_nothing(self, governance: GovernanceProvider) -> None:
        assert await governance.consume_budget(Resource.TOKENS, 0)
        assert await governance.consume_budget(Resource.TOKENS, 100)
        assert await governance.consume_budget(Resource.TOKENS, 0)

    async def test_more_than_any_budget_has_is_not_consumed(self, governance: GovernanceProvider) -> None:
        assert not await governance.consume_budget(Resource.ITERATIONS, 10**30)

    async def test_of_many_at_once_as_many_consume_as_there_is_room_for(self, governance: GovernanceProvider) -> None:
        answers = await asyncio.gather(*(governance.consume_budget(Resource.TOKENS, 10) for _ in range(40)))
        assert sum(answers) == 10
        assert await governance.remaining(Resource.TOKENS) == 0

    async def test_a_caller_that_leaves_leaves_all_or_nothing_consumed(self, governance: GovernanceProvider) -> None:
        leaving = asyncio.ensure_future(governance.consume_budget(Resource.TOKENS, 10))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        await governance.flush()
        assert await governance.remaining(Resource.TOKENS) in {90, 100}

    async def test_it_goes_on_after_a_flush_and_not_after_its_end(self, governance: GovernanceProvider) -> None:
        assert await governance.consume_budget(Resource.TOKENS, 1)
        await governance.flush()
        assert await governance.consume_budget(Resource.TOKENS, 1)
        await governance.aclose()
        await governance.aclose()
        with pytest.raises(BackendError):
            await governance.consume_budget(Resource.TOKENS, 1)
