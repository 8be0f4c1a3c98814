"""Every hypothesis strategy: canonical values of all kinds, friendly and hostile.

Whatever is drawn can be built and written as JSON; ``conversations`` and ``requests`` are valid as
well. Texts are empty, long, in any script, and often look like markup, JSON, keys or commands.
``values_of(kind)`` draws values of any type of the domain.
"""

from provider_runtime.testing.strategies.conversations import (
    conversations,
    handoff_targets,
    messages,
)
from provider_runtime.testing.strategies.domain.any_type import values_of
from provider_runtime.testing.strategies.parts import (
    assistant_parts,
    cache_boundaries,
    citations,
    content_parts,
    media_parts,
    media_sources,
    signatures,
    text_parts,
    thinking_parts,
    tool_calls,
    tool_result_contents,
    tool_result_parts,
    tool_results,
)
from provider_runtime.testing.strategies.requests import (
    model_refs,
    reasonings,
    requests,
    response_formats,
    tools,
)
from provider_runtime.testing.strategies.responses import (
    attempts,
    call_warnings,
    costs,
    outputs,
    responses,
    usages,
)
from provider_runtime.testing.strategies.values import (
    call_ids,
    json_objects,
    json_values,
    names,
    provider_ids,
    texts,
)

__all__ = [
    "assistant_parts",
    "attempts",
    "cache_boundaries",
    "call_ids",
    "call_warnings",
    "citations",
    "content_parts",
    "conversations",
    "costs",
    "handoff_targets",
    "json_objects",
    "json_values",
    "media_parts",
    "media_sources",
    "messages",
    "model_refs",
    "names",
    "outputs",
    "provider_ids",
    "reasonings",
    "requests",
    "response_formats",
    "responses",
    "signatures",
    "text_parts",
    "texts",
    "thinking_parts",
    "tool_calls",
    "tool_result_contents",
    "tool_result_parts",
    "tool_results",
    "tools",
    "usages",
    "values_of",
]
