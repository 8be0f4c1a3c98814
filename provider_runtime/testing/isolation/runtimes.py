"""A tenant of a trial as the settings of a runtime."""

from typing import Any

from attrs import evolve

from provider_runtime.composition.presets import PRESETS
from provider_runtime.composition.settings import RuntimeSettings
from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.secrets import Secret
from provider_runtime.testing.isolation.marks import Tenant


def tenant_settings(tenant: Tenant, **overrides: Any) -> RuntimeSettings:
    """OpenAI, Anthropic, Gemini and OpenRouter at the address of ``tenant``, with its key if it has one.

    ``overrides`` are fields of ``RuntimeSettings``. Nothing is read from the environment.
    """
    records = tuple(evolve(record, base_url=tenant.base_url, tier=Tier.LOCAL, credential=None) for record in PRESETS)
    keys = {} if tenant.key is None else {record.provider_id: Secret(tenant.key) for record in records}
    return RuntimeSettings(**{"providers": records, "credentials": keys, **overrides})
