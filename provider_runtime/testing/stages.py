"""A call on its way, to test gates and stores with: made without a runtime, by a fake adapter."""

from provider_runtime.application.call import Call, PreparedCall, RoutedCall
from provider_runtime.application.providers import RegisteredProvider
from provider_runtime.application.terms import CallTerms
from provider_runtime.domain.catalog.providers import ProviderConfig, ProviderKind, Tier
from provider_runtime.domain.catalog.resolving import Route, RouteRule
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.identity import CallId, RuntimeId
from provider_runtime.domain.policy.retrying import RetryPolicy
from provider_runtime.domain.records.receipts import AttemptRecord, CallOutcome, CallRecord
from provider_runtime.ports.provider_adapter import ProviderAdapter
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import FakeAdapter, FrozenClock


def a_prepared_call(
    request: ProviderRequest | None = None,
    *,
    tier: Tier = Tier.CLOUD,
    base_url: str = "https://api.example.com",
    adapter: ProviderAdapter | None = None,
) -> PreparedCall:
    """A call whose bytes are frozen, to a provider called ``fake`` unless an adapter is given."""
    speaker = adapter or FakeAdapter(base_url=base_url)
    asked = request or a_request()
    clock = FrozenClock()
    call = Call(
        call_id=CallId("call_1"),
        runtime_id=RuntimeId("rt_1"),
        request=asked,
        terms=CallTerms(deadline_s=600.0, retry=RetryPolicy()),
        started_at=clock.now(),
        started=clock.monotonic(),
    )
    config = ProviderConfig(
        provider_id=speaker.provider_id, kind=ProviderKind.OPENAI_COMPATIBLE, base_url=base_url, tier=tier
    )
    model_id = asked.model.model_id
    route = Route(provider_id=speaker.provider_id, model_id=model_id, rule=RouteRule.HINT, told="a test says so")
    routed = RoutedCall(call=call, route=route, provider=RegisteredProvider(config=config, adapter=speaker))
    return PreparedCall(routed=routed, exchange=speaker.prepare(asked))


def a_record(number: int = 1, outcome: CallOutcome = CallOutcome.ANSWERED) -> CallRecord:
    """What a receipt keeps of call ``number``: most fields set, some left out, one text not ASCII."""
    answered = outcome is CallOutcome.ANSWERED
    return CallRecord(
        call_id=CallId(f"call_{number}"),
        runtime_id=RuntimeId("rt_1"),
        started_at="2026-01-31T12:00:00.000+00:00",
        duration_us=1500 + number,
        outcome=outcome,
        model_asked="modèle-7",
        policy_version="1",
        error_code=None if answered else "rate_limited",
        provider="openai",
        tier="cloud",
        origin="https://api.openai.com:443",
        gates=("capability:pass", "consent:not_configured"),
        attempts=(AttemptRecord(outcome=outcome.value, duration_us=1400, status_code=200 if answered else 429),),
        request_digest="ab" * 32,
        finish_reason="stop" if answered else None,
        input_tokens=12 if answered else None,
        output_tokens=number if answered else None,
        cost_nano_usd=2**53 - 1 if answered else None,
        warnings=("empty_output",),
    )
