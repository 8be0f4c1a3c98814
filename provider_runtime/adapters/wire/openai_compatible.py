"""Servers that speak Chat Completions without being OpenAI: one dialect each, as data.

The base URL of such a provider includes the version segment, as its vendor writes it
(``https://api.mistral.ai/v1``, ``http://localhost:11434/v1``, ``https://api.deepseek.com``);
``/chat/completions`` and ``/models`` are added to it.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import evolve

from provider_runtime.adapters.wire.chat_completions.dialect import (
    OPENAI_CHAT,
    ControlNames,
    CostReport,
    Dialect,
    DocumentForm,
    ReasoningControl,
    SchemaForm,
    ThinkingReplay,
    ToolChoiceForm,
)
from provider_runtime.adapters.wire.openrouter import OPENROUTER_CHAT
from provider_runtime.domain.errors import InvalidProviderConfig
from provider_runtime.domain.json_values import JsonObject, JsonValue

_ALL_EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh")
_API_VERSION: Final = re.compile(r"[A-Za-z0-9.-]{1,32}")

# What nearly every server takes: the names of OpenAI's API before it renamed them.
GENERIC: Final = Dialect(name="generic", api_version="v1")
# Servers that render the conversation with the model's own chat template.
_TEMPLATES: Final = evolve(
    GENERIC,
    controls=ControlNames(top_k="top_k"),
    reasoning=ReasoningControl.TEMPLATE,
    efforts=("low", "medium", "high"),
    one_system_message=True,
)

_VENDORS: Final[Mapping[str, Dialect]] = MappingProxyType(
    {
        "generic": GENERIC,
        "openai": evolve(OPENAI_CHAT, chat_path=GENERIC.chat_path, models_path=GENERIC.models_path),
        "azure": evolve(
            OPENAI_CHAT,
            name="azure",
            chat_path=GENERIC.chat_path,
            models_path=GENERIC.models_path,
            auth_header="api-key",
            auth_prefix="",
            constants=GENERIC.constants,
        ),
        "openrouter": evolve(OPENROUTER_CHAT, chat_path=GENERIC.chat_path, models_path=GENERIC.models_path),
        "mistral": evolve(
            GENERIC,
            name="mistral",
            controls=ControlNames(seed="random_seed"),
            bounds=(("temperature", 0, 1.5), ("top_p", 0.01, 1), ("seed", 0, 2**63 - 1)),
            efforts=_ALL_EFFORTS,
            thinking=ThinkingReplay.CHUNKS,
            documents=DocumentForm.DOCUMENT_URL,
            media_in_tool_results=True,
            metadata=True,
            tool_id=re.compile(r"[A-Za-z0-9]{9}"),
            tool_id_length=9,
        ),
        "deepseek": evolve(
            GENERIC,
            name="deepseek",
            controls=ControlNames(seed=None),
            reasoning=ReasoningControl.SWITCH,
            efforts=(*_ALL_EFFORTS[1:], "max"),
            images=False,
            audio_formats=(),
            parallel_tool_calls=False,
            json_schema=SchemaForm.NOT,
        ),
        "xai": evolve(
            GENERIC,
            name="xai",
            controls=ControlNames(max_output_tokens="max_completion_tokens"),
            efforts=("none", "low", "medium", "high", "xhigh"),
            audio_formats=(),
            cost=CostReport.TICKS,
        ),
        "groq": evolve(
            GENERIC,
            name="groq",
            controls=ControlNames(max_output_tokens="max_completion_tokens"),
            thinking=ThinkingReplay.REASONING,
            audio_formats=(),
        ),
        "together": evolve(
            GENERIC,
            name="together",
            controls=ControlNames(top_k="top_k"),
            efforts=("low", "medium", "high"),
            thinking=ThinkingReplay.REASONING,
            parallel_tool_calls=False,
            strict_tools=False,
        ),
        "fireworks": evolve(
            GENERIC,
            name="fireworks",
            controls=ControlNames(top_k="top_k"),
            audio_formats=(),
        ),
        "tgi": evolve(
            GENERIC,
            name="tgi",
            bounds=(("seed", 0, 2**64 - 1),),
            reasoning=ReasoningControl.NOWHERE,
            thinking=ThinkingReplay.NOT,
            one_system_message=True,
            audio_formats=(),
            parallel_tool_calls=False,
            strict_tools=False,
            json_object=False,
            json_schema=SchemaForm.VALUE,
        ),
        # Called reasoning_content before; both are read.
        "vllm": evolve(_TEMPLATES, name="vllm", thinking=ThinkingReplay.REASONING),
        # A named tool_choice is taken for "auto".
        "llamacpp": evolve(_TEMPLATES, name="llamacpp", tool_choice=ToolChoiceForm.UNNAMED),
        "ollama": evolve(
            GENERIC,
            name="ollama",
            thinking=ThinkingReplay.REASONING,
            audio_formats=(),
            tool_choice=ToolChoiceForm.NOT,
            parallel_tool_calls=False,
            strict_tools=False,
        ),
    }
)


def openai_compatible_dialect(options: JsonObject) -> Dialect:
    """The dialect that the options of a provider record name.

    ``vendor`` is one of the names above, ``generic`` if it is left out. ``api_version`` is for
    Azure alone, and becomes the ``api-version`` of its addresses.
    Raises ``InvalidProviderConfig`` naming the option that is unknown or cannot be right.
    """
    for name in options:
        if name not in {"vendor", "api_version"}:
            raise _invalid(name, "is not an option of OpenAI-compatible providers", "The options: vendor, api_version.")
    vendor: JsonValue = options.get("vendor", "generic")
    dialect = _VENDORS.get(vendor) if isinstance(vendor, str) else None
    if dialect is None:
        raise _invalid("vendor", "names no known vendor", f"Known are: {', '.join(_VENDORS)}; or leave it out.")
    version = options.get("api_version")
    if version is None:
        return dialect
    if dialect.name != "azure":
        raise _invalid("api_version", "is for vendor 'azure' alone", "Leave it out.")
    if not isinstance(version, str) or not _API_VERSION.fullmatch(version):
        raise _invalid("api_version", "must look like 2024-12-01-preview", "Copy it from the deployment's page.")
    query = f"?api-version={version}"
    return evolve(dialect, chat_path=dialect.chat_path + query, models_path=dialect.models_path + query)


def _invalid(name: str, fault: str, remedy: str) -> InvalidProviderConfig:
    return InvalidProviderConfig(field=f"options.{name:.80}", message=f"option {name!r:.80} {fault}", remedy=remedy)
