"""A thousand damaged answers: whatever arrives, a response or a typed error comes out, and a response can go back."""

import json
from random import Random
from typing import Any

import pytest
from responses_cases import CODEC, fixture, fixture_names, prepared_for, reply_of, request_for
from shared_data import reply_body, wire_exchanges

from provider_runtime.domain.conversation.messages import user
from provider_runtime.domain.conversation.request import JsonSchemaFormat
from provider_runtime.domain.errors import ProtocolError, ProviderStatusError, SerializationError
from provider_runtime.domain.identity import OPENAI
from provider_runtime.ports.http import HttpReply

COUNT = 1_000
LONGEST = 6_000
STRANGE: tuple[Any, ...] = (None, True, -1, 2**70, 1e308, "", "\u0000", "completed", [], {}, [[]], {"type": "message"})


def sources() -> list[bytes]:
    """Our own answers, and the smaller captured ones where they are present."""
    own = [json.dumps(fixture(name)).encode() for name in fixture_names("") if not name.startswith("request_")]
    captured = [reply_body(one) for one in wire_exchanges("openai-responses", "openai-compat", apis=("responses",))]
    return own + [body for body in captured if len(body) < LONGEST]


def damaged_bytes(body: bytes, chance: Random) -> bytes:
    start, length = chance.randrange(len(body)), chance.randrange(1, 40)
    middle = chance.choice([b"", bytes(chance.randrange(256) for _ in range(length)), body[start : start + length] * 2])
    return body[:start] + middle + body[start + length :]


def nodes_of(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value, as its holder and the key there."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    found = [(value, key) for key in keys]
    return found + [node for key in keys for node in nodes_of(value[key])]


def damaged_value(body: bytes, chance: Random) -> bytes:
    value = json.loads(body)
    for _ in range(chance.randrange(1, 4)):
        places = nodes_of(value)
        if not places:
            break
        holder, key = chance.choice(places)
        deed = chance.randrange(4)
        if deed == 0:
            del holder[key]
        elif deed == 1:
            holder[key] = chance.choice(STRANGE)
        elif deed == 2:
            holder[key] = [holder[key], holder[key]]
        else:
            other, other_key = chance.choice(places)
            holder[key] = json.loads(json.dumps(other[other_key]))
    return json.dumps(value).encode()


@pytest.fixture(scope="module")
def mutants() -> list[bytes]:
    chance, bodies = Random(20261001), sources()  # noqa: S311 - the same damage in every run, not secrecy
    made = []
    for number in range(COUNT):
        body = chance.choice(bodies)
        made.append(damaged_bytes(body, chance) if number % 2 else damaged_value(body, chance))
    return made


def test_damaged_answers_give_responses_or_typed_errors(mutants: list[bytes]) -> None:
    prepared = prepared_for(wanted=JsonSchemaFormat(name="any", schema={}))
    read = 0
    for body in mutants:
        try:
            response = CODEC.decode(reply_of(body), prepared)
        except (ProviderStatusError, ProtocolError, SerializationError):
            continue
        read += 1
        CODEC.encode(request_for("gpt-5", user("q"), response.message, user("q")), OPENAI)
    assert COUNT // 10 < read < COUNT - COUNT // 10


def test_damaged_error_answers_give_typed_errors(mutants: list[bytes]) -> None:
    for number, body in enumerate(mutants):
        error = CODEC.decode_error(HttpReply(status=100 + number % 500, body=body), OPENAI, "m")
        assert isinstance(error, ProviderStatusError)
        assert len(error.message) <= 500


def test_damaged_model_lists_give_models_or_typed_errors() -> None:
    listed = json.dumps(fixture("models")).encode()
    chance = Random(7)  # noqa: S311 - as above
    for _ in range(200):
        try:
            models = CODEC.decode_models(reply_of(damaged_value(listed, chance)), OPENAI)
        except (ProviderStatusError, ProtocolError):
            continue
        assert len({model.model_id for model in models}) == len(models)
