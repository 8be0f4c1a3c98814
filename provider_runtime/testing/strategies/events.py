"""Strategies for lifecycle events."""

from datetime import UTC, datetime

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from provider_runtime.domain.identity import RuntimeId
from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.testing.strategies.values import call_ids, few, floats, names, perhaps, texts


def lifecycle_events() -> SearchStrategy[LifecycleEvent]:
    """Events of any kind with any of their fields, also such as no runtime would make."""
    word, count = perhaps(texts()), perhaps(st.integers(0, 2**53 - 1))
    labels = st.builds("{}={}".format, st.text("abc_.", min_size=1, max_size=3), texts())
    return st.builds(
        LifecycleEvent,
        kind=st.sampled_from(EventKind),
        runtime_id=st.sampled_from(("rt-1", "rt-2")).map(RuntimeId),
        call_id=perhaps(st.sampled_from(("call_1", "call_2")) | call_ids()),
        at=perhaps(st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))),  # noqa: DTZ001 - hypothesis adds the zone
        trace_id=word,
        conversation_id=word,
        labels=few(labels, most=2),
        provider=word,
        provider_kind=word,
        tier=word,
        origin=word | st.sampled_from(("https://api.openai.com:443", "http://[::1]:8765", "https://x:port")),
        model_asked=word,
        model_answered=word,
        attempt=perhaps(st.integers(1, 9)),
        duration_s=perhaps(floats(0, 10**6)),
        wait_s=perhaps(floats(0, 10**6)),
        status_code=perhaps(st.integers(100, 599)),
        error_code=word,
        retry_denied_by=word,
        finish_reason=word,
        response_id=word,
        provider_request_id=word,
        request_digest=word,
        request_bytes=count,
        temperature=perhaps(floats(0, 2)),
        top_p=perhaps(floats(0, 1)),
        max_output_tokens=count,
        input_tokens=count,
        output_tokens=count,
        cached_input_tokens=count,
        cache_write_tokens=count,
        reasoning_tokens=count,
        total_tokens=count,
        cost_nano_usd=count,
        warnings=few(names(), most=2),
        role=word,
        profile_id=word,
        previous_profile_id=word,
        automation=word,
        cloud_escalation=perhaps(st.booleans()),
        swap_id=word,
        swap_from=word,
        swap_to=word,
        swap_strategy=word,
        swap_reason=word,
        job_id=word,
        state_hash=word,
        budget=word,
        budget_owner=word,
        budget_unit=word,
        budget_limit=count,
        budget_taken=count,
        recalled_from=word,
        consent_id=word,
        consent_request_id=word,
        projection_plan_id=word,
        consent_scope=word,
        consent_reason=word,
        session_ids=few(names(), most=2),
        outcome=word,
    )
