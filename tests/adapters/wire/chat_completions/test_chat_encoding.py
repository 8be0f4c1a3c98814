"""Requests on the wire: every canonical field, as OpenAI and OpenRouter take it."""

import json
from typing import Any

import pytest
from chat_support import (
    ACME,
    a_request,
    encoded,
    fixture,
    openai_codec,
    openrouter_codec,
    remarks,
    vendor_codec,
)

from provider_runtime.adapters.wire.chat_completions.codec import ChatCompletionsCodec
from provider_runtime.domain.conversation.markers import CacheBoundary, CacheTtl
from provider_runtime.domain.conversation.messages import Message, MessageRole, assistant, system, tool_result, user
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    Citation,
    DocumentPart,
    ImageDetail,
    ImagePart,
    InlineData,
    MediaUrl,
    ProviderFile,
    RefusalPart,
    TextPart,
    ToolCallPart,
    ToolResult,
    ToolResultPart,
    ToolResultText,
)
from provider_runtime.domain.conversation.request import JsonObjectFormat, JsonSchemaFormat, ModelRef, ProviderRequest
from provider_runtime.domain.conversation.tools import (
    ToolCall,
    ToolChoiceNone,
    ToolChoiceRequired,
    ToolChoiceSpecific,
    ToolDefinition,
)
from provider_runtime.domain.errors import IntentUnsupported, RequestInvalid

WEATHER = ToolDefinition(
    name="get_weather",
    description="The weather now.",
    parameters_schema={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    strict=True,
)
PNG = InlineData(media_type="image/png", data=b"PNG")
PDF = InlineData(media_type="application/pdf", data=b"PDF")
WAV = InlineData(media_type="audio/wav", data=b"WAV")


def weather(**fields: Any) -> ProviderRequest:
    return a_request(user("Weather in Oslo?"), tools=(WEATHER,), parallel_tool_calls=False, **fields)


def calling(*calls: ToolCall) -> Message:
    return assistant("Looking it up.", *[ToolCallPart(call) for call in calls])


OSLO = ToolCall(id="call_1", name="get_weather", arguments_json={"unit": "C", "city": "Oslo"})
ROME = ToolCall(id="call_2", name="get_weather", arguments_json={"city": "Rome"})
CASES = {
    "minimal": a_request(),
    "system_and_user": a_request(system("You are terse.", "You are kind."), user("Say hello.")),
    "tools_auto": weather(),
    "tools_none": weather(tool_choice=ToolChoiceNone()),
    "tools_required": weather(tool_choice=ToolChoiceRequired()),
    "tools_specific": weather(tool_choice=ToolChoiceSpecific(name="get_weather")),
    "json_object": a_request(user("JSON, please."), response_format=JsonObjectFormat()),
    "json_schema": a_request(
        user("A city."),
        response_format=JsonSchemaFormat(
            name="city", schema={"type": "object", "properties": {"name": {"type": "string"}}}
        ),
    ),
    "controls": a_request(
        temperature=0.2,
        max_output_tokens=100,
        seed=7,
        frequency_penalty=0.5,
        presence_penalty=-0.5,
        stop=("END", "\n\n"),
    ),
    "top_p_and_top_k": a_request(top_p=0.9, top_k=40),
    "metadata": a_request(metadata={"team": "blue", "job": "nightly"}),
    "tool_round_trip": a_request(
        user("Weather in Oslo and Rome?"),
        calling(OSLO, ROME),
        tool_result(OSLO, {"temperature": 4, "sky": "grey"}),
        tool_result(ROME, "no such station", is_error=True),
        tools=(ToolDefinition(name="get_weather"),),
    ),
    "media": a_request(
        user(
            "What is this?",
            ImagePart(source=MediaUrl(url="https://acme.example/cat.png"), detail=ImageDetail.LOW),
            ImagePart(source=PNG),
            DocumentPart(source=PDF),
            AudioPart(source=WAV),
        )
    ),
    "cache_boundary": a_request(
        system(TextPart("A long text.", cache=CacheBoundary(ttl=CacheTtl.ONE_HOUR))), user("Say hello.")
    ),
    "refusal_in_history": a_request(user("Do it."), assistant(RefusalPart("I will not.")), user("Why?")),
    "own_options": a_request(
        provider_options={
            "acme": {"service_tier": "flex", "logit_bias": {"50256": -100}},
            "somebody-else": {"unheard": True},
        }
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("golden", "codec"), [("openai", openai_codec()), ("openrouter", openrouter_codec())])
def test_a_request_is_written_as_the_golden_one(golden: str, codec: ChatCompletionsCodec, name: str) -> None:
    expected = fixture(f"requests_{golden}")
    case = expected[name]
    body = case["body"] if "body" in case else expected["tools_auto"]["body"] | case
    assert encoded(codec, CASES[name]) == body
    assert remarks(codec, CASES[name]) == case.get("warnings", [])


@pytest.mark.parametrize("name", CASES)
def test_equal_requests_give_equal_bytes(name: str) -> None:
    first, second = (openrouter_codec().encode(CASES[name], ACME) for _ in range(2))
    assert first == second


def test_argument_keys_in_another_order_give_the_same_bytes() -> None:
    other = ToolCall(id="call_1", name="get_weather", arguments_json={"city": "Oslo", "unit": "C"})
    one, two = (a_request(user("?"), calling(call), tool_result(call, "fine")) for call in (OSLO, other))
    assert openai_codec().encode(one, ACME).body == openai_codec().encode(two, ACME).body


def test_the_parameters_of_a_tool_keep_the_order_of_their_keys() -> None:
    body = openai_codec().encode(weather(), ACME).body.decode()
    assert body.index('"type":"object","properties"') < body.index('"required"')


def test_paths_and_authorisation_belong_to_the_dialect() -> None:
    assert openai_codec().encode(a_request(), ACME).path == "/v1/chat/completions"
    assert openrouter_codec().encode(a_request(), ACME).path == "/api/v1/chat/completions"
    assert vendor_codec().encode(a_request(), ACME).path == "/chat/completions"
    assert (openai_codec().auth_header, openai_codec().auth_prefix) == ("authorization", "Bearer ")
    assert {codec.wire for codec in (openai_codec(), openrouter_codec(), vendor_codec())} == {"chat_completions"}


REFUSED = {
    "a blank model": (a_request(model=ModelRef(model_id="  ")), "model.model_id"),
    "five stop strings": (a_request(stop=tuple("abcde")), "stop"),
    "a tool name with a space": (a_request(tools=(ToolDefinition(name="get weather"),)), "tools[0].name"),
    "a tool name of 65 letters": (a_request(tools=(ToolDefinition(name="x" * 65),)), "tools[0].name"),
    "a required call without tools": (a_request(tool_choice=ToolChoiceRequired()), "tool_choice"),
    "a specific call without tools": (a_request(tool_choice=ToolChoiceSpecific(name="x")), "tool_choice"),
    "a specific call of an unknown tool": (weather(tool_choice=ToolChoiceSpecific(name="x")), "tool_choice"),
    "tool results without their tools": (
        a_request(user("?"), calling(OSLO), tool_result(OSLO, "4")),
        "tools",
    ),
    "a schema name with a dot": (
        a_request(response_format=JsonSchemaFormat(name="a.b", schema={})),
        "response_format.name",
    ),
    "17 pairs of metadata": (a_request(metadata={f"k{n}": "v" for n in range(17)}), "metadata"),
    "a metadata name of 65 letters": (a_request(metadata={"k" * 65: "v"}), "metadata"),
    "a metadata value of 513 letters": (a_request(metadata={"k": "v" * 513}), "metadata"),
    "an image in a system message": (
        a_request(Message(role=MessageRole.SYSTEM, content=(ImagePart(source=PNG),)), user("?")),
        "messages[0]",
    ),
    "text in a tool message": (
        a_request(user("?"), Message(role=MessageRole.TOOL, content=(TextPart("4"),))),
        "messages[1].content[0]",
    ),
    "a tool call in a user message": (
        a_request(Message(role=MessageRole.USER, content=(TextPart("?"), ToolCallPart(OSLO)))),
        "messages[0].content[1]",
    ),
    "a document in an assistant message": (
        a_request(user("?"), Message(role=MessageRole.ASSISTANT, content=(ToolResultPart(
            ToolResult(tool_call_id="x", content=ToolResultText("y"))),))),
        "messages[1].content[0]",
    ),
    "an option that says the model again": (
        a_request(provider_options={"acme": {"model": "other"}}),
        "provider_options.model",
    ),
    "an option that asks for a stream": (
        a_request(provider_options={"acme": {"stream": True}}),
        "provider_options.stream",
    ),
    "an option that says how hard to think": (
        a_request(provider_options={"acme": {"reasoning": {"effort": "low"}}}),
        "provider_options.reasoning",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_that_contradicts_the_protocol_is_refused(name: str) -> None:
    request, place = REFUSED[name]
    with pytest.raises(RequestInvalid) as refused:
        openrouter_codec().encode(request, ACME)
    assert refused.value.field == place
    assert refused.value.remedy


UNSUPPORTED = {
    "an image by file id": (ImagePart(source=ProviderFile(file_id="file-1")), "openai"),
    "a document by address": (DocumentPart(source=MediaUrl(url="https://acme.example/a.pdf")), "openai"),
    "a document of another provider": (DocumentPart(source=ProviderFile(file_id="f", provider="other")), "openai"),
    "a document where there are none": (DocumentPart(source=PDF), "generic"),
    "a file id where only addresses go": (DocumentPart(source=ProviderFile(file_id="f")), "mistral"),
    "audio by address": (AudioPart(source=MediaUrl(url="https://acme.example/a.wav")), "openai"),
    "audio of an unknown kind": (AudioPart(source=InlineData(media_type="audio/midi", data=b"M")), "openai"),
    "audio where there is none": (AudioPart(source=WAV), "deepseek"),
    "an image where there are none": (ImagePart(source=PNG), "deepseek"),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_media_that_a_dialect_cannot_carry_is_refused_before_sending(name: str) -> None:
    part, vendor = UNSUPPORTED[name]
    with pytest.raises(IntentUnsupported) as refused:
        vendor_codec(vendor).encode(a_request(user("What is this?", part)), ACME)
    assert refused.value.field == "messages[0].content[1]"
    assert refused.value.provider == ACME


def test_documents_go_in_the_form_that_each_dialect_takes() -> None:
    by_id = DocumentPart(source=ProviderFile(file_id="file-1", provider=ACME))
    by_url = DocumentPart(source=MediaUrl(url="https://acme.example/a.pdf"), name="a.pdf")
    inline = DocumentPart(source=PDF, name="b.pdf")

    def sent(vendor: str, part: DocumentPart) -> object:
        return encoded(vendor_codec(vendor), a_request(user("?", part)))["messages"][0]["content"][1]

    assert sent("openai", by_id) == {"type": "file", "file": {"file_id": "file-1"}}
    assert sent("openrouter", by_url) == {
        "type": "file",
        "file": {"filename": "a.pdf", "file_data": "https://acme.example/a.pdf"},
    }
    assert sent("mistral", inline) == {
        "type": "document_url",
        "document_url": "data:application/pdf;base64,UERG",
        "document_name": "b.pdf",
    }


def test_a_tool_result_of_media_goes_where_the_dialect_takes_it() -> None:
    messages = (user("?"), calling(OSLO), tool_result(OSLO, [TextPart("A map."), ImagePart(source=PNG)]))
    assert encoded(openrouter_codec(), a_request(*messages, tools=(WEATHER,)))["messages"][-1]["content"] == [
        {"type": "text", "text": "A map."},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,UE5H"}},
    ]
    with pytest.raises(IntentUnsupported) as refused:
        openai_codec().encode(a_request(*messages), ACME)
    assert refused.value.field == "messages[2].content[0]"


def test_raw_text_replaces_a_tool_result_and_other_raw_content_is_ignored() -> None:
    def request(raw: object) -> ProviderRequest:
        result = ToolResult(tool_call_id="call_1", content=ToolResultText("plain"), raw_provider_content=raw)
        return a_request(user("?"), calling(OSLO), Message(role=MessageRole.TOOL, content=(ToolResultPart(result),)))

    assert encoded(openai_codec(), request("raw"))["messages"][-1]["content"] == "raw"
    assert encoded(openai_codec(), request({"a": 1}))["messages"][-1]["content"] == "plain"
    assert remarks(openai_codec(), request({"a": 1})) == ["tool_result_raw_provider_content_ignored"]


def test_several_results_in_one_message_become_one_wire_message_each() -> None:
    parts = (*tool_result(OSLO, "4").content, *tool_result(ROME, "20").content)
    request = a_request(user("?"), calling(OSLO, ROME), Message(role=MessageRole.TOOL, content=parts))
    sent = encoded(openai_codec(), request)["messages"][2:]
    assert [(message["tool_call_id"], message["content"]) for message in sent] == [("call_1", "4"), ("call_2", "20")]


def test_a_call_without_text_has_no_content_and_an_empty_turn_has_an_empty_one() -> None:
    request = a_request(user("?"), assistant(ToolCallPart(OSLO)), tool_result(OSLO, "4"), assistant(), user("?"))
    sent = encoded(openai_codec(), request)["messages"]
    assert sent[1]["content"] is None
    assert sent[3] == {"role": "assistant", "content": ""}


def test_arguments_that_were_cut_go_back_as_they_came() -> None:
    cut = ToolCall(id="call_1", name="get_weather", arguments_json='{"city": "Os')
    sent = encoded(openai_codec(), a_request(user("?"), calling(cut), tool_result(cut, "what?")))["messages"][1]
    assert sent["tool_calls"][0]["function"]["arguments"] == '{"city": "Os'


def test_texts_of_an_answer_are_joined_as_they_were_and_lose_their_citations() -> None:
    cited = TextPart("green.", citations=(Citation(url="https://acme.example"),))
    request = a_request(user("Grass?"), assistant("It is ", cited), user("Sure?"))
    assert encoded(openai_codec(), request)["messages"][1]["content"] == "It is green."
    assert remarks(openai_codec(), request) == ["dropped_citations"]


def test_media_that_a_model_made_goes_back_where_the_dialect_takes_it() -> None:
    drawn = a_request(user("Draw."), assistant("Here.", ImagePart(source=PNG)), user("Again."))
    spoken = a_request(user("Speak."), assistant(AudioPart(source=WAV, transcript="Hello.")), user("Again."))
    assert encoded(openrouter_codec(), drawn)["messages"][1]["images"] == [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,UE5H"}}
    ]
    assert encoded(openai_codec(), spoken)["messages"][1]["content"] == "Hello."
    for part in (ImagePart(source=PNG), AudioPart(source=WAV)):
        with pytest.raises(IntentUnsupported):
            openai_codec().encode(a_request(user("?"), assistant(part), user("?")), ACME)


def test_cache_boundaries_go_on_parts_results_and_tools_at_openrouter() -> None:
    mark = CacheBoundary()
    result = Message(
        role=MessageRole.TOOL, content=(ToolResultPart(tool_result(OSLO, "4").content[0].tool_result, cache=mark),)
    )
    request = a_request(
        user(TextPart("Long.", cache=mark), "Short."),
        calling(OSLO),
        result,
        tools=(ToolDefinition(name="get_weather", cache=mark),),
    )
    body = encoded(openrouter_codec(), request)
    ephemeral = {"type": "ephemeral"}
    assert body["messages"][0]["content"] == [
        {"type": "text", "text": "Long.", "cache_control": ephemeral},
        {"type": "text", "text": "Short."},
    ]
    assert body["messages"][2]["content"] == [{"type": "text", "text": "4", "cache_control": ephemeral}]
    assert body["tools"][0]["cache_control"] == ephemeral
    assert remarks(vendor_codec(), request) == ["dropped_cache_boundary"] * 3


def test_both_sampling_controls_at_once_are_remarked_on() -> None:
    assert remarks(openai_codec(), a_request(temperature=0.1, top_p=0.5)) == ["both_temperature_and_top_p_set"]


def test_parallel_tool_calls_are_not_mentioned_without_tools() -> None:
    body = encoded(openai_codec(), a_request(parallel_tool_calls=True))
    assert "parallel_tool_calls" not in body
    assert "tool_choice" not in body


def test_text_that_is_not_ascii_is_sent_as_it_is() -> None:
    body = openai_codec().encode(a_request(user("Grüße 👋 \u2028 \x00")), ACME).body
    assert "Grüße 👋".encode() in body
    assert json.loads(body)["messages"][0]["content"] == "Grüße 👋 \u2028 \x00"
