"""A thousand broken answers: each is read or is a typed error, and what was read can be sent back."""

import json
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from random import Random
from typing import Any

import pytest
from chat_support import ACME, a_reply, fixture, openai_codec, openrouter_codec, prepared, vendor_codec
from shared_data import reply_body, wire_exchanges

from provider_runtime.adapters.wire.chat_completions.codec import ChatCompletionsCodec
from provider_runtime.domain.conversation.handoff import hand_off
from provider_runtime.domain.conversation.messages import tool_result, user
from provider_runtime.domain.conversation.parts import AudioPart, ImagePart
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.conversation.tools import ToolDefinition
from provider_runtime.domain.errors import IntentUnsupported, ProviderError

_CODECS = (openai_codec(), openrouter_codec(), vendor_codec("mistral"), vendor_codec("xai"), vendor_codec("ollama"))
# JSON texts, so that each use is a value of its own.
_VALUES = (
    *("null", "true", "0", "-1", "3.5", "1000000000000000000000000000000", '""', '"x"', '"\\u0000\\ufffd"'),
    *('"\\ud83d\\ude00"', f'"{"9" * 500}"', "[]", "[null]", "[[]]", "{}", '{"type": "text"}', '{"a": {}}'),
)
_ROUNDS = 250  # for each of four kinds of damage


def sources() -> list[bytes]:
    """The bodies that are damaged: our own, and the captured ones where they are present."""
    own = [json.dumps(case["answer"]).encode() for case in fixture("answers").values()]
    captured = wire_exchanges("openai-chat", "openrouter", "openai-compat", apis=("chat",))
    return own + [reply_body(exchange) for exchange in captured]


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path to every value inside."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def damaged(body: bytes, kind: str, chance: Random) -> bytes:
    if kind == "bytes":
        data = bytearray(body)
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        return bytes(data)
    if kind == "cut":
        return body[: chance.randrange(len(body))]
    try:
        value = json.loads(body)
    except json.JSONDecodeError:
        return body
    for _ in range(chance.randint(1, 4)):
        path = chance.choice(places(value))
        if not path:
            continue
        holder = value
        for key in path[:-1]:
            holder = holder[key]
        if kind == "dropped" and isinstance(holder, dict):
            del holder[path[-1]]
        else:
            holder[path[-1]] = json.loads(chance.choice(_VALUES))
    return json.dumps(value).encode()


def outcome_of(codec: ChatCompletionsCodec, body: bytes) -> ProviderResponse | str:
    """The response, or the text of a typed error; anything else fails the test."""
    try:
        return codec.decode(a_reply(body), prepared())
    except ProviderError as error:
        return str(error)


def send_back(codec: ChatCompletionsCodec, response: ProviderResponse) -> None:
    results = [tool_result(call, "done") for call in response.tool_calls]
    messages = (user("?"), response.message, *results, user("And?"))
    handed = hand_off(messages, codec.handoff_target(ACME, "some-model"))
    media = any(isinstance(part, ImagePart | AudioPart) for part in response.output.content)
    request = ProviderRequest(
        model="some-model", messages=handed.messages, tools=(ToolDefinition(name="f"),) if results else ()
    )
    with suppress(IntentUnsupported) if media else nullcontext():
        codec.encode(request, ACME)


@pytest.mark.parametrize("name", fixture("answers"))
def test_any_value_in_any_place_is_read_or_is_a_typed_error(name: str) -> None:
    for body in with_any_value_anywhere(fixture("answers")[name]["answer"]):
        outcome = outcome_of(openrouter_codec(), body)
        if isinstance(outcome, ProviderResponse):
            send_back(openrouter_codec(), outcome)


def test_any_value_in_any_place_of_a_model_list_or_an_error_is_survived() -> None:
    cards = {"data": [case["card"] for case in fixture("models").values()]}
    for body in with_any_value_anywhere(cards):
        with suppress(ProviderError):
            openrouter_codec().decode_models(a_reply(body), ACME)
    inner = json.dumps({"error": {"message": "inner", "type": "t", "code": None}})
    error = {
        "error": {"message": "outer", "code": 400, "metadata": {"raw": inner}},
        "detail": [{"msg": "m", "loc": []}],
    }
    for body in with_any_value_anywhere(error):
        for status in (200, 400, 403, 500):
            assert str(openrouter_codec().decode_error(a_reply(body, status), ACME, None))


def with_any_value_anywhere(original: Any) -> Iterator[bytes]:
    """The value once for each place in it and each odd value there."""
    for path in places(original):
        for text in _VALUES:
            value = json.loads(json.dumps(original))
            holder = value
            for key in path[:-1]:
                holder = holder[key]
            if path:
                holder[path[-1]] = json.loads(text)
            yield json.dumps(value).encode()


@pytest.mark.parametrize("kind", ["bytes", "cut", "dropped", "replaced"])
def test_a_damaged_answer_is_read_or_is_a_typed_error(kind: str) -> None:
    chance = Random(f"chat completions {kind}")  # noqa: S311 - damage that comes back on every run
    bodies, outcomes = sources(), set()
    for _ in range(_ROUNDS):
        body = damaged(chance.choice(bodies), kind, chance)
        codec = chance.choice(_CODECS)
        outcome = outcome_of(codec, body)
        assert outcome_of(codec, body) == outcome
        outcomes.add(type(outcome))
        if isinstance(outcome, ProviderResponse):
            send_back(codec, outcome)
        error = codec.decode_error(a_reply(body, chance.choice((200, 400, 401, 429, 500, 503))), ACME, None)
        assert str(error)
        with suppress(ProviderError):
            codec.decode_models(a_reply(body), ACME)
    assert outcomes == ({str} if kind == "cut" else {str, ProviderResponse})
