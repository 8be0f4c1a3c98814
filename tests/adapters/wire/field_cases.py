"""Every field of a request, each set beside a request without it; what encoding makes of the difference."""

from collections.abc import Callable
from typing import Any, Final

from all_wires import Wire
from attrs import evolve, frozen

from provider_runtime.domain.conversation.handoff import hand_off
from provider_runtime.domain.conversation.markers import CacheBoundary, CacheTtl, Signature
from provider_runtime.domain.conversation.messages import Message, MessageRole, assistant, system, tool_result, user
from provider_runtime.domain.conversation.parts import (
    AudioPart,
    Citation,
    ContentPart,
    DocumentPart,
    ImageDetail,
    ImagePart,
    InlineData,
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
from provider_runtime.domain.errors import CallRefused
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import freeze_object

Make = Callable[[Wire, str], ProviderRequest]

MAPPED: Final = "mapped"
REFUSED: Final = "refused"
DROPPED: Final = "dropped with warning"
SILENT: Final = "silently ignored"

_SCHEMA: Final = freeze_object(
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
)
_OTHER_SCHEMA: Final = freeze_object(
    {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"], "additionalProperties": False}
)
_TOOL: Final = ToolDefinition(name="get_weather", description="The weather.", parameters_schema=_SCHEMA)
_CALL: Final = ToolCall(id="callabc12", name="get_weather", arguments_json={"city": "Bonn"})
_PNG: Final = InlineData(media_type="image/png", data=b"\x89PNG\r\n\x1a\n")
_PDF: Final = InlineData(media_type="application/pdf", data=b"%PDF-1.4")
_WAV: Final = InlineData(media_type="audio/wav", data=b"RIFF")
_ASKED: Final = "Answer in JSON."
_MARK: Final = CacheBoundary()
_LONG_MARK: Final = CacheBoundary(ttl=CacheTtl.ONE_HOUR)


@frozen(kw_only=True)
class FieldCase:
    """``make`` sets ``field`` (a class and its attribute); ``without`` is the same request without it."""

    field: str
    variant: str
    make: Make
    without: Make

    def __str__(self) -> str:
        return f"{self.field} {self.variant}".strip()


def base(model_id: str) -> ProviderRequest:
    return ProviderRequest(model=ModelRef(model_id=model_id), messages=(user(_ASKED),), max_output_tokens=8192)


def outcome_of(case: FieldCase, wire: Wire, model_id: str) -> str:
    """What becomes of the field: ``MAPPED``, ``REFUSED``, ``DROPPED`` or ``SILENT``."""
    try:
        body, told = _sent(case.make, wire, model_id)
    except CallRefused:
        return REFUSED
    try:
        plain, usual = _sent(case.without, wire, model_id)
    except CallRefused:
        return MAPPED  # what is refused without the field, and not with it, is not ignored
    if body != plain:
        return MAPPED
    return DROPPED if len(told) > len(usual) or set(told) != set(usual) else SILENT


def _sent(make: Make, wire: Wire, model_id: str) -> tuple[bytes, list[str]]:
    """The path and the body, and all that is said about them, after the handoff that every call goes through."""
    request = make(wire, model_id)
    handed = hand_off(request.messages, wire.codec.handoff_target(wire.provider, model_id))
    encoded = wire.codec.encode(evolve(request, messages=handed.messages), wire.provider)
    return encoded.path.encode() + encoded.body, [warning.code for warning in (*handed.losses, *encoded.warnings)]


# ── ways to make a request ──────────────────────────────────────────────────────────────────


def _set(**changes: Any) -> Make:
    return lambda _wire, model_id: evolve(base(model_id), **changes)


_PLAIN: Final = _set()


def _said(*messages: Message, **changes: Any) -> Make:
    return _set(messages=messages, **changes)


def _asking(*parts: ContentPart | str) -> Make:
    return _said(user(*parts))


def _answered(*parts: ContentPart | str) -> Make:
    return _said(user(_ASKED), assistant(*parts), user("Again."))


def _turn(call: ToolCall = _CALL, result: Message | None = None, **fields: Any) -> Make:
    answer = result or tool_result(call, "21")
    if fields:
        given = ToolResult(**{"tool_call_id": call.id, "content": ToolResultText("21"), **fields})
        answer = Message(role=MessageRole.TOOL, content=(ToolResultPart(given),))
    return _said(user(_ASKED), assistant(ToolCallPart(call)), answer, tools=(_TOOL,))


def _signed(part: Callable[[Signature], ContentPart], *, own: bool) -> Make:
    """A part of an earlier answer, signed by the provider asked or by another."""

    def make(wire: Wire, model_id: str) -> ProviderRequest:
        provider = wire.provider if own else ProviderId("elsewhere")
        signature = Signature(provider=provider, wire=wire.codec.wire, value="c2ln")
        return _answered("{}", part(signature))(wire, model_id)

    return make


def _thought(wire: Wire, model_id: str) -> ProviderRequest:
    return _answered("{}", ThinkingPart(text="Hmm.", provider=wire.provider))(wire, model_id)


def _own_options(wire: Wire, model_id: str) -> ProviderRequest:
    return evolve(base(model_id), provider_options={wire.provider: {"x_field": 1}})


def _own_file(kind: type[Any], **changes: Any) -> Make:
    def make(wire: Wire, model_id: str) -> ProviderRequest:
        source = ProviderFile(**{"file_id": "file_1", "provider": wire.provider, **changes})
        return _asking(_ASKED, kind(source=source))(wire, model_id)

    return make


# ── the cases ───────────────────────────────────────────────────────────────────────────────


def _case(field: str, make: Make, without: Make = _PLAIN, variant: str = "") -> FieldCase:
    return FieldCase(field=field, variant=variant, make=make, without=without)


def _of_request(name: str, *values: Any, without: Make = _PLAIN, **beside: Any) -> list[FieldCase]:
    return [
        _case(f"ProviderRequest.{name}", _set(**{name: value}, **beside), without, variant=f"= {value}")
        for value in values
    ]


def _media(kind: type[Any], inline: InlineData, url: str) -> list[FieldCase]:
    name = kind.__name__
    whole = kind(source=inline)
    link = MediaUrl(url=url, media_type=inline.media_type)
    return [
        _case(f"{name}.source", _asking(_ASKED, whole), variant="inline"),
        _case(f"{name}.source", _asking(_ASKED, kind(source=link)), variant="by address"),
        _case(f"{name}.source", _own_file(kind), variant="uploaded"),
        _case(f"{name}.cache", _asking(_ASKED, kind(source=inline, cache=_MARK)), _asking(_ASKED, whole)),
        _case(
            "InlineData.data",
            _asking(_ASKED, kind(source=evolve(inline, data=b"other"))),
            _asking(_ASKED, whole),
            variant=name,
        ),
        _case(
            "MediaUrl.url",
            _asking(_ASKED, kind(source=evolve(link, url=f"{url}?2"))),
            _asking(_ASKED, kind(source=link)),
            variant=name,
        ),
        _case("ProviderFile.file_id", _own_file(kind, file_id="file_2"), _own_file(kind), variant=name),
        _case(
            "ProviderFile.provider",
            _own_file(kind, provider=ProviderId("elsewhere")),
            _own_file(kind),
            variant=f"{name} of another",
        ),
    ]


_WITH_TOOL: Final = _set(tools=(_TOOL,))
_WITH_SCHEMA: Final = _set(response_format=JsonSchemaFormat(name="place", schema=_SCHEMA))
_SPOKEN: Final = _answered("{}")


def _tool(**changes: Any) -> Make:
    return _set(tools=(evolve(_TOOL, **changes),))


CASES: Final[tuple[FieldCase, ...]] = (
    _case("ProviderRequest.model", lambda wire, model_id: base(f"{model_id}-2")),
    _case("ProviderRequest.messages", _said(user("Else."))),
    _case("ProviderRequest.tools", _WITH_TOOL),
    *_of_request(
        "tool_choice",
        *(ToolChoiceNone(), ToolChoiceRequired(), ToolChoiceSpecific("get_weather")),
        tools=(_TOOL,),
        without=_WITH_TOOL,
    ),
    _case(
        "ToolChoiceSpecific.name",
        _set(tools=(_TOOL, evolve(_TOOL, name="other")), tool_choice=ToolChoiceSpecific("other")),
        _set(tools=(_TOOL, evolve(_TOOL, name="other")), tool_choice=ToolChoiceSpecific("get_weather")),
    ),
    *_of_request("response_format", JsonObjectFormat(), JsonSchemaFormat(name="place", schema=_SCHEMA)),
    _case("JsonSchemaFormat.name", _set(response_format=JsonSchemaFormat(name="town", schema=_SCHEMA)), _WITH_SCHEMA),
    _case(
        "JsonSchemaFormat.schema",
        _set(response_format=JsonSchemaFormat(name="place", schema=_OTHER_SCHEMA)),
        _WITH_SCHEMA,
    ),
    _case(
        "JsonSchemaFormat.strict",
        _set(response_format=JsonSchemaFormat(name="place", schema=_SCHEMA, strict=False)),
        _WITH_SCHEMA,
    ),
    *_of_request("temperature", 0, 0.5, 1.5),
    *_of_request("top_p", 0.5),
    *_of_request("top_k", 40),
    *_of_request("max_output_tokens", 4096, None),
    *_of_request("stop", ("END",), ("END", "FIN", "\n\n", "###", "five", "six")),
    *_of_request("seed", 7, 0, -7),
    *_of_request("frequency_penalty", 0.5),
    *_of_request("presence_penalty", -0.5),
    *(_case("ReasoningEffort.effort", _set(reasoning=ReasoningEffort(effort)), variant=effort) for effort in Effort),
    *_of_request("reasoning", ReasoningOff()),
    *(_case("ReasoningBudget.max_tokens", _set(reasoning=ReasoningBudget(n)), variant=f"{n}") for n in (1, 2048)),
    *_of_request("parallel_tool_calls", True, False, tools=(_TOOL,), without=_WITH_TOOL),
    *_of_request("metadata", {"user_id": "u-17"}, {"team": "blue"}),
    _case("ProviderRequest.provider_options", _own_options),
    _case("ToolDefinition.name", _tool(name="other"), _WITH_TOOL),
    _case("ToolDefinition.description", _tool(description="Else."), _WITH_TOOL),
    _case("ToolDefinition.parameters_schema", _tool(parameters_schema=_OTHER_SCHEMA), _WITH_TOOL),
    _case("ToolDefinition.strict", _tool(strict=True), _tool(strict=False), variant="true or false"),
    _case("ToolDefinition.cache", _tool(cache=_MARK), _WITH_TOOL),
    _case("CacheBoundary.ttl", _tool(cache=_LONG_MARK), _WITH_TOOL, variant="an hour on a tool"),
    _case("ToolCall.id", _turn(evolve(_CALL, id="callxyz34")), _turn()),
    _case("ToolCall.name", _turn(evolve(_CALL, name="other")), _turn()),
    _case("ToolCall.arguments_json", _turn(evolve(_CALL, arguments_json={"city": "Oslo"})), _turn()),
    _case("ToolCall.arguments_json", _turn(evolve(_CALL, arguments_json="{cut")), _turn(), variant="text"),
    _case("ToolCall.arguments_json", _turn(evolve(_CALL, arguments_json=["Bonn"])), _turn(), variant="a list"),
    _case(
        "ToolCall.signature",
        _turn(
            evolve(_CALL, signature=Signature(provider=ProviderId("elsewhere"), wire="chat_completions", value="c2ln"))
        ),
        _turn(),
        variant="of another",
    ),
    _case("TextPart.text", _asking("Else.")),
    _case("TextPart.cache", _asking(TextPart(_ASKED, cache=_MARK)), variant="of a user"),
    _case("TextPart.cache", _answered(TextPart("{}", cache=_MARK)), _SPOKEN, variant="of a model"),
    _case(
        "TextPart.cache",
        _said(system(TextPart("Terse.", cache=_MARK)), user(_ASKED)),
        _said(system("Terse."), user(_ASKED)),
        variant="of the system",
    ),
    _case("CacheBoundary.ttl", _asking(TextPart(_ASKED, cache=_LONG_MARK)), variant="an hour on a text"),
    _case("TextPart.citations", _answered(TextPart("{}", citations=(Citation(url="https://a.example"),))), _SPOKEN),
    _case("TextPart.signature", _signed(lambda s: TextPart("It.", signature=s), own=False), _answered("{}", "It.")),
    *_media(ImagePart, _PNG, "https://a.example/a.png"),
    *_media(DocumentPart, _PDF, "https://a.example/a.pdf"),
    *_media(AudioPart, _WAV, "https://a.example/a.wav"),
    *(
        _case(
            "ImagePart.detail",
            _asking(_ASKED, ImagePart(source=_PNG, detail=detail)),
            _asking(_ASKED, ImagePart(source=_PNG)),
            variant=detail,
        )
        for detail in (ImageDetail.LOW, ImageDetail.HIGH)
    ),
    _case(
        "ImagePart.signature",
        _signed(lambda s: ImagePart(source=_PNG, signature=s), own=False),
        _answered("{}", ImagePart(source=_PNG)),
    ),
    _case("ImagePart.source", _answered("{}", ImagePart(source=_PNG)), _SPOKEN, variant="of a model"),
    _case("AudioPart.source", _answered("{}", AudioPart(source=_WAV)), _SPOKEN, variant="of a model"),
    _case(
        "AudioPart.transcript",
        _answered("{}", AudioPart(source=_WAV, transcript="Hi.")),
        _answered("{}", AudioPart(source=_WAV)),
    ),
    _case(
        "DocumentPart.name",
        _asking(_ASKED, DocumentPart(source=_PDF, name="a.pdf")),
        _asking(_ASKED, DocumentPart(source=_PDF)),
    ),
    _case(
        "DocumentPart.source",
        _asking(_ASKED, DocumentPart(source=InlineData(media_type="text/plain", data=b"A note."))),
        variant="plain text",
    ),
    _case(
        "InlineData.media_type",
        _asking(_ASKED, ImagePart(source=evolve(_PNG, media_type="image/webp"))),
        _asking(_ASKED, ImagePart(source=_PNG)),
    ),
    _case("ThinkingPart.text", _thought, _SPOKEN, variant="of the provider asked"),
    _case(
        "ThinkingPart.text",
        _answered("{}", ThinkingPart(text="Hmm.", provider=ProviderId("elsewhere"))),
        _SPOKEN,
        variant="of another",
    ),
    _case(
        "ThinkingPart.signature",
        _signed(lambda s: ThinkingPart(text="Hmm.", signature=s, provider=s.provider), own=False),
        _SPOKEN,
        variant="of another",
    ),
    _case(
        "ThinkingPart.redacted",
        _signed(lambda s: ThinkingPart(redacted=True, signature=s, provider=s.provider), own=False),
        _SPOKEN,
        variant="of another",
    ),
    _case("ThinkingPart.provider", _answered("{}", ThinkingPart(text="Hmm.")), _SPOKEN, variant="unknown"),
    _case("RefusalPart.text", _answered(RefusalPart("No.")), _answered(RefusalPart("Never."))),
    _case("ToolResult.tool_call_id", _turn(evolve(_CALL, id="callxyz34")), _turn()),
    _case("ToolResult.content", _turn(result=tool_result(_CALL, "22")), _turn(), variant="text"),
    _case("ToolResult.content", _turn(result=tool_result(_CALL, {"celsius": 21})), _turn(), variant="JSON"),
    _case("ToolResult.content", _turn(result=tool_result(_CALL, TextPart("22"))), _turn(), variant="parts"),
    *(
        _case("ToolResult.content", _turn(result=tool_result(_CALL, [TextPart("See:"), part])), _turn(), variant=name)
        for name, part in (
            ("with an image", ImagePart(source=_PNG)),
            ("with a document", DocumentPart(source=_PDF)),
            ("with audio", AudioPart(source=_WAV)),
        )
    ),
    _case("ToolResult.is_error", _turn(is_error=True), _turn()),
    _case("ToolResult.raw_provider_content", _turn(raw_provider_content="raw"), _turn()),
    _case(
        "ToolResultPart.cache",
        _said(
            user(_ASKED),
            assistant(ToolCallPart(_CALL)),
            Message(
                role=MessageRole.TOOL,
                content=(ToolResultPart(ToolResult(tool_call_id=_CALL.id, content=ToolResultText("21")), cache=_MARK),),
            ),
            tools=(_TOOL,),
        ),
        _turn(),
    ),
)
"""Each field with each kind of value that wires may treat differently."""
