"""A server that answers every POST with a canned answer: the cheapest counterpart a client can have.

    python benchmarks/mock_server.py [small|tool|large] [until-eof]      prints its port, then serves until killed

``/large/v1/chat/completions`` answers with the large answer, ``/small-50/v1/…`` after 50 ms; a path without a
kind is answered with that of the command line. ``…/v1/messages`` speaks as Anthropic does. Runs in a process of
its own, so that its work is not measured. With ``until-eof`` it ends when its input does: with whoever started it.
"""

import asyncio
import json
import sys
from functools import partial

SMALL = "Paris is the capital of France. It lies on the river Seine and has about 2.1 million inhabitants.\n"
LARGE = (SMALL * 700)[:64_000]
TOOL_CALLS = ("search_reports", "get_weather")
ARGUMENTS = {"query": "latest quarterly revenue", "filters": {"year": 2025, "region": ["EU", "US"]}, "limit": 10}


def chat_answer(kind: str) -> bytes:
    """A Chat Completions answer of this kind."""
    message: dict[str, object] = {"role": "assistant", "content": SMALL, "refusal": None, "annotations": []}
    if kind == "large":
        message["content"] = LARGE
    if kind == "tool":
        message["content"] = "I will look both things up."
        message["tool_calls"] = [
            {"id": f"call_{n:024d}", "type": "function", "function": {"name": name, "arguments": json.dumps(ARGUMENTS)}}
            for n, name in enumerate(TOOL_CALLS)
        ]
    usage = {
        "prompt_tokens": 24,
        "completion_tokens": 23,
        "total_tokens": 47,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }
    reason = "tool_calls" if kind == "tool" else "stop"
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    answer = {
        "id": "chatcmpl-CeXAMPLE0123456789abcdefghij",
        "object": "chat.completion",
        "created": 1763668800,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [choice],
        "usage": usage,
        "service_tier": "default",
        "system_fingerprint": "fp_560af6e559",
    }
    return json.dumps(answer, separators=(",", ":")).encode()


def messages_answer(kind: str) -> bytes:
    """The same answer, as Anthropic writes it."""
    content: list[dict[str, object]] = [{"type": "text", "text": LARGE if kind == "large" else SMALL}]
    if kind == "tool":
        content += [
            {"type": "tool_use", "id": f"toolu_{n:024d}", "name": name, "input": ARGUMENTS}
            for n, name in enumerate(TOOL_CALLS)
        ]
    answer = {
        "id": "msg_01XFDUDYJgAACzvnptvVoYEL",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5-20251001",
        "content": content,
        "stop_reason": "tool_use" if kind == "tool" else "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 24,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": 23,
            "service_tier": "standard",
        },
    }
    return json.dumps(answer, separators=(",", ":")).encode()


def http_answer(body: bytes) -> bytes:
    """The answer with about as many headers as real services send."""
    head = (
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ndate: Thu, 20 Nov 2025 20:04:39 GMT\r\n"
        "server: mock\r\nx-request-id: req_0123456789abcdef0123456789abcdef\r\nopenai-processing-ms: 312\r\n"
        "x-ratelimit-limit-requests: 10000\r\nx-ratelimit-remaining-requests: 9999\r\n"
        "x-ratelimit-limit-tokens: 30000000\r\nx-ratelimit-remaining-tokens: 29999970\r\n"
        f"content-length: {len(body)}\r\nconnection: keep-alive\r\n\r\n"
    )
    return head.encode() + body


class Answers:
    """What is sent for a path, and after how many seconds; each is worked out once."""

    def __init__(self, usual: str) -> None:
        self.usual = usual
        self.known: dict[bytes, tuple[bytes, float]] = {}

    def to(self, path: bytes) -> tuple[bytes, float]:
        found = self.known.get(path)
        if found is None:
            kind, _, delay_ms = path.decode().split("/")[1].partition("-")
            if kind not in ("small", "tool", "large", "history"):
                kind, delay_ms = self.usual, ""
            answer = messages_answer if path.endswith(b"/messages") else chat_answer
            found = self.known[path] = http_answer(answer(kind)), int(delay_ms or 0) / 1000
        return found


class Canned(asyncio.Protocol):
    """Reads requests by their content length and answers each, at once or as late as its path says."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.pending = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.pending += data
        while (end := self.pending.find(b"\r\n\r\n")) >= 0:
            head = self.pending[:end].lower()
            place = head.find(b"content-length:")
            size = int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
            if len(self.pending) < end + 4 + size:
                return
            self.pending = self.pending[end + 4 + size :]
            answer, delay_s = self.answers.to(head.split(b" ", 2)[1])
            if delay_s:
                asyncio.get_running_loop().call_later(delay_s, self.transport.write, answer)
            else:
                self.transport.write(answer)


async def serve(kind: str, *, until_eof: bool = False) -> None:
    """Serve until killed, or until the input ends."""
    answers, loop = Answers(kind), asyncio.get_running_loop()
    server = await loop.create_server(partial(Canned, answers), "127.0.0.1", 0, backlog=8192)
    print(server.sockets[0].getsockname()[1], flush=True)
    if until_eof:
        await asyncio.to_thread(sys.stdin.read)
    else:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1] if len(sys.argv) > 1 else "small", until_eof="until-eof" in sys.argv))
