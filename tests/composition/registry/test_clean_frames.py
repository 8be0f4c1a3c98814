"""Whatever goes wrong, no frame of ours in the traceback holds what was said."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from traceback_search import our_frames, told_by

from provider_runtime import ConsentSettings, ProviderRequest, ProviderRuntimeError, RuntimeRegistry
from provider_runtime.ports.http import HttpReply, HttpRequest
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.settings import cloud_settings

SAID = "Wilhelmina Featherstonehaugh of Lower Slaughter"
# Refused in preparation, and answered with an error.
REQUESTS = {
    "refused": a_request(SAID, model="openai:gpt-5-mini", stop=["x"]),
    "failed": a_request(SAID, model="openai:gpt-5-mini"),
    "not routed": a_request(SAID, model="nobody:m"),
}
Asked = Callable[[ProviderRequest], Awaitable[Any]]


class Forgetful:
    """Refuses every request and keeps none: what is found later was not found here."""

    async def exchange(self, _request: HttpRequest) -> HttpReply:
        return HttpReply(status=400, body=b'{"error":{"message":"no"}}')

    async def aclose(self) -> None:
        return None


@pytest.fixture
async def registry() -> AsyncIterator[RuntimeRegistry]:
    async with RuntimeRegistry() as opened:
        await opened.register("acme", cloud_settings(consents=ConsentSettings()), transport=Forgetful())
        yield opened


@pytest.mark.parametrize("ending", REQUESTS)
@pytest.mark.parametrize("through", ["runtime", "handle"])
@pytest.mark.parametrize("method", ["run", "explain", "request_consent"])
async def test_an_error_leads_through_no_frame_that_holds_the_conversation(
    method: str, through: str, ending: str, registry: RuntimeRegistry
) -> None:
    handle = registry.get("acme")
    asked: Asked = getattr(handle if through == "handle" else handle.present.runtime, method)
    if method != "run" and ending == "failed":
        await asked(REQUESTS[ending])  # nothing is sent, so nothing fails
        return
    with pytest.raises(ProviderRuntimeError) as raised:
        await asked(REQUESTS[ending])
    assert method in our_frames(raised.value), "or nothing was looked at"
    assert SAID not in told_by(raised.value)
