"""A thousand damaged answers: each is a response or a typed error, never anything else."""

import json
import random
from typing import Any

import pytest
from gemini_wire import CODEC, a_reply, fixtures, prepared

from provider_runtime.domain.conversation.request import JsonObjectFormat, JsonSchemaFormat, TextFormat
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import ProviderError, ProviderStatusError
from provider_runtime.domain.identity import GEMINI

_GROUNDED = {
    "candidates": [
        {
            "content": {
                "role": "model",
                "parts": [{"text": "Ä fact."}, {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}}],
            },
            "finishReason": "STOP",
            "groundingMetadata": {
                "groundingChunks": [{"web": {"uri": "https://example.org", "title": "Example"}}],
                "groundingSupports": [{"segment": {"startIndex": 2, "endIndex": 6}, "groundingChunkIndices": [0]}],
            },
            "citationMetadata": {"citationSources": [{"endIndex": 3, "uri": "https://example.org"}]},
        }
    ],
    "usageMetadata": {"promptTokenCount": 1, "totalTokenCount": 2},
}
_LISTED = {"models": [{"name": "models/x", "supportedGenerationMethods": ["generateContent"], "inputTokenLimit": 10}]}
_WHOLE = (
    [fixture["body"] for prefix in ("answer_", "error_") for fixture in fixtures(prefix).values() if "body" in fixture]
    + [_GROUNDED] * 10
    + [_LISTED]
)
_WANTED = (TextFormat(), JsonObjectFormat(), JsonSchemaFormat(name="answer", schema={}))
_ODDITIES: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**30, "", "x", "\u0000", "😀", "1s", [], {}, [[]], [None], {"text": "y"}, {"parts": 3},
)  # fmt: skip


def _damaged(value: Any, chance: random.Random) -> Any:
    """``value`` with some of its parts replaced, taken out, doubled or renamed."""
    if chance.random() < 0.08:
        return chance.choice(_ODDITIES)
    if isinstance(value, dict):
        damaged = {}
        for key, item in value.items():
            if chance.random() < 0.06:
                continue
            name = chance.choice(["parts", "content", "text", "thought", key]) if chance.random() < 0.05 else key
            damaged[name] = _damaged(item, chance)
        return damaged
    if isinstance(value, list):
        return [_damaged(item, chance) for item in value for _ in range(chance.choice([1, 1, 1, 1, 2, 0]))]
    return value


def _broken(body: bytes, chance: random.Random) -> bytes:
    cut = chance.randrange(len(body) + 1)
    return chance.choice([body[:cut], body[cut:], body[:cut] + bytes([chance.randrange(256)]) + body[cut + 1 :]])


@pytest.mark.parametrize("seed", range(10))
def test_a_hundred_damaged_answers_are_responses_or_typed_errors(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - scripted chance, not secrecy
    outcomes = set()
    for _ in range(100):
        body = json.dumps(_damaged(chance.choice(_WHOLE), chance)).encode()
        if chance.random() < 0.2:
            body = _broken(body, chance)
        reply = a_reply(body)
        try:
            outcome: object = CODEC.decode(reply, prepared(chance.choice(_WANTED)))
        except ProviderError as error:
            outcome = error
        assert isinstance(outcome, ProviderResponse | ProviderError)
        outcomes.add(isinstance(outcome, ProviderResponse))
        assert isinstance(CODEC.decode_error(reply, GEMINI, None), ProviderStatusError)
        try:
            CODEC.decode_models(reply, GEMINI)
        except ProviderError as error:
            assert error.provider == GEMINI  # noqa: PT017 - both ends are right
    assert outcomes == {True, False}
