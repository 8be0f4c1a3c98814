"""What was consented to, through every change of a registered runtime's settings."""

from collections.abc import AsyncIterator

import pytest
from attrs import evolve

from provider_runtime import (
    ConsentFault,
    ConsentMismatch,
    ConsentRefused,
    ConsentRequired,
    ConsentRevoked,
    ConsentSettings,
    ConsentTerms,
    GovernancePolicy,
    RuntimeHandle,
    RuntimeRegistry,
    RuntimeSettings,
    Secret,
)
from provider_runtime.ports.http import HttpReply
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import FakeTransport
from provider_runtime.testing.mocks import MockConsentLedger
from provider_runtime.testing.settings import cloud_settings

ANSWER = b'{"choices":[{"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}],"model":"m"}'
QUESTION = a_request(model="openrouter:some/model")


def settings(key: str = "key-one", **others: object) -> RuntimeSettings:
    before = cloud_settings(policy=GovernancePolicy(consent="cloud"), consents=ConsentSettings(), **others)
    changed: RuntimeSettings = evolve(before, credentials={**before.credentials, "openrouter": Secret(key)})
    return changed


@pytest.fixture
def transport() -> FakeTransport:
    return FakeTransport(lambda _: HttpReply(status=200, body=ANSWER))


@pytest.fixture
async def registry() -> AsyncIterator[RuntimeRegistry]:
    registry = RuntimeRegistry()
    yield registry
    await registry.aclose()


async def opened(registry: RuntimeRegistry, name: str, **parts: object) -> RuntimeHandle:
    await registry.register(name, settings(), **parts)
    async with registry.activate(name) as handle:
        return handle


async def consented(handle: RuntimeHandle) -> None:
    question = await handle.request_consent(QUESTION, reason="asked_by_ada")
    await handle.consents.approve(question.request_id, user_id="ada", terms=ConsentTerms(uses=9))


async def test_consents_outlast_a_change_of_settings(registry: RuntimeRegistry, transport: FakeTransport) -> None:
    handle = await opened(registry, "desk", transport=transport)
    await consented(handle)
    await handle.run(QUESTION)
    await registry.reconfigure("desk", settings(deadline_s=30.0))
    await handle.run(QUESTION)
    assert len(transport.exchanges) == 2


async def test_a_rotated_key_voids_what_was_consented_to_under_the_old_one(
    registry: RuntimeRegistry, transport: FakeTransport
) -> None:
    handle = await opened(registry, "desk", transport=transport)
    await consented(handle)
    await registry.reconfigure("desk", settings(key="key-two"))
    with pytest.raises(ConsentRevoked):
        await handle.run(QUESTION)
    await consented(handle)
    await handle.run(QUESTION)
    assert len(transport.exchanges) == 1


async def test_an_edited_record_voids_what_was_consented_to_before(
    registry: RuntimeRegistry, transport: FakeTransport
) -> None:
    handle = await opened(registry, "desk", transport=transport)
    await consented(handle)
    before = settings()
    edited = tuple(
        evolve(record, headers={"x-gateway": "eu"}) if record.provider_id == "openrouter" else record
        for record in before.providers
    )
    await registry.reconfigure("desk", evolve(before, providers=edited))
    with pytest.raises(ConsentMismatch) as refused:
        await handle.run(QUESTION)
    assert refused.value.fault is ConsentFault.RECORD
    assert transport.exchanges == []


async def test_another_policy_voids_what_was_consented_to_under_the_old_one(
    registry: RuntimeRegistry, transport: FakeTransport
) -> None:
    handle = await opened(registry, "desk", transport=transport)
    await consented(handle)
    other: RuntimeSettings = evolve(settings(), policy=GovernancePolicy(consent="cloud", version="2"))
    await registry.reconfigure("desk", other)
    with pytest.raises(ConsentRefused) as refused:
        await handle.run(QUESTION)
    assert refused.value.fault is ConsentFault.POLICY_VERSION


async def test_runtimes_that_share_a_ledger_do_not_share_consents(
    registry: RuntimeRegistry, transport: FakeTransport
) -> None:
    ledger = MockConsentLedger()
    one = await opened(registry, "one", transport=transport, consents=ledger)
    other = await opened(registry, "other", transport=transport, consents=ledger)
    await consented(one)
    await one.run(QUESTION)
    with pytest.raises(ConsentRequired):
        await other.run(QUESTION)


async def test_settings_whose_consents_cannot_be_voided_are_not_taken_on(
    registry: RuntimeRegistry, transport: FakeTransport
) -> None:
    ledger = MockConsentLedger()
    handle = await opened(registry, "desk", transport=transport, consents=ledger)
    await consented(handle)
    before = handle.runtime_id
    ledger.fail("consents", OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        await registry.reconfigure("desk", settings(key="key-two"))
    assert handle.runtime_id == before
    await handle.run(QUESTION)
