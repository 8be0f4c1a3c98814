"""``litellm.acompletion``; what it sends home and fetches at its start is turned off by the driver."""

from collections.abc import Awaitable, Callable

import litellm
from said import KEY, bare_body
from timing import main


def client(url: str, kind: str) -> Callable[[], Awaitable[object]]:
    body = bare_body(kind)
    body["model"] = f"openai/{body['model']}"
    body["messages"] = list(body["messages"])

    async def call() -> object:
        answer = await litellm.acompletion(api_base=f"{url}/v1", api_key=KEY, num_retries=0, **body)
        message = answer.choices[0].message
        return [tool.function.name for tool in message.tool_calls or ()] or message.content

    return call


if __name__ == "__main__":
    main(client)
