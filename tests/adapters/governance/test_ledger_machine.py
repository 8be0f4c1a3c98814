"""Every kind of ledger against one model, step by step; the remote one over a network that loses and repeats.

After each step the ledger must stand exactly as the model does: no hold lost, none doubled.
"""

import asyncio
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from attrs import define, field
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from lossy_network import Mishap, Network

from provider_runtime.adapters.governance.ledger import (
    FilesystemBudgetLedger,
    MemoryBudgetLedger,
    SqliteBudgetLedger,
)
from provider_runtime.adapters.governance.remote.ledger import RemoteBudgetLedger
from provider_runtime.domain.errors import LedgerUnavailable
from provider_runtime.domain.identity import OrderId
from provider_runtime.domain.policy.budgets.holds import Admitted, Claim, Fate, Hold
from provider_runtime.domain.policy.servers import ServerAddress
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.governance.budgets import BudgetLedger
from provider_runtime.testing.contracts.governance.budgets import LEASE_S, a_claim, an_order
from provider_runtime.testing.fakes import FixedRandomness, FrozenClock
from provider_runtime.testing.governance_server import TOKEN, GovernanceServer

T = TypeVar("T")
BUDGETS, OWNERS = ("month", "week"), ("acme", "bolt")
PLACES = [(budget, owner) for budget in BUDGETS for owner in OWNERS]
AMOUNTS, CHARGES = st.integers(0, 60), st.integers(0, 150)
# A few of any kind, or an outage: more of some kind than there are tries.
OUTAGES = st.sampled_from(
    [
        (Mishap.QUESTION_LOST, Mishap.LATE),
        (Mishap.ANSWER_LOST, Mishap.QUESTION_LOST, Mishap.NOT_SENT),
        (Mishap.ANSWER_LOST_AND_LATE, Mishap.RESTARTED, Mishap.ANSWER_LOST),
        tuple(Mishap),
    ]
)
MISHAPS = st.lists(st.sampled_from(Mishap), max_size=4) | OUTAGES.flatmap(
    lambda kinds: st.lists(st.sampled_from(kinds), min_size=12, max_size=12)
)
Place = tuple[str, str]


@define
class Model:
    """What is held and posted in each account, added up anew from every hold there ever was."""

    holds: dict[int, Hold] = field(factory=dict)
    places: dict[int, list[Place]] = field(factory=dict)
    amounts: dict[int, list[int]] = field(factory=dict)
    posted: dict[int, list[int]] = field(factory=dict)
    unsure: set[int] = field(factory=set)
    leases: dict[int, float] = field(factory=dict)
    forgiven: set[tuple[int, Place]] = field(factory=set)

    def held_at(self, place: Place) -> int:
        return self._sum(place, self.amounts, self.under_way)

    def posted_at(self, place: Place) -> int:
        return self._sum(place, self.posted, set(self.posted))

    def unconfirmed_at(self, place: Place) -> int:
        return self._sum(place, self.posted, self.unsure)

    @property
    def under_way(self) -> set[int]:
        return set(self.holds) - set(self.posted)

    def _sum(self, place: Place, values: dict[int, list[int]], numbers: set[int]) -> int:
        return sum(
            value
            for number in numbers
            for where, value in zip(self.places[number], values[number], strict=True)
            if where == place and (number, place) not in self.forgiven
        )


class LedgerMachine(RuleBasedStateMachine):
    """One owner of a ledger that is kept somewhere, and a clock that the ledger goes by."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock, self.model = FrozenClock(), Model()
        self.may_be_reset: set[Place] = set()  # nobody could say whether: the question may still arrive
        self.folder = tempfile.TemporaryDirectory()
        self.ledger: BudgetLedger = self.run(self.opened())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def opened(self) -> BudgetLedger:
        return MemoryBudgetLedger(clock=self.clock)

    async def settled_down(self) -> None:
        """Whatever was not told is told."""

    def befall(self, mishaps: list[Mishap]) -> None:
        """What happens to the next questions, where there is a network."""

    def teardown(self) -> None:
        self.run(self.ledger.aclose())
        self.runner.close()
        self.folder.cleanup()

    @rule(amounts=st.tuples(AMOUNTS, AMOUNTS), owner=st.sampled_from(OWNERS), mishaps=MISHAPS)
    def reserve(self, amounts: tuple[int, int], owner: str, mishaps: list[Mishap]) -> None:
        claims = [a_claim(amount, budget=name, owner=owner) for name, amount in zip(BUDGETS, amounts, strict=True)]
        places = [(name, owner) for name in BUDGETS]
        room = all(
            self.model.posted_at(place) + self.model.held_at(place) + amount <= 100
            for place, amount in zip(places, amounts, strict=True)
        )
        self.befall(mishaps)
        answer = self._tried(self.ledger.reserve(an_order(*claims)))
        if answer is None:
            return  # nobody has it, so it has to be given back
        assert isinstance(answer, Admitted) == room
        if isinstance(answer, Admitted):
            number = answer.hold.number
            assert number not in self.model.holds, "a hold was given twice"
            self.model.holds[number], self.model.places[number] = answer.hold, places
            self.model.amounts[number] = list(amounts)
            self.model.leases[number] = self.clock.monotonic() + LEASE_S

    @precondition(lambda self: self.model.under_way)
    @rule(data=st.data(), fate=st.sampled_from(Fate), charges=st.tuples(CHARGES, CHARGES), mishaps=MISHAPS)
    def settle(self, data: Any, fate: Fate, charges: tuple[int, int], mishaps: list[Mishap]) -> None:
        number = data.draw(st.sampled_from(sorted(self.model.under_way)))
        self.befall(mishaps)
        self._tried(self.ledger.settle(self.model.holds[number], fate, charges))
        self.model.posted[number] = list(charges)
        if fate in {Fate.UNCONFIRMED, Fate.ESTIMATE}:
            self.model.unsure.add(number)

    @precondition(lambda self: self.model.unsure)
    @rule(data=st.data(), charges=st.tuples(CHARGES, CHARGES), mishaps=MISHAPS)
    def adjust(self, data: Any, charges: tuple[int, int], mishaps: list[Mishap]) -> None:
        number = data.draw(st.sampled_from(sorted(self.model.unsure)))
        self.befall(mishaps)
        if self._tried(self._said(self.ledger.adjust(number, charges))) is None:
            self.run(self.ledger.adjust(number, charges))  # whether it was done or not, it can be said again
        self.model.posted[number] = list(charges)
        self.model.unsure.discard(number)

    @rule(seconds=st.sampled_from([1, LEASE_S]), mishaps=MISHAPS)
    def reconcile(self, seconds: float, mishaps: list[Mishap]) -> None:
        self.clock.advance(seconds)
        self.befall(mishaps)
        if self._tried(self.ledger.reconcile()) is None:
            self.run(self.ledger.reconcile())
        for number in self.model.under_way:
            if self.model.leases[number] <= self.clock.monotonic():
                self.model.posted[number] = self.model.amounts[number]
                self.model.unsure.add(number)

    @precondition(lambda self: self.model.holds)
    @rule(place=st.sampled_from(PLACES), mishaps=MISHAPS)
    def reset(self, place: Place, mishaps: list[Mishap]) -> None:
        if not any(place in places for places in self.model.places.values()):
            return
        posted = self.model.posted_at(place)
        self.befall(mishaps)
        if self._tried(self._said(self.ledger.reset_account(*place))) is None and self._standings()[place][0]:
            self.may_be_reset.add(place)
            return  # it was not done, or not yet
        if posted:  # else there was nothing to forgive
            self.model.forgiven.update((number, place) for number in self.model.posted)

    def _tried(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What came of it; ``None`` where the network let nothing through in time, and it is quiet since."""
        try:
            return self.run(work)
        except LedgerUnavailable:
            return None
        finally:
            self.befall([])
            self.run(self.settled_down())

    async def _said(self, work: Coroutine[Any, Any, None]) -> bool:
        await work
        return True

    def _standings(self) -> dict[Place, tuple[int, int]]:
        claims: list[Claim] = [a_claim(0, budget=budget, owner=owner) for budget, owner in PLACES]
        found = self.run(self.ledger.standings(claims))
        return {(one.account.budget, one.account.owner): (one.balance.posted, one.balance.held) for one in found}

    @invariant()
    def it_stands_as_the_model_does(self) -> None:
        wanted = {place: (self.model.posted_at(place), self.model.held_at(place)) for place in PLACES}
        assert self._standings() == wanted
        for tally in self.run(self.ledger.tallies()):
            place = tally.standing.account.budget, tally.standing.account.owner
            assert tally.unconfirmed == self.model.unconfirmed_at(place)


class FilesystemMachine(LedgerMachine):
    async def opened(self) -> BudgetLedger:
        return FilesystemBudgetLedger(path=Path(self.folder.name) / "ledger", clock=self.clock, checkpoint_every=5)

    @rule()
    def open_it_again(self) -> None:
        self.run(self.ledger.aclose())
        self.ledger = self.run(self.opened())


class SqliteMachine(FilesystemMachine):
    async def opened(self) -> BudgetLedger:
        return SqliteBudgetLedger(path=Path(self.folder.name) / "l.sqlite", clock=self.clock, checkpoint_every=5)


class RemoteMachine(LedgerMachine):
    """A client, a network that does what it wants, and a server over SQLite that is started anew now and then."""

    async def opened(self) -> BudgetLedger:
        self.network, self.orders = Network(), 0
        self.network.restart = self._restart
        self.kept = SqliteBudgetLedger(path=Path(self.folder.name) / "l.sqlite", clock=self.clock, checkpoint_every=5)
        self.server = GovernanceServer(ledger=self.kept)
        await self.server.__aenter__()

        async def token() -> Secret:
            return Secret(TOKEN)

        return RemoteBudgetLedger(
            address=ServerAddress.parse(self.server.url, setting="ledger.url"),
            token=token,
            open_transport=self.network.transport,
            clock=FrozenClock(),  # waiting takes no time
            randomness=FixedRandomness(),
            try_s=60,  # nothing hangs here, and a busy machine is no mishap
        )

    async def settled_down(self) -> None:
        await self.network.quiet()
        await self.ledger.flush()

    def befall(self, mishaps: list[Mishap]) -> None:
        self.network.mishaps.clear()
        self.network.mishaps.extend(mishaps)

    @precondition(lambda self: self.network.late)
    @rule(data=st.data())
    def something_arrives_late(self, data: Any) -> None:
        self._arrives_late(data.draw(st.integers(0, len(self.network.late) - 1)))

    def _arrives_late(self, number: int) -> None:
        self.run(self.network.deliver_late(number))
        standings = self._standings()
        for place in self.may_be_reset:
            if self.model.posted_at(place) and not standings[place][0]:
                self.model.forgiven.update((number, place) for number in self.model.posted)

    @precondition(lambda self: self.model.holds)
    @rule(place=st.sampled_from(PLACES))
    def somebody_else_resets(self, place: Place) -> None:
        if self.model.posted_at(place):
            self.run(self.kept.reset_account(*place))
            self.model.forgiven.update((number, place) for number in self.model.posted)

    @rule()
    def the_server_is_started_anew(self) -> None:
        self.run(self._restart())

    async def _restart(self) -> None:
        await self.server.__aexit__()
        await self.server.__aenter__()

    @rule(amount=AMOUNTS, mishaps=MISHAPS)
    def an_order_is_given_and_withdrawn(self, amount: int, mishaps: list[Mishap]) -> None:
        self.orders += 1
        order_id = OrderId(f"order-{self.orders}")
        self.befall(mishaps)
        self._tried(self.ledger.reserve(an_order(a_claim(amount), order=order_id)))
        self.run(self.ledger.withdraw(order_id))

    def teardown(self) -> None:
        self.befall([])
        while self.network.late:
            self._arrives_late(0)
        self.it_stands_as_the_model_does()
        self.run(self.ledger.aclose())
        self.run(self.server.__aexit__())
        self.run(self.kept.aclose())
        self.runner.close()
        self.folder.cleanup()


KINDS = pytest.mark.parametrize("machine", [LedgerMachine, FilesystemMachine, SqliteMachine, RemoteMachine])


def _run(machine: type[LedgerMachine], examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@KINDS
def test_the_ledger_agrees_with_the_model(machine: type[LedgerMachine]) -> None:
    _run(machine, 15, 20)


@pytest.mark.long
@pytest.mark.timeout(3600)
@KINDS
def test_the_ledger_agrees_with_the_model_at_length(machine: type[LedgerMachine]) -> None:
    _run(machine, 300, 50)
