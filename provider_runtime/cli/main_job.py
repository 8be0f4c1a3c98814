"""The main job: one conversation that three providers carry on, with a tool, receipts and prices.

It begins at Anthropic, which thinks and asks for a tool; the tool really runs, on a real file;
OpenAI answers with the result; OpenRouter answers a follow-up; and Anthropic, at last, gets its own
reasoning back, signature and all, with what the others said in between.
"""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

from attrs import frozen

from provider_runtime.application.runtime import CallRuntime
from provider_runtime.domain.conversation.messages import Message, assistant, system, tool_result, user
from provider_runtime.domain.conversation.parts import ThinkingPart, ToolCallPart
from provider_runtime.domain.conversation.request import Effort, ProviderRequest, ReasoningEffort
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.conversation.tools import (
    ToolCall,
    ToolChoice,
    ToolChoiceAuto,
    ToolChoiceNone,
    ToolDefinition,
)
from provider_runtime.domain.json_values import JsonObject, JsonValue, freeze_object

QUESTION: Final = "How long is this project's front page, and how many minutes would it take to read it aloud?"
FOLLOW_UP: Final = "Put that into one sentence for a colleague who is in a hurry."
LAST_WORD: Final = "Was your first thought, before you looked, a good one?"
_SYSTEM: Final = "You are a careful assistant. Measure before you answer."
_WORDS_A_MINUTE: Final = 150
# OpenAI hides its reasoning unless a summary is asked for, and what is hidden cannot be handed on.
_OPTIONS: Final = freeze_object({"openai": {"reasoning": {"summary": "auto"}}})
_TOOL: Final = ToolDefinition(
    name="measure_document",
    description="Counts the words, lines and headings of a document of this project.",
    parameters_schema=freeze_object(
        {
            "type": "object",
            "properties": {"document": {"type": "string", "enum": ["front page"], "description": "Which document."}},
            "required": ["document"],
            "additionalProperties": False,
        }
    ),
)


@frozen(kw_only=True)
class Step:
    """One call of the job: what it was for, and what came."""

    title: str
    request: ProviderRequest
    response: ProviderResponse


@frozen(kw_only=True)
class Models:
    """Who takes which part."""

    first: str
    second: str
    third: str


async def main_job(runtime: CallRuntime, models: Models, document: Path) -> AsyncIterator[Step]:
    """The calls of the job, one after another, each with the whole conversation so far."""
    conversation: list[Message] = [system(_SYSTEM), user(QUESTION)]

    async def ask(title: str, model: str, tool_choice: ToolChoice) -> Step:
        request = ProviderRequest(
            model=model,
            messages=conversation,
            tools=[_TOOL],
            tool_choice=tool_choice,
            reasoning=ReasoningEffort(Effort.LOW),
            max_output_tokens=4096,
            provider_options=_OPTIONS,
        )
        response = await runtime.run(request)
        conversation.append(assistant(*response.output.content))
        conversation.extend(tool_result(call, run_tool(call, document)) for call in response.tool_calls)
        return Step(title=title, request=request, response=response)

    yield await ask("thinks, and asks for a tool", models.first, ToolChoiceAuto())
    yield await ask("takes over with the tool's result", models.second, ToolChoiceAuto())
    conversation.append(user(FOLLOW_UP))
    yield await ask("takes over again", models.third, ToolChoiceNone())
    conversation.append(user(LAST_WORD))
    yield await ask("gets its own reasoning back", models.first, ToolChoiceNone())


def run_tool(call: ToolCall, document: Path) -> JsonValue:
    """What ``measure_document`` finds in the real file ``document``."""
    text = document.read_text(encoding="utf-8")
    words = len(text.split())
    return freeze_object(
        {
            "document": _named(call.arguments_json),
            "file": document.name,
            "words": words,
            "lines": len(text.splitlines()),
            "headings": sum(line.startswith("#") for line in text.splitlines()),
            "minutes_aloud": round(words / _WORDS_A_MINUTE, 1),
        }
    )


def kept(step: Step, sent: bytes) -> tuple[bool, bool]:
    """Whether the bytes ``sent`` for ``step`` hold every earlier tool call and every readable thought."""
    parts = [part for message in step.request.messages for part in message.content]
    calls = [part.tool_call.name for part in parts if isinstance(part, ToolCallPart)]
    thoughts = [part.text for part in parts if isinstance(part, ThinkingPart) and part.text]
    return _all_in(calls, sent), _all_in(thoughts, sent)


def _all_in(texts: list[str], sent: bytes) -> bool:
    as_json: Callable[[str], bytes] = _escaped
    return all(as_json(text) in sent for text in texts)


def _escaped(text: str) -> bytes:
    from provider_runtime.adapters.wire.writing import canonical_text  # noqa: PLC0415 - the wire's own way to write text

    return canonical_text(text)[1:-1].encode()


def _named(arguments: JsonValue) -> JsonValue:
    return arguments.get("document", "front page") if isinstance(arguments, JsonObject) else "front page"
