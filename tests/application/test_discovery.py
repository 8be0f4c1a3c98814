"""Discovery: nobody is asked unless the caller wants both a look outside and a refresh."""

import pytest

from provider_runtime import (
    CallRefused,
    GovernanceLocked,
    ModelCatalog,
    ModelInfo,
    ProviderConfig,
    ProviderRuntime,
    TransportError,
)
from provider_runtime.composition.builder import ProviderRuntimeBuilder
from provider_runtime.domain.catalog.models import DiscoveryOptions, ProviderCapabilities
from provider_runtime.domain.identity import ProviderId
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import FakeAdapter

REFRESH = DiscoveryOptions(remote=True, refresh_cache=True)
STATIC = ModelCatalog(models=[ModelInfo(provider="ada", model_id="old", display_name="As we call it")])


def an_adapter(name: str, *models: ModelInfo, **others: object) -> FakeAdapter:
    listed = models or (ModelInfo(provider=name, model_id=f"{name}-new"),)
    return FakeAdapter(name, models=listed, **others)  # type: ignore[arg-type]  # fields of the fake


def builder_with(*adapters: FakeAdapter) -> ProviderRuntimeBuilder:
    builder = ProviderRuntime.builder().with_model_catalog(STATIC)
    for adapter in adapters:
        builder = builder.with_adapter(adapter)
    return builder


def ids(catalog: ModelCatalog) -> list[str]:
    return [model.model_id for model in catalog.models]


@pytest.mark.parametrize(
    "options",
    [None, DiscoveryOptions(), DiscoveryOptions(remote=True), DiscoveryOptions(refresh_cache=True)],
)
async def test_without_both_remote_and_refresh_the_catalog_in_hand_is_returned_untouched(
    options: DiscoveryOptions | None,
) -> None:
    adapter = an_adapter("ada")
    async with builder_with(adapter).build() as runtime:
        assert await runtime.discover_models(options) is STATIC
    assert adapter.discoveries == []


async def test_a_refresh_merges_what_providers_list_into_the_static_catalog_which_counts_first() -> None:
    listed = (
        ModelInfo(provider="ada", model_id="old", display_name="As they call it", context_window=9),
        ModelInfo(provider="ada", model_id="new"),
    )
    async with builder_with(an_adapter("ada", *listed)).build() as runtime:
        merged = await runtime.discover_models(REFRESH)
        assert await runtime.discover_models() is merged
        assert '"new"' in runtime.export_catalog_json()
    assert ids(merged) == ["new", "old"]
    old = merged.find(ProviderId("ada"), "old")
    assert old is not None
    assert (old.display_name, old.context_window) == ("As we call it", 9)


async def test_a_second_refresh_starts_from_the_static_catalog_again() -> None:
    adapter = an_adapter("ada")
    async with builder_with(adapter).build() as runtime:
        await runtime.discover_models(REFRESH)
        adapter.models = (ModelInfo(provider="ada", model_id="newer"),)
        assert ids(await runtime.discover_models(REFRESH)) == ["newer", "old"]


async def test_calls_are_routed_by_what_a_refresh_found() -> None:
    async with builder_with(an_adapter("ada"), an_adapter("bob")).build() as runtime:
        await runtime.discover_models(REFRESH)
        assert (await runtime.run(a_request(model="bob-new"))).provider == "bob"


async def test_only_the_providers_named_are_asked() -> None:
    ada, bob = an_adapter("ada"), an_adapter("bob")
    async with builder_with(ada, bob).build() as runtime:
        merged = await runtime.discover_models(
            DiscoveryOptions(remote=True, refresh_cache=True, include_provider=[ProviderId("bob")])
        )
    assert (len(ada.discoveries), len(bob.discoveries)) == (0, 1)
    assert ids(merged) == ["old", "bob-new"]


async def test_a_provider_that_cannot_list_its_models_is_passed_over() -> None:
    mute = an_adapter("mute", capabilities=ProviderCapabilities(supports_remote_discovery=False))
    async with builder_with(mute, an_adapter("ada")).build() as runtime:
        assert ids(await runtime.discover_models(REFRESH)) == ["ada-new", "old"]
    assert mute.discoveries == []


async def test_the_first_provider_that_fails_ends_the_refresh_and_the_catalog_stays() -> None:
    ada, cyd = an_adapter("ada"), an_adapter("cyd")
    failing = FakeAdapter("bob", models=TransportError(provider=ProviderId("bob"), message="down"))
    async with builder_with(ada, failing, cyd).build() as runtime:
        with pytest.raises(TransportError):
            await runtime.discover_models(REFRESH)
        assert await runtime.discover_models() is STATIC
    assert (len(ada.discoveries), len(failing.discoveries), len(cyd.discoveries)) == (1, 1, 0)


async def test_providers_are_asked_in_provider_order() -> None:
    asked: list[str] = []

    class Noting(FakeAdapter):
        async def discover_models(self, options: object, context: object) -> tuple[ModelInfo, ...]:
            asked.append(self.provider_id)
            return ()

    names = ("zed", "openrouter", "abe", "anthropic", "openai")
    async with builder_with(*(Noting(name) for name in names)).build() as runtime:
        await runtime.discover_models(REFRESH)
    assert asked == ["openai", "anthropic", "openrouter", "abe", "zed"]


@pytest.mark.parametrize(
    ("policy", "base_url", "error"),
    [
        ("locked", "https://api.example.com", GovernanceLocked),
        ("standard", "https://169.254.169.254", CallRefused),
        ("standard", "ftp://api.example.com", CallRefused),
    ],
)
async def test_a_provider_that_policy_keeps_from_being_contacted_is_not_asked(
    policy: str, base_url: str, error: type[CallRefused]
) -> None:
    adapter = an_adapter("ada")
    record = ProviderConfig(provider_id="ada", kind="openai", base_url=base_url)
    builder = ProviderRuntime.builder().with_adapter(adapter, record).with_model_catalog(STATIC).with_policy(policy)
    async with builder.build() as runtime:
        with pytest.raises(error) as refused:
            await runtime.discover_models(REFRESH)
        assert await runtime.discover_models() is STATIC
    assert refused.value.provider == "ada"
    assert adapter.discoveries == []
