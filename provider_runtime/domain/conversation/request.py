"""The canonical request: what is asked, of which model, and how."""

from enum import StrEnum
from typing import Self, TypeAlias

from attrs import Attribute, field, frozen
from attrs.converters import optional as optional_converter
from attrs.validators import optional

from provider_runtime.domain.checks import (
    FILLED,
    FILLED_TEXTS,
    FLAG,
    NOT_EMPTY,
    TEXT_VALUES,
    all_are,
    is_a,
    number,
    whole,
)
from provider_runtime.domain.conversation.messages import Message, are_texts_alone
from provider_runtime.domain.conversation.tools import (
    ToolChoice,
    ToolChoiceAuto,
    ToolChoiceNone,
    ToolChoiceRequired,
    ToolChoiceSpecific,
    ToolDefinition,
)
from provider_runtime.domain.identity import ROLE_HINT, ProviderId, Role
from provider_runtime.domain.json_values import EMPTY_OBJECT, JsonObject, freeze_object, sorted_object, tuple_of


@frozen(kw_only=True)
class ModelRef:
    """Which model, and whose: ``provider_hint`` is obeyed, never guessed over.

    ``role:worker`` leaves the choice to the work profile of the runtime, and
    ``role:worker=openai:gpt-5`` is a model of the request's own choice in that role: a hint
    ``role`` is no provider.
    """

    model_id: str = field(validator=FILLED)
    provider_hint: ProviderId | None = field(default=None, converter=optional_converter(ProviderId))

    def __attrs_post_init__(self) -> None:
        if self.provider_hint == ROLE_HINT:
            _ = self.role, self.model_in_role  # both can be read, or this is no reference at all

    @classmethod
    def parse(cls, text: str) -> Self:
        """``anthropic:claude-sonnet-4-5``, ``role:worker`` or a bare model id; the first colon splits.

        Raises ``ValueError`` when a side of the colon is empty or the provider id is malformed.
        """
        hint, colon, model_id = text.partition(":")
        if not colon:
            return cls(model_id=text)
        if not hint or not model_id:
            raise ValueError(f"{text!r:.80} is not a model reference; write provider:model or model")
        return cls(model_id=model_id, provider_hint=ProviderId(hint))

    @classmethod
    def for_role(cls, role: str, model: "ModelRef | None" = None) -> Self:
        """Whatever model plays ``role``; with ``model``, that one in the role. Raises ``ValueError``."""
        return cls(model_id=role if model is None else f"{role}={model}", provider_hint=ROLE_HINT)

    @property
    def role(self) -> Role | None:
        """The role that is named, if one is."""
        return Role(self.model_id.partition("=")[0]) if self.provider_hint == ROLE_HINT else None

    @property
    def model_in_role(self) -> "ModelRef | None":
        """The model that is named beside a role; ``None``: the profile chooses, or no role is named."""
        _, equals, named = self.model_id.partition("=")
        if self.provider_hint != ROLE_HINT or not equals:
            return None
        model = ModelRef.parse(named)
        if model.provider_hint == ROLE_HINT:
            raise ValueError("a role cannot be played by a role; write role:worker=provider:model")
        return model

    def __str__(self) -> str:
        return self.model_id if self.provider_hint is None else f"{self.provider_hint}:{self.model_id}"


@frozen
class TextFormat:
    """Free text."""


@frozen
class JsonObjectFormat:
    """Any JSON object."""


@frozen(kw_only=True)
class JsonSchemaFormat:
    """A JSON value that satisfies ``schema``, under the name ``name``.

    ``strict``: the provider must enforce the schema where it can.
    """

    name: str = field(validator=FILLED)
    schema: JsonObject = field(converter=freeze_object)
    strict: bool = field(default=True, validator=FLAG)


ResponseFormat: TypeAlias = TextFormat | JsonObjectFormat | JsonSchemaFormat


class Effort(StrEnum):
    """How hard a model should think."""

    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"
    MAX = "max"


@frozen
class ReasoningEffort:
    """Think this hard; the provider chooses how many tokens that takes."""

    effort: Effort = field(converter=Effort)


@frozen
class ReasoningBudget:
    """Think for at most this many tokens."""

    max_tokens: int = field(validator=whole(1))


@frozen
class ReasoningOff:
    """Do not think."""


Reasoning: TypeAlias = ReasoningEffort | ReasoningBudget | ReasoningOff


def _model_ref(model: ModelRef | str) -> ModelRef:
    return ModelRef.parse(model) if isinstance(model, str) else model


@frozen(kw_only=True)
class ProviderRequest:
    """One self-contained question to a model.

    ``model`` may be written as text: ``"anthropic:claude-sonnet-4-5"``.
    Controls left at ``None`` are not sent: the provider's own default applies. ``metadata`` are
    labels for the provider's records. ``provider_options`` maps a provider id to fields sent to
    that provider verbatim; they may not override a canonical field. ``texts_alone``: the conversation
    is one of plain texts, as most are, which every provider takes as it is; found once, for each
    step of a call wants to know it.
    Raises ``ValueError`` or ``TypeError`` naming the field when a value cannot be right.
    Source: specification, "Canonical types".
    """

    model: ModelRef = field(converter=_model_ref, validator=is_a(ModelRef))
    messages: tuple[Message, ...] = field(converter=tuple_of, validator=(NOT_EMPTY, all_are(Message)))
    tools: tuple[ToolDefinition, ...] = field(default=(), converter=tuple_of, validator=all_are(ToolDefinition))
    tool_choice: ToolChoice = field(
        default=ToolChoiceAuto(),
        validator=is_a(ToolChoiceAuto, ToolChoiceNone, ToolChoiceRequired, ToolChoiceSpecific),
    )
    response_format: ResponseFormat = field(
        default=TextFormat(),
        validator=is_a(TextFormat, JsonObjectFormat, JsonSchemaFormat),
    )
    temperature: float | None = field(default=None, validator=optional(number(0, 2)))
    top_p: float | None = field(default=None, validator=optional(number(0, 1)))
    top_k: int | None = field(default=None, validator=optional(whole(1)))
    max_output_tokens: int | None = field(default=None, validator=optional(whole(1, 2**32 - 1)))
    stop: tuple[str, ...] = field(default=(), converter=tuple_of, validator=FILLED_TEXTS)
    seed: int | None = field(default=None, validator=optional(whole(-(2**63), 2**64 - 1)))
    frequency_penalty: float | None = field(default=None, validator=optional(number(-2, 2)))
    presence_penalty: float | None = field(default=None, validator=optional(number(-2, 2)))
    reasoning: Reasoning | None = field(
        default=None, validator=optional(is_a(ReasoningEffort, ReasoningBudget, ReasoningOff))
    )
    parallel_tool_calls: bool | None = field(default=None, validator=optional(FLAG))
    metadata: JsonObject = field(default=EMPTY_OBJECT, converter=sorted_object, validator=TEXT_VALUES)
    provider_options: JsonObject = field(default=EMPTY_OBJECT, converter=freeze_object)

    texts_alone: bool = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "texts_alone", are_texts_alone(self.messages))  # which are messages, as was checked

    @tools.validator
    def _names_are_unique(
        self, _attribute: "Attribute[tuple[ToolDefinition, ...]]", tools: tuple[ToolDefinition, ...]
    ) -> None:
        names = [tool.name for tool in tools]
        if len(set(names)) != len(names):
            raise ValueError(f"tools: {sorted(name for name in set(names) if names.count(name) > 1)} defined twice")

    @provider_options.validator
    def _options_are_objects(self, _attribute: "Attribute[JsonObject]", options: JsonObject) -> None:
        for provider_id, fields in options.items():
            ProviderId(provider_id)
            if not isinstance(fields, JsonObject):
                raise ValueError(f"provider_options[{provider_id!r}] must be an object of fields")

    def options_for(self, provider_id: ProviderId) -> JsonObject:
        """The verbatim fields for that provider; empty when there are none."""
        options = self.provider_options.get(provider_id, EMPTY_OBJECT)
        return options if isinstance(options, JsonObject) else EMPTY_OBJECT
