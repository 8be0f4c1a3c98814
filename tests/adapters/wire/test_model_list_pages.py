"""Model lists that come in pages are read to their end, and not beyond all bounds."""

import json
from typing import Any

import pytest

from provider_runtime.adapters.credentials.sources import CredentialSources
from provider_runtime.adapters.wire.adapter import WireAdapter
from provider_runtime.adapters.wire.anthropic_messages.codec import AnthropicMessagesCodec
from provider_runtime.adapters.wire.codec import WireCodec
from provider_runtime.adapters.wire.gemini.codec import GeminiCodec
from provider_runtime.composition.presets import preset
from provider_runtime.domain.catalog.models import DiscoveryOptions
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.http import HttpReply, HttpRequest
from provider_runtime.ports.provider_adapter import AdapterContext
from provider_runtime.testing.fakes import FakeTransport


def _anthropic_page(number: int, *, more: bool) -> dict[str, Any]:
    return {"data": [{"id": f"claude-{number}"}], "has_more": more, "last_id": f"claude {number}&"}


def _gemini_page(number: int, *, more: bool) -> dict[str, Any]:
    model = {"name": f"models/gemini-{number}", "supportedGenerationMethods": ["generateContent"]}
    return {"models": [model], **({"nextPageToken": f"page {number}&"} if more else {})}


WIRES = [
    pytest.param("anthropic", AnthropicMessagesCodec(), _anthropic_page, "&after_id=claude%201%26", id="anthropic"),
    pytest.param("gemini", GeminiCodec(), _gemini_page, "&pageToken=page%201%26", id="gemini"),
]


async def _listed(provider: str, codec: WireCodec, transport: FakeTransport) -> list[str]:
    adapter = WireAdapter(
        config=preset(provider),
        codec=codec,
        transport=transport,
        credentials=CredentialSources(given={provider: Secret("key")}),
    )
    options = DiscoveryOptions(remote=True, refresh_cache=True)
    return [model.model_id for model in await adapter.discover_models(options, AdapterContext())]


@pytest.mark.parametrize(("provider", "codec", "page", "goes_on"), WIRES)
async def test_every_page_is_asked_for(provider: str, codec: WireCodec, page: Any, goes_on: str) -> None:
    pages = [page(number, more=number < 3) for number in (1, 2, 3)]
    transport = FakeTransport([HttpReply(status=200, body=json.dumps(each).encode()) for each in pages])
    assert len(await _listed(provider, codec, transport)) == 3
    assert transport.exchanges[0].url.endswith(codec.models_path)
    assert transport.exchanges[1].url.endswith(goes_on)


@pytest.mark.parametrize(("provider", "codec", "page", "goes_on"), WIRES)
async def test_a_list_without_an_end_is_cut(provider: str, codec: WireCodec, page: Any, goes_on: str) -> None:
    def endless(_request: HttpRequest) -> HttpReply:
        return HttpReply(status=200, body=json.dumps(page(1, more=True)).encode())

    transport = FakeTransport(endless)
    assert len(await _listed(provider, codec, transport)) == len(transport.exchanges) == 100


@pytest.mark.parametrize(("provider", "codec", "page", "goes_on"), WIRES)
@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b'{"has_more": true, "nextPageToken": 7, "last_id": null}']
)
def test_what_is_no_page_has_none_after_it(
    provider: str, codec: WireCodec, page: Any, goes_on: str, body: bytes
) -> None:
    assert codec.next_models_path(HttpReply(status=200, body=body)) is None
