"""The list of models of an Ollama server."""

import pytest
from ollama_wire import ACME, CODEC, a_reply, fixture

from provider_runtime.domain.catalog.models import ModelInfo
from provider_runtime.domain.errors import ProtocolError, ProviderStatusError, SerializationError


def test_models_are_listed_once_in_order_with_what_the_server_says_they_can_do() -> None:
    assert CODEC.decode_models(a_reply(fixture("models")), ACME) == (
        ModelInfo(
            provider=ACME,
            model_id="qwen3:4b",
            context_window=262_144,
            supports_reasoning=True,
            input_modalities=("text",),
        ),
        ModelInfo(
            provider=ACME,
            model_id="gemma3:4b",
            context_window=131_072,
            supports_tools=False,
            supports_reasoning=False,
            input_modalities=("text", "image"),
        ),
        ModelInfo(provider=ACME, model_id="llama3.1:latest"),
        ModelInfo(provider=ACME, model_id="gpt-oss:120b-cloud", display_name="Big"),
    )


@pytest.mark.parametrize("body", [{"models": None}, {"models": []}, []])
def test_a_server_without_models_has_none(body: object) -> None:
    assert CODEC.decode_models(a_reply(body), ACME) == ()


@pytest.mark.parametrize("body", [{}, {"models": "none"}, {"data": []}, "none", None, 7])
def test_what_is_no_list_is_a_protocol_error(body: object) -> None:
    with pytest.raises(ProtocolError) as refused:
        CODEC.decode_models(a_reply(body), ACME)
    assert refused.value.field == "models"


def test_an_error_is_the_error_it_tells_of_and_no_json_is_none() -> None:
    with pytest.raises(ProviderStatusError, match="unauthorized"):
        CODEC.decode_models(a_reply({"error": "unauthorized"}), ACME)
    with pytest.raises(SerializationError):
        CODEC.decode_models(a_reply(b"<html>"), ACME)
