"""What the model said goes back unchanged, whatever it said."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from ollama_wire import ACME, CODEC, a_reply, a_request, an_answer, prepared

from provider_runtime.domain.conversation.handoff import hand_off
from provider_runtime.domain.conversation.messages import tool_result, user
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.errors import IntentUnsupported, RequestInvalid
from provider_runtime.testing.strategies.requests import requests

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_ARGUMENTS = st.dictionaries(_TEXT, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXT, max_size=3)
_CALLS = st.lists(
    st.fixed_dictionaries({"function": st.fixed_dictionaries({"name": _TEXT.filter(bool), "arguments": _ARGUMENTS})}),
    max_size=3,
)


@given(content=_TEXT, thinking=_TEXT.filter(str.strip) | st.just(""), calls=_CALLS)
def test_an_answer_goes_back_as_it_came(content: str, thinking: str, calls: list[dict[str, Any]]) -> None:
    message = {"thinking": thinking, "tool_calls": calls}
    response = CODEC.decode(a_reply(an_answer(content, message=message)), prepared())
    results = [tool_result(call, "ok") for call in response.tool_calls]
    handed = hand_off((user("?"), response.message, *results, user("!")), CODEC.handoff_target(ACME, "m"))
    if content or thinking or calls:
        back = json.loads(CODEC.encode(a_request(*handed.messages), ACME).body)["messages"][1]
        assert back["content"] == content
        assert back.get("thinking", "") == thinking
        assert [{"function": call["function"]} for call in back.get("tool_calls", ())] == calls
    else:
        assert len(handed.messages) == 2  # nothing was said, and nothing goes back


@given(request=requests())
def test_every_request_is_encoded_the_same_each_time_or_refused_by_its_place(request: ProviderRequest) -> None:
    provider = request.model.provider_hint or ACME
    outcomes: list[str | None] = []
    for _ in range(2):
        try:
            encoded = CODEC.encode(request, provider)
        except (IntentUnsupported, RequestInvalid) as refused:
            outcomes.append(refused.field)
        else:
            body = json.loads(encoded.body)
            assert (body["stream"], body["model"]) == (False, request.model.model_id)
            assert len(body["messages"]) >= len(request.messages)
            outcomes.append(encoded.body.decode())
    assert outcomes[0] == outcomes[1]
    assert outcomes[0]
