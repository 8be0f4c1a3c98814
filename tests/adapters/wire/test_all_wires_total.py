"""Decoders are total: whatever arrives, over whatever wire, a response or a typed error comes out."""

import pickle
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from all_wires import WIRES, Wire, a_reply, name_of
from damage import CANARY, damaged, fit_to_damage
from shared_data import reply_body, require_shared, wire_exchanges

from provider_runtime.adapters.serialization import make_converter, to_json
from provider_runtime.domain.conversation.exchange import PreparedExchange, asked_and_got
from provider_runtime.domain.conversation.request import JsonObjectFormat, JsonSchemaFormat, TextFormat
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import ProtocolError, ProviderError, ProviderRuntimeError, ProviderStatusError
from provider_runtime.ports.http import HttpReply

_CONVERTER = make_converter()
_WANTED = (TextFormat(), TextFormat(), JsonObjectFormat(), JsonSchemaFormat(name="answer", schema={"type": "object"}))
_STATUSES = (
    400,
    401,
    402,
    403,
    404,
    408,
    409,
    413,
    418,
    422,
    424,
    429,
    498,
    500,
    502,
    503,
    504,
    529,
    599,
    301,
    204,
    100,
)
_SUITE, _CAMPAIGN = 20_000, 300_000


def outcome_of(wire: Wire, reply: HttpReply, prepared: PreparedExchange) -> ProviderResponse | ProviderError:
    """What the decoder makes of an answer under a good status; anything untyped fails the test."""
    try:
        response = wire.codec.decode(reply, prepared)
    except ProviderError as error:
        return error
    assert isinstance(response, ProviderResponse)
    return response


def check_response(response: ProviderResponse, prepared: PreparedExchange) -> None:
    """It can be written, compared with what was asked for, and said back."""
    assert to_json(_CONVERTER, response)
    asked_and_got(prepared, response)
    assert response.message.content == response.output.content
    for warning in response.warnings:
        assert CANARY not in warning.message


def check_error(error: object) -> None:
    """It can be shown and carried to another process, and quotes the provider nowhere but in its message."""
    assert isinstance(error, ProviderError)
    if not isinstance(error, ProviderStatusError):
        assert CANARY not in str(error)
    shown = {name: value for name, value in told(error).items() if name != "message"}
    assert CANARY not in repr(shown)
    seen: BaseException | None = error.__cause__ or error.__context__
    while seen is not None:  # what a traceback would print besides
        assert CANARY not in repr(seen)
        seen = seen.__cause__ or seen.__context__


def told(error: ProviderRuntimeError) -> dict[str, Any]:
    """All fields of an error."""
    state: dict[str, Any] = error.__reduce__()[1][1]
    return state


def try_damage(wire: Wire, bodies: list[bytes], rounds: int, seed: str) -> tuple[int, int]:
    """Damage the bodies so often; how many were still read, and how many were refused."""
    chance = Random(seed)  # noqa: S311 - damage that comes back in every run
    read = refused = 0
    for number in range(rounds):
        body = damaged(chance.choice(bodies), chance)
        prepared = wire.prepared(chance.choice(_WANTED))
        outcome = outcome_of(wire, a_reply(body, chance.choice((200, 200, 200, 201, 206))), prepared)
        if isinstance(outcome, ProviderResponse):
            read += 1
            check_response(outcome, prepared)
        else:
            refused += 1
            check_error(outcome)
        status = chance.choice(_STATUSES) if number % 8 else chance.randrange(100, 1000)
        error = wire.codec.decode_error(a_reply(body, status), wire.provider, chance.choice((None, wire.models[0])))
        check_error(error)
        assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - made two steps before
        if number % 10 == 0:
            check_models(wire, a_reply(body))
    return read, refused


def check_models(wire: Wire, reply: HttpReply) -> None:
    try:
        models = wire.codec.decode_models(reply, wire.provider)
    except ProviderError as error:
        check_error(error)
        return
    assert isinstance(models, tuple)


def bodies_of(wire: Wire) -> list[bytes]:
    """Our own answers and the captured ones, errors among them."""
    own = [a_reply(body).body for body in wire.golden_answers()]
    assert own
    return fit_to_damage(own + [reply_body(exchange) for exchange in wire.captured_exchanges()])


@pytest.mark.parametrize("wire", WIRES, ids=name_of)
def test_damaged_answers_become_responses_or_typed_errors(wire: Wire) -> None:
    read, refused = try_damage(wire, bodies_of(wire), _SUITE // len(WIRES), f"suite {wire.name}")
    assert min(read, refused) > _SUITE // len(WIRES) // 20


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("wire", WIRES, ids=name_of)
def test_very_many_damaged_answers_become_responses_or_typed_errors(wire: Wire) -> None:
    read, refused = try_damage(wire, bodies_of(wire), _CAMPAIGN // len(WIRES), f"campaign {wire.name}")
    assert min(read, refused) > _CAMPAIGN // len(WIRES) // 20


def every_captured() -> Iterator[dict[str, Any]]:
    require_shared("wire")
    yield from wire_exchanges(
        *("openai-chat", "openai-responses", "anthropic", "gemini", "ollama", "openrouter"),
        *("openai-compat", "anthropic-compat"),
    )


@pytest.mark.parametrize("wire", WIRES, ids=name_of)
def test_every_captured_answer_of_its_own_wire_is_read_or_is_the_error_it_says(wire: Wire) -> None:
    exchanges = wire.captured_exchanges()
    if not exchanges:
        require_shared("wire")
        pytest.skip(f"no captured traffic of {wire.name}")
    for exchange in exchanges:
        told_status = exchange["response"]["status"]
        reply = a_reply(reply_body(exchange), told_status, **exchange["response"]["headers"])
        if told_status >= 300:
            check_error(wire.codec.decode_error(reply, wire.provider, None))
            continue
        outcome = outcome_of(wire, reply, wire.prepared())
        if isinstance(outcome, ProviderResponse):
            check_response(outcome, wire.prepared())
        else:
            # An error inside a good status, or an answer that its server is still working on.
            unfinished = isinstance(outcome, ProtocolError) and outcome.field == "status"
            assert unfinished or isinstance(outcome, ProviderStatusError), exchange["id"]


def test_every_captured_answer_of_every_wire_is_survived_by_every_other_codec() -> None:
    for exchange in every_captured():
        told_answer = exchange["response"]
        reply = a_reply(reply_body(exchange), told_answer["status"], **told_answer["headers"])
        for wire in WIRES:
            prepared = wire.prepared()
            outcome = outcome_of(wire, reply, prepared)
            if isinstance(outcome, ProviderResponse):
                check_response(outcome, prepared)
            else:
                check_error(outcome)
            check_error(wire.codec.decode_error(reply, wire.provider, None))
            check_models(wire, reply)
