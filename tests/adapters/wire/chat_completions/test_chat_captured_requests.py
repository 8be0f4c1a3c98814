"""What real clients sent and real servers took: the same meaning encodes to the same body."""

import json
from typing import Any

import pytest
from chat_requests import CannotExpress, canonical, plain
from chat_support import ACME, a_reply, prepared
from chat_vendors import codec_of
from shared_data import wire_exchanges

from provider_runtime.domain.conversation.handoff import hand_off
from provider_runtime.domain.conversation.messages import user
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.errors import IntentUnsupported


def accepted() -> list[dict[str, Any]]:
    """Exchanges with a request that the server answered well."""
    exchanges = wire_exchanges("openai-chat", "openrouter", "openai-compat", apis=("chat",))
    return [
        exchange
        for exchange in exchanges
        if exchange["response"]["status"] == 200 and isinstance(exchange["request"]["json"], dict)
    ]


def expressible() -> list[Any]:
    found = []
    for exchange in accepted():
        try:
            request = canonical(exchange)
        except CannotExpress:
            continue
        if ignored_a_named_tool(exchange):
            continue
        found.append(pytest.param(exchange, request, id=exchange["id"]))
    return found


def ignored_a_named_tool(exchange: dict[str, Any]) -> bool:
    """Ollama took the name of a tool and answered without calling it."""
    choice = exchange["request"]["json"].get("tool_choice")
    return exchange["provider"] == "openai-compat:ollama" and isinstance(choice, dict)


EXPRESSIBLE = expressible()
THOUGHTFUL = [
    pytest.param(exchange, said, id=f"{exchange['id']}-{index}")
    for exchange in accepted()
    for index, said in enumerate(exchange["request"]["json"].get("messages") or [])
    if said.get("reasoning_details")
]
SIGNED = [
    pytest.param(exchange, exchange["response"]["json"]["choices"][0]["message"], id=exchange["id"])
    for exchange in accepted()
    if (exchange["response"]["json"]["choices"][0].get("message") or {}).get("reasoning_details")
]


@pytest.mark.parametrize(("exchange", "request_"), EXPRESSIBLE)
def test_a_captured_request_is_encoded_as_its_client_sent_it(
    exchange: dict[str, Any], request_: ProviderRequest
) -> None:
    encoded = codec_of(exchange).encode(request_, ACME)
    assert plain(json.loads(encoded.body)) == plain(exchange["request"]["json"])
    lossy = {warning.code for warning in encoded.warnings} - {"both_temperature_and_top_p_set"}
    assert lossy <= {"reasoning_approximated"}


@pytest.mark.parametrize(("exchange", "said"), THOUGHTFUL + SIGNED)
def test_captured_reasoning_details_go_back_as_the_server_took_them(
    exchange: dict[str, Any], said: dict[str, Any]
) -> None:
    codec = codec_of(exchange)
    message = codec.decode(a_reply({"choices": [{"message": said, "finish_reason": "stop"}]}), prepared()).message
    handed = hand_off((user("?"), message), codec.handoff_target(ACME, "some-model"))
    assert handed.losses == ()
    request = ProviderRequest(model="some-model", messages=handed.messages)
    back = json.loads(codec.encode(request, ACME).body)["messages"][1]
    assert back["reasoning_details"] == said["reasoning_details"]
    assert [call["id"] for call in back.get("tool_calls", ())] == [call["id"] for call in said.get("tool_calls") or ()]


def test_a_named_tool_is_refused_where_a_recording_shows_it_was_ignored() -> None:
    recorded = [exchange for exchange in accepted() if ignored_a_named_tool(exchange)]
    if not recorded:
        pytest.skip("shared data is absent: set PROVIDER_RUNTIME_SHARED, or put it beside the checkout")
    for exchange in recorded:
        assert "tool_calls" not in exchange["response"]["json"]["choices"][0]["message"]
        with pytest.raises(IntentUnsupported):
            codec_of(exchange).encode(canonical(exchange), ACME)


def test_most_captured_requests_can_be_expressed() -> None:
    if not accepted():
        pytest.skip("shared data is absent: set PROVIDER_RUNTIME_SHARED, or put it beside the checkout")
    assert len(EXPRESSIBLE) >= 0.85 * len(accepted())
    assert len(THOUGHTFUL) >= 8
    assert len(SIGNED) >= 20
