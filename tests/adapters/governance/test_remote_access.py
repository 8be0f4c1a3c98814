"""Budgets kept by a server: whom it lets do what."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager

import pytest
from attrs import evolve

from provider_runtime.adapters.governance.ledger import MemoryBudgetLedger
from provider_runtime.adapters.governance.remote.ledger import RemoteBudgetLedger
from provider_runtime.domain.errors import (
    InvalidSettings,
    LedgerConflict,
    LedgerDenied,
    LedgerUnavailable,
)
from provider_runtime.domain.identity import OrderId
from provider_runtime.domain.policy.budgets.access import LedgerClient, Reach
from provider_runtime.domain.policy.budgets.holds import Account, Admitted, Claim, Declined, Fate
from provider_runtime.domain.policy.budgets.limits import Amount, Budget
from provider_runtime.domain.secrets import Secret
from provider_runtime.testing.contracts.governance.budgets import a_claim, an_order, balance, taken
from provider_runtime.testing.fakes import FakeTransport
from provider_runtime.testing.governance_server import TOKEN, GovernanceServer, client_of

ACME = LedgerClient(name="acme", accounts=[Reach.parse("month:acme"), Reach.parse("daily:*")])
BOLT = LedgerClient(name="bolt", accounts=[Reach()])


@asynccontextmanager
async def two_clients(
    kept: MemoryBudgetLedger,
) -> AsyncIterator[tuple[RemoteBudgetLedger, RemoteBudgetLedger, RemoteBudgetLedger]]:
    clients = {"token-of-acme-1234567": ACME, "token-of-bolt-1234567": BOLT, TOKEN: LedgerClient(name="k", keeper=True)}
    async with (
        GovernanceServer(ledger=kept, clients=clients) as server,
        aclosing(server.client("token-of-acme-1234567")) as acme,
        aclosing(server.client("token-of-bolt-1234567")) as bolt,
        aclosing(server.client()) as keeper,
    ):
        yield acme, bolt, keeper


async def test_a_client_sees_and_takes_from_its_own_accounts_alone(kept: MemoryBudgetLedger) -> None:
    async with two_clients(kept) as (acme, bolt, _):
        await taken(acme, an_order(a_claim(5), a_claim(5, budget="daily", owner="x")))
        await taken(bolt, an_order(a_claim(5, owner="bolt")))
        for refused in (
            acme.reserve(an_order(a_claim(5), a_claim(5, owner="bolt"))),
            acme.standings([a_claim(owner="bolt")]),
            acme.reconcile(),
            acme.adjust(1, [5]),
            acme.reset_account("month", "acme"),
        ):
            with pytest.raises(LedgerDenied):
                await refused
        seen = [(one.standing.account.budget, one.standing.account.owner) for one in await acme.tallies()]
        assert seen == [("daily", "x"), ("month", "acme")]
    assert (await balance(kept, a_claim())).held == 5


async def test_nobody_settles_or_withdraws_what_another_client_has_taken(kept: MemoryBudgetLedger) -> None:
    async with two_clients(kept) as (acme, bolt, _):
        hold = await taken(acme, an_order(a_claim(60), order="mine"))
        with pytest.raises(LedgerConflict, match="another order"):
            await bolt.settle(hold, Fate.VOID, [0])
        await bolt.withdraw(OrderId("mine"))
        assert (await balance(kept, a_claim())).held == 60
        assert isinstance(await bolt.reserve(an_order(a_claim(41), order="mine")), Declined)


async def test_a_keeper_puts_right_what_others_spent_and_never_learns_their_orders(kept: MemoryBudgetLedger) -> None:
    async with two_clients(kept) as (acme, _, keeper):
        hold = await taken(acme, an_order(a_claim(60), order="mine"))
        await acme.settle(hold, Fate.UNCONFIRMED, [60])
        (found,) = await keeper.reconcile()
        assert (found.number, found.order_id, found.posted) == (hold.number, None, (60,))
        await keeper.adjust(found.number, [25])
        await keeper.reset_account("month", "acme")
    assert (await balance(kept, a_claim())).posted == 0


async def test_no_client_claims_more_than_the_server_lets_a_budget_have(kept: MemoryBudgetLedger) -> None:
    limits = {"month": Budget(name="month", limit=Amount.tokens(50))}
    async with GovernanceServer(ledger=kept, limits=limits) as server, aclosing(server.client()) as ledger:
        answer = await ledger.reserve(an_order(a_claim(60, limit=10**9)))
        assert isinstance(answer, Declined)
        assert answer.standing.limit == 50
        await taken(ledger, an_order(a_claim(20, limit=30)))
        assert isinstance(await ledger.reserve(an_order(a_claim(20, limit=30))), Declined)  # its own limit holds, too
        assert (await ledger.tallies())[0].standing.limit == 30
        other = Claim(account=Account(budget="month", owner="acme", window_s=60), limit=50, amount=1)
        with pytest.raises(LedgerConflict, match="other windows"):
            await ledger.reserve(an_order(other))
        await taken(ledger, an_order(a_claim(99, budget="undeclared")))


async def test_a_token_that_nobody_has_is_refused_and_not_repeated(server: GovernanceServer) -> None:
    async with aclosing(server.client("a-token-of-nobody-123")) as stranger:
        with pytest.raises(LedgerDenied) as denied:
            await stranger.reserve(an_order())
    assert "a-token-of-nobody" not in str(denied.value) + repr(denied.value)


async def test_a_token_is_looked_up_for_each_question(kept: MemoryBudgetLedger) -> None:
    tokens: Iterator[str] = iter(["an-old-token-12345678", TOKEN, TOKEN, TOKEN])

    async def rotating() -> Secret:
        return Secret(next(tokens))

    async with GovernanceServer(ledger=kept) as server:
        ledger = client_of(server.url)
        ledger._conversation.token = rotating
        async with aclosing(ledger):
            with pytest.raises(LedgerDenied):
                await ledger.reserve(an_order())
            assert isinstance(await ledger.reserve(an_order()), Admitted)


async def test_without_a_token_nothing_is_sent(server: GovernanceServer) -> None:
    async def missing() -> Secret:
        raise InvalidSettings(field="ledger.credential", message="the variable T is not set", remedy="Set it.")

    asked = FakeTransport()
    ledger = evolve(client_of(server.url), open_transport=lambda: asked, token=missing)
    async with aclosing(ledger):
        with pytest.raises(LedgerUnavailable, match="the variable T is not set"):
            await ledger.reserve(an_order())
    assert asked.exchanges == []
