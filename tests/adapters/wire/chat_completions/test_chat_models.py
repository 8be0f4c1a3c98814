"""Model lists of OpenAI, OpenRouter and the others."""

import pytest
from chat_support import ACME, a_reply, fixture, openai_codec, openrouter_codec, vendor_codec

from provider_runtime.domain.catalog.models import ModelInfo
from provider_runtime.domain.errors import ProtocolError, ProviderStatusError, SerializationError

CARDS = fixture("models")


@pytest.mark.parametrize("name", CARDS)
def test_a_model_card_is_read_as_the_golden_one(name: str) -> None:
    (model,) = openrouter_codec().decode_models(a_reply({"data": [CARDS[name]["card"]]}), ACME)
    assert model == ModelInfo(provider=ACME, **CARDS[name]["expect"])


def test_models_keep_their_order_and_the_first_of_a_name_counts() -> None:
    cards = [{"id": "b"}, {"id": "a"}, {"id": "b", "name": "again"}, {"id": " "}, {"id": 7}, {}, "odd", None]
    models = openai_codec().decode_models(a_reply({"object": "list", "data": cards}), ACME)
    assert [(model.model_id, model.display_name) for model in models] == [("b", None), ("a", None)]


def test_a_bare_list_and_an_empty_one_are_lists() -> None:
    assert [model.model_id for model in vendor_codec().decode_models(a_reply([{"id": "a"}]), ACME)] == ["a"]
    assert vendor_codec().decode_models(a_reply({"object": "list", "data": None}), ACME) == ()


@pytest.mark.parametrize("body", [{"data": {}}, {"models": []}, "text", 5])
def test_what_is_no_list_is_a_protocol_error(body: object) -> None:
    with pytest.raises(ProtocolError) as broken:
        openai_codec().decode_models(a_reply(body), ACME)
    assert broken.value.field == "data"


def test_what_is_no_json_is_a_serialization_error_and_an_error_is_that_error() -> None:
    with pytest.raises(SerializationError):
        openai_codec().decode_models(a_reply(b"<html>"), ACME)
    with pytest.raises(ProviderStatusError):
        openai_codec().decode_models(a_reply({"error": {"message": "no", "code": 401}}), ACME)


def test_lists_are_asked_for_beside_the_chat_path() -> None:
    paths = [codec.models_path for codec in (openai_codec(), openrouter_codec(), vendor_codec())]
    assert paths == ["/v1/models", "/api/v1/models", "/models"]
