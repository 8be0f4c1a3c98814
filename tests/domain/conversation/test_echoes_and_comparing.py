"""Error texts without the conversation in them; what was asked held against what came."""

from hashlib import sha256

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.conversation.echoes import without_echoes
from provider_runtime.domain.conversation.exchange import PreparedExchange, asked_and_got, is_same_model
from provider_runtime.domain.conversation.messages import assistant, tool_result, user
from provider_runtime.domain.conversation.parts import ToolCallPart
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import AssistantOutput, FinishReason, ProviderResponse
from provider_runtime.domain.conversation.tools import ToolCall
from provider_runtime.domain.conversation.usage import Usage
from provider_runtime.domain.identity import OPENAI


def _request(*said: str) -> ProviderRequest:
    return ProviderRequest(model="openai:m", messages=[user(*said)])


def test_what_the_user_said_is_taken_out_of_an_error_text() -> None:
    message = "Invalid value: 'my diagnosis is confidential'. Supported values are: 'a', 'b'."
    cleaned = without_echoes(message, _request("my diagnosis is confidential"))
    assert "diagnosis" not in cleaned
    assert cleaned.endswith("Supported values are: 'a', 'b'.")


def test_tool_arguments_and_results_count_as_said() -> None:
    call = ToolCall(id="c", name="t", arguments_json={"who": "Wilhelmina Featherstone"})
    request = ProviderRequest(
        model="openai:m",
        messages=[user("x"), assistant(ToolCallPart(call)), tool_result(call, {"found": ["at the old harbour"]})],
    )
    cleaned = without_echoes("bad: Wilhelmina Featherstone was seen at the old harbour", request)
    assert "Wilhelmina" not in cleaned
    assert "harbour" not in cleaned


@given(said=st.text(min_size=12, max_size=60), before=st.text(max_size=30), after=st.text(max_size=30))
def test_no_run_of_12_characters_of_the_conversation_survives(said: str, before: str, after: str) -> None:
    cleaned = without_echoes(before + said + after, _request(said))
    assert not any(said[start : start + 12] in cleaned for start in range(len(said) - 11))


@given(message=st.text(max_size=100))
def test_a_text_that_quotes_nothing_stays_as_it_is(message: str) -> None:
    assert without_echoes(message, _request("short")) == message


@pytest.mark.parametrize(
    ("asked", "answered", "same"),
    [
        ("gpt-5-mini", "gpt-5-mini-2025-08-07", True),
        ("claude-3-7-sonnet-latest", "claude-3-7-sonnet-20250219", True),
        ("openrouter/auto", "anthropic/claude-sonnet-4-5", True),
        ("openai/gpt-4o", "gpt-4o-2024-08-06", True),
        ("meta/llama-3:free", "meta/llama-3", True),
        ("gpt-5", "<unknown-model>", True),
        ("gpt-5", "gpt-4o", False),
        ("claude-opus-4-5", "claude-haiku-4-5", False),
    ],
)
def test_dated_and_prefixed_names_are_the_same_model(asked: str, answered: str, *, same: bool) -> None:
    assert is_same_model(asked, answered) is same


def _exchange(**facts: object) -> PreparedExchange:
    return PreparedExchange(provider=OPENAI, model_id="m", method="POST", url="u", headers={}, body=b"{}", **facts)


def _response(model: str = "m", **usage: int) -> ProviderResponse:
    return ProviderResponse(
        output=AssistantOutput(), provider=OPENAI, model=model, finish_reason=FinishReason.STOP, usage=Usage(**usage)
    )


def test_the_digest_of_an_exchange_is_that_of_its_body_whatever_becomes_of_it() -> None:
    exchange = _exchange()
    assert exchange.body_sha256 == sha256(b"{}").hexdigest()
    changed = evolve(exchange, body=b"[]")
    assert changed.body_sha256 == sha256(b"[]").hexdigest()
    assert evolve(changed, body=b"{}") == exchange, "whether anybody asked for it makes no difference"


def test_what_was_asked_and_visibly_did_not_happen_is_remarked() -> None:
    def codes(exchange: PreparedExchange, response: ProviderResponse) -> list[str]:
        return [remark.code for remark in asked_and_got(exchange, response)]

    assert codes(_exchange(), _response()) == []
    assert codes(_exchange(), _response("other")) == ["another_model_answered"]
    assert codes(_exchange(reasoning_asked=True), _response(reasoning_tokens=0)) == ["reasoning_not_used"]
    assert codes(_exchange(reasoning_asked=True), _response()) == []
    assert codes(_exchange(caching_asked=True), _response(cached_input_tokens=0)) == ["nothing_cached"]
    assert codes(_exchange(caching_asked=True), _response(cached_input_tokens=0, cache_write_tokens=9)) == []
