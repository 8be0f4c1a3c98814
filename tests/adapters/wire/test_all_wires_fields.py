"""Nothing of a request is ignored in silence: each field is sent, refused, or left out with a warning."""

import json

import attrs
import pytest
from all_wires import WIRES, Wire, name_of
from attrs import evolve
from field_cases import CASES, REFUSED, SILENT, base, outcome_of

from provider_runtime.domain.conversation import parts, request, tools
from provider_runtime.domain.conversation.markers import CacheBoundary
from provider_runtime.domain.conversation.messages import system, user
from provider_runtime.domain.conversation.parts import DocumentPart, InlineData, MediaUrl
from provider_runtime.domain.conversation.request import ModelRef, ProviderRequest
from provider_runtime.domain.conversation.tools import ToolDefinition
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.errors import CallRefused

# The classes that a request is made of, and what in them is no field of its own.
_CLASSES = (
    ProviderRequest,
    CacheBoundary,
    *(
        found
        for module in (parts, tools, request)
        for found in vars(module).values()
        if isinstance(found, type) and attrs.has(found)
    ),
)
_NOT_ASKED_OF_A_WIRE = {
    "CallOptions": "belongs to the call, and is never sent",
    "ModelRef": "the hint chooses the provider; the id is ProviderRequest.model",
    "Citation": "goes or stays whole, as TextPart.citations",
    "Signature": "opaque: probed as the signature of each part",
    "ToolResultText": "probed as ToolResult.content",
    "ToolResultJson": "probed as ToolResult.content",
    "ToolResultParts": "probed as ToolResult.content",
    "ToolCallPart": "probed as ToolCall",
    "Message": "probed as ProviderRequest.messages",
    "ToolResultPart.tool_result": "probed as ToolResult",
    "MediaUrl.media_type": "a hint for wires that ask for a type beside the address",
    "ProviderFile.media_type": "as above",
}
# What may change nothing, and need not be said, because the wire does it anyway.
_NEEDLESS = {
    ("ProviderRequest.reasoning = ReasoningOff()", "openai_responses"): "the model never reasons",
    ("ProviderRequest.reasoning = ReasoningOff()", "anthropic_messages"): "the model does not think unless asked",
    ("ProviderRequest.parallel_tool_calls = True", "anthropic_messages"): "parallel unless forbidden",
    ("JsonSchemaFormat.name", "anthropic_messages"): "a label; the API has none for a schema",
    ("JsonSchemaFormat.strict", "anthropic_messages"): "schemas are always enforced",
    ("ProviderRequest.reasoning = ReasoningOff()", "gemini"): "the model never thinks",
    ("ProviderRequest.parallel_tool_calls = True", "gemini"): "parallel, and nobody can forbid it",
    ("JsonSchemaFormat.name", "gemini"): "a label; the API has none for a schema",
    ("JsonSchemaFormat.strict", "gemini"): "schemas are always enforced",
    ("AudioPart.transcript", "gemini"): "the recording itself goes back, and is listened to",
    ("ProviderRequest.reasoning = ReasoningOff()", "ollama"): "the model never thinks",
    ("JsonSchemaFormat.name", "ollama"): "a label; the API has none for a schema",
    ("JsonSchemaFormat.strict", "ollama"): "schemas are always enforced",
    ("InlineData.media_type", "ollama"): "the server looks at the picture itself",
    ("JsonSchemaFormat.strict", "chat_completions"): "Text Generation Inference enforces every schema",
}


def test_every_field_of_a_request_is_probed() -> None:
    probed = {case.field for case in CASES}
    fields = {
        f"{kind.__name__}.{attribute.name}"
        for kind in _CLASSES
        if kind.__name__ not in _NOT_ASKED_OF_A_WIRE
        for attribute in attrs.fields(kind)
        if attribute.init
    }
    assert fields - probed - set(_NOT_ASKED_OF_A_WIRE) == set()
    assert probed - fields == set()


@pytest.mark.parametrize("wire", WIRES, ids=name_of)
def test_no_field_is_ignored_in_silence(wire: Wire) -> None:
    ignored = {
        (str(case), model_id)
        for model_id in wire.models
        for case in CASES
        if outcome_of(case, wire, model_id) == SILENT and (str(case), wire.codec.wire) not in _NEEDLESS
    }
    assert ignored == set()


def test_every_exception_from_the_rule_is_needed() -> None:
    silent = {
        (str(case), wire.codec.wire)
        for wire in WIRES
        for model_id in wire.models
        for case in CASES
        if outcome_of(case, wire, model_id) == SILENT
    }
    assert silent == set(_NEEDLESS)


@pytest.mark.parametrize("wire", WIRES, ids=name_of)
def test_what_every_wire_must_be_able_to_say_is_never_refused(wire: Wire) -> None:
    spoken = {
        *("ProviderRequest.messages", "ProviderRequest.tools", "ToolDefinition.description", "TextPart.text"),
        *("ToolResult.content text", "ToolResult.content JSON", "ToolResult.is_error", "ToolCall.id"),
        *("ToolCall.arguments_json", "ThinkingPart.text of another", "RefusalPart.text"),
    }
    for case in CASES:
        if str(case) in spoken:
            for model_id in wire.models:
                assert outcome_of(case, wire, model_id) != REFUSED, (str(case), model_id)


@pytest.mark.parametrize("wire", WIRES, ids=name_of)
def test_a_label_is_sent_as_it_is_or_a_warning_says_that_it_was_not(wire: Wire) -> None:
    labels = {"user_id": "heron-17", "team": "blue-heron", "trace": "heron ✦"}
    for model_id in wire.models:
        encoded = wire.codec.encode(evolve(base(model_id), metadata=labels), wire.provider)
        kept = sum(json.dumps(label, ensure_ascii=False).encode() in encoded.body for label in labels.values())
        said = [warning.code for warning in encoded.warnings]
        assert kept == len(labels) or WarningCode.DROPPED_UNSUPPORTED_METADATA_KEYS in said


@pytest.mark.parametrize("wire", WIRES, ids=name_of)
def test_words_and_addresses_arrive_letter_by_letter(wire: Wire) -> None:
    words = 'A "quoted"\\ ✦ 漢字 \u2028 </system> \x07 heron'
    link = "https://a.example/?q=%20&r=<✦>"
    wanted = {
        "system": evolve(base("m"), messages=(system(words), user("x"))),
        "user": evolve(base("m"), messages=(user(words),)),
        "tool": evolve(base("m"), tools=(ToolDefinition(name="f", description=words),)),
        "stop": evolve(base("m"), stop=(words,)),
        "document": evolve(base("m"), messages=(user("x", DocumentPart(source=MediaUrl(url=link))),)),
        "title": evolve(base("m"), messages=(user("x", DocumentPart(source=_A_PDF, name="heron.pdf")),)),
    }
    needles = {"document": link, "title": "heron.pdf"}
    for model_id in wire.models:
        for name, asked in wanted.items():
            try:
                encoded = wire.codec.encode(evolve(asked, model=ModelRef(model_id=model_id)), wire.provider)
            except CallRefused:
                assert name in {"document", "title", "stop"}
                continue
            if WarningCode.DROPPED_CONTROL not in {warning.code for warning in encoded.warnings}:
                assert needles.get(name, words) in _texts_of(json.loads(encoded.body)), (name, model_id)


_A_PDF = InlineData(media_type="application/pdf", data=b"%PDF-1.4")


def _texts_of(value: object) -> str:
    """All texts of a body, one after the other."""
    if isinstance(value, str):
        return value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return "\n".join(_texts_of(item) for item in inner)
