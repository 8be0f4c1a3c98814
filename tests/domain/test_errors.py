"""Errors: typed facts, one order of printing, nothing secret, and the same after a journey."""

import copy
import logging
import pickle
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain import errors
from provider_runtime.domain.conversation.response import Attempt
from provider_runtime.domain.errors import (
    AmbiguousModelRoute,
    BackendError,
    Billed,
    CallRefused,
    ConfigError,
    CredentialMissing,
    Delivery,
    ErrorCode,
    MissingProviderRuntimeError,
    ProtocolError,
    ProviderError,
    ProviderHintMismatch,
    ProviderRuntimeError,
    ProviderStatusError,
    RequestInvalid,
    RoutingError,
    TransportError,
)
from provider_runtime.domain.identity import ANTHROPIC, OPENAI, OPENROUTER, CallId
from provider_runtime.testing.strategies import texts

_FAMILIES = (ConfigError, RoutingError, CallRefused, ProviderError, BackendError)
_FACTS: dict[str, Any] = {
    "provider": OPENAI,
    "provider_hint": ANTHROPIC,
    "resolved": OPENAI,
    "model": "gpt-5",
    "gate": "consent",
    "field": "messages[0]",
    "capability": "tools",
    "status_code": 429,
    "role": "worker",
    "budget": "month",
    "owner": "acme",
    "unit": "tokens",
    "limit": 100,
    "available": 10,
    "need": 50,
    "fault": "state_hash_mismatch",
}


_KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, ProviderRuntimeError) and kind is not ProviderRuntimeError
]
_each_kind = pytest.mark.parametrize("kind", _KINDS, ids=lambda kind: kind.__name__)


def _an(kind: type[ProviderRuntimeError], **facts: Any) -> Any:
    needed = {
        attribute.name: _FACTS[attribute.name] for attribute in attrs.fields(kind) if attribute.default is attrs.NOTHING
    }
    return kind(**{**needed, **facts})


def _state(error: ProviderRuntimeError) -> dict[str, object]:
    return {attribute.name: getattr(error, attribute.name) for attribute in attrs.fields(type(error))}


# ── what every error can do ─────────────────────────────────────────────────────────────────


@_each_kind
def test_every_error_belongs_to_one_of_the_five_families(kind: type[ProviderRuntimeError]) -> None:
    assert sum(issubclass(kind, family) for family in _FAMILIES) == 1


@_each_kind
def test_every_error_survives_pickling_and_copying(kind: type[ProviderRuntimeError]) -> None:
    error = _an(
        kind,
        message="it failed",
        remedy="Try later.",
        call_id=CallId("c-1"),
        attempts=(Attempt(number=1, outcome="timed_out", duration_s=1.5),),
    )
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):  # noqa: S301 - our own bytes
        assert type(twin) is kind
        assert _state(twin) == _state(error)
        assert str(twin) == str(error)


@_each_kind
def test_every_error_prints_its_code_its_facts_its_message_and_the_way_out(kind: type[ProviderRuntimeError]) -> None:
    error = _an(kind, message="it failed", remedy="Try later.")
    assert str(error).startswith(str(error.code))
    assert str(error).endswith(": it failed. Try later.")


@_each_kind
def test_every_error_can_be_raised_chained_and_logged(
    kind: type[ProviderRuntimeError], caplog: pytest.LogCaptureFixture
) -> None:
    cause = OSError("the cause")
    with pytest.raises(kind) as raised:
        raise _an(kind) from cause
    assert raised.value.__cause__ is cause
    logging.getLogger("test").error("failed", exc_info=raised.value)
    assert str(raised.value.code) in caplog.text


@_each_kind
def test_what_was_not_sent_was_not_billed(kind: type[ProviderRuntimeError]) -> None:
    error = _an(kind)
    assert error.sent == (error.delivery is not Delivery.NOT_SENT)
    if not error.sent:
        assert error.billed is Billed.NO
    if issubclass(kind, ConfigError | RoutingError | CallRefused):
        assert not error.sent


@pytest.mark.parametrize(
    ("delivery", "billed"),
    [
        (Delivery.NOT_SENT, Billed.NO),
        (Delivery.REJECTED, Billed.NO),
        (Delivery.AMBIGUOUS, Billed.MAYBE),
        (Delivery.ANSWERED_BAD, Billed.YES),
    ],
)
def test_delivery_says_whether_money_was_spent(delivery: Delivery, billed: Billed) -> None:
    assert _an(ProtocolError, delivery=delivery).billed is billed


def test_a_lost_connection_may_have_been_billed_and_a_bad_answer_was() -> None:
    assert _an(TransportError).billed is Billed.MAYBE
    assert _an(ProtocolError).billed is Billed.YES


@given(texts() | st.text(max_size=2000))
def test_messages_are_always_safe_to_show(text: str) -> None:
    error = ProtocolError(provider=OPENAI, message=text, remedy=text)
    for shown in (error.message, error.remedy):
        assert len(shown) <= 500
        assert "\n" not in shown
        assert "sk-proj-abc" not in shown


@_each_kind
def test_a_key_in_the_message_shows_nowhere(kind: type[ProviderRuntimeError]) -> None:
    error = _an(kind, message="wrong key sk-proj-0123456789abcdefghijklmnop", remedy="not sk-0123456789abcdefghij")
    shown = f"{error} {error!r} {error.args} {pickle.dumps(error)!r}"
    assert "0123456789" not in shown


def test_codes_are_unique_and_stable_in_form() -> None:
    assert all(code.value == code.name.lower() for code in ErrorCode)


# ── how they print ──────────────────────────────────────────────────────────────────────────


def test_facts_stand_in_a_bracket_in_a_fixed_order() -> None:
    error = ProviderStatusError(
        message="slow down",
        status_code=429,
        request_id="req_1",
        model="gpt-5",
        provider=OPENAI,
        code=ErrorCode.RATE_LIMITED,
    )
    assert str(error) == "rate_limited[provider=openai, model=gpt-5, request_id=req_1, status_code=429]: slow down"


def test_without_facts_there_is_no_bracket() -> None:
    assert str(ConfigError(message="nothing fits")) == "invalid_settings: nothing fits"
    assert str(BackendError()) == "store_unavailable"


def test_facts_that_are_missing_are_left_out() -> None:
    error = ProviderStatusError(message="no", status_code=500, provider=OPENAI)
    assert str(error) == "provider_status[provider=openai, status_code=500]: no"


def test_message_and_way_out_are_two_sentences_whatever_stands_at_the_end() -> None:
    for message in ("it failed", "it failed."):
        assert str(BackendError(message=message, remedy="Go on.")) == "store_unavailable: it failed. Go on."


def test_an_ambiguous_model_names_its_candidates_sorted() -> None:
    error = AmbiguousModelRoute(model="m", candidates=[OPENROUTER, OPENAI, ANTHROPIC, OPENAI])
    assert error.candidates == (ANTHROPIC, OPENAI, OPENROUTER)
    assert str(error) == "model_ambiguous[model=m, candidates=anthropic,openai,openrouter]"


def test_a_hint_that_does_not_fit_names_both_providers() -> None:
    error = ProviderHintMismatch(model="m", provider_hint=ANTHROPIC, resolved=OPENAI)
    assert str(error) == "provider_hint_mismatch[model=m, provider_hint=anthropic, resolved=openai]"


def test_a_missing_runtime_names_who_lacks_what_and_the_requirement() -> None:
    error = MissingProviderRuntimeError(missing_fields=("settings", "config"))
    assert "provider_key=provider-runtime, missing_fields=settings,config" in str(error)
    assert error.requirement == "REQ-SP4-001"


# ── missing credentials ─────────────────────────────────────────────────────────────────────


def test_a_missing_credential_names_the_provider_and_where_it_was_looked_for() -> None:
    error = CredentialMissing(provider=OPENAI, env_candidates=("OPENAI_API_KEY", "", "OPENAI_API_KEY"))
    assert error.env_candidates == ("OPENAI_API_KEY",)
    assert "openai" in str(error)
    assert "OPENAI_API_KEY" in str(error)


@given(st.lists(st.sampled_from(["B_KEY", "A_KEY", "", "C_KEY"])))
def test_candidates_are_sorted_unique_and_never_empty(names: list[str]) -> None:
    error = CredentialMissing(provider=OPENAI, env_candidates=names)
    assert error.env_candidates == tuple(sorted(set(names) - {""}))


def test_a_provider_without_candidates_is_named_all_the_same() -> None:
    assert str(CredentialMissing(provider=OPENAI)) == "credential_missing[requirement=REQ-SP4-003, provider=openai]"


def test_an_invalid_request_says_where() -> None:
    error = RequestInvalid(field="messages[1].content[0]", message="no")
    assert error.gate == "preparation"
    assert "field=messages[1].content[0]" in str(error)
