"""What both bodies of answers write in the same words."""

from typing import Any, Final

from provider_runtime.adapters.wire.writing import canonical_text
from provider_runtime.domain.batches.lines import LineRecord
from provider_runtime.domain.conversation.parts import Citation
from provider_runtime.domain.conversation.tools import ToolCall

LEFT_OUT: Final = "left_out"
"""Where a line says which parts of its answer have no place in OpenAI's form."""


def arguments_text(call: ToolCall) -> str:
    """The arguments as text; what came as no JSON stays as it came."""
    arguments = call.arguments_json
    return arguments if isinstance(arguments, str) else canonical_text(arguments)


def created_at(record: LineRecord) -> int:
    """When the line ended, in seconds since 1970."""
    return 0 if record.ended_at is None else int(record.ended_at.timestamp())


def url_citation(citation: Citation) -> dict[str, Any] | None:
    """Where a text came from, if that is an address."""
    if citation.url is None:
        return None
    return {
        "url": citation.url,
        "title": citation.title or "",
        "start_index": citation.start_index or 0,
        "end_index": citation.end_index or 0,
    }


def besides(left_out: list[str]) -> dict[str, Any]:
    """The kinds of parts that were left out, each once."""
    return {LEFT_OUT: sorted(set(left_out))} if left_out else {}
