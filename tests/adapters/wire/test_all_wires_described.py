"""Every body is one that the vendor's own published description of its API allows."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from all_wires import WIRES, Wire, name_of
from attrs import evolve
from field_cases import CASES
from hypothesis import given
from shared_data import require_shared

from provider_runtime.domain.conversation.handoff import hand_off
from provider_runtime.domain.conversation.parts import ContentPart, ToolResultPart
from provider_runtime.domain.conversation.request import ModelRef, ProviderRequest
from provider_runtime.domain.errors import CallRefused
from provider_runtime.testing import strategies

jsonschema_rs = pytest.importorskip("jsonschema_rs", reason="the extra `schema` is not installed")

_DESCRIBED = [wire for wire in WIRES if wire.document]
# What a vendor takes, by its own client library, and what its document does not know yet.
_NEWER = {"anthropic": (b'"type":"file"', b'"xhigh"', b'"between_tools"')}


# ── the descriptions, and what in them is not as the servers are ────────────────────────────


def _standard(value: Any) -> Any:
    """A description as a JSON Schema: ``nullable`` and true ``exclusiveMinimum`` are OpenAPI 3.0.

    Alternatives overlap in several documents (a message with a role fits two kinds of input item),
    so that ``oneOf``, taken literally, forbids what the vendor's own examples send.
    """
    if isinstance(value, list):
        return [_standard(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {key: _standard(item) for key, item in value.items()}
    for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if plain.get(exclusive) is True:
            plain[exclusive] = plain.pop(bound)
        elif plain.get(exclusive) is False:
            del plain[exclusive]
    if isinstance(plain.get("oneOf"), list) and "anyOf" not in plain:
        plain["anyOf"] = plain.pop("oneOf")
    return {"anyOf": [plain, {"type": "null"}]} if plain.pop("nullable", None) is True else plain


def _openai(schemas: dict[str, Any]) -> None:
    # Captured requests leave all of these out, and are answered.
    schemas["InputImageContent"]["required"].remove("detail")
    schemas["OutputTextContent"]["required"] = ["type", "text"]
    schemas["OutputMessage"]["required"] = ["type", "role", "content"]
    # OpenAI asks for 16 tokens at least, other servers of this wire do not: it is theirs to refuse.
    (own,) = (piece["properties"] for piece in schemas["CreateResponse"]["allOf"] if "properties" in piece)
    del own["max_output_tokens"]


def _mistral(schemas: dict[str, Any]) -> None:
    # Captured traffic sends OpenAI's object, and is answered.
    schemas["AudioChunk"]["properties"]["input_audio"]["anyOf"].append({"type": "object"})


def _together(schemas: dict[str, Any]) -> None:
    # One schema for what is answered and for what is asked: a choice has no index, no id and no arguments.
    schemas["ToolChoice"]["required"] = ["type", "function"]
    schemas["ToolChoice"]["properties"]["function"]["required"] = ["name"]


def _tgi(schemas: dict[str, Any]) -> None:
    # The server reads `parameters` as another name of `arguments`.
    schemas["FunctionDefinition"]["required"] = ["name"]


def _gemini(schemas: dict[str, Any]) -> None:
    # The path names the model; no captured request says it again in the body.
    schemas["GenerateContentRequest"]["required"].remove("model")
    # Google's client library sends {"level": …}, and tools without a description.
    del schemas["Part"]["properties"]["mediaResolution"]
    schemas["FunctionDeclaration"]["required"] = ["name"]


_CORRECTIONS: dict[str, Callable[[dict[str, Any]], None]] = {
    "openai": _openai,
    "gemini": _gemini,
    "mistral": _mistral,
    "together": _together,
    "tgi": _tgi,
}


@cache
def _validator(document: str, path: str) -> Any:
    described = json.loads(require_shared("openapi", f"{document}.openapi.json").read_bytes())
    body = described["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    components = described["components"]
    _CORRECTIONS.get(document, lambda _schemas: None)(components["schemas"])
    return jsonschema_rs.Draft202012Validator({**_standard(body), "components": _standard(components)})


def faults_of(wire: Wire, request: ProviderRequest) -> list[str]:
    """Where the body of this request is not as described; nothing for a request that is refused."""
    model_id = request.model.model_id
    handed = hand_off(request.messages, wire.codec.handoff_target(wire.provider, model_id))
    try:
        encoded = wire.codec.encode(evolve(request, messages=handed.messages), wire.provider)
    except CallRefused:
        return []
    if any(word in encoded.body for word in _NEWER.get(wire.document or "", ())):
        return []
    found = _validator(wire.document or "", wire.path).iter_errors(json.loads(encoded.body))
    return [f"{model_id}: {fault.instance_path}: {fault.message:.300}" for fault in found]


@pytest.mark.parametrize("wire", _DESCRIBED, ids=name_of)
def test_each_field_is_written_as_the_vendor_describes_it(wire: Wire) -> None:
    faults = {
        str(case): found
        for model_id in wire.models
        for case in CASES
        if case.field != "ProviderRequest.provider_options" and (found := faults_of(wire, case.make(wire, model_id)))
    }
    assert faults == {}


@pytest.mark.parametrize("wire", _DESCRIBED, ids=name_of)
@given(request=strategies.requests())
def test_any_request_is_written_as_the_vendor_describes_it(wire: Wire, request: ProviderRequest) -> None:
    require_shared("openapi")
    for model_id in (wire.models[0], wire.models[-1]):
        assert faults_of(wire, evolve(_without_verbatim(request), model=ModelRef(model_id=model_id))) == []


def _without_verbatim(request: ProviderRequest) -> ProviderRequest:
    """The request without what the caller has sent as it is, and answers for."""
    said = tuple(evolve(one, content=tuple(map(_plain_result, one.content))) for one in request.messages)
    return evolve(request, messages=said, provider_options={})


def _plain_result(part: ContentPart) -> ContentPart:
    if not isinstance(part, ToolResultPart):
        return part
    return evolve(part, tool_result=evolve(part.tool_result, raw_provider_content=None))


def test_a_body_that_is_not_as_described_is_noticed() -> None:
    for wire in _DESCRIBED:
        check = _validator(wire.document or "", wire.path)
        assert not check.is_valid({"model": 7})
        assert not check.is_valid({"model": wire.models[0], "messages": [{"role": "nobody"}], "input": 7})
