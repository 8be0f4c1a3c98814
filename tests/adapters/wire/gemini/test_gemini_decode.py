"""Answers of the Gemini wire: what is read, what is skipped, what is an error."""

from typing import Any

import pytest
from gemini_wire import BUDGET, CODEC, a_reply, an_answer, codes, decoded, prepared

from provider_runtime.domain.conversation.parts import (
    AudioPart,
    Citation,
    ImagePart,
    InlineData,
    TextPart,
    ThinkingPart,
)
from provider_runtime.domain.conversation.request import JsonObjectFormat, JsonSchemaFormat
from provider_runtime.domain.conversation.response import FinishReason, ProviderResponse
from provider_runtime.domain.conversation.usage import Usage
from provider_runtime.domain.errors import (
    CredentialsRejected,
    ProtocolError,
    ProviderError,
    ProviderStatusError,
    SerializationError,
)
from provider_runtime.domain.identity import GEMINI

# ── what is there ───────────────────────────────────────────────────────────────────────────


def test_the_answer_says_who_and_which() -> None:
    response = decoded(an_answer({"text": "Hi"}), x_request_id="req_1")
    assert (response.provider, response.model) == (GEMINI, BUDGET)
    assert (response.response_id, response.provider_request_id) == ("LABNasysCNftxN8P6LzaoAI", "req_1")


@pytest.mark.parametrize("missing", ["modelVersion", "responseId", "usageMetadata"])
def test_what_is_not_the_answer_itself_may_be_missing(missing: str) -> None:
    body = an_answer({"text": "Hi"})
    del body[missing]
    response = decoded(body)
    assert (response.text, response.model) == ("Hi", BUDGET)


def test_unknown_fields_are_passed_over() -> None:
    plain = decoded(an_answer({"text": "Hi"}))
    assert (
        decoded(an_answer({"text": "Hi", "partMetadata": {}}, createTime="now", candidate={"avgLogprobs": 1})) == plain
    )


@pytest.mark.parametrize("content", [None, {}, [], "text", {"parts": None}, {"parts": "x"}, {"role": "model"}])
def test_content_may_be_missing_in_every_way(content: object) -> None:
    response = decoded(an_answer(candidate={"content": content}))
    assert response.output.content == ()
    assert codes(response) == ["empty_output"]


def test_a_signature_stays_on_its_part_and_names_its_scope() -> None:
    response = decoded(
        an_answer(
            {"text": "thinking", "thought": True, "thoughtSignature": "a"},
            {"thought": True, "thoughtSignature": "b"},
            {"text": "Hi", "thoughtSignature": "c"},
            {"thoughtSignature": "d"},
            {"functionCall": {"id": "1", "name": "look"}, "thoughtSignature": "e"},
            {"inlineData": {"mimeType": "image/png", "data": "aGk="}, "thoughtSignature": "f"},
        )
    )
    shown, hidden, text, empty, call, image = response.output.content
    assert isinstance(shown, ThinkingPart)
    assert isinstance(hidden, ThinkingPart)
    assert (shown.text, shown.redacted, hidden.redacted) == ("thinking", False, True)
    assert isinstance(empty, TextPart)
    assert empty.text == ""
    assert isinstance(image, ImagePart)
    signatures = [shown.signature, hidden.signature, text.signature, empty.signature]  # type: ignore[union-attr]  # checked by value
    signatures += [call.tool_call.signature, image.signature]  # type: ignore[union-attr]  # checked by value
    assert [(one.value, one.wire, one.provider) for one in signatures if one] == [
        (v, "gemini", GEMINI) for v in "abcdef"
    ]


def test_an_empty_signed_text_is_kept_and_is_no_answer() -> None:
    response = decoded(an_answer({"text": "", "thoughtSignature": "c2ln"}))
    assert len(response.output.content) == 1
    assert codes(response) == ["empty_output"]


def test_images_and_recordings_are_read() -> None:
    parts = [{"inlineData": {"mimeType": kind, "data": "aGk="}} for kind in ("image/png", "audio/L16;rate=24000")]
    image, audio = decoded(an_answer(*parts)).output.content
    assert image == ImagePart(source=InlineData(media_type="image/png", data=b"hi"))
    assert audio == AudioPart(source=InlineData(media_type="audio/L16;rate=24000", data=b"hi"))


@pytest.mark.parametrize(
    "part",
    [
        {"inlineData": {"mimeType": "image/png", "data": "not base64!"}},
        {"inlineData": {"mimeType": "image/png", "data": ""}},
        {"inlineData": {"mimeType": "video/mp4", "data": "aGk="}},
        {"inlineData": {"mimeType": "image/png", "data": "aGk="}, "thought": True},
        {"inlineData": None},
        {"toolCall": {"toolType": "GOOGLE_SEARCH"}, "thoughtSignature": "c2ln"},
        {"fileData": {"fileUri": "x"}},
        {"functionCall": []},
        {"a strange name": 1},
    ],
)
def test_what_cannot_be_read_is_skipped_with_a_warning(part: dict[str, Any]) -> None:
    response = decoded(an_answer({"text": "Hi"}, part, part))
    assert response.output.content == (TextPart("Hi"),)
    assert codes(response) == ["unknown_content_block"]


@pytest.mark.parametrize("part", [{}, {"thought": True}, {"text": ""}, {"thoughtSignature": ""}, None, 3, "x"])
def test_parts_that_hold_nothing_say_nothing(part: object) -> None:
    assert decoded(an_answer({"text": "Hi"}, part)).output.content == (TextPart("Hi"),)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ({"id": "", "name": "look", "args": None}, [("look", {}, [])]),
        ({"id": 7, "name": "look", "args": {"a": [1]}}, [("look", {"a": (1,)}, [])]),
        ({"name": "look", "args": [1]}, [("look", (1,), ["tool_arguments_invalid_json"])]),
        ({"name": "look", "args": "{"}, [("look", "{", ["tool_arguments_invalid_json"])]),
        ({"name": "", "args": {}}, []),
    ],
)
def test_a_call_is_read_as_far_as_it_goes(call: dict[str, Any], told: list[Any]) -> None:
    response = decoded(an_answer({"functionCall": call}))
    assert [(one.name, one.arguments_json) for one in response.tool_calls] == [(name, args) for name, args, _ in told]
    for *_, warned in told:
        assert codes(response) == warned
        assert response.finish_reason is FinishReason.TOOL_CALLS
    if not told:
        assert codes(response) == ["unknown_content_block", "empty_output"]


def test_a_made_up_id_follows_from_the_answer_alone() -> None:
    call = {"functionCall": {"name": "look", "args": {}}}
    body = an_answer(call, responseId="odd id!")
    one, other = (decoded(body).tool_calls[0].id for _ in range(2))
    assert one == other
    assert one.startswith("gemini-call-")
    assert len(one) <= 64


# ── why it ended ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("reason", "finish", "warned"),
    [
        ("STOP", "stop", []),
        ("MAX_TOKENS", "length", []),
        ("SAFETY", "content_filter", ["model_refusal"]),
        ("RECITATION", "content_filter", ["model_refusal"]),
        ("BLOCKLIST", "content_filter", ["model_refusal"]),
        ("PROHIBITED_CONTENT", "content_filter", ["model_refusal"]),
        ("SPII", "content_filter", ["model_refusal"]),
        ("MODEL_ARMOR", "content_filter", ["model_refusal"]),
        ("IMAGE_SAFETY", "content_filter", ["model_refusal"]),
        ("IMAGE_PROHIBITED_CONTENT", "content_filter", ["model_refusal"]),
        ("IMAGE_RECITATION", "content_filter", ["model_refusal"]),
        ("MALFORMED_FUNCTION_CALL", "error", ["generation_failed"]),
        ("UNEXPECTED_TOOL_CALL", "error", ["generation_failed"]),
        ("TOO_MANY_TOOL_CALLS", "error", ["generation_failed"]),
        ("MISSING_THOUGHT_SIGNATURE", "error", ["generation_failed"]),
        ("MALFORMED_RESPONSE", "error", ["generation_failed"]),
        ("OTHER", "other", []),
        ("LANGUAGE", "other", []),
        ("NO_IMAGE", "other", []),
        ("IMAGE_OTHER", "other", []),
        ("FINISH_REASON_UNSPECIFIED", "other", ["unknown_finish_reason"]),
        (1, "stop", []),
        (2, "length", []),
        (3, "content_filter", ["model_refusal"]),
        (4, "content_filter", ["model_refusal"]),
        (5, "other", []),
        (0, "other", ["unknown_finish_reason"]),
        (9, "other", ["unknown_finish_reason"]),
        (-1, "other", ["unknown_finish_reason"]),
        (True, "other", ["unknown_finish_reason"]),
        (None, "other", ["unknown_finish_reason"]),
        ([], "other", ["unknown_finish_reason"]),
    ],
)
def test_every_finish_reason_has_a_meaning(reason: object, finish: str, warned: list[str]) -> None:
    response = decoded(an_answer({"text": "Hi"}, candidate={"finishReason": reason}))
    assert response.finish_reason.value == finish
    assert codes(response) == warned


@pytest.mark.parametrize("reason", ["SAFETY", "OTHER", "BLOCKLIST", "BRAND_NEW", 1, [], "no name at all"])
def test_a_blocked_prompt_is_an_empty_answer_whatever_the_reason(reason: object) -> None:
    for candidates in ({}, {"candidates": []}, {"candidates": None}):
        response = decoded({"promptFeedback": {"blockReason": reason}, **candidates})
        assert response.finish_reason is FinishReason.CONTENT_FILTER
        assert codes(response) == ["empty_output", "model_refusal", "usage_missing"]


@pytest.mark.parametrize("candidates", [[], None, "x", {}])
def test_no_candidates_and_no_reason_is_an_empty_answer(candidates: object) -> None:
    response = decoded({"candidates": candidates})
    assert response.finish_reason is FinishReason.OTHER
    assert codes(response) == ["empty_output", "unknown_finish_reason", "usage_missing"]


# ── citations ───────────────────────────────────────────────────────────────────────────────

_WEB = {"web": {"uri": "https://example.org", "title": "Example"}}


def _cited(parts: list[Any], **metadata: Any) -> list[list[Citation]]:
    response = decoded(an_answer(*parts, candidate={"groundingMetadata": metadata}))
    return [list(part.citations) for part in response.output.content if isinstance(part, TextPart)]


def test_offsets_in_bytes_become_offsets_in_characters() -> None:
    support = {"segment": {"startIndex": 3, "endIndex": 7}, "groundingChunkIndices": [0]}
    (cited,) = _cited([{"text": "Ä, öffn"}], groundingChunks=[_WEB], groundingSupports=[support])
    assert cited == [Citation(url="https://example.org", title="Example", start_index=2, end_index=5)]


def test_a_support_belongs_to_its_part_and_otherwise_to_the_first_text() -> None:
    supports = [
        {"segment": {"partIndex": 2, "endIndex": 1}, "groundingChunkIndices": [0]},
        {"segment": {"endIndex": 2}, "groundingChunkIndices": [0, 5, "x", -1]},
    ]
    parts = [{"text": "hm", "thought": True}, {"text": "one"}, {"text": "two"}]
    one, two = _cited(parts, groundingChunks=[_WEB], groundingSupports=supports)
    assert [citation.end_index for citation in one] == [2]
    assert [citation.end_index for citation in two] == [1]


def test_sources_without_a_piece_of_text_belong_to_the_last_text() -> None:
    file = {"retrievedContext": {"text": "Paris is big."}}
    one, two = _cited([{"text": "one"}, {"text": "two"}], groundingChunks=[_WEB, file])
    assert one == []
    assert two == [Citation(url="https://example.org", title="Example"), Citation(cited_text="Paris is big.")]


def test_recited_sources_are_citations() -> None:
    for name in ("citationSources", "citations"):
        source = {"startIndex": 1, "endIndex": 3, "uri": "https://example.org/code"}
        response = decoded(an_answer({"text": "abcd"}, candidate={"citationMetadata": {name: [source]}}))
        (part,) = response.output.content
        assert isinstance(part, TextPart)
        assert part.citations == (Citation(url="https://example.org/code", start_index=1, end_index=3),)


@pytest.mark.parametrize("odd", [None, [], {}, 3, "x", [None], [{}], [3], [[]]])
def test_grounding_of_any_shape_breaks_nothing(odd: object) -> None:
    for name in ("groundingChunks", "groundingSupports"):
        metadata = {"groundingChunks": [_WEB], "groundingSupports": [{"groundingChunkIndices": odd}]} | {name: odd}
        assert decoded(an_answer({"text": "Hi"}, candidate={"groundingMetadata": metadata})).text == "Hi"
    assert decoded(an_answer({"text": "Hi"}, candidate={"groundingMetadata": odd})).text == "Hi"
    assert decoded(an_answer({"text": "Hi"}, candidate={"citationMetadata": {"citationSources": odd}})).text == "Hi"


# ── usage ───────────────────────────────────────────────────────────────────────────────────


def _usage(**counts: Any) -> tuple[Usage, list[str]]:
    response = decoded(an_answer({"text": "Hi"}, usageMetadata=counts))
    return response.usage, codes(response)


def test_thinking_and_the_prompts_of_server_tools_are_counted_inside() -> None:
    usage, warned = _usage(
        promptTokenCount=10, toolUsePromptTokenCount=5, candidatesTokenCount=3, thoughtsTokenCount=4, totalTokenCount=22
    )
    assert usage == Usage(input_tokens=15, output_tokens=7, reasoning_tokens=4, total_tokens=22)
    assert warned == []


def test_output_is_never_less_than_the_total_leaves() -> None:
    assert _usage(promptTokenCount=10, candidatesTokenCount=3, totalTokenCount=20)[0].output_tokens == 10
    assert _usage(promptTokenCount=10, candidatesTokenCount=3, totalTokenCount=5)[0].output_tokens == 3


@pytest.mark.parametrize(
    ("counts", "warned"),
    [
        ({}, ["usage_missing"]),
        ({"promptTokenCount": 3}, ["usage_partial"]),
        ({"candidatesTokenCount": 3}, ["usage_partial"]),
        ({"promptTokenCount": "3", "candidatesTokenCount": -1}, ["usage_missing"]),
        ({"promptTokenCount": 3, "totalTokenCount": 3}, []),
    ],
)
def test_counts_that_are_missing_are_said_to_be(counts: dict[str, Any], warned: list[str]) -> None:
    assert _usage(**counts)[1] == warned


# ── structured output ───────────────────────────────────────────────────────────────────────


def test_structured_output_is_parsed_and_failure_is_a_warning() -> None:
    schema = JsonSchemaFormat(name="answer", schema={})
    assert decoded(an_answer({"text": "[1]"}), schema).output.structured_output == (1,)
    failed = decoded(an_answer({"text": "[1]"}), JsonObjectFormat())
    assert failed.output.structured_output is None
    assert codes(failed) == ["structured_output_parse_failed"]


def test_thoughts_are_not_part_of_structured_output() -> None:
    parts = [{"text": "hm {", "thought": True}, {"text": '{"a":1}'}]
    assert decoded(an_answer(*parts), JsonObjectFormat()).output.structured_output == {"a": 1}


# ── what is no answer ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"\xff"])
def test_what_is_not_json_is_a_serialization_error(body: bytes) -> None:
    with pytest.raises(SerializationError):
        decoded(body)


@pytest.mark.parametrize("body", [[], [1], [{}, {}], 3, "x", None])
def test_what_is_not_an_object_is_a_protocol_error(body: object) -> None:
    with pytest.raises(ProtocolError) as raised:
        decoded(body)
    assert raised.value.field == "body"


@pytest.mark.parametrize("body", [{}, {"usageMetadata": {}}, {"promptFeedback": {}}, {"promptFeedback": "x"}])
def test_json_without_candidates_is_a_protocol_error(body: object) -> None:
    with pytest.raises(ProtocolError) as raised:
        decoded(body)
    assert raised.value.field == "candidates"


def test_an_error_under_200_is_the_error() -> None:
    error = {"error": {"code": 400, "message": "API key not valid.", "details": [{"reason": "API_KEY_INVALID"}]}}
    for body in (error, [error]):
        with pytest.raises(CredentialsRejected):
            decoded(body)


_ODD: tuple[Any, ...] = (None, True, 0, -1, 1.5, 10**30, "", "x", [], {}, [None], [[]], [{}], {"a": {}})
_PLACES = [
    ("candidates",), ("candidates", 0), ("candidates", 0, "content"), ("candidates", 0, "content", "parts"),
    ("candidates", 0, "content", "parts", 0), ("candidates", 0, "content", "parts", 0, "text"),
    ("candidates", 0, "content", "parts", 0, "thought"), ("candidates", 0, "content", "parts", 0, "thoughtSignature"),
    ("candidates", 0, "content", "parts", 1, "functionCall"),
    ("candidates", 0, "content", "parts", 1, "functionCall", "id"),
    ("candidates", 0, "content", "parts", 1, "functionCall", "name"),
    ("candidates", 0, "content", "parts", 1, "functionCall", "args"),
    ("candidates", 0, "content", "parts", 2, "inlineData"),
    ("candidates", 0, "content", "parts", 2, "inlineData", "mimeType"),
    ("candidates", 0, "content", "parts", 2, "inlineData", "data"), ("candidates", 0, "finishReason"),
    ("candidates", 0, "groundingMetadata"), ("candidates", 0, "citationMetadata"), ("usageMetadata",),
    ("usageMetadata", "promptTokenCount"), ("usageMetadata", "candidatesTokenCount"),
    ("usageMetadata", "thoughtsTokenCount"), ("usageMetadata", "totalTokenCount"),
    ("usageMetadata", "promptTokensDetails"), ("modelVersion",), ("responseId",), ("promptFeedback",), ("error",),
]  # fmt: skip


@pytest.mark.parametrize("place", _PLACES, ids=lambda place: ".".join(map(str, place)))
def test_any_value_anywhere_gives_a_response_or_a_typed_error(place: tuple[Any, ...]) -> None:
    for odd in _ODD:
        body: Any = an_answer(
            {"text": "Hi", "thought": False, "thoughtSignature": "c2ln"},
            {"functionCall": {"id": "1", "name": "look", "args": {}}},
            {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
        )
        holder = body
        for step in place[:-1]:
            holder = holder[step]
        holder[place[-1]] = odd
        try:
            outcome: object = CODEC.decode(a_reply(body), prepared(JsonObjectFormat()))
        except ProviderError as error:
            outcome = error
        assert isinstance(outcome, ProviderResponse | ProtocolError | ProviderStatusError)
