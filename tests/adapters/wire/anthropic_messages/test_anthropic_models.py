"""The list of models on the Messages wire."""

from typing import Any

import pytest
from anthropic_wire import CODEC, a_reply
from shared_data import reply_body, require_shared, wire_exchanges

from provider_runtime.domain.catalog.models import ModelInfo
from provider_runtime.domain.errors import ErrorCode, ProtocolError, ProviderStatusError, SerializationError
from provider_runtime.domain.identity import ANTHROPIC


def _models(body: object) -> tuple[ModelInfo, ...]:
    return CODEC.decode_models(a_reply(body), ANTHROPIC)


def test_a_model_of_the_older_list_has_a_name_only() -> None:
    body = {
        "data": [{"type": "model", "id": "claude-x", "display_name": "Claude X", "created_at": "2025-01-01T00:00:00Z"}]
    }
    assert _models(body) == (ModelInfo(provider=ANTHROPIC, model_id="claude-x", display_name="Claude X"),)


def test_a_model_of_the_newer_list_tells_its_limits_and_what_it_can() -> None:
    can = {
        "structured_outputs": {"supported": False},
        "thinking": {"supported": True, "types": {}},
        "image_input": {"supported": True},
        "pdf_input": {"supported": False},
    }
    body = {"data": [{"id": "claude-x", "max_input_tokens": 200000, "max_tokens": 64000, "capabilities": can}]}
    assert _models(body) == (
        ModelInfo(
            provider=ANTHROPIC,
            model_id="claude-x",
            context_window=200000,
            max_output_tokens=64000,
            supports_structured_output=False,
            supports_reasoning=True,
            input_modalities=("text", "image"),
        ),
    )


@pytest.mark.parametrize("entry", [None, {}, {"id": ""}, {"id": 7}, "claude-x"])
def test_an_entry_without_an_id_is_passed_over(entry: Any) -> None:
    assert [model.model_id for model in _models({"data": [entry, {"id": "claude-x"}]})] == ["claude-x"]


@pytest.mark.parametrize("limit", [0, -1, 1.5, "many", None, 10**12])
def test_a_limit_that_cannot_be_one_is_unknown(limit: Any) -> None:
    (model,) = _models({"data": [{"id": "x", "max_input_tokens": limit, "max_tokens": limit, "capabilities": None}]})
    assert (model.context_window, model.max_output_tokens) == (None, None)


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": {}}, []])
def test_an_answer_without_a_list_is_a_protocol_error(body: Any) -> None:
    with pytest.raises(ProtocolError):
        _models(body)


def test_what_is_not_json_is_a_serialization_error() -> None:
    with pytest.raises(SerializationError):
        _models(b"<html>")


def test_an_error_under_200_is_the_error_it_names() -> None:
    with pytest.raises(ProviderStatusError) as failed:
        _models({"type": "error", "error": {"type": "overloaded_error", "message": "Later."}})
    assert failed.value.code is ErrorCode.OVERLOADED


def test_every_captured_list_is_read_whole() -> None:
    require_shared("wire")
    for exchange in wire_exchanges("anthropic", apis=("models",)):
        models = CODEC.decode_models(a_reply(reply_body(exchange)), ANTHROPIC)
        listed = exchange["response"]["json"]["data"]
        assert [(model.model_id, model.display_name) for model in models] == [
            (entry["id"], entry["display_name"]) for entry in listed
        ]
        assert [model.max_output_tokens for model in models] == [entry.get("max_tokens") for entry in listed]
