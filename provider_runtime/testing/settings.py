"""Settings to test with: the vendors as a sandbox plays them, or as they are, with made-up keys."""

from typing import Any, Final

from attrs import evolve

from provider_runtime.composition.presets import PRESETS, local_server
from provider_runtime.composition.settings import RuntimeSettings
from provider_runtime.domain.catalog.providers import ProviderConfig, Tier
from provider_runtime.domain.secrets import Secret
from provider_runtime.testing.sandbox.server import Sandbox

SANDBOX_KEY: Final = "sandbox-key"  # good for any vendor of a sandbox, since all but one are


def sandbox_settings(sandbox: Sandbox, **overrides: Any) -> RuntimeSettings:
    """OpenAI, Anthropic, Gemini and OpenRouter at a running sandbox, as local providers, with keys.

    ``overrides`` are fields of ``RuntimeSettings``. Nothing is read from the environment.
    """
    records = tuple(evolve(record, base_url=sandbox.url, tier=Tier.LOCAL, credential=None) for record in PRESETS)
    return _settings(records, overrides)


def sandbox_server(sandbox: Sandbox) -> ProviderConfig:
    """The record of a keyless, OpenAI-compatible server at a running sandbox, called ``local``."""
    return local_server(sandbox.compatible_url)


def cloud_settings(**overrides: Any) -> RuntimeSettings:
    """OpenAI, Anthropic, Gemini and OpenRouter at their own addresses, with made-up keys.

    For tests that put a transport of their own in place, or show that nothing is sent.
    """
    return _settings(tuple(evolve(record, credential=None) for record in PRESETS), overrides)


def _settings(records: tuple[ProviderConfig, ...], overrides: dict[str, Any]) -> RuntimeSettings:
    keys = {record.provider_id: Secret(SANDBOX_KEY) for record in records}
    return RuntimeSettings(**{"providers": records, "credentials": keys, **overrides})
