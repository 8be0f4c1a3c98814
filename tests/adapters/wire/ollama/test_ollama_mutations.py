"""A thousand damaged answers: each is read or is a typed error, and what was read can be sent back."""

import json
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from random import Random
from typing import Any

import pytest
from ollama_wire import ACME, CODEC, a_reply, a_request, fixture, prepared
from shared_data import reply_body, wire_exchanges

from provider_runtime.domain.conversation.handoff import hand_off
from provider_runtime.domain.conversation.messages import tool_result, user
from provider_runtime.domain.conversation.request import JsonObjectFormat
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import IntentUnsupported, ProviderError, ProviderStatusError
from provider_runtime.domain.json_values import JsonObject

# JSON texts, so that each use is a value of its own.
_VALUES = (
    *("null", "true", "false", "0", "-1", "3.5", "1000000000000000000000000000000", '""', '"x"', '"\\u0000\\ufffd"'),
    *('"{\\"error\\": {}}"', f'"{"9" * 500}"', "[]", "[null]", "[[]]", "{}", '{"type": "text"}', '{"a": {}}'),
)
_ROUNDS = 250  # for each of four kinds of damage
_ANSWERS = {name: case["body"] for name, case in fixture("answers").items()}
_ERRORS = {name: case["body"] for name, case in fixture("errors").items() if "body" in case}


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path to every value inside."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def with_any_value_anywhere(original: Any) -> Iterator[bytes]:
    """The value once for each place in it and each odd value there, and once without what is there."""
    for path in places(original):
        for text in (*_VALUES, None):
            value = json.loads(json.dumps(original))
            holder = value
            for key in path[:-1]:
                holder = holder[key]
            if path and text is None:
                del holder[path[-1]]
            elif path and text is not None:
                holder[path[-1]] = json.loads(text)
            yield json.dumps(value).encode()


def outcome_of(body: bytes) -> ProviderResponse | str:
    """The response, or the text of a typed error; anything else fails the test."""
    try:
        return CODEC.decode(a_reply(body), prepared(JsonObjectFormat()))
    except ProviderError as error:
        assert error.provider == ACME  # noqa: PT017 - both ends are right
        return str(error)


def send_back(response: ProviderResponse) -> None:
    results = [tool_result(call, "done") for call in response.tool_calls]
    assert len({call.id for call in response.tool_calls}) == len(results)
    handed = hand_off((user("?"), response.message, *results, user("And?")), CODEC.handoff_target(ACME, "m"))
    sound = all(isinstance(call.arguments_json, JsonObject) for call in response.tool_calls)
    with nullcontext() if sound else suppress(IntentUnsupported):
        json.loads(CODEC.encode(a_request(*handed.messages), ACME).body)


@pytest.mark.parametrize("name", _ANSWERS)
def test_any_value_in_any_place_of_an_answer_is_read_or_is_a_typed_error(name: str) -> None:
    for body in with_any_value_anywhere(_ANSWERS[name]):
        outcome = outcome_of(body)
        if isinstance(outcome, ProviderResponse):
            send_back(outcome)


@pytest.mark.parametrize("name", _ERRORS)
def test_any_value_in_any_place_of_an_error_is_a_typed_error(name: str) -> None:
    for body in with_any_value_anywhere(_ERRORS[name]):
        for status in (200, 400, 403, 500):
            error = CODEC.decode_error(a_reply(body, status), ACME, None)
            assert isinstance(error, ProviderStatusError)
            assert str(error)


def test_any_value_in_any_place_of_a_model_list_is_survived() -> None:
    for body in with_any_value_anywhere(fixture("models")):
        with suppress(ProviderError):
            CODEC.decode_models(a_reply(body), ACME)


def sources() -> list[bytes]:
    """The bodies that are damaged: our own, streams of them, and the captured ones where they are present."""
    own = [json.dumps(body).encode() for body in _ANSWERS.values()]
    piece = json.dumps({"message": {"content": "x", "thinking": "y"}, "done": False}).encode()
    streams = [piece + b"\n" + body for body in own]
    return own + streams + [reply_body(exchange) for exchange in wire_exchanges("ollama", apis=("chat",))]


def damaged(body: bytes, kind: str, chance: Random) -> bytes:
    if kind == "bytes":
        data = bytearray(body)
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        return bytes(data)
    if kind == "cut":
        return body[: chance.randrange(len(body))]
    if kind == "lines":
        at = sorted(chance.randrange(len(body)) for _ in range(3))
        return b"\n".join([body[: at[0]], body[at[0] : at[1]], body[at[1] : at[2]], body[at[2] :], body])
    value = json.loads(body.splitlines()[-1])
    for _ in range(chance.randint(1, 4)):
        path = chance.choice(places(value))
        holder = value
        for key in path[:-1]:
            holder = holder[key]
        if path:
            holder[path[-1]] = json.loads(chance.choice(_VALUES))
    return json.dumps(value).encode()


@pytest.mark.parametrize("kind", ["bytes", "cut", "lines", "replaced"])
def test_a_damaged_answer_is_read_or_is_a_typed_error(kind: str) -> None:
    chance = Random(f"ollama {kind}")  # noqa: S311 - damage that comes back on every run
    bodies, outcomes = sources(), set()
    for _ in range(_ROUNDS):
        body = damaged(chance.choice(bodies), kind, chance)
        outcome = outcome_of(body)
        assert outcome_of(body) == outcome
        outcomes.add(type(outcome))
        if isinstance(outcome, ProviderResponse):
            send_back(outcome)
        error = CODEC.decode_error(a_reply(body, chance.choice((200, 400, 401, 429, 500, 503))), ACME, None)
        assert isinstance(error, ProviderStatusError)
        with suppress(ProviderError):
            CODEC.decode_models(a_reply(body), ACME)
    assert str in outcomes  # some of the damage is beyond reading
    assert (ProviderResponse in outcomes) is (kind in {"bytes", "replaced"})
