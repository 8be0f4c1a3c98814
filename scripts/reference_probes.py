"""What the page about wires tries: each field of a request, set beside a request without it."""

from collections.abc import Callable
from typing import Any, Final

from attrs import evolve, frozen

from provider_runtime.domain.conversation.markers import CacheBoundary, Signature
from provider_runtime.domain.conversation.messages import Message, assistant, system, tool_result, user
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    Citation,
    ContentPart,
    DocumentPart,
    ImageDetail,
    ImagePart,
    InlineData,
    MediaSource,
    MediaUrl,
    ProviderFile,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResult,
    ToolResultPart,
    ToolResultText,
)
from provider_runtime.domain.conversation.request import (
    Effort,
    JsonObjectFormat,
    JsonSchemaFormat,
    ModelRef,
    ProviderRequest,
    ReasoningBudget,
    ReasoningEffort,
    ReasoningOff,
)
from provider_runtime.domain.conversation.tools import (
    ToolCall,
    ToolChoiceNone,
    ToolChoiceRequired,
    ToolChoiceSpecific,
    ToolDefinition,
)
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import freeze_object

Make = Callable[[ProviderRequest, ProviderId], ProviderRequest]

_SCHEMA: Final = freeze_object(
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
)
_OPEN: Final = freeze_object({"type": "object", "properties": {"city": {"type": "string"}}})
_TOOL: Final = ToolDefinition(name="get_weather", description="The weather.", parameters_schema=_SCHEMA)
_CALL: Final = ToolCall(id="call_abc12", name="get_weather", arguments_json=freeze_object({"city": "Bonn"}))
_PNG: Final = InlineData(media_type="image/png", data=b"\x89PNG\r\n\x1a\n")
_PDF: Final = InlineData(media_type="application/pdf", data=b"%PDF-1.4")
_WAV: Final = InlineData(media_type="audio/wav", data=b"RIFF")
_QUESTION: Final = "Answer in JSON."


@frozen(kw_only=True)
class Probe:
    """One line of the table: ``make`` sets the field, ``without`` is what it is held against."""

    field: str
    make: Make
    without: Make


def base(model_id: str) -> ProviderRequest:
    """The plain request that all others differ from by one thing."""
    return ProviderRequest(model=ModelRef(model_id=model_id), messages=(user(_QUESTION),), max_output_tokens=8192)


def _plain(request: ProviderRequest, _provider: ProviderId) -> ProviderRequest:
    return request


def _set(**changes: Any) -> Make:
    return lambda request, _provider: evolve(request, **changes)


def _said(*messages: Message, **changes: Any) -> Make:
    return _set(messages=messages, **changes)


def _control(field: str, **changes: Any) -> Probe:
    return Probe(field=field, make=_set(**changes), without=_plain)


def _beside_tools(field: str, **changes: Any) -> Probe:
    return Probe(field=field, make=_set(tools=(_TOOL,), **changes), without=_set(tools=(_TOOL,)))


def _part(field: str, part: ContentPart) -> Probe:
    return Probe(field=field, make=_said(user(_QUESTION, part)), without=_plain)


def _media(kind: type[Any], name: str, inline: InlineData, link: str) -> tuple[Probe, ...]:
    def uploaded(request: ProviderRequest, provider: ProviderId) -> ProviderRequest:
        source: MediaSource = ProviderFile(file_id="file_1", provider=provider)
        return evolve(request, messages=(user(_QUESTION, kind(source=source)),))

    return (
        _part(f"{name}, inline", kind(source=inline)),
        _part(f"{name}, by URL", kind(source=MediaUrl(url=link, media_type=inline.media_type))),
        Probe(field=f"{name}, by file id of the provider", make=uploaded, without=_plain),
    )


def _result(field: str, *, media: bool = False, **content: Any) -> Probe:
    plain = _turn(tool_result(_CALL, "21"))
    if media:
        return Probe(field=field, make=_turn(tool_result(_CALL, ImagePart(source=_PNG))), without=plain)
    if "value" in content:
        return Probe(field=field, make=_turn(tool_result(_CALL, content["value"])), without=plain)
    result = ToolResult(tool_call_id=_CALL.id, content=ToolResultText("21"), **content)
    return Probe(field=field, make=_turn(Message(role="tool", content=(ToolResultPart(result),))), without=plain)


def _turn(result: Message) -> Make:
    return _said(user(_QUESTION), assistant(ToolCallPart(_CALL)), result, tools=(_TOOL,))


def _answered(*parts: ContentPart) -> Make:
    return _said(user(_QUESTION), assistant("{}", *parts), user("Again."))


def _foreign_thinking(**changes: Any) -> ThinkingPart:
    fields = {"text": "Hmm.", "provider": ProviderId("elsewhere"), **changes}
    return ThinkingPart(**fields)


_ELSEWHERE: Final = Signature(provider=ProviderId("elsewhere"), wire="other", value="abc")


def _own_thinking(request: ProviderRequest, provider: ProviderId) -> ProviderRequest:
    return _answered(ThinkingPart(text="Hmm.", provider=provider))(request, provider)


PROBES: Final[tuple[Probe, ...]] = (
    Probe(field="system message, first", make=_said(system("Be terse."), user(_QUESTION)), without=_plain),
    Probe(field="system message after a user's", make=_said(user(_QUESTION), system("Be terse.")), without=_plain),
    Probe(
        field="system message after an answer",
        make=_said(user(_QUESTION), assistant("{}"), system("Be terse."), user("Again.")),
        without=_answered(),
    ),
    Probe(
        field="assistant message last (to be continued)",
        make=_said(user(_QUESTION), assistant('{"a":')),
        without=_plain,
    ),
    _control("`temperature` 0.5", temperature=0.5),
    _control("`temperature` 1.5", temperature=1.5),
    _control("`top_p`", top_p=0.5),
    _control("`temperature` and `top_p`", temperature=0.5, top_p=0.5),
    _control("`top_k`", top_k=40),
    _control("`max_output_tokens`", max_output_tokens=4096),
    _control("`max_output_tokens` left out", max_output_tokens=None),
    _control("`stop`", stop=("END",)),
    _control("`seed`", seed=7),
    _control("`frequency_penalty`", frequency_penalty=0.5),
    _control("`presence_penalty`", presence_penalty=0.5),
    _control("`reasoning` effort low", reasoning=ReasoningEffort(Effort.LOW)),
    _control("`reasoning` effort max", reasoning=ReasoningEffort(Effort.MAX)),
    _control("`reasoning` budget 2048", reasoning=ReasoningBudget(2048)),
    _control("`reasoning` off", reasoning=ReasoningOff()),
    _control("`tools`", tools=(_TOOL,)),
    _control("`tools`, schema not closed", tools=(evolve(_TOOL, parameters_schema=_OPEN),)),
    _beside_tools("`tool_choice` none", tool_choice=ToolChoiceNone()),
    _beside_tools("`tool_choice` required", tool_choice=ToolChoiceRequired()),
    _beside_tools("`tool_choice` specific", tool_choice=ToolChoiceSpecific("get_weather")),
    _beside_tools("`parallel_tool_calls` true", parallel_tool_calls=True),
    _beside_tools("`parallel_tool_calls` false", parallel_tool_calls=False),
    _control("`response_format` JSON object", response_format=JsonObjectFormat()),
    _control("`response_format` JSON schema", response_format=JsonSchemaFormat(name="place", schema=_SCHEMA)),
    _control(
        "`response_format` JSON schema, not strict",
        response_format=JsonSchemaFormat(name="place", schema=_SCHEMA, strict=False),
    ),
    _control("`metadata` user_id", metadata={"user_id": "u-17"}),
    _control("`metadata`, other labels", metadata={"team": "blue"}),
    Probe(
        field="cache boundary on a text",
        make=_said(user(TextPart(_QUESTION, cache=CacheBoundary()))),
        without=_plain,
    ),
    Probe(
        field="cache boundary on a tool",
        make=_set(tools=(evolve(_TOOL, cache=CacheBoundary()),)),
        without=_set(tools=(_TOOL,)),
    ),
    *_media(ImagePart, "image", _PNG, "https://example.com/a.png"),
    Probe(
        field="image, `detail` low",
        make=_said(user(_QUESTION, ImagePart(source=_PNG, detail=ImageDetail.LOW))),
        without=_said(user(_QUESTION, ImagePart(source=_PNG))),
    ),
    *_media(DocumentPart, "document", _PDF, "https://example.com/a.pdf"),
    *_media(AudioPart, "audio", _WAV, "https://example.com/a.wav"),
    Probe(field="tool call and its result", make=_turn(tool_result(_CALL, "21")), without=_set(tools=(_TOOL,))),
    _result("tool result, JSON", value={"celsius": 21}),
    _result("tool result, image", media=True),
    _result("tool result, `is_error`", is_error=True),
    _result("tool result, raw text", raw_provider_content="raw"),
    Probe(field="reasoning of the same provider, unsigned", make=_own_thinking, without=_answered()),
    Probe(field="reasoning of another provider", make=_answered(_foreign_thinking()), without=_answered()),
    Probe(
        field="hidden reasoning of another provider",
        make=_answered(_foreign_thinking(text="", redacted=True, signature=_ELSEWHERE)),
        without=_answered(),
    ),
    Probe(
        field="citations of an earlier answer",
        make=_said(
            user(_QUESTION),
            assistant(TextPart("{}", citations=(Citation(url="https://example.com", title="a"),))),
            user("Again."),
        ),
        without=_answered(),
    ),
    Probe(field="a refusal in the history", make=_answered(RefusalPart("No.")), without=_answered()),
    Probe(
        field="`provider_options` of this provider",
        make=lambda request, provider: evolve(request, provider_options={provider: {"x_field": 1}}),
        without=_plain,
    ),
    Probe(
        field="`provider_options` of another",
        make=_set(provider_options={"elsewhere": {"x_field": 1}}),
        without=_plain,
    ),
)
