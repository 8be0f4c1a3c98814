"""The call that everything is held against: an aiohttp POST and a JSON parse, as a careful developer writes it by hand.

Knows aiohttp and msgspec alone, so that a process of its own shows what a bare call takes, in memory too.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import aiohttp
import msgspec

KINDS: Final = ("small", "tool", "large", "history")
KIND_WORDS: Final = {
    "small": "small answer",
    "tool": "two tools offered, two tool calls answered",
    "large": "64 KB answer",
    "history": "200 messages sent, small answer",
}
KEY: Final = "sk-mock-0123456789"
HEADERS: Final = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
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
    body: dict[str, Any] = {"model": MODEL, "messages": said, "temperature": 0.2, "max_tokens": 256}
    if kind == "tool":
        body["tools"] = [
            {"type": "function", "function": {"name": name, "description": TOOL_WORDS, "parameters": SCHEMA}}
            for name in TOOLS
        ]
    return body


def bare_session() -> aiohttp.ClientSession:
    """A session without a limit of its own on connections."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


def bare_call(
    session: aiohttp.ClientSession, base: str, kind: str = "small", messages: tuple[dict[str, str], ...] | None = None
) -> Callable[[], Awaitable[str]]:
    """A call that can be made again and again; it says the text of its answer."""
    url = f"{base}/chat/completions"

    async def call() -> str:
        body = msgspec.json.encode(bare_body(kind, messages))
        async with session.post(url, data=body, headers=HEADERS) as reply:
            raw = await reply.read()
            assert reply.status == 200
        return str(msgspec.json.decode(raw)["choices"][0]["message"]["content"])

    return call
