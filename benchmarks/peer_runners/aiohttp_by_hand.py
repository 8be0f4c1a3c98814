"""A POST by aiohttp and a JSON parse, by hand."""

from collections.abc import Awaitable, Callable

import aiohttp
import msgspec
from said import KEY, bare_body
from timing import main


def client(url: str, kind: str) -> Callable[[], Awaitable[object]]:
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}

    async def call() -> object:
        data = msgspec.json.encode(bare_body(kind))
        async with session.post(f"{url}/v1/chat/completions", data=data, headers=headers) as reply:
            raw = await reply.read()
            assert reply.status == 200
        message = msgspec.json.decode(raw)["choices"][0]["message"]
        return [tool["function"]["name"] for tool in message.get("tool_calls", ())] or message["content"]

    return call


if __name__ == "__main__":
    main(client)
