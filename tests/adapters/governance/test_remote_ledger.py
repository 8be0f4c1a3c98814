"""Budgets kept by a server: what its client does when answers are lost, and where the server may be."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from lossy_network import Mishap, Network
from remote_clients import client

from provider_runtime.adapters.governance.ledger import MemoryBudgetLedger
from provider_runtime.adapters.governance.remote.ledger import RemoteBudgetLedger
from provider_runtime.domain.errors import (
    BackendError,
    InvalidSettings,
    LedgerUnavailable,
    RecordCorrupt,
)
from provider_runtime.domain.policy.budgets.holds import Declined, Fate
from provider_runtime.domain.policy.servers import ServerAddress
from provider_runtime.ports.http import HttpReply, HttpTransport
from provider_runtime.testing.contracts.governance.budgets import a_claim, an_order, balance, taken
from provider_runtime.testing.contracts.loopback import answering, hanging_up, loopback, stopping_midway
from provider_runtime.testing.fakes import FakeTransport
from provider_runtime.testing.governance_server import TOKEN, GovernanceServer, client_of

NOTHING_LEAVES = [Mishap.NOT_SENT] * 20
NOBODY_HEARS = [Mishap.ANSWER_LOST] * 20


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
async def ledger(server: GovernanceServer, network: Network) -> AsyncIterator[RemoteBudgetLedger]:
    async with aclosing(client(server.url, network.transport)) as opened:
        yield opened


# ── what is lost on the way ────────────────────────────────────────────────────────────────


async def test_while_the_server_is_away_nothing_is_reserved(kept: MemoryBudgetLedger) -> None:
    async with GovernanceServer(ledger=kept) as server:
        url = server.url
    async with aclosing(client_of(url, timeout_s=0.3)) as ledger:
        with pytest.raises(LedgerUnavailable) as away:
            await ledger.reserve(an_order())
        assert "cannot be asked" in str(away.value)
        assert away.value.retryable
        assert ledger.untold == 0  # nothing was sent, so there is nothing to give back
    assert await balance(kept, a_claim()) == (await kept.standings([a_claim()]))[0].balance


async def test_a_hold_of_which_nobody_heard_is_given_back(
    kept: MemoryBudgetLedger, ledger: RemoteBudgetLedger, network: Network
) -> None:
    network.mishaps.extend(NOBODY_HEARS[:8])
    with pytest.raises(LedgerUnavailable):
        await ledger.reserve(an_order(a_claim(60)))
    network.mishaps.clear()
    await ledger.flush()
    assert (await balance(kept, a_claim())).taken == 0


async def test_an_order_that_arrives_after_it_was_given_up_takes_nothing(
    kept: MemoryBudgetLedger, ledger: RemoteBudgetLedger, network: Network
) -> None:
    network.mishaps.extend([Mishap.LATE] * 8)
    with pytest.raises(LedgerUnavailable):
        await ledger.reserve(an_order(a_claim(60)))
    network.mishaps.clear()
    await ledger.flush()
    while network.late:
        await network.deliver_late(0)
    assert (await balance(kept, a_claim())).taken == 0


async def test_an_order_that_was_declined_takes_nothing_when_it_arrives_again_and_there_is_room(
    kept: MemoryBudgetLedger, ledger: RemoteBudgetLedger, network: Network
) -> None:
    filling = await taken(kept, an_order(a_claim(100)))
    network.mishaps.extend([Mishap.NOT_SENT, Mishap.AGAIN_LATE, Mishap.AGAIN_LATE])
    assert isinstance(await ledger.reserve(an_order(a_claim(60))), Declined)
    await kept.settle(filling, Fate.VOID, [0])
    while network.late:
        await network.deliver_late(0)
    assert (await balance(kept, a_claim())).taken == 0


async def test_what_a_call_came_to_is_told_once_the_server_listens_again(
    kept: MemoryBudgetLedger, ledger: RemoteBudgetLedger, network: Network
) -> None:
    hold = await taken(ledger, an_order(a_claim(60)))
    network.mishaps.extend(NOTHING_LEAVES[:9])
    with pytest.raises(LedgerUnavailable) as away:
        await ledger.settle(hold, Fate.POSTED, [25])
    assert away.value.kept
    assert ledger.untold == 1
    network.mishaps.clear()
    while ledger.untold:  # noqa: ASYNC110 - in the background, without anything being asked
        await asyncio.sleep(0)
    assert (await balance(kept, a_claim())).posted == 25


async def test_whoever_leaves_in_the_middle_of_an_order_leaves_nothing_held(
    kept: MemoryBudgetLedger, server: GovernanceServer
) -> None:
    class Leaving(Network):
        def transport(self) -> HttpTransport:
            real = super().transport()

            class Answering:
                async def exchange(self, request: object) -> object:
                    reply = await real.exchange(request)  # type: ignore[arg-type]  # as it came
                    if b'"lease_ms"' in request.body:  # type: ignore[attr-defined]  # of a request
                        leaving.cancel()
                        await asyncio.sleep(0)
                    return reply

                async def aclose(self) -> None:
                    await real.aclose()

            return Answering()  # type: ignore[return-value]  # as much of one as is asked

    async with aclosing(client(server.url, Leaving().transport)) as ledger:
        leaving = asyncio.ensure_future(ledger.reserve(an_order(a_claim(60))))
        with pytest.raises(asyncio.CancelledError):
            await leaving
        await ledger.flush()
    assert (await balance(kept, a_claim())).taken == 0


async def test_a_server_that_was_started_anew_knows_the_order_again(
    kept: MemoryBudgetLedger, server: GovernanceServer, ledger: RemoteBudgetLedger, network: Network
) -> None:
    async def restart() -> None:
        await server.__aexit__()
        await server.__aenter__()

    network.restart = restart
    network.mishaps.extend([Mishap.NOT_SENT, Mishap.ANSWER_LOST, Mishap.RESTARTED])
    hold = await taken(ledger, an_order(a_claim(60)))
    assert (await balance(kept, a_claim())).held == 60
    await ledger.settle(hold, Fate.POSTED, [25])
    assert (await balance(kept, a_claim())).posted == 25


async def test_a_reset_of_which_nobody_knows_whether_it_was_done_is_not_done_again(
    kept: MemoryBudgetLedger, server: GovernanceServer, ledger: RemoteBudgetLedger, network: Network
) -> None:
    async def restart() -> None:
        await server.__aexit__()
        await server.__aenter__()
        spent = await taken(kept, an_order(a_claim(30)))
        await kept.settle(spent, Fate.POSTED, [30])

    hold = await taken(ledger, an_order(a_claim(60)))
    await ledger.settle(hold, Fate.POSTED, [60])
    network.restart = restart
    network.mishaps.extend([Mishap.ANSWER_LOST, Mishap.RESTARTED])
    with pytest.raises(LedgerUnavailable, match="look before you ask again"):
        await ledger.reset_account("month", "acme")
    assert (await balance(kept, a_claim())).posted == 30


async def test_of_settlements_that_cannot_be_told_the_oldest_is_left_to_its_lease(
    ledger: RemoteBudgetLedger, network: Network
) -> None:
    ledger._outbox.most = 2
    holds = [await taken(ledger, an_order(a_claim(5), call=f"c{number}")) for number in range(3)]
    network.mishaps.extend([Mishap.NOT_SENT] * 500)
    for hold in holds:
        with pytest.raises(LedgerUnavailable):
            await ledger.settle(hold, Fate.POSTED, [5])
    assert ledger.untold == 2


# ── answers that are none ──────────────────────────────────────────────────────────────────

NO_ANSWERS = {
    "a page of a proxy": answering(404, b"<html>not here</html>"),
    "a redirect": answering(307, b"", "location: http://127.0.0.1:9/v1/reserve"),
    "no JSON": answering(200, b"yes"),
    "another JSON": answering(200, b'{"ok": true}'),
    "nothing": answering(200, b""),
    "half an answer": stopping_midway,
    "a lost connection": hanging_up,
    "an overloaded proxy": answering(503, b"try later"),
    "deep JSON": answering(200, b"[" * 5000),
}


@pytest.mark.parametrize("case", NO_ANSWERS)
async def test_whatever_is_no_answer_of_a_server_reserves_nothing(case: str) -> None:
    async with loopback(NO_ANSWERS[case]) as served, aclosing(client_of(served.url, timeout_s=0.4)) as ledger:
        with pytest.raises(LedgerUnavailable):
            await ledger.reserve(an_order())
        for seen in served.seen:
            assert seen.headers["authorization"] == f"Bearer {TOKEN}"


async def test_an_answer_that_says_neither_yes_nor_no_is_no_yes(network: Network) -> None:
    answers = {"session": b'{"session":"s","version":1}', "reserve": b"{}", "withdraw": b"{}"}

    def answered(request: object) -> HttpReply:
        return HttpReply(status=200, body=answers[request.url.rpartition("/")[2]])  # type: ignore[attr-defined]  # a request

    asked = FakeTransport(answered)
    async with aclosing(client("http://127.0.0.1:8465", lambda: asked)) as ledger:
        with pytest.raises(RecordCorrupt):
            await ledger.reserve(an_order())
        await ledger.flush()
    assert [one.url.rpartition("/")[2] for one in asked.exchanges][-1] == "withdraw"


async def test_a_server_of_another_version_is_not_asked() -> None:
    asked = FakeTransport(lambda _request: HttpReply(status=200, body=b'{"session":"s","version":2}'))
    async with aclosing(client("http://127.0.0.1:8465", lambda: asked)) as ledger:
        with pytest.raises(LedgerUnavailable, match="version 2"):
            await ledger.reserve(an_order())


# ── where it may be ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "url",
    [
        "http://budgets.example.com",
        "http://10.0.0.7:8465",
        "https://10.0.0.7",
        "https://budgets.internal",
        "ftp://budgets.example.com",
        "https://user:password@budgets.example.com",
        "https://budgets.example.com/?token=x",
        "https://169.254.169.254",
        "budgets",
        "",
    ],
)
def test_a_server_is_asked_over_https_or_on_this_machine(url: str) -> None:
    with pytest.raises(InvalidSettings) as unfit:
        ServerAddress.parse(url, setting="ledger.url")
    assert unfit.value.field == "ledger.url"
    assert "password" not in str(unfit.value).replace("user name or password", "")


@pytest.mark.parametrize(
    ("url", "networks"),
    [
        ("https://budgets.example.com", ()),
        ("https://budgets.example.com/governance/", ()),
        ("http://127.0.0.1:8465", ()),
        ("http://localhost:8465", ()),
        ("http://[::1]:8465", ()),
        ("https://budgets.internal:8465", ("10.0.0.0/8",)),
        ("https://10.0.0.7:8465", ("10.0.0.0/8",)),
    ],
)
def test_these_are_places_for_a_server(url: str, networks: tuple[str, ...]) -> None:
    address = ServerAddress.parse(url, networks, setting="ledger.url")
    assert address.origin.is_of(f"{address.url}/v1/reserve")


# ── the end ────────────────────────────────────────────────────────────────────────────────


async def test_what_cannot_be_told_at_the_end_holds_nobody_up(server: GovernanceServer, network: Network) -> None:
    ledger = client(server.url, network.transport)
    hold = await taken(ledger, an_order(a_claim(60)))
    network.mishaps.extend([Mishap.NOT_SENT] * 500)
    with pytest.raises(LedgerUnavailable):
        await ledger.settle(hold, Fate.POSTED, [25])
    await ledger.aclose()
    assert ledger.untold == 1  # its lease decides, at the server
    for work in (ledger.reserve(an_order()), ledger.tallies(), ledger.settle(hold, Fate.POSTED, [25])):
        with pytest.raises(BackendError):
            await work
    assert [task for task in asyncio.all_tasks() if "tell_all" in repr(task)] == []
