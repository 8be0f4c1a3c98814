"""The client library of Anthropic, which speaks its own protocol."""

from collections.abc import Awaitable, Callable

from anthropic import AsyncAnthropic
from said import KEY, SYSTEM, bare_body
from timing import main


def client(url: str, kind: str) -> Callable[[], Awaitable[object]]:
    asked = AsyncAnthropic(base_url=url, api_key=KEY, max_retries=0)
    body = bare_body(kind)
    said = {"system": SYSTEM["content"], "messages": list(body["messages"][1:]), "max_tokens": 256}
    if "tools" in body:
        offered = [tool["function"] for tool in body["tools"]]
        said["tools"] = [
            {"name": tool["name"], "description": tool["description"], "input_schema": tool["parameters"]}
            for tool in offered
        ]

    async def call() -> object:
        answer = await asked.messages.create(model="claude-haiku-4-5", **said)
        return [part.name for part in answer.content if part.type == "tool_use"] or answer.content[0].text

    return call


if __name__ == "__main__":
    main(client)
