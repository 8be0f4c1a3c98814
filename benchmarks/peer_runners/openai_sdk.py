"""The client library of OpenAI."""

from collections.abc import Awaitable, Callable

from openai import AsyncOpenAI
from said import KEY, bare_body
from timing import main


def client(url: str, kind: str) -> Callable[[], Awaitable[object]]:
    asked = AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0)
    body = bare_body(kind)
    body["messages"] = list(body["messages"])

    async def call() -> object:
        message = (await asked.chat.completions.create(**body)).choices[0].message
        return [tool.function.name for tool in message.tool_calls or ()] or message.content

    return call


if __name__ == "__main__":
    main(client)
