"""What one server, or kind of server, does its own way on the Chat Completions wire."""

import re
from enum import StrEnum
from typing import Final

from attrs import frozen

from provider_runtime.adapters.wire.chat_completions.families import OPENAI_FAMILIES, ModelFamily
from provider_runtime.domain.json_values import EMPTY_OBJECT, JsonObject

WIRE: Final = "chat_completions"
ANY_ID: Final = re.compile(r"[\s\S]+")


class ReasoningControl(StrEnum):
    """Where a server wants to be told how hard to think."""

    NOWHERE = "nowhere"
    EFFORT = "reasoning_effort"  # a word
    OBJECT = "reasoning"  # {effort} or {max_tokens} or {enabled}
    SWITCH = "thinking"  # {type: enabled | disabled}, beside a reasoning_effort
    TEMPLATE = "chat_template_kwargs"  # a reasoning_effort; off is an argument of the chat template


class ThinkingReplay(StrEnum):
    """How a server takes unsigned reasoning back in an assistant message."""

    NOT = "not"
    REASONING_CONTENT = "reasoning_content"
    REASONING = "reasoning"
    CHUNKS = "chunks"  # {type: thinking} items among the content


class DocumentForm(StrEnum):
    """How a server takes a document."""

    NOT = "not"
    FILE = "file"  # inline or by file id
    FILE_OR_URL = "file or url"  # the same, or an address it fetches itself
    DOCUMENT_URL = "document_url"  # an address, which may be a data URL


class ToolChoiceForm(StrEnum):
    """How far a server obeys ``tool_choice``."""

    ALL = "all"
    UNNAMED = "unnamed"  # a named tool is understood as "auto"
    NOT = "not"  # ignored


class SchemaForm(StrEnum):
    """How a server takes a JSON schema for its answer."""

    NOT = "not"
    OPENAI = "json_schema"  # {name, schema, strict}
    VALUE = "value"  # {name, schema}


class CostReport(StrEnum):
    """Where a server says what the call cost, in US dollars."""

    NOWHERE = "nowhere"
    USAGE_COST = "usage.cost"
    TICKS = "usage.cost_in_usd_ticks"  # ten thousand million to the dollar


@frozen(kw_only=True)
class ControlNames:
    """The wire's name of each sampling control; ``None``: the server does not define it."""

    temperature: str | None = "temperature"
    top_p: str | None = "top_p"
    top_k: str | None = None
    max_output_tokens: str | None = "max_tokens"
    seed: str | None = "seed"
    frequency_penalty: str | None = "frequency_penalty"
    presence_penalty: str | None = "presence_penalty"


@frozen(kw_only=True)
class Dialect:
    """One way of speaking Chat Completions: a value that names its differences.

    ``chat_path`` and ``models_path`` are added to the record's base URL. ``constants`` are sent
    with every request; ``defaults`` unless the request says otherwise. ``fallback_models`` are
    tried by the server after the model asked for. ``efforts`` are the words of the reasoning
    control, least first; ``families`` know better for the models they name.
    ``bounds``: a control with the least and the most that the server takes of it, where it takes
    less than a request can say.
    ``tools_beside_results``: a conversation with tool results has to name the tools again.
    ``one_system_message``: chat templates that take a single system message, in front.
    ``tool_id``: what a tool-call id must look like whole, ``tool_id_length`` the length of new ones.
    ``refusals``: assistant messages have a ``refusal`` field. ``cache_control``: content parts and
    tools can end a cached prefix. ``router``: models are named ``vendor/model``, and what one
    vendor signed no other can read. ``metadata``: labels can be sent without having the call stored.
    """

    name: str
    api_version: str
    chat_path: str = "/chat/completions"
    models_path: str = "/models"
    auth_header: str = "authorization"
    auth_prefix: str = "Bearer "
    headers: tuple[tuple[str, str], ...] = ()
    constants: JsonObject = EMPTY_OBJECT
    defaults: JsonObject = EMPTY_OBJECT
    fallback_models: tuple[str, ...] = ()
    families: tuple[ModelFamily, ...] = ()
    controls: ControlNames = ControlNames()
    bounds: tuple[tuple[str, float, float], ...] = ()
    reasoning: ReasoningControl = ReasoningControl.EFFORT
    efforts: tuple[str, ...] = ("none", "low", "medium", "high")
    thinking: ThinkingReplay = ThinkingReplay.REASONING_CONTENT
    one_system_message: bool = False
    refusals: bool = False
    documents: DocumentForm = DocumentForm.NOT
    images: bool = True
    assistant_images: bool = False
    audio_formats: tuple[str, ...] = ("wav", "mp3")
    media_in_tool_results: bool = False
    tool_choice: ToolChoiceForm = ToolChoiceForm.ALL
    tools_beside_results: bool = False
    parallel_tool_calls: bool = True
    strict_tools: bool = True
    json_object: bool = True
    json_schema: SchemaForm = SchemaForm.OPENAI
    metadata: bool = False
    cache_control: bool = False
    router: bool = False
    tool_id: "re.Pattern[str]" = ANY_ID
    tool_id_length: int = 24
    cost: CostReport = CostReport.NOWHERE


OPENAI_CHAT: Final = Dialect(
    name="openai",
    api_version="2.3.0",
    chat_path="/v1/chat/completions",
    models_path="/v1/models",
    constants=JsonObject({"store": False}),
    families=OPENAI_FAMILIES,
    controls=ControlNames(max_output_tokens="max_completion_tokens"),
    bounds=(("seed", -(2**63), 2**63 - 1),),
    thinking=ThinkingReplay.NOT,
    refusals=True,
    documents=DocumentForm.FILE,
    # Longer ids are answered with "string too long. Expected a string with maximum length 40".
    tool_id=re.compile(r"[\s\S]{1,40}"),
)
