"""The call that everything is held against: an aiohttp POST and a JSON parse, as a careful developer writes it by hand.

Knows aiohttp and msgspec alone, so that a process of its own shows what a bare call takes, in memory too.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import aiohttp
import msgspec
from said import KEY, bare_body

HEADERS: Final = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}


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
