"""Tools as a model sees them: definitions, calls, and how freely it may choose."""

from typing import Final, TypeAlias

from attrs import field, frozen

from provider_runtime.domain.checks import FILLED, FLAG, OPTIONAL_TEXT, is_a, optional
from provider_runtime.domain.conversation.markers import CacheBoundary, Signature
from provider_runtime.domain.json_values import JsonObject, JsonValue, freeze, freeze_object

_NO_PARAMETERS: Final = JsonObject({"type": "object", "properties": JsonObject()})


@frozen(kw_only=True)
class ToolDefinition:
    """A tool that the model may ask for.

    ``parameters_schema`` is a JSON Schema object; the order of its keys is kept, since models
    read it in order. ``strict``: insist on arguments that satisfy the schema (``None``: as the
    wire finds best). ``cache``: a cache boundary after this definition.
    Raises ``ValueError`` for an empty name or a schema that is not a JSON object.
    """

    name: str = field(validator=FILLED)
    description: str | None = field(default=None, validator=OPTIONAL_TEXT)
    parameters_schema: JsonObject = field(default=_NO_PARAMETERS, converter=freeze_object)
    strict: bool | None = field(default=None, validator=optional(FLAG))
    cache: CacheBoundary | None = field(default=None, validator=optional(is_a(CacheBoundary)))


@frozen(kw_only=True)
class ToolCall:
    """A model's wish to have a tool run.

    ``arguments_json`` is the parsed JSON value, normally an object; a raw ``str`` when the
    provider sent text that is not JSON (warning ``tool_arguments_invalid_json``).
    ``signature`` is opaque and goes back only to the provider and wire that made it.
    """

    id: str = field(validator=FILLED)
    name: str = field(validator=FILLED)
    arguments_json: JsonValue = field(factory=JsonObject, converter=freeze)
    signature: Signature | None = field(default=None, validator=optional(is_a(Signature)))


@frozen
class ToolChoiceAuto:
    """The model decides whether to call tools."""


@frozen
class ToolChoiceNone:
    """No tool call, though tools are defined."""


@frozen
class ToolChoiceRequired:
    """At least one tool call, of the model's choosing."""


@frozen
class ToolChoiceSpecific:
    """A call of exactly this tool."""

    name: str = field(validator=FILLED)


ToolChoice: TypeAlias = ToolChoiceAuto | ToolChoiceNone | ToolChoiceRequired | ToolChoiceSpecific
