"""Fakes, mocks and settings: what they remember, and what they do when told to."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given, settings

from provider_runtime.composition.presets import PRESETS
from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.errors import BackendError, Delivery, ErrorCode, RuntimeClosed
from provider_runtime.domain.policy.governance import GovernancePolicy
from provider_runtime.ports.http import HttpFailure, HttpReply, HttpRequest, HttpTransport
from provider_runtime.ports.provider_adapter import AdapterContext
from provider_runtime.testing.builders import a_request, a_response
from provider_runtime.testing.fakes import FakeAdapter, FakeTransport, FixedRandomness, FrozenClock
from provider_runtime.testing.mocks import MockLogicProvider, MockReceiptProvider
from provider_runtime.testing.recording import RecordedCall
from provider_runtime.testing.sandbox import Sandbox
from provider_runtime.testing.settings import cloud_settings, sandbox_server, sandbox_settings
from provider_runtime.testing.stages import a_record
from provider_runtime.testing.strategies import requests

_REQUEST = HttpRequest(method="GET", url="http://127.0.0.1/", tier=Tier.LOCAL)
_LOST = HttpFailure(code=ErrorCode.CONNECTION_LOST, delivery=Delivery.AMBIGUOUS)


async def test_a_fake_transport_answers_from_a_list_in_order_and_then_fails_the_test() -> None:
    transport = FakeTransport([HttpReply(status=200), _LOST])
    assert isinstance(transport, HttpTransport)
    assert await transport.exchange(_REQUEST) == HttpReply(status=200)
    assert await transport.exchange(_REQUEST) == _LOST
    with pytest.raises(AssertionError, match="request number 3"):
        await transport.exchange(_REQUEST)
    assert transport.exchanges == [_REQUEST] * 3


async def test_a_fake_transport_answers_by_a_function() -> None:
    transport = FakeTransport(lambda request: HttpReply(status=200, body=request.url.encode()))
    replies = await asyncio.gather(*(transport.exchange(_REQUEST) for _ in range(3)))
    assert [reply.body for reply in replies if isinstance(reply, HttpReply)] == [b"http://127.0.0.1/"] * 3


async def test_a_closed_fake_transport_sends_nothing() -> None:
    transport = FakeTransport([HttpReply(status=200)])
    await transport.aclose()
    await transport.aclose()
    with pytest.raises(RuntimeClosed):
        await transport.exchange(_REQUEST)
    assert transport.exchanges == []


async def test_a_fake_adapter_gives_what_it_was_told_and_remembers_what_it_was_asked() -> None:
    response = a_response("As told.")
    adapter = FakeAdapter("acme", [response])
    prepared, context = adapter.prepare(a_request()), AdapterContext()
    assert await adapter.send(prepared, context) == response
    with pytest.raises(AssertionError, match="call number 2"):
        await adapter.send(prepared, context)
    assert adapter.sent == [(prepared, context)] * 2


@settings(max_examples=25)  # two whole requests take a while to draw
@given(one=requests(), other=requests())
def test_a_fake_adapter_tells_different_requests_apart(one: ProviderRequest, other: ProviderRequest) -> None:
    adapter = FakeAdapter()
    assert adapter.prepare(one) == adapter.prepare(one)
    if one != other:
        assert adapter.prepare(one).body != adapter.prepare(other).body


async def test_a_frozen_clock_moves_only_when_told() -> None:
    clock = FrozenClock()
    noon = clock.now()
    assert (clock.now(), clock.monotonic()) == (noon, 0)
    await clock.sleep(2.5)
    clock.advance(60)
    clock.advance(-5)
    assert clock.now() - noon == timedelta(seconds=62.5)
    assert clock.monotonic() == 62.5
    assert clock.slept == [2.5]


def test_fixed_randomness_is_the_same_in_each_run() -> None:
    one, other = FixedRandomness(), FixedRandomness()
    assert [one.token(40) for _ in range(3)] == [other.token(40) for _ in range(3)]
    assert one.fraction() == other.fraction() == 0.5


async def test_a_mock_remembers_its_calls() -> None:
    receipts = MockReceiptProvider()
    record = a_record()
    await receipts.store(record)
    await receipts.verify(head="x")
    assert receipts.calls == (
        RecordedCall(method="store", args=(record,)),
        RecordedCall(method="verify", kwargs=(("head", "x"),)),
    )
    assert len(receipts.calls_of("store")) == 1


async def test_a_mock_fails_and_answers_on_request_and_is_itself_again_afterwards() -> None:
    receipts = MockReceiptProvider()
    receipts.fail("store", BackendError(kind="receipts", key="x", message="full"), times=2)
    other = await MockReceiptProvider().store(a_record())
    receipts.answer("list", (other,))
    for _ in range(2):
        with pytest.raises(BackendError):
            await receipts.store(a_record())
    assert await receipts.list() == (other,)
    assert await receipts.list() == ()
    stored = await receipts.store(a_record())
    assert await receipts.list() == (stored,)


async def test_resetting_a_mock_forgets_calls_and_failures_and_keeps_what_is_stored() -> None:
    receipts = MockReceiptProvider()
    stored = await receipts.store(a_record())
    receipts.fail("list", BackendError(kind="receipts", key="x"))
    receipts.reset()
    assert receipts.calls == ()
    assert await receipts.list() == (stored,)


async def test_two_mocks_share_nothing() -> None:
    one, other = MockReceiptProvider(), MockReceiptProvider()
    await one.store(a_record())
    assert other.calls == ()
    assert await other.list() == ()


async def test_sandbox_settings_know_three_vendors_at_the_sandbox_and_nothing_of_the_environment() -> None:
    async with Sandbox() as sandbox:
        settings = sandbox_settings(sandbox, deadline_s=5.0)
        assert settings.deadline_s == 5.0
        assert [record.provider_id for record in settings.providers] == [record.provider_id for record in PRESETS]
        assert {record.base_url for record in settings.providers} == {sandbox.url}
        assert {record.tier for record in settings.providers} == {Tier.LOCAL}
        assert {record.credential for record in settings.providers} == {None}
        assert set(settings.credentials) == {record.provider_id for record in settings.providers}
        assert sandbox_server(sandbox).base_url == f"{sandbox.url}/compatible/v1"


def test_cloud_settings_know_three_vendors_where_they_are() -> None:
    settings = cloud_settings(policy=GovernancePolicy.preset("strict"))
    assert {record.tier for record in settings.providers} == {Tier.CLOUD}
    assert all(record.base_url.startswith("https://") for record in settings.providers)
    assert settings.policy == GovernancePolicy.preset("strict")


def test_a_mock_remembers_plain_methods_too_and_fails_and_answers_them_on_request() -> None:
    logic = MockLogicProvider()
    logic.assert_fact("it rains")
    logic.fail("count", BackendError(message="told to"))
    logic.answer("count", 7)
    with pytest.raises(BackendError, match="told to"):
        logic.count()
    assert (logic.count(), logic.count()) == (7, 1)
    assert logic.calls_of("assert_fact") == (RecordedCall(method="assert_fact", args=("it rains",)),)
    logic.reset()
    assert logic.calls == ()
    assert logic.get_facts() == ("it rains",)
