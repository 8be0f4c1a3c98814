"""The page about wires: what becomes of each field of a request, found out by encoding it."""

from collections.abc import Sequence
from functools import cache
from typing import Final

from attrs import evolve, frozen
from markdown_tables import table
from reference_families import VENDORS
from reference_probes import PROBES, Make, Probe, base

from provider_runtime.adapters.wire.anthropic_messages.codec import AnthropicMessagesCodec
from provider_runtime.adapters.wire.anthropic_messages.families import FAMILIES as ANTHROPIC_FAMILIES
from provider_runtime.adapters.wire.chat_completions.codec import ChatCompletionsCodec
from provider_runtime.adapters.wire.chat_completions.dialect import OPENAI_CHAT
from provider_runtime.adapters.wire.codec import WireCodec
from provider_runtime.adapters.wire.gemini.codec import GeminiCodec
from provider_runtime.adapters.wire.ollama.codec import OllamaCodec
from provider_runtime.adapters.wire.openai_compatible import openai_compatible_dialect
from provider_runtime.adapters.wire.openai_responses.codec import OpenAIResponsesCodec
from provider_runtime.adapters.wire.openrouter import openrouter_dialect
from provider_runtime.domain.conversation.handoff import hand_off
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.errors import CallRefused
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.json_values import EMPTY_OBJECT, freeze_object


@frozen(kw_only=True)
class Column:
    """One codec, asked for one model."""

    title: str
    codec: WireCodec
    provider: ProviderId
    model_id: str


@frozen(kw_only=True)
class Wire:
    """One protocol with the models, or the dialects, that differ on it. ``page``: the name of its own page."""

    title: str
    page: str
    said: str
    columns: tuple[Column, ...]


def _models(codec: WireCodec, provider: str, *model_ids: str) -> tuple[Column, ...]:
    return tuple(
        Column(title=f"`{model_id}`", codec=codec, provider=ProviderId(provider), model_id=model_id)
        for model_id in model_ids
    )


def _vendor(vendor: str) -> Column:
    codec = ChatCompletionsCodec(dialect=openai_compatible_dialect(freeze_object({"vendor": vendor})))
    return Column(title=vendor, codec=codec, provider=ProviderId(vendor), model_id="some-model")


WIRES: Final = (
    Wire(
        title="Anthropic Messages",
        page="anthropic-messages",
        said="`kind: anthropic`. One column for each family of models; families that differ in nothing share one.",
        columns=_models(AnthropicMessagesCodec(), "anthropic", *(family.example for family in ANTHROPIC_FAMILIES)),
    ),
    Wire(
        title="OpenAI Responses",
        page="openai-responses",
        said="`kind: openai`. `my-deployment` stands for a name that says nothing about its model.",
        columns=_models(
            OpenAIResponsesCodec(),
            "openai",
            *("gpt-4o", "o3", "gpt-5-mini", "gpt-5.1", "gpt-5.2", "gpt-5.5", "gpt-5.6", "my-deployment"),
        ),
    ),
    Wire(
        title="OpenAI Chat Completions",
        page="chat-completions",
        said="`kind: openai_chat`.",
        columns=_models(
            ChatCompletionsCodec(dialect=OPENAI_CHAT),
            "openai",
            *("gpt-4o", "o3-mini", "o3", "gpt-5-mini", "gpt-5.1", "gpt-5.2", "gpt-5.5", "gpt-5.6"),
        ),
    ),
    Wire(
        title="OpenRouter",
        page="openrouter",
        said="`kind: openrouter`. The same for every model: OpenRouter translates for it.",
        columns=_models(
            ChatCompletionsCodec(dialect=openrouter_dialect(EMPTY_OBJECT)), "openrouter", "anthropic/claude-haiku-4.5"
        ),
    ),
    Wire(
        title="Gemini",
        page="gemini",
        said="`kind: gemini`, generateContent. One column for each family, as above.",
        columns=_models(
            GeminiCodec(),
            "gemini",
            *("gemini-2.0-flash", "gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-2.5-pro"),
            *("gemini-3-flash-preview", "gemini-3-pro-preview", "gemini-3.1-pro-preview", "gemini-3.6-flash"),
            *("gemini-3.8-flash", "gemini-4-argon", "gemini-2.5-flash-image", "gemini-3-pro-image"),
        ),
    ),
    Wire(
        title="Ollama",
        page="ollama",
        said="`kind: ollama`. What a model can do is known to its server; these names tell it.",
        columns=_models(OllamaCodec(), "ollama", "qwen3:8b", "llama3.2", "gpt-oss:20b", "deepseek-v4"),
    ),
    Wire(
        title="OpenAI-compatible servers",
        page="openai-compatible",
        said="`kind: openai_compatible`; the column is the record's `options.vendor`, `generic` if it names none.",
        columns=tuple(_vendor(vendor) for vendor in VENDORS),
    ),
)


def wires_page() -> str:
    """Each wire with its table."""
    links = "\n".join(f"- [{wire.title}](wires/{wire.page}.md)" for wire in WIRES)
    sections = "\n".join(_section(wire) for wire in WIRES)
    return f"""# Wires

What becomes of each field of a request, for each protocol and the models that differ on it. Every cell was found out by
writing two requests, one with the field and one without, and comparing bytes and warnings.

The wires, each with a page of its own that has paths, versions, model families and quirks too:

{links}

{signs("warnings.md")}
{sections}"""


def signs(warnings: str) -> str:
    """What the cells of the tables mean. ``warnings`` is where the page about warnings stands."""
    return f"""| sign | meaning |
| --- | --- |
| ✓ | sent |
| ✓ `warning` | sent, in another form than it was asked; the [warning]({warnings}) says so |
| ∅ `warning` | a hint that the wire does not take: left out, and said |
| = | nothing to send: the wire does this anyway |
| ✗ | refused before sending, `intent_unsupported`: leaving it out would change the meaning |
| ✗ `code` | refused before sending for another reason |
"""


def _section(wire: Wire) -> str:
    version = wire.columns[0].codec.api_version
    return f"## {wire.title}\n\n{wire.said} API version: {version}.\n\n{field_table(wire)}"


@cache
def field_table(wire: Wire) -> str:
    """Each probed field with what becomes of it, for each model or dialect that differs."""
    cells = [[outcome(probe, column) for probe in PROBES] for column in wire.columns]
    titles, merged = _merged([column.title for column in wire.columns], cells)
    rows = ((probe.field, *row) for probe, row in zip(PROBES, zip(*merged, strict=True), strict=True))
    return table(("field", *titles), rows)


def _merged(titles: Sequence[str], columns: Sequence[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Columns that say the same, as one."""
    groups: list[tuple[list[str], list[str]]] = []
    for title, cells in zip(titles, columns, strict=True):
        known = next((names for names, same in groups if same == cells), None)
        if known is None:
            groups.append(([title], cells))
        else:
            known.append(title)
    return [", ".join(names) for names, _ in groups], [cells for _, cells in groups]


def outcome(probe: Probe, column: Column) -> str:
    """What becomes of the probed field in this column, as the sign in the table."""
    try:
        body, warnings = _encoded(probe.make, column)
    except CallRefused as refused:
        return "✗" if refused.code == "intent_unsupported" else f"✗ `{refused.code}`"
    plain, usual = _encoded(probe.without, column)
    said = " ".join(f"`{name}`" for name in sorted(warnings - usual))
    if body != plain:
        return f"✓ {said}".rstrip()
    return f"∅ {said}" if said else "="


def _encoded(make: Make, column: Column) -> tuple[bytes, frozenset[str]]:
    """The body and the warning codes, after the conversation was handed over as a call does it."""
    request: ProviderRequest = make(base(column.model_id), column.provider)
    target = column.codec.handoff_target(column.provider, column.model_id)
    handed = hand_off(request.messages, target)
    encoded = column.codec.encode(evolve(request, messages=handed.messages), column.provider)
    return encoded.body, frozenset(warning.code for warning in (*handed.losses, *encoded.warnings))
