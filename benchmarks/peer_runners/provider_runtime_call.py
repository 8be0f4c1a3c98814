"""``run()`` of this library; with GATES=every in the environment, all seven gates judge."""

import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from governed import ALL_GATES, opened, our_request
from timing import main

from provider_runtime import ProviderRuntime


def client(url: str, kind: str) -> Callable[[], Awaitable[object]]:
    request = our_request(kind)
    gates = ALL_GATES if os.environ.get("GATES") == "every" else ()
    stack, runtimes = AsyncExitStack(), list[ProviderRuntime]()

    async def call() -> object:
        if not runtimes:  # the first call opens it; the process ends before it is closed
            runtimes.append(await stack.enter_async_context(opened(f"{url}/v1", gates)))
        response = await runtimes[0].run(request)
        return [tool.name for tool in response.tool_calls] or response.text

    return call


if __name__ == "__main__":
    main(client)
