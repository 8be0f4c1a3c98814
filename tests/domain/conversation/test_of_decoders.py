"""What decoders make without a second look is the same, and as frozen, as what callers make."""

import copy
import pickle
from typing import Any

import attrs
import pytest
from hypothesis import given

from provider_runtime.domain.conversation.messages import assistant, system, tool_result, user
from provider_runtime.domain.conversation.parts import TextPart, ToolCallPart, called, plain_text
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import ProviderResponse, answered
from provider_runtime.domain.conversation.tools import ToolCall
from provider_runtime.domain.conversation.usage import Usage, counted
from provider_runtime.domain.conversation.validity import fault_of_request
from provider_runtime.domain.identity import CallId, RuntimeId
from provider_runtime.domain.json_values import freeze
from provider_runtime.testing.builders import a_response
from provider_runtime.testing.strategies import requests, responses


def _again(response: ProviderResponse) -> ProviderResponse:
    return answered(
        content=list(response.output.content),
        structured_output=response.output.structured_output,
        provider=response.provider,
        model=response.model,
        finish_reason=response.finish_reason,
        usage=counted(**attrs.asdict(response.usage)),
        cost=response.cost,
        warnings=list(response.warnings),
        response_id=response.response_id,
        provider_request_id=response.provider_request_id,
    )


@given(responses())
def test_an_answer_is_the_same_whoever_fills_it(response: ProviderResponse) -> None:
    not_told = ("raw_provider_response", "call_id", "runtime_id", "attempts", "passed_over", "duration_s", "memo")
    told = {field.name for field in attrs.fields(ProviderResponse)} - {*not_told}
    same = ProviderResponse(**{name: getattr(response, name) for name in told})
    for made in (_again(response), copy.deepcopy(_again(response)), pickle.loads(pickle.dumps(_again(response)))):  # noqa: S301 - our own bytes
        assert made == same
        assert hash(made) == hash(same)
        assert repr(made) == repr(same)
        assert type(made) is ProviderResponse


@given(responses())
def test_a_settled_answer_differs_in_what_was_added_alone(response: ProviderResponse) -> None:
    added: dict[str, Any] = {
        "cost": None,
        "warnings": (),
        "call_id": CallId("a-call"),
        "runtime_id": RuntimeId("a-runtime"),
        "attempts": (),
        "passed_over": (),
        "duration_s": 0.5,
    }
    before = copy.deepcopy(response)
    assert response.settled(**added) == attrs.evolve(response, **added)
    assert response == before


_SETTLED = a_response().settled(
    cost=None, warnings=(), call_id=CallId("c"), runtime_id=RuntimeId("r"), attempts=(), passed_over=(), duration_s=1.0
)


@pytest.mark.parametrize(
    "value",
    [
        _SETTLED,
        _again(a_response()),
        _again(a_response()).output,
        counted(input_tokens=1),
        plain_text("said"),
        called("id", "tool", freeze({"a": 1}), None),
        called("id", "tool", freeze({"a": 1}), None).tool_call,
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_field_can_be_assigned_or_taken_away(value: Any) -> None:
    assert not hasattr(value, "__dict__")
    for name in (*(field.name for field in attrs.fields(type(value))), "something_new"):
        with pytest.raises(AttributeError):
            setattr(value, name, None)
        with pytest.raises(AttributeError):
            delattr(value, name)


def test_texts_usages_and_tool_calls_are_the_same_whoever_fills_them() -> None:
    assert plain_text("said") == TextPart("said")
    assert counted(input_tokens=1, output_tokens=2) == Usage(input_tokens=1, output_tokens=2)
    call = ToolCall(id="id", name="tool", arguments_json={"a": 1})
    assert called("id", "tool", freeze({"a": 1}), None) == ToolCallPart(call)


@given(requests())
def test_a_conversation_of_texts_alone_has_no_fault_and_nothing_else_in_it(request: ProviderRequest) -> None:
    plain = all(message.plain_text is not None for message in request.messages)
    assert plain or not request.texts_alone
    if request.texts_alone and not request.tools:
        assert (
            fault_of_request(attrs.evolve(request, tool_choice=attrs.fields(ProviderRequest).tool_choice.default))
            is None
        )


def test_texts_are_alone_only_where_every_provider_takes_them_as_they_are() -> None:
    def alone(*messages: Any) -> bool:
        return ProviderRequest(model="a-model", messages=messages).texts_alone

    assert alone(user("a"))
    assert alone(system("a"), system("b"), user("c"), assistant("d"), user("e"))
    assert not alone(system("a"))
    assert not alone(system("a"), assistant("b"))
    assert not alone(user("a"), system("b"))
    assert not alone(user("a", "b"))
    assert not alone(user("a"), tool_result("id", "b"))
