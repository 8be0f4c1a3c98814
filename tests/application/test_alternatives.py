"""Fallback: who is asked instead, after which failures, and what is told about it."""

import itertools
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

import pytest

from provider_runtime import (
    CallOptions,
    CallRefused,
    ErrorCode,
    FallbackPolicy,
    GovernancePolicy,
    InvalidSettings,
    ProviderConfig,
    ProviderKind,
    ProviderResponse,
    ProviderRuntime,
    ProviderStatusError,
    RetryPolicy,
    Secret,
    Tier,
    TransportError,
    open_runtime,
)
from provider_runtime.domain.errors import Delivery, ProviderError
from provider_runtime.domain.identity import OPENROUTER, ProviderId
from provider_runtime.domain.records.events import EventKind
from provider_runtime.ports.http import HttpReply
from provider_runtime.testing.builders import a_request, a_response
from provider_runtime.testing.fakes import EventRecorder, FakeAdapter, FakeTransport, FrozenClock
from provider_runtime.testing.settings import cloud_settings

ADA, BEA, CY = ProviderId("ada"), ProviderId("bea"), ProviderId("cy")
QUESTION = a_request(model="ada:large")
IN_TURN = FallbackPolicy(alternatives=("bea:small", "cy:tiny"))

ANSWER = b'{"model":"m","choices":[{"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}]}'

Answers = Sequence[ProviderResponse | ProviderError]


def down(provider: ProviderId = ADA, code: ErrorCode = ErrorCode.OVERLOADED) -> ProviderStatusError:
    return ProviderStatusError(provider=provider, status_code=503, code=code, message="busy")


def lost(provider: ProviderId = ADA) -> TransportError:
    return TransportError(provider=provider, delivery=Delivery.AMBIGUOUS, message="gone")


class Asked:
    """Three providers with scripted answers; ``who`` lists them in the order in which they were asked."""

    def __init__(self, ada: Answers, bea: Answers = (), cy: Answers = (), **policy: object) -> None:
        self.events = EventRecorder()
        self.adapters = {one: FakeAdapter(one, said) for one, said in ((ADA, ada), (BEA, bea), (CY, cy))}
        builder = ProviderRuntime.builder().with_part("clock", FrozenClock()).with_event_sink(self.events)
        builder = builder.with_retry(RetryPolicy(max_attempts=1))
        for one, adapter in self.adapters.items():
            record = ProviderConfig(
                provider_id=one,
                kind=ProviderKind.OPENAI_COMPATIBLE,
                base_url="https://api.vendor.com" if one == BEA else "http://localhost",
                tier=Tier.CLOUD if one == BEA else Tier.LOCAL,
            )
            builder = builder.with_adapter(adapter, record)
        self.builder = builder.with_policy(GovernancePolicy(**policy))  # type: ignore[arg-type]  # by keyword

    def opening(self, **settings: object) -> AbstractAsyncContextManager[ProviderRuntime]:
        return self.builder._settings(**settings).build()

    @property
    def who(self) -> tuple[str, ...]:
        started = (event for event in self.events.events if event.kind is EventKind.ATTEMPT_STARTED)
        return tuple(str(event.provider) for event in started)


async def test_the_first_alternative_that_answers_is_the_answer_and_the_response_says_why() -> None:
    asked = Asked(ada=[down()], bea=[down(BEA, ErrorCode.RATE_LIMITED)], cy=[a_response("from cy", provider=CY)])
    async with asked.opening() as runtime:
        response = await runtime.run(QUESTION, CallOptions(fallback=IN_TURN))
        (receipt,) = await runtime.receipts.list()

    assert response.text == "from cy"
    assert [(one.provider, one.model_id, one.code) for one in response.passed_over] == [
        (ADA, "large", "overloaded"),
        (BEA, "small", "rate_limited"),
    ]
    assert [(one.provider, one.outcome) for one in response.attempts] == [
        (ADA, "overloaded"),
        (BEA, "rate_limited"),
        (CY, "answered"),
    ]
    assert [warning.code for warning in response.warnings if warning.code == "fallback_answered"]
    assert (receipt.record.provider, receipt.record.passed_over) == (
        "cy",
        ("ada:large overloaded", "bea:small rate_limited"),
    )
    assert [attempt.provider for attempt in receipt.record.attempts] == ["ada", "bea", "cy"]
    assert asked.events.kinds.count(EventKind.CALL_PASSED_ON) == 2


async def test_without_a_failure_nobody_else_is_asked() -> None:
    asked = Asked(ada=[a_response("from ada", provider=ADA)])
    async with asked.opening() as runtime:
        response = await runtime.run(QUESTION, CallOptions(fallback=IN_TURN))
    assert (response.text, response.passed_over, asked.who) == ("from ada", (), ("ada",))


async def test_when_nobody_answers_the_first_failure_is_raised_with_what_the_others_said() -> None:
    asked = Asked(ada=[down()], bea=[down(BEA)], cy=[down(CY)])
    async with asked.opening() as runtime:
        with pytest.raises(ProviderStatusError) as failed:
            await runtime.run(QUESTION, CallOptions(fallback=IN_TURN))
        (receipt,) = await runtime.receipts.list()
    assert failed.value.provider == ADA
    assert [one.provider for one in failed.value.passed_over] == [ADA, BEA, CY]
    assert [one.provider for one in failed.value.attempts] == [ADA, BEA, CY]
    assert (receipt.record.provider, receipt.record.model_asked) == ("ada", "large")


async def test_a_failure_the_policy_does_not_name_is_raised_at_once() -> None:
    asked = Asked(ada=[down(code=ErrorCode.INVALID_REQUEST)])
    async with asked.opening() as runtime:
        with pytest.raises(ProviderStatusError):
            await runtime.run(QUESTION, CallOptions(fallback=IN_TURN))
    assert asked.who == ("ada",)


@pytest.mark.parametrize("even_if_billed", [False, True])
async def test_a_failure_that_may_be_billed_leads_on_only_if_the_policy_accepts_that(*, even_if_billed: bool) -> None:
    policy = FallbackPolicy(alternatives=("cy:tiny",), even_if_billed=even_if_billed)
    asked = Asked(ada=[lost()], cy=[a_response("from cy", provider=CY)])
    async with asked.opening() as runtime:
        if even_if_billed:
            assert (await runtime.run(QUESTION, CallOptions(fallback=policy))).text == "from cy"
        else:
            with pytest.raises(TransportError):
                await runtime.run(QUESTION, CallOptions(fallback=policy))
    assert asked.who == (("ada", "cy") if even_if_billed else ("ada",))


async def test_each_alternative_passes_every_gate_anew_and_a_refused_one_is_passed_over() -> None:
    asked = Asked(ada=[down()], bea=[], cy=[a_response("from cy", provider=CY)], cloud_allowed=False)
    async with asked.opening() as runtime:
        response = await runtime.run(QUESTION, CallOptions(fallback=IN_TURN))
    assert asked.who == ("ada", "cy")
    assert [(one.provider, one.code) for one in response.passed_over] == [
        (ADA, "overloaded"),
        (BEA, "tier_denied"),
    ]


async def test_a_refused_call_has_no_fallback() -> None:
    asked = Asked(ada=[], cloud_allowed=False)
    async with asked.opening() as runtime:
        with pytest.raises(CallRefused):
            await runtime.run(
                a_request(model="bea:small"), CallOptions(fallback=FallbackPolicy(alternatives=["ada:x"]))
            )
    assert asked.who == ()


async def test_an_alternative_nobody_knows_is_passed_over() -> None:
    policy = FallbackPolicy(alternatives=("nobody:x", "cy:tiny"))
    asked = Asked(ada=[down()], cy=[a_response("from cy", provider=CY)])
    async with asked.opening() as runtime:
        response = await runtime.run(QUESTION, CallOptions(fallback=policy))
    assert [one.code for one in response.passed_over] == ["overloaded", "provider_not_registered"]


async def test_the_policy_of_the_call_replaces_that_of_the_runtime() -> None:
    asked = Asked(ada=[down(), down()], bea=[a_response("from bea", provider=BEA)], cy=[a_response("cy", provider=CY)])
    async with asked.opening(fallback=FallbackPolicy(alternatives=["bea:small"])) as runtime:
        by_the_runtime = await runtime.run(QUESTION)
        by_the_call = await runtime.run(QUESTION, CallOptions(fallback=FallbackPolicy(alternatives=["cy:tiny"])))
    assert (by_the_runtime.provider, by_the_call.provider) == (BEA, CY)


@pytest.mark.parametrize("alternatives", [(), (3,)])
def test_a_policy_names_at_least_one_model(alternatives: tuple[object, ...]) -> None:
    with pytest.raises(InvalidSettings):
        FallbackPolicy(alternatives=alternatives)  # type: ignore[arg-type]  # that is the point


def test_by_default_no_failure_leads_on_that_may_have_cost_money() -> None:
    policy = FallbackPolicy(alternatives=["a:b"])
    for code, delivery in itertools.product(ErrorCode, (Delivery.AMBIGUOUS, Delivery.ANSWERED_BAD)):
        assert not policy.covers(TransportError(provider=ADA, code=code, delivery=delivery))


async def test_the_call_s_own_credential_goes_to_whom_it_was_given_for_and_to_no_alternative() -> None:
    transport = FakeTransport([HttpReply(status=503), HttpReply(status=200, body=ANSWER)])
    fallback = FallbackPolicy(alternatives=("openrouter:some/model",))
    settings = cloud_settings(retry=RetryPolicy(max_attempts=1), fallback=fallback)
    async with open_runtime(settings, transport=transport) as runtime:
        await runtime.run(a_request(model="openai:gpt-5-mini"), CallOptions(credential=Secret("key-for-openai-alone")))
    sent = [(exchange.url.split("/")[2], exchange.auth and exchange.auth.secret) for exchange in transport.exchanges]
    assert sent == [
        ("api.openai.com", Secret("key-for-openai-alone")),
        ("openrouter.ai", settings.credentials[OPENROUTER]),
    ]
