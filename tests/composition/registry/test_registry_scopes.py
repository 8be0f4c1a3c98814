"""Which runtime a piece of code speaks through: scopes, the default, and nothing in their place."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from provider_runtime import (
    InvalidSettings,
    MissingProviderRuntimeError,
    ProviderRuntimeScopeError,
    RuntimeRegistry,
    RuntimeSettings,
)
from provider_runtime.testing.fakes import FakeTransport
from provider_runtime.testing.settings import cloud_settings


@pytest.fixture
async def registry() -> AsyncIterator[RuntimeRegistry]:
    async with RuntimeRegistry() as opened:
        for name in ("acme", "bolt"):
            await opened.register(name, cloud_settings(), transport=FakeTransport())
        yield opened


def test_without_a_scope_there_is_no_runtime_and_the_error_says_what_to_do(registry: RuntimeRegistry) -> None:
    with pytest.raises(MissingProviderRuntimeError) as missing:
        registry.current()
    said = str(missing.value)
    assert "no runtime is active" in said
    assert "MissingProviderRuntimeError" in said
    assert "REQ-SP4-004" in said
    assert "registry.activate" in said
    assert missing.value.missing_fields == ("runtime",)
    assert missing.value.stage == "resolve"


async def test_inside_a_scope_its_runtime_is_the_current_one(registry: RuntimeRegistry) -> None:
    async with registry.activate("acme") as acme:
        assert registry.current() is acme
        assert registry.ensure_ready() is acme


async def test_scopes_nest_and_give_back_the_one_before(registry: RuntimeRegistry) -> None:
    with registry.scope("acme"):
        with registry.scope("bolt"):
            assert registry.current().name == "bolt"
        assert registry.current().name == "acme"


async def test_a_scope_ends_also_when_its_block_fails(registry: RuntimeRegistry) -> None:
    with pytest.raises(LookupError), registry.scope("acme"):
        raise LookupError
    with pytest.raises(MissingProviderRuntimeError):
        registry.current()


async def test_tasks_at_the_same_time_each_have_their_own(registry: RuntimeRegistry) -> None:
    met = asyncio.Barrier(2)

    async def speaker(name: str) -> str:
        with registry.scope(name):
            await met.wait()
            return registry.current().name

    assert await asyncio.gather(speaker("acme"), speaker("bolt")) == ["acme", "bolt"]


async def test_a_task_goes_on_in_the_scope_it_was_started_in(registry: RuntimeRegistry) -> None:
    go_on = asyncio.Event()

    async def later() -> str:
        await go_on.wait()
        return registry.current().name

    with registry.scope("acme"):
        started = asyncio.create_task(later())
    with registry.scope("bolt"):
        go_on.set()
        assert await started == "acme"


async def test_two_registries_do_not_see_each_other_s_scopes(registry: RuntimeRegistry) -> None:
    async with RuntimeRegistry() as other:
        with registry.scope("acme"), pytest.raises(MissingProviderRuntimeError):
            other.current()


async def test_a_scope_nobody_registered_is_an_error_even_if_there_is_a_default(registry: RuntimeRegistry) -> None:
    registry.set_default("acme")
    with registry.scope("ghost"), pytest.raises(MissingProviderRuntimeError) as missing:
        registry.current()
    assert "ghost is not registered" in missing.value.message


async def test_a_scope_whose_runtime_was_disposed_of_is_an_error(registry: RuntimeRegistry) -> None:
    registry.set_default("bolt")
    with registry.scope("acme"):
        await registry.dispose("acme")
        with pytest.raises(MissingProviderRuntimeError):
            registry.current()


async def test_the_default_speaks_for_code_outside_every_scope(registry: RuntimeRegistry) -> None:
    registry.set_default("bolt")
    assert registry.current().name == "bolt"
    with registry.scope("acme"):
        assert registry.current().name == "acme"


async def test_the_default_is_chosen_once_unless_it_is_handed_over(registry: RuntimeRegistry) -> None:
    registry.set_default("acme")
    registry.set_default("acme")
    with pytest.raises(InvalidSettings):
        registry.set_default("bolt")
    assert registry.default == "acme"
    registry.set_default("bolt", hand_over=True)
    assert registry.default == "bolt"


async def test_disposing_of_the_default_leaves_none(registry: RuntimeRegistry) -> None:
    registry.set_default("acme")
    await registry.dispose("acme")
    with pytest.raises(MissingProviderRuntimeError):
        registry.current()


async def test_leaving_a_scope_before_the_one_inside_it_is_an_error_and_leaves_no_runtime_active(
    registry: RuntimeRegistry,
) -> None:
    outer, inner = registry.scope("acme"), registry.scope("bolt")
    outer.__enter__()
    inner.__enter__()
    with pytest.raises(ProviderRuntimeScopeError) as misplaced:
        outer.__exit__(None, None, None)
    assert misplaced.value.requirement == "REQ-SP4-004"
    with pytest.raises(ProviderRuntimeScopeError):
        inner.__exit__(None, None, None)
    with pytest.raises(MissingProviderRuntimeError):
        registry.current()


async def test_leaving_a_scope_in_another_task_is_an_error(registry: RuntimeRegistry) -> None:
    scope = registry.scope("acme")
    scope.__enter__()

    async def leave() -> None:
        with pytest.raises(ProviderRuntimeScopeError):
            scope.__exit__(None, None, None)

    await asyncio.create_task(leave())


async def test_a_runtime_without_providers_is_not_ready(registry: RuntimeRegistry) -> None:
    async with registry.activate("empty", RuntimeSettings()):
        with pytest.raises(MissingProviderRuntimeError) as missing:
            registry.ensure_ready()
    assert missing.value.missing_fields == ("providers",)


async def test_a_runtime_is_registered_with_settings_or_not_at_all(registry: RuntimeRegistry) -> None:
    with pytest.raises(MissingProviderRuntimeError) as missing:
        await registry.register("carp", None)
    assert missing.value.missing_fields == ("settings",)
    assert missing.value.requirement == "REQ-SP4-001"
    assert registry.names == ("acme", "bolt")
