"""What every call of the benchmarks says and offers, as JSON wants it. Knows the standard library alone."""

from typing import Any, Final

KINDS: Final = ("small", "tool", "large", "history")
KIND_WORDS: Final = {
    "small": "small answer",
    "tool": "two tools offered, two tool calls answered",
    "large": "64 KB answer",
    "history": "200 messages sent, small answer",
}
KEY: Final = "sk-mock-0123456789"
MODEL: Final = "gpt-4o-mini"
SYSTEM: Final = {"role": "system", "content": "You are a terse assistant."}
QUESTION: Final = {
    "role": "user",
    "content": "What is the capital of France? Answer in one short paragraph, please.",
}
MESSAGES: Final = (SYSTEM, QUESTION)
SCHEMA: Final = {
    "type": "object",
    "properties": {"query": {"type": "string"}, "limit": {"type": "integer"}, "region": {"type": "string"}},
    "required": ["query"],
    "additionalProperties": False,
}
TOOLS: Final = ("search_reports", "get_weather")
TOOL_WORDS: Final = "Looks things up."
_TURN: Final = "compare the two quarterly reports and say which region grew faster, with the pages you read. " * 2


def history(messages: int) -> tuple[dict[str, str], ...]:
    """A conversation of so many messages, the last of them the question."""
    turns = ({"role": ("user", "assistant")[n % 2], "content": f"{n}: please {_TURN}"} for n in range(messages - 2))
    return (SYSTEM, *turns, QUESTION)


HISTORY: Final = history(200)


def bare_body(kind: str, messages: tuple[dict[str, str], ...] | None = None) -> dict[str, Any]:
    """What is sent, before it is JSON."""
    said = messages or (HISTORY if kind == "history" else MESSAGES)
    body: dict[str, Any] = {
        "model": MODEL,
        "messages": said,
        "temperature": 0.2,
        "max_tokens": 256,
        "stream": False,
    }
    if kind == "tool":
        body["tools"] = [
            {"type": "function", "function": {"name": name, "description": TOOL_WORDS, "parameters": SCHEMA}}
            for name in TOOLS
        ]
        body["tool_choice"] = "auto"
    return body
