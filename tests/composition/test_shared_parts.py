"""SharedParts: made once by the host, given to many runtimes, and only what never changes."""

import ssl
from decimal import Decimal

import attrs
import pytest
from dependency_injector import containers, providers

from provider_runtime import (
    InvalidSettings,
    ModelCatalog,
    ModelInfo,
    PriceRule,
    PricingTable,
    ProviderRuntime,
    RuntimeSettings,
    open_runtime,
)
from provider_runtime.adapters.catalog import builtin_catalog, builtin_prices
from provider_runtime.adapters.http.tls import tls_context
from provider_runtime.composition.container import RuntimeContainer
from provider_runtime.composition.shared import SharedParts
from provider_runtime.testing.settings import cloud_settings

CATALOG = ModelCatalog(models=[ModelInfo(provider="openai", model_id="house-model")])
PRICES = PricingTable(
    rules=[
        PriceRule(
            provider="openai", model_pattern="*", input_cost_per_token=Decimal(1), output_cost_per_token=Decimal(2)
        )
    ],
    version="house",
)


async def test_each_runtime_uses_the_very_objects_that_are_shared() -> None:
    shared = SharedParts(ssl_context=tls_context(), catalog=CATALOG, prices=PRICES)
    async with (
        open_runtime(cloud_settings(), shared=shared) as one,
        open_runtime(cloud_settings(), shared=shared) as other,
    ):
        for runtime in (one, other):
            assert runtime.catalog.static is CATALOG
            assert runtime.settlement.worst_cases.prices is runtime.explaining.subjects.worst_cases.prices is PRICES
            assert transport_of(runtime).ssl_context is shared.ssl_context
        assert one.catalog is not other.catalog, "which catalog is in use is for each to say"
        assert transport_of(one) is not transport_of(other)


async def test_what_the_settings_of_a_runtime_say_goes_before_what_is_shared() -> None:
    own_catalog, own_prices = ModelCatalog(), PricingTable()
    settings = cloud_settings(catalog=own_catalog, prices=own_prices)
    async with open_runtime(settings, shared=SharedParts(catalog=CATALOG, prices=PRICES)) as runtime:
        assert runtime.catalog.static is own_catalog
        assert runtime.settlement.worst_cases.prices is own_prices


async def test_what_neither_says_is_shipped() -> None:
    async with open_runtime(cloud_settings(), shared=SharedParts()) as runtime:
        assert runtime.catalog.static is builtin_catalog()
        assert runtime.settlement.worst_cases.prices is builtin_prices()
        assert transport_of(runtime).ssl_context is None


async def test_sharing_with_one_runtime_reaches_no_other() -> None:
    async with (
        open_runtime(cloud_settings(), shared=SharedParts(catalog=CATALOG)),
        open_runtime(cloud_settings()) as other,
    ):
        assert other.catalog.static is builtin_catalog()


@pytest.mark.parametrize("name", [attribute.name for attribute in attrs.fields(SharedParts)])
@pytest.mark.parametrize("changing", [{}, [], object(), ssl.SSLObject])
def test_nothing_of_another_kind_is_let_in(name: str, changing: object) -> None:
    with pytest.raises(InvalidSettings) as refused:
        SharedParts(**{name: changing})
    assert refused.value.field == f"shared.{name}"


async def test_only_shared_parts_can_be_given_under_that_name() -> None:
    with pytest.raises(InvalidSettings) as refused:
        async with open_runtime(cloud_settings(), shared={"catalog": CATALOG}):
            pass
    assert refused.value.field == "shared"
    assert "SharedParts" in refused.value.message


def test_shared_parts_can_neither_be_changed_nor_printed_at_length() -> None:
    shared = SharedParts(catalog=builtin_catalog())
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        shared.catalog = CATALOG  # type: ignore[misc]  # that it cannot is what is tested
    assert len(repr(shared)) < 100


def tenant(name: str, shared: providers.Dependency[SharedParts]) -> providers.Container:
    settings = providers.Object(cloud_settings(runtime_id=name))  # an `Object`: anything else would be copied
    return providers.Container(RuntimeContainer, settings=settings, environment=providers.Object({}), shared=shared)


class Host(containers.DeclarativeContainer):
    """A service of an embedder: its own parts, and one runtime for each tenant among them."""

    shared = providers.Dependency(instance_of=SharedParts)
    acme = tenant("rt-acme", shared)
    globex = tenant("rt-globex", shared)


def test_the_container_can_be_nested_in_that_of_a_host() -> None:
    host = Host(shared=SharedParts(catalog=CATALOG))
    acme, globex = host.acme.runtime(), host.globex.runtime()
    assert isinstance(acme, ProviderRuntime)
    assert (acme.runtime_id, globex.runtime_id) == ("rt-acme", "rt-globex")
    assert acme.catalog.static is globex.catalog.static is CATALOG
    assert acme is host.acme.runtime(), "one for each container"
    assert host.acme.transport() is transport_of(acme)
    assert transport_of(acme) is not transport_of(globex)
    assert acme.receipts is not globex.receipts


def test_two_hosts_have_runtimes_of_their_own() -> None:
    shared = SharedParts(catalog=CATALOG)
    assert Host(shared=shared).acme.runtime() is not Host(shared=shared).acme.runtime()


def test_a_container_without_settings_says_that_they_are_missing() -> None:
    with pytest.raises(Exception, match="settings"):
        RuntimeContainer(environment=providers.Object({})).runtime()
    with pytest.raises(Exception, match="RuntimeSettings"):
        RuntimeContainer(settings=providers.Object(object()), environment=providers.Object({})).runtime()
    assert RuntimeContainer(settings=RuntimeSettings(), environment=providers.Object({})).runtime()


def transport_of(runtime: ProviderRuntime) -> object:
    registered = next(iter(runtime.routing.providers.by_id.values()))
    return registered.adapter.transport  # type: ignore[attr-defined]  # every adapter here is a WireAdapter
