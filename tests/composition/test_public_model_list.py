"""OpenRouter lists its models to anybody; the others do not."""

import json

import pytest

from provider_runtime.composition.lifecycle import open_runtime
from provider_runtime.domain.catalog.models import DiscoveryOptions
from provider_runtime.domain.errors import CredentialMissing
from provider_runtime.ports.http import HttpReply
from provider_runtime.testing.fakes import FakeTransport
from provider_runtime.testing.settings import cloud_settings


def _asking(provider: str) -> DiscoveryOptions:
    return DiscoveryOptions(remote=True, refresh_cache=True, include_provider=(provider,))


async def test_models_of_openrouter_are_listed_without_a_key() -> None:
    listed = HttpReply(status=200, body=json.dumps({"data": [{"id": "acme/new-model"}]}).encode())
    transport = FakeTransport(answers=[listed])
    async with open_runtime(cloud_settings(credentials={}), transport=transport) as runtime:
        catalog = await runtime.discover_models(_asking("openrouter"))
    assert any(model.model_id == "acme/new-model" for model in catalog.models)
    assert transport.exchanges[0].auth is None


async def test_models_of_openai_are_not() -> None:
    transport = FakeTransport(answers=[])
    async with open_runtime(cloud_settings(credentials={}), transport=transport) as runtime:
        with pytest.raises(CredentialMissing):
            await runtime.discover_models(_asking("openai"))
    assert transport.exchanges == []
