"""Runtimes that answer from memory, over a provider that tests make up."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from attrs import evolve

from provider_runtime import (
    ArtifactProvider,
    CallOptions,
    Memo,
    ModelCatalog,
    ProviderRuntime,
    RetryPolicy,
    StoreSettings,
)
from provider_runtime.domain.identity import ProviderId
from provider_runtime.testing.builders import a_request, a_response
from provider_runtime.testing.fakes import FakeAdapter

ADA, BEA = ProviderId("ada"), ProviderId("bea")
QUESTION = a_request("How much?", model="ada:m")
MEMO = CallOptions(memo=True)
ONCE = CallOptions(memo=Memo(single_flight=True))


@asynccontextmanager
async def runtime_with(
    *adapters: FakeAdapter,
    artifacts: ArtifactProvider | None = None,
    settings: dict[str, Any] | None = None,
    **parts: Any,
) -> AsyncIterator[ProviderRuntime]:
    builder = ProviderRuntime.builder().with_retry(RetryPolicy(max_attempts=1)).with_model_catalog(ModelCatalog())
    for adapter in adapters:
        builder = builder.with_adapter(adapter)
    for name, part in {**({} if artifacts is None else {"artifacts": artifacts}), **parts}.items():
        builder = builder.with_part(name, part)
    builder = evolve(builder, settings=evolve(builder.settings, **{"stores": StoreSettings(), **(settings or {})}))
    async with builder.build() as runtime:
        yield runtime


def answering(count: int = 9, **changes: Any) -> FakeAdapter:
    """Answers ``1``, ``2`` … in turn."""
    return FakeAdapter(ADA, [a_response(str(number), provider=ADA, **changes) for number in range(1, count + 1)])
