"""What both of OpenAI's bodies say in the same words: sampling, labels, tools, schemas."""

from contextlib import suppress
from typing import Any, Final

from provider_runtime.adapters.batches.openai.fields import Fields
from provider_runtime.adapters.wire.reading import NotJson, parse
from provider_runtime.domain.conversation.request import (
    Effort,
    JsonObjectFormat,
    JsonSchemaFormat,
    Reasoning,
    ReasoningEffort,
    ReasoningOff,
    ResponseFormat,
    TextFormat,
)
from provider_runtime.domain.conversation.tools import (
    ToolCall,
    ToolChoice,
    ToolChoiceAuto,
    ToolChoiceNone,
    ToolChoiceRequired,
    ToolChoiceSpecific,
    ToolDefinition,
)
from provider_runtime.domain.json_values import EMPTY_OBJECT

_CHOICES: Final[dict[str, ToolChoice]] = {
    "auto": ToolChoiceAuto(),
    "none": ToolChoiceNone(),
    "required": ToolChoiceRequired(),
}
_NO_REASONING: Final = "none"


def sampling_in(body: Fields) -> dict[str, Any]:
    """The controls that both bodies have, under our names."""
    found = {
        "temperature": body.value("temperature"),
        "top_p": body.value("top_p"),
        "parallel_tool_calls": body.flag("parallel_tool_calls"),
        "metadata": body.value("metadata") or EMPTY_OBJECT,
    }
    body.says_nothing("stream", False)
    body.says_nothing("store", False)
    body.says_nothing("service_tier", "auto")
    return found


def effort_in(holder: Fields, name: str) -> Reasoning | None:
    """How hard to think."""
    if holder.value(name) is None:
        return None
    said = holder.choice(name, _NO_REASONING, *(effort.value for effort in Effort))
    return ReasoningOff() if said == _NO_REASONING else ReasoningEffort(said)


def tool_in(function: Fields) -> ToolDefinition:
    """A function that may be called. A flag that is not there leaves the choice to the wire."""
    parameters = function.value("parameters")
    known: dict[str, Any] = {} if parameters is None else {"parameters_schema": parameters}
    tool = ToolDefinition(
        name=function.needed("name"),
        description=function.text("description"),
        strict=function.flag("strict"),
        **known,
    )
    function.all_read()
    return tool


def tool_choice_in(body: Fields, *, nested: bool) -> ToolChoice:
    """How freely tools are chosen. ``nested``: a single tool is named one level further down."""
    said = body.value("tool_choice")
    if said is None:
        return ToolChoiceAuto()
    if isinstance(said, str):
        return _CHOICES[body.choice("tool_choice", *_CHOICES)]
    named = Fields.of(said, body.place("tool_choice"))
    named.choice("type", "function")
    holder = named.needed_child("function") if nested else named
    choice = ToolChoiceSpecific(holder.needed("name"))
    holder.all_read()
    named.all_read()
    return choice


def schema_in(holder: Fields) -> JsonSchemaFormat:
    """An answer that satisfies a schema. A flag that is not there means: not strictly."""
    schema = holder.value("schema")
    wanted = JsonSchemaFormat(
        name=holder.needed("name"),
        schema=EMPTY_OBJECT if schema is None else schema,
        strict=bool(holder.flag("strict")),
    )
    holder.all_read()
    return wanted


def format_in(holder: Fields | None, *, nested: bool) -> ResponseFormat:
    """The form of the answer. ``nested``: a schema stands one level further down."""
    if holder is None:
        return TextFormat()
    kind = holder.choice("type", "text", "json_object", "json_schema")
    if kind == "json_schema":
        wanted: ResponseFormat = schema_in(holder.needed_child("json_schema") if nested else holder)
    else:
        wanted = TextFormat() if kind == "text" else JsonObjectFormat()
    holder.all_read()
    return wanted


def tool_call_in(call_id: str, function: Fields) -> ToolCall:
    """A call that a model made earlier. Arguments that are no JSON are kept as text."""
    arguments: Any = function.text("arguments") or "{}"
    with suppress(NotJson, UnicodeEncodeError):  # a model that was cut short: it goes back as it came
        arguments = parse(arguments.encode())
    return ToolCall(id=call_id, name=function.needed("name"), arguments_json=arguments)
