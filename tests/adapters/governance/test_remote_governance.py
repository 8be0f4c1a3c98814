"""Governance by a server: what its client does while it is away, and whose work a client may answer for."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path

import pytest
from governance_program import TOKEN as PROGRAM_TOKEN
from governance_program import GovernanceProgram
from lossy_network import Mishap, Network

from provider_runtime import CallRefused, ProviderRequest, open_runtime, user
from provider_runtime.adapters.backends.memory import MemoryDocuments
from provider_runtime.adapters.governance.ledger import MemoryBudgetLedger
from provider_runtime.adapters.governance.local import LedgerGovernance
from provider_runtime.adapters.governance.remote.provider import RemoteGovernanceProvider
from provider_runtime.domain.errors import LedgerDenied, LedgerUnavailable
from provider_runtime.domain.identity import RuntimeId
from provider_runtime.domain.policy.budgets.access import LedgerClient, Reach
from provider_runtime.domain.policy.budgets.resources import Quantities, Resource
from provider_runtime.domain.policy.grants.profiles import AIRGAP, STRICT
from provider_runtime.domain.policy.servers import ServerAddress
from provider_runtime.domain.secrets import Secret
from provider_runtime.testing.fakes import FrozenClock
from provider_runtime.testing.governance_server import TOKEN, GovernanceServer
from provider_runtime.testing.sandbox import Sandbox
from provider_runtime.testing.settings import sandbox_settings

LIMITS = Quantities(tokens=100, cost=Decimal("1.50"))


def governed_by(server: str, network: Network, owner: str = "work", token: str = TOKEN) -> RemoteGovernanceProvider:
    """The governance of ``owner`` by a server, for which waiting takes no time."""

    async def found() -> Secret:
        return Secret(token)

    return RemoteGovernanceProvider(
        address=ServerAddress.parse(server, setting="url"),
        token=found,
        owner=owner,
        open_transport=network.transport,
        clock=FrozenClock(),
        try_s=60,
    )


@pytest.fixture
async def server() -> AsyncIterator[GovernanceServer]:
    ledger, documents = MemoryBudgetLedger(), MemoryDocuments()

    def govern(owner: RuntimeId) -> LedgerGovernance:
        return LedgerGovernance(ledger=ledger, documents=documents, profile=STRICT, limits=LIMITS, owner=owner)

    clients = {
        TOKEN: LedgerClient(name="keeper", keeper=True),
        "token-of-acme-1234567": LedgerClient(name="acme", accounts=[Reach.parse("governance:acme")]),
    }
    async with GovernanceServer(ledger=ledger, govern=govern, clients=clients) as running:
        yield running


async def test_while_the_server_is_away_nothing_is_granted_and_nothing_consumed(server: GovernanceServer) -> None:
    network = Network()
    async with aclosing(governed_by(server.url, network)) as governance:
        assert await governance.check_cap("observe")
        network.mishaps.extend([Mishap.NOT_SENT] * 500)
        for asked in (
            governance.check_cap("observe"),
            governance.granted(["observe"]),
            governance.consume_budget(Resource.TOKENS, 1),
            governance.has_remaining(Resource.TOKENS),
            governance.report(),
            governance.reset(),
        ):
            with pytest.raises(LedgerUnavailable):
                await asked


async def test_what_the_server_told_last_is_told_on(server: GovernanceServer) -> None:
    network = Network()
    async with aclosing(governed_by(server.url, network)) as governance:
        network.mishaps.extend([Mishap.NOT_SENT] * 500)
        with pytest.raises(LedgerUnavailable):
            await governance.get_profile()
        network.mishaps.clear()
        assert await governance.get_profile() == STRICT
        network.mishaps.extend([Mishap.NOT_SENT] * 500)
        assert await governance.get_profile() == STRICT
        assert await governance.get_caps() == STRICT.allowed_caps
        assert await governance.get_budget() == LIMITS


async def test_a_lost_answer_consumes_nothing_twice(server: GovernanceServer) -> None:
    async def restart() -> None:
        await server.__aexit__()
        await server.__aenter__()

    network = Network(restart=restart)
    async with aclosing(governed_by(server.url, network)) as governance:
        for mishaps in (
            [Mishap.ANSWER_LOST] * 3,
            [Mishap.TWICE_AT_ONCE],
            [Mishap.ANSWER_LOST, Mishap.RESTARTED, Mishap.ANSWER_LOST],
            [Mishap.ANSWER_LOST_AND_LATE, Mishap.AGAIN_LATE],
        ):
            network.mishaps.extend([Mishap.NOT_SENT, *mishaps])
            assert await governance.consume_budget(Resource.TOKENS, 10)
            await network.quiet()
        while network.late:
            await network.deliver_late(0)
        assert await governance.remaining(Resource.TOKENS) == 60


async def test_a_client_answers_for_its_own_work_alone(server: GovernanceServer) -> None:
    mine = governed_by(server.url, Network(), "acme", "token-of-acme-1234567")
    theirs = governed_by(server.url, Network(), "bolt", "token-of-acme-1234567")
    async with aclosing(mine), aclosing(theirs):
        assert await mine.consume_budget(Resource.TOKENS, 10)
        for asked in (theirs.check_cap("observe"), theirs.consume_budget(Resource.TOKENS, 1), theirs.report()):
            with pytest.raises(LedgerDenied, match="governance of bolt"):
                await asked
        with pytest.raises(LedgerDenied, match="not keep"):
            await mine.reset()


async def test_a_server_without_a_profile_says_that_it_governs_nothing() -> None:
    async with GovernanceServer() as server, aclosing(governed_by(server.url, Network())) as governance:
        with pytest.raises(LedgerDenied, match="governs nothing"):
            await governance.check_cap("observe")


async def test_a_runtime_is_governed_by_a_server_and_sends_nothing_while_it_is_away(server: GovernanceServer) -> None:
    network = Network()
    question = ProviderRequest(model="anthropic:claude-sonnet-4-5", messages=[user("Hello.")], max_output_tokens=100)
    async with Sandbox() as sandbox, aclosing(governed_by(server.url, network)) as governance:
        async with open_runtime(sandbox_settings(sandbox), governance=governance) as runtime:
            await runtime.run(question)
            network.mishaps.extend([Mishap.NOT_SENT] * 500)
            with pytest.raises(CallRefused) as refused:
                await runtime.run(question)
        assert refused.value.gate == "grants"
        assert len(sandbox.requests) == 1


async def test_the_program_governs_by_a_profile_and_counts_in_its_ledger(tmp_path: Path) -> None:
    with GovernanceProgram(tmp_path / "l.sqlite", "--profile", "airgap") as program:
        for left in (40, 30):  # of fifty turns
            async with aclosing(governed_by(program.url, Network(), token=PROGRAM_TOKEN)) as governance:
                assert await governance.get_profile() == AIRGAP
                assert not await governance.check_cap("file.write")
                assert await governance.consume_budget(Resource.ITERATIONS, 10)
                assert await governance.remaining(Resource.ITERATIONS) == left
            program.kill()
            program.start()
