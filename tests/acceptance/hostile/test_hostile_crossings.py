"""Two runtimes with two keys on one loop, their calls interleaved: nothing of one ever comes to the other."""

import asyncio
from pathlib import Path

import pytest
from attrs import evolve
from hostile.catalogue import SCENARIOS
from hostile.observing import Visitor, visiting
from hostile.plays import Asked, Play, as_json, completion, response
from hostile.server import HostileServer

from provider_runtime.testing.builders import a_request


def _echo(asked: Asked) -> Play:
    """Says back who asked what, and hands out a cookie."""
    seen = f"{asked.authorization} asked {asked.body.decode()} with {asked.headers.get('cookie')}"
    lines = (f"Set-Cookie: seen={asked.number}; Path=/".encode(), b"Set-Cookie: all=1; Domain=localhost")
    return (response(as_json(completion(seen)), *lines),)


async def _calls(visitor: Visitor, count: int) -> list[str]:
    async def one(number: int) -> str:
        response = await visitor.runtime.run(a_request(f"{visitor.prompt} {number}", model="hostile:m"))
        return response.text

    return await asyncio.gather(*(one(number) for number in range(count)))


async def _cross(server: HostileServer, folder: Path, count: int) -> None:
    server.add("echo", _echo)
    scenario = evolve(SCENARIOS["set_cookie"], name="echo")
    async with visiting(server, scenario, folder / "a") as one, visiting(server, scenario, folder / "b") as other:
        for _ in range(2):  # the second time over kept connections
            answers = await asyncio.gather(_calls(one, count), _calls(other, count))
            for visitor, stranger, texts in zip((one, other), (other, one), answers, strict=True):
                assert all(visitor.key in text and f"{visitor.prompt} {n}" in text for n, text in enumerate(texts))
                assert not any(stranger.key in text or stranger.prompt in text for text in texts)
                assert all(text.endswith("with None") for text in texts)


async def test_keys_questions_and_cookies_stay_with_their_runtime(server: HostileServer, tmp_path: Path) -> None:
    await _cross(server, tmp_path, 60)


@pytest.mark.long
async def test_keys_questions_and_cookies_stay_with_their_runtime_over_a_thousand_calls(
    server: HostileServer, tmp_path: Path
) -> None:
    await _cross(server, tmp_path, 1000)
