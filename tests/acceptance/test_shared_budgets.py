"""Budgets that a server keeps, as a caller sees them: runtimes that share them, and a server that is away."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from lossy_network import Mishap, Network

from provider_runtime import (
    Amount,
    Budget,
    BudgetExceeded,
    CallRefused,
    ErrorCode,
    InvalidSettings,
    ProviderRequest,
    RemoteLedger,
    RuntimeSettings,
    SecretFile,
    open_runtime,
    user,
)
from provider_runtime.adapters.credentials.filesystem import FilesystemSecretStore
from provider_runtime.adapters.governance.ledger import MemoryBudgetLedger
from provider_runtime.adapters.governance.remote.ledger import RemoteBudgetLedger
from provider_runtime.composition.builder import ProviderRuntimeBuilder
from provider_runtime.domain.catalog.credentials import EnvCredential, NamedKeyCredential
from provider_runtime.domain.origins import origin_of
from provider_runtime.domain.policy.budgets.holds import Account, Claim
from provider_runtime.domain.policy.servers import ServerAddress
from provider_runtime.domain.secrets import Secret
from provider_runtime.testing.fakes import FixedRandomness, FrozenClock
from provider_runtime.testing.governance_server import TOKEN, GovernanceServer
from provider_runtime.testing.sandbox import Fault, Sandbox
from provider_runtime.testing.settings import sandbox_settings

QUESTION = ProviderRequest(model="anthropic:claude-sonnet-4-5", messages=[user("Hello.")], max_output_tokens=100)
FEW = Budget(name="few", limit=Amount.calls(10))
CLAIM = Claim(account=Account(budget="few", owner="everyone"), limit=10, amount=0)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        yield running


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUDGETS_TOKEN", TOKEN)


def shared(sandbox: Sandbox, url: str, **others: object) -> RuntimeSettings:
    ledger = RemoteLedger(url=url, credential=EnvCredential(name="BUDGETS_TOKEN"))
    return sandbox_settings(sandbox, budgets=[FEW], ledger=ledger, **others)


async def test_runtimes_that_share_a_server_share_their_budgets(sandbox: Sandbox) -> None:
    async with GovernanceServer() as server:
        settings = shared(sandbox, server.url)

        async def calls() -> int:
            async with open_runtime(settings) as runtime:
                outcomes = await asyncio.gather(*(runtime.run(QUESTION) for _ in range(6)), return_exceptions=True)
            assert all(isinstance(one, BudgetExceeded) for one in outcomes if isinstance(one, Exception))
            return sum(not isinstance(one, Exception) for one in outcomes)

        answered = await asyncio.gather(calls(), calls(), calls())
    assert sum(answered) == len(sandbox.requests) == 10


async def test_while_the_server_is_away_no_byte_goes_to_a_provider(sandbox: Sandbox) -> None:
    async with GovernanceServer() as server:
        url = server.url
    async with open_runtime(shared(sandbox, url, gate_timeout_s=0.5)) as runtime:
        with pytest.raises(CallRefused) as refused:
            await runtime.run(QUESTION)
        plan = await runtime.explain(QUESTION)
    assert (refused.value.gate, refused.value.code) == ("budget", ErrorCode.GATE_FAILED)
    assert "governance server" in refused.value.message
    assert refused.value.retryable
    assert TOKEN not in str(refused.value)
    assert [verdict.verdict for verdict in plan.verdicts if verdict.gate == "budget"] == ["refused"]
    assert sandbox.requests == ()


async def test_a_token_that_is_not_there_sends_nothing(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BUDGETS_TOKEN")
    async with GovernanceServer() as server, open_runtime(shared(sandbox, server.url)) as runtime:
        with pytest.raises(CallRefused, match="BUDGETS_TOKEN is not set"):
            await runtime.run(QUESTION)
    assert sandbox.requests == ()


async def test_a_token_kept_for_another_address_stays_there(sandbox: Sandbox, tmp_path: Path) -> None:
    async with GovernanceServer() as server:
        store = FilesystemSecretStore(path=tmp_path / "secrets.json")
        ledger = RemoteLedger(url=server.url, credential=NamedKeyCredential(name="budgets"))
        settings = sandbox_settings(
            sandbox, budgets=[FEW], ledger=ledger, secrets=SecretFile(path=tmp_path / "secrets.json")
        )
        elsewhere, here = origin_of("https://budgets.example.com"), origin_of(server.url)
        assert elsewhere is not None
        assert here is not None
        await store.put("budgets", Secret(TOKEN), bound_to=elsewhere)
        async with open_runtime(settings) as runtime:
            with pytest.raises(CallRefused, match="kept for another address"):
                await runtime.run(QUESTION)
        await store.put("budgets", Secret(TOKEN), bound_to=here)
        async with open_runtime(settings) as runtime:
            await runtime.run(QUESTION)


async def test_an_answer_whose_cost_the_server_did_not_hear_is_given_all_the_same(sandbox: Sandbox) -> None:
    network, kept = Network(), MemoryBudgetLedger()

    async def token() -> Secret:
        return Secret(TOKEN)

    async with GovernanceServer(ledger=kept) as server:
        ledger = RemoteBudgetLedger(
            address=ServerAddress.parse(server.url, setting="ledger.url"),
            token=token,
            open_transport=network.transport,
            clock=FrozenClock(),
            randomness=FixedRandomness(),
            try_s=60,
        )
        async with open_runtime(sandbox_settings(sandbox, budgets=[FEW]), ledger=ledger) as runtime:
            await runtime.run(QUESTION)
            network.mishaps.extend([Mishap.NOT_SENT] * 3)  # the next order still comes through
            sandbox.fail_next(1, Fault.status(500))  # and its hold is settled with the retry
            assert (await runtime.run(QUESTION)).warnings == ()
            network.mishaps.extend([None] + [Mishap.NOT_SENT] * 9)  # type: ignore[list-item]  # nothing befalls the order
            response = await runtime.run(QUESTION)
            assert [warning.code for warning in response.warnings] == ["settlement_pending"]
            network.mishaps.clear()
        assert ledger.untold == 0  # told at the end, at the latest
        await ledger.aclose()
    (standing,) = await kept.standings([CLAIM])
    assert (standing.balance.posted, standing.balance.held) == (3, 0)


def test_a_server_in_the_settings_is_refused_by_name() -> None:
    for url, hint in (("http://budgets.example.com", "clear text"), ("nonsense", "https")):
        with pytest.raises(InvalidSettings, match=hint) as refused:
            RemoteLedger(url=url, credential=EnvCredential(name="T"))
        assert refused.value.field == "ledger.url"
    with pytest.raises(InvalidSettings):
        RemoteLedger(url="https://budgets.example.com", credential="the-token-itself")  # type: ignore[arg-type]  # no reference


async def test_a_builder_takes_a_server_too(sandbox: Sandbox) -> None:
    async with GovernanceServer() as server:
        builder = ProviderRuntimeBuilder(settings=shared(sandbox, server.url)).with_budgets(
            Budget(name="one", limit=Amount.calls(1)),
            ledger=RemoteLedger(url=server.url, credential=EnvCredential(name="BUDGETS_TOKEN")),
        )
        async with builder.build() as runtime:
            await runtime.run(QUESTION)
            with pytest.raises(BudgetExceeded):
                await runtime.run(QUESTION)
