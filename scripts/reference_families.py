"""What models and dialects restrict, as tables made from the data of the codecs."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

from attrs import fields
from markdown_tables import code, docstring, table

from provider_runtime.adapters.wire.anthropic_messages import families as anthropic
from provider_runtime.adapters.wire.chat_completions import families as chat
from provider_runtime.adapters.wire.chat_completions.dialect import ANY_ID, OPENAI_CHAT, ControlNames, Dialect
from provider_runtime.adapters.wire.gemini import families as gemini
from provider_runtime.adapters.wire.ollama import families as ollama
from provider_runtime.adapters.wire.openai_compatible import GENERIC, openai_compatible_dialect
from provider_runtime.adapters.wire.openai_responses import families as responses
from provider_runtime.adapters.wire.openrouter import OPENROUTER_CHAT
from provider_runtime.domain.json_values import freeze_object

VENDORS: Final = (
    *("generic", "azure", "mistral", "deepseek", "xai", "groq", "together"),
    *("vllm", "llamacpp", "tgi", "ollama"),
)
# A model of each family, where families are found by name alone.
RESPONSES_MODELS: Final = (
    *("gpt-4.1", "o3", "o3-deep-research", "gpt-5", "gpt-5-pro", "gpt-5.1", "gpt-5.1-codex-mini", "gpt-5.1-codex-max"),
    *("gpt-5.2", "gpt-5.2-pro", "gpt-5.5", "gpt-5.6", "gpt-6", "gpt-oss-120b"),
    *("grok-3-mini", "grok-4", "grok-4.3", "grok-4.5", "my-deployment"),
)
OLLAMA_MODELS: Final = ("gpt-oss:20b", "deepseek-v4", "llama3.2", "qwen3:8b")
_HIDDEN: Final = frozenset({"name", "example", "names", "prefixes"})


def _anthropic() -> str:
    return _families((code(family.example), family) for family in anthropic.FAMILIES)


def _gemini() -> str:
    return _families((code(family.example), family) for family in gemini.every_family())


def _responses() -> str:
    return _families((code(model), responses.family_for(model)) for model in RESPONSES_MODELS)


def _ollama() -> str:
    return _families((code(model), ollama.family_of_model(model)) for model in OLLAMA_MODELS)


def _chat() -> str:
    return _families(
        (", ".join(code(f"{prefix}…") for prefix in family.prefixes if prefix) or "any other", family)
        for family in chat.OPENAI_FAMILIES
    )


def _compatible() -> str:
    rows = [(vendor, openai_compatible_dialect(freeze_object({"vendor": vendor}))) for vendor in VENDORS]
    return _dialects(rows)


def _openrouter() -> str:
    return _dialects([("OpenRouter", OPENROUTER_CHAT), ("OpenAI itself", OPENAI_CHAT)])


# The section of each page: its title is "Model families", or "Dialects" where models do not differ.
SECTIONS: Final[Mapping[str, tuple[str, Callable[[], str]]]] = MappingProxyType(
    {
        "anthropic-messages": ("Model families", _anthropic),
        "openai-responses": ("Model families", _responses),
        "chat-completions": ("Model families", _chat),
        "gemini": ("Model families", _gemini),
        "ollama": ("Model families", _ollama),
        "openrouter": ("Dialect", _openrouter),
        "openai-compatible": ("Dialects", _compatible),
    }
)


def _families(rows: Iterable[tuple[str, Any]]) -> str:
    """A row for each family, a column for each thing in which families differ; then what the columns mean."""
    known = list(rows)
    names = [
        attribute.name
        for attribute in fields(type(known[0][1]))
        if attribute.name not in _HIDDEN and len({getattr(family, attribute.name) for _, family in known}) > 1
    ]
    cells = ((title, *(_word(getattr(family, name)) for name in names)) for title, family in known)
    shown = table(("model", *(f"`{name}`" for name in names)), cells)
    return f"{shown}\n{docstring(type(known[0][1]))}\n"


def _dialects(rows: Sequence[tuple[str, Dialect]]) -> str:
    """A row for each dialect with all that is not as in the generic one."""
    cells = ((title, "; ".join(_differences(dialect)) or "nothing") for title, dialect in rows)
    shown = table(("dialect", "differs from `generic` in"), cells)
    return f"{shown}\n{docstring(Dialect)}\n"


def _differences(dialect: Dialect) -> list[str]:
    found = []
    for attribute in fields(Dialect):
        name = attribute.name
        value, usual = getattr(dialect, name), getattr(GENERIC, name)
        if value == usual or name == "name":
            continue
        if name == "bounds":
            found += [f"`{control}` from {least} to {most}" for control, least, most in value]
        elif name == "families":
            found.append("`families` as [OpenAI's](chat-completions.md#model-families)")
        elif name == "controls":
            found += _renamed(value, usual)
        else:
            found.append(f"`{name}` {_word(value)}")
    return found


def _renamed(value: ControlNames, usual: ControlNames) -> list[str]:
    """The controls that this dialect calls otherwise, or does not know, or alone knows."""
    found = []
    for control in fields(ControlNames):
        name = getattr(value, control.name)
        if name is None and getattr(usual, control.name) is not None:
            found.append(f"no `{control.name}`")
        elif name != getattr(usual, control.name):
            found.append(f"`{control.name}` as `{name}`")
    return found


def _word(value: object) -> str:
    """A value as a reader would say it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return f"`{value.value}`" if isinstance(value.value, str) else value.name.lower().replace("_", " ")
    if isinstance(value, re.Pattern):
        return "any" if value.pattern == ANY_ID.pattern else f"`{value.pattern}`"
    if isinstance(value, tuple):
        return ", ".join(_word(item) for item in value) or "empty"
    if isinstance(value, Mapping):
        return ", ".join(f"`{name}`: {_word(item)}" for name, item in value.items()) or "empty"
    return "empty" if value == "" else f"`{value}`"
