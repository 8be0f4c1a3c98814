"""Ledgers that answer at once: asked without a coroutine, and believed no more than those that are waited for."""

from collections.abc import Sequence
from typing import Any, Final

import pytest

from provider_runtime import (
    Amount,
    BackendError,
    Budget,
    CallRefused,
    ModelCatalog,
    PricingTable,
    ProviderConfig,
    ProviderRuntime,
    RuntimeSettings,
    open_runtime,
)
from provider_runtime.adapters.governance.ledger import MemoryBudgetLedger
from provider_runtime.application.providers import RegisteredProvider
from provider_runtime.domain.errors import LedgerConflict
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.policy.budgets.holds import Admitted, Fate, Hold, HoldOrder, Reservation
from provider_runtime.ports.governance.budgets import AtOnce
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.contracts.governance.budgets import a_claim, an_order, balance
from provider_runtime.testing.fakes import FakeAdapter, FrozenClock

ADA: Final = ProviderId("ada")
CALLS: Final = Budget(name="calls", limit=Amount.calls(10))
THEIRS: Final = a_claim(0, budget="calls", owner="everyone", limit=10)


class OneThatSettlesItsOwnWay(MemoryBudgetLedger):
    """Counts what it settles."""

    settled = 0

    async def settle(self, hold: Hold, fate: Fate, charges: Sequence[int]) -> None:
        self.settled += 1
        await super().settle(hold, fate, charges)


class OneThatReservesItsOwnWay(MemoryBudgetLedger):
    """Counts what it reserves."""

    reserved = 0

    async def reserve(self, order: HoldOrder) -> Reservation:
        self.reserved += 1
        return await super().reserve(order)


class OneBeforeAnother:
    """Hands on what it does not know itself."""

    def __init__(self, behind: MemoryBudgetLedger) -> None:
        self.behind, self.reserved = behind, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)

    async def reserve(self, order: HoldOrder) -> Reservation:
        self.reserved += 1
        return await self.behind.reserve(order)


class OneAtFault(MemoryBudgetLedger):
    """Answers at once, as it is told to."""

    reserves: Any = None
    settles: Any = None

    @property
    def at_once(self) -> AtOnce:
        return AtOnce(self.reserves or self._reserve, self.settles or self._settle)


def runtime_with(ledger: Any, adapter: FakeAdapter | None = None) -> Any:
    config = ProviderConfig(provider_id=ADA, kind="openai_compatible", base_url="http://localhost", tier="local")
    settings = RuntimeSettings(budgets=[CALLS], catalog=ModelCatalog(), prices=PricingTable())
    return open_runtime(
        settings, ledger=ledger, adapters=(RegisteredProvider(config=config, adapter=adapter or FakeAdapter(ADA)),)
    )


async def ask(runtime: ProviderRuntime) -> set[str]:
    """The warnings that the answer came with."""
    answer = await runtime.run(a_request(model="ada:x"))
    return {warning.code for warning in answer.warnings}


async def test_what_is_taken_at_once_is_seen_by_whoever_waits() -> None:
    ledger = MemoryBudgetLedger(clock=FrozenClock())
    assert ledger.at_once is not None
    taken = ledger.at_once.reserve(an_order(a_claim(60)))
    assert isinstance(taken, Admitted)
    assert (await balance(ledger, a_claim())).held == 60
    ledger.at_once.settle(taken.hold, Fate.POSTED, [25])
    assert ((await balance(ledger, a_claim())).held, (await balance(ledger, a_claim())).posted) == (0, 25)


async def test_a_closed_ledger_takes_nothing_at_once() -> None:
    ledger = MemoryBudgetLedger()
    at_once = ledger.at_once
    await ledger.aclose()
    assert at_once is not None
    with pytest.raises(BackendError):
        at_once.reserve(an_order())


async def test_whoever_takes_a_step_its_own_way_is_asked_for_it() -> None:
    settling, reserving = OneThatSettlesItsOwnWay(), OneThatReservesItsOwnWay()
    for ledger in (settling, reserving):
        assert ledger.at_once is None
        async with runtime_with(ledger) as runtime:
            assert "settlement_pending" not in await ask(runtime)
        assert (await balance(ledger, THEIRS)).posted == 1
    assert (settling.settled, reserving.reserved) == (1, 1)


async def test_whoever_stands_before_a_ledger_is_asked_itself() -> None:
    ledger = OneBeforeAnother(MemoryBudgetLedger())
    async with runtime_with(ledger) as runtime:
        await ask(runtime)
    assert ledger.reserved == 1
    assert (await balance(ledger.behind, THEIRS)).posted == 1


@pytest.mark.parametrize(
    "answer",
    [None, True, Admitted(hold=object())],  # type: ignore[arg-type]  # the faults
    ids=["nothing", "no reservation", "no hold"],
)
async def test_junk_that_comes_at_once_lets_nothing_be_sent(answer: object) -> None:
    adapter, ledger = FakeAdapter(ADA), OneAtFault()
    ledger.reserves = lambda _order: answer
    async with runtime_with(ledger, adapter) as runtime:
        with pytest.raises(CallRefused):
            await ask(runtime)
    assert adapter.sent == []


async def test_a_ledger_that_breaks_at_once_lets_nothing_be_sent() -> None:
    def breaking(_order: HoldOrder) -> Reservation:
        raise RuntimeError("the customer said: sell everything")

    adapter, ledger = FakeAdapter(ADA), OneAtFault()
    ledger.reserves = breaking
    async with runtime_with(ledger, adapter) as runtime:
        with pytest.raises(CallRefused) as refused:
            await ask(runtime)
    assert adapter.sent == []
    assert "customer" not in str(refused.value)


@pytest.mark.parametrize(
    ("failure", "posted"),
    [(RuntimeError("what nobody expected"), 2), (LedgerConflict(kind="ledger", key="1", message="settled"), 1)],
    ids=["made up for", "never mended"],
)
async def test_what_was_not_settled_at_once_is_tried_again_where_that_helps(failure: Exception, posted: int) -> None:
    failures = [failure]

    def breaking_once(hold: Hold, fate: Fate, charges: Sequence[int]) -> None:
        if failures:
            raise failures.pop()
        ledger._settle(hold, fate, charges)

    ledger = OneAtFault()
    ledger.settles = breaking_once
    async with runtime_with(ledger) as runtime:
        assert "settlement_pending" in await ask(runtime)
        await ask(runtime)
    assert (await balance(ledger, THEIRS)).posted == posted
