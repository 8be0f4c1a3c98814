import pytest
from responses_cases import CODEC, fixture, reply_of

from provider_runtime.domain.catalog.models import ModelInfo
from provider_runtime.domain.errors import CredentialsRejected, ProtocolError, SerializationError
from provider_runtime.domain.identity import OPENAI


def test_models_are_listed_in_order_and_once_each() -> None:
    models = CODEC.decode_models(reply_of(fixture("models")), OPENAI)
    assert models == (
        ModelInfo(provider=OPENAI, model_id="gpt-5.6-sol", supports_reasoning=True),
        ModelInfo(provider=OPENAI, model_id="gpt-4.1", supports_reasoning=False),
        ModelInfo(provider=OPENAI, model_id="house-model", display_name="House model", context_window=32768),
    )


def test_entries_that_are_no_models_are_passed_over() -> None:
    assert CODEC.decode_models(reply_of({"data": [None, 7, "x", [], {"id": 5}, {"id": ""}]}), OPENAI) == ()


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": {"id": "x"}}, []])
def test_a_list_that_is_none_is_a_protocol_error(body: object) -> None:
    with pytest.raises(ProtocolError):
        CODEC.decode_models(reply_of(body), OPENAI)


def test_a_list_that_is_no_json_is_a_serialization_error() -> None:
    with pytest.raises(SerializationError):
        CODEC.decode_models(reply_of(b"<html/>"), OPENAI)


def test_an_error_in_place_of_the_list_is_that_error() -> None:
    with pytest.raises(CredentialsRejected):
        CODEC.decode_models(reply_of({"error": {"message": "No.", "code": "invalid_api_key"}}), OPENAI)


def test_what_the_wire_can_do_is_stated() -> None:
    assert CODEC.capabilities.supports_thinking
    assert CODEC.wire == "openai_responses"
    target = CODEC.handoff_target(OPENAI, "gpt-5")
    assert (target.plain_thinking, target.system_anywhere) == (False, True)
    assert target.tool_id.fullmatch("call_1:x-2.z")
    assert not target.tool_id.fullmatch("call 1")
    assert not target.tool_id.fullmatch("c" * 65)
