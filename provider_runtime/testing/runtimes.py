"""Runtimes to test with, and what tests ask of them over and over."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from attrs import evolve

from provider_runtime.application.runtime import CallRuntime
from provider_runtime.composition.builder import ProviderRuntimeBuilder
from provider_runtime.composition.lifecycle import open_runtime
from provider_runtime.composition.runtime import ProviderRuntime
from provider_runtime.composition.settings import RuntimeSettings
from provider_runtime.composition.stores.places import StoreSettings
from provider_runtime.domain.calls.options import CallOptions
from provider_runtime.domain.conversation.request import ProviderRequest
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import ProviderRuntimeError
from provider_runtime.domain.policy.retrying import RetryPolicy
from provider_runtime.ports.provider_adapter import ProviderAdapter
from provider_runtime.testing.fakes import CountingIds, FixedRandomness, FrozenClock
from provider_runtime.testing.mock_model import MockModel

E = TypeVar("E", bound=ProviderRuntimeError)


@asynccontextmanager
async def a_runtime(
    *adapters: ProviderAdapter, settings: RuntimeSettings | None = None, **parts: Any
) -> AsyncIterator[ProviderRuntime]:
    """A runtime that asks ``adapters``, by default one ``MockModel``, and keeps everything in memory.

    Its clock stands still, its names count, and it waits for no retry; ``settings`` and ``parts``
    say otherwise, as for ``open_runtime``.
    """
    builder = ProviderRuntimeBuilder(settings=settings or RuntimeSettings(retry=RetryPolicy(initial_backoff_ms=0)))
    for adapter in adapters or (MockModel(),):
        builder = builder.with_adapter(adapter)
    wanted = builder.settings if builder.settings.stores else evolve(builder.settings, stores=StoreSettings())
    still = {"clock": FrozenClock(), "ids": CountingIds(), "randomness": FixedRandomness()}
    async with open_runtime(wanted, **{**still, **builder.parts, **parts}) as runtime:
        yield runtime


async def expect_answer(
    runtime: CallRuntime, request: ProviderRequest, text: str, options: CallOptions | None = None
) -> ProviderResponse:
    """The response to ``request``. Fails the test unless it says ``text``, and nothing else."""
    response = await runtime.run(request, options)
    assert response.text == text, f"expected the answer {text!r}, got {response.text!r}"
    return response


async def expect_error(
    runtime: CallRuntime, request: ProviderRequest, kind: type[E], options: CallOptions | None = None
) -> E:
    """The error that ``request`` ends with. Fails the test when it is none of ``kind``, or there is an answer."""
    try:
        response = await runtime.run(request, options)
    except kind as error:
        return error
    raise AssertionError(f"expected {kind.__name__}, got the answer {response.text!r}")
