"""Routing, capabilities and the catalog, as a caller of the runtime meets them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime import (
    AmbiguousModelRoute,
    CapabilityMismatch,
    JsonObjectFormat,
    ModelCatalog,
    ModelInfo,
    ModelNotFound,
    ProviderNotRegistered,
    ProviderRuntime,
    ProviderRuntimeError,
)
from provider_runtime.domain.catalog.models import ProviderCapabilities
from provider_runtime.testing.builders import a_request, a_tool
from provider_runtime.testing.fakes import FakeAdapter

CATALOG = ModelCatalog(
    models=[
        ModelInfo(provider="ada", model_id="ada-1"),
        ModelInfo(provider="bob", model_id="bob-1"),
        ModelInfo(provider="ada", model_id="both-1"),
        ModelInfo(provider="bob", model_id="both-1"),
        ModelInfo(provider="gone", model_id="gone-1"),
    ]
)


async def asked_of(model: str, *, default: str | None = None) -> str:
    """Who was asked: exactly one of the registered providers."""
    adapters = [FakeAdapter(name) for name in ("ada", "bob", "cyd")]
    builder = ProviderRuntime.builder().with_model_catalog(CATALOG)
    for adapter in adapters:
        builder = builder.with_adapter(adapter)
    builder = builder.with_default_provider(default) if default else builder
    async with builder.build() as runtime:
        try:
            response = await runtime.run(a_request(model=model))
        except ProviderRuntimeError:
            assert not any(adapter.sent for adapter in adapters)
            raise
    (asked,) = [adapter for adapter in adapters if adapter.sent]
    assert len(asked.sent) == 1
    assert response.provider == asked.provider_id
    return str(asked.provider_id)


@pytest.mark.parametrize(
    ("model", "default", "expected"),
    [
        ("ada-1", None, "ada"),
        ("ada-1", "bob", "ada"),  # the catalog beats the default
        ("bob:ada-1", "cyd", "bob"),  # the hint beats both, and nobody looks into the catalog
        ("cyd:both-1", None, "cyd"),
        ("bob:both-1", None, "bob"),
        ("nobody-lists-it", "cyd", "cyd"),
        ("ada:nobody-lists-it", None, "ada"),
        ("ada:bob:x", None, "ada"),  # the first colon splits
    ],
)
async def test_a_hint_beats_the_catalog_and_the_catalog_beats_the_default(
    model: str, default: str | None, expected: str
) -> None:
    assert await asked_of(model, default=default) == expected


@pytest.mark.parametrize(
    ("model", "default", "error"),
    [
        ("nobody-lists-it", None, ModelNotFound),
        ("both-1", None, AmbiguousModelRoute),
        ("both-1", "ada", AmbiguousModelRoute),  # a default does not settle an ambiguity
        ("gone-1", None, ProviderNotRegistered),
        ("gone-1", "ada", ProviderNotRegistered),  # an unregistered provider is no reason to try the default
        ("gone:ada-1", "ada", ProviderNotRegistered),
        ("nobody-lists-it", "gone", ProviderNotRegistered),
        ("ADA-1", None, ModelNotFound),  # upper and lower case are apart
    ],
)
async def test_no_route_is_an_error_with_a_way_out_and_nobody_is_asked(
    model: str, default: str | None, error: type[ProviderRuntimeError]
) -> None:
    with pytest.raises(error) as failed:
        await asked_of(model, default=default)
    assert failed.value.remedy
    assert failed.value.call_id is not None


@given(
    hint=st.sampled_from((None, "ada", "bob", "cyd")),
    listed=st.sampled_from(("ada-1", "bob-1", "nobody-lists-it")),
    default=st.sampled_from(("ada", "bob", "cyd")),
)
def test_with_everything_registered_there_is_always_one_route(hint: str | None, listed: str, default: str) -> None:
    import asyncio

    by_catalog = {"ada-1": "ada", "bob-1": "bob"}
    expected = hint or by_catalog.get(listed, default)
    assert asyncio.run(asked_of(f"{hint}:{listed}" if hint else listed, default=default)) == expected


@pytest.mark.parametrize(
    ("lacking", "wants", "capability"),
    [
        (ProviderCapabilities(supports_tools=False), {"tools": [a_tool()]}, "tools"),
        (
            ProviderCapabilities(supports_structured_output=False),
            {"response_format": JsonObjectFormat()},
            "structured_output",
        ),
    ],
)
async def test_what_the_adapter_cannot_express_is_refused_and_the_adapter_not_called(
    lacking: ProviderCapabilities, wants: dict[str, object], capability: str
) -> None:
    adapter = FakeAdapter("ada", capabilities=lacking)
    async with ProviderRuntime.builder().with_adapter(adapter).build() as runtime:
        with pytest.raises(CapabilityMismatch) as refused:
            await runtime.run(a_request(model="ada:x", **wants))
        assert (await runtime.run(a_request(model="ada:x"))).text
    assert refused.value.capability == capability
    assert len(adapter.sent) == 1


async def test_the_request_that_reaches_the_adapter_names_the_model_that_was_asked_for() -> None:
    adapter = FakeAdapter("ada")
    async with ProviderRuntime.builder().with_adapter(adapter).build() as runtime:
        await runtime.run(a_request(model="ada:org/model:free"))
    assert adapter.sent[0][0].model_id == "org/model:free"
