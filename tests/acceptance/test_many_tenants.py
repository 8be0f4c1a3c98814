"""Many tenants in one process, each with poison of its own, all calling at once over real HTTP: nothing crosses."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest
from attrs import evolve

from provider_runtime import (
    CallOptions,
    CredentialMissing,
    FileReceipts,
    KeyFileCredential,
    ProviderConfig,
    ProviderKind,
    ProviderRuntime,
    RetryPolicy,
    RuntimeHandle,
    RuntimeRegistry,
    RuntimeSettings,
    Secret,
    Tier,
    open_runtime,
    user,
)
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.isolation import Heap, Isolation, Tenant, Trial, default_checks

Answer = Callable[[Tenant, str], Awaitable[object]]
AT_ONCE: Final = 64  # calls under way: each has a connection
PATIENT: Final = RetryPolicy(max_attempts=3, initial_backoff_ms=1, max_backoff_ms=5)
KINDS: Final = (ProviderKind.ANTHROPIC, ProviderKind.OPENAI, ProviderKind.GEMINI, ProviderKind.OPENAI_COMPATIBLE)


def kind_of(tenant: Tenant) -> ProviderKind:
    """The tenants speak different wires, so that keys, models and prompts stand in different places."""
    return KINDS[int(tenant.name.rpartition("-")[2]) % len(KINDS)]


def settings_of(tenant: Tenant, kind: ProviderKind | None = None, **others: object) -> RuntimeSettings:
    kind = kind or kind_of(tenant)
    path = "/compatible/v1" if kind is ProviderKind.OPENAI_COMPATIBLE else ""
    record = ProviderConfig(provider_id="vendor", kind=kind, base_url=tenant.base_url + path, tier=Tier.LOCAL)
    given: dict[str, object] = {
        "providers": (record,),
        "credentials": {"vendor": Secret(tenant.key)} if tenant.key else {},
        "retry": PATIENT,
        "connect_timeout_s": 60.0,  # the trial logs every step of every task: that takes its time
        **others,
    }
    return RuntimeSettings(**given)  # type: ignore[arg-type]  # checked by the fields


async def asked(runtime: ProviderRuntime | RuntimeHandle, tenant: Tenant, prompt: str) -> str | None:
    request = a_request(user(prompt), model=f"vendor:{tenant.model}")
    return (await runtime.run(request, CallOptions(headers=tenant.headers, metadata=tenant.metadata))).text


async def opened(stack: AsyncExitStack, tenants: tuple[Tenant, ...]) -> Mapping[str, ProviderRuntime]:
    return {tenant.name: await stack.enter_async_context(open_runtime(settings_of(tenant))) for tenant in tenants}


async def test_twenty_tenants_with_runtimes_of_their_own_never_meet(isolation: Isolation) -> None:
    async with isolation.tenants(20, calls=5, faults=0.05) as trial:
        await _call_and_close(trial.tenants, trial.interleave)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_fifty_tenants_with_ten_thousand_calls_never_meet(isolation: Isolation) -> None:
    async with isolation.tenants(50, calls=200, faults=0.02) as trial:
        await _call_and_close(trial.tenants, trial.interleave)


async def _call_and_close(tenants: tuple[Tenant, ...], interleave: Callable[[Answer], Awaitable[object]]) -> None:
    async with AsyncExitStack() as stack:
        runtimes, at_once = await opened(stack, tenants), asyncio.Semaphore(AT_ONCE)

        async def answer(tenant: Tenant, prompt: str) -> object:
            async with at_once:
                return await asked(runtimes[tenant.name], tenant, prompt)

        await interleave(answer)


async def test_tenants_of_one_registry_that_call_through_scopes_never_meet(isolation: Isolation) -> None:
    async with isolation.tenants(6, calls=4, faults=0.1) as trial:
        async with RuntimeRegistry() as registry:
            for tenant in trial.tenants:
                await registry.register(tenant.name, settings_of(tenant))

            async def answer(tenant: Tenant, prompt: str) -> object:
                async with registry.activate(tenant.name):
                    return await asked(registry.current(), tenant, prompt)

            await trial.interleave(answer)
        await trial.refuses(answer)


async def test_a_tenant_without_a_key_borrows_none_from_anybody(isolation: Isolation) -> None:
    async with isolation.tenants(6, calls=4, keyless=2) as trial, AsyncExitStack() as stack:
        runtimes = {
            tenant.name: await stack.enter_async_context(open_runtime(settings_of(tenant, ProviderKind.ANTHROPIC)))
            for tenant in trial.tenants
        }

        async def answer(tenant: Tenant, prompt: str) -> object:
            return await asked(runtimes[tenant.name], tenant, prompt)

        outcomes = await trial.interleave(answer)
    assert {type(one.error) for one in outcomes if one.to_be_refused} == {CredentialMissing}


async def test_keys_addresses_and_models_changed_between_calls_leave_nothing_stale(isolation: Isolation) -> None:
    async with isolation.tenants(4, calls=5) as trial, RuntimeRegistry() as registry:
        for tenant in trial.tenants:
            await registry.register(tenant.name, settings_of(tenant))

        async def answer(tenant: Tenant, prompt: str) -> object:
            return await asked(registry.get(tenant.name), tenant, prompt)

        await trial.interleave(answer)
        for tenant in trial.tenants[::2]:
            await registry.reconfigure(tenant.name, settings_of(trial.renew(tenant)))
        await trial.interleave(answer)


async def test_rotated_key_files_are_read_anew_and_receipts_in_files_hold_no_key(
    isolation: Isolation, tmp_path: Path
) -> None:
    kept, keys = tmp_path / "kept", tmp_path / "keys"
    kept.mkdir()
    keys.mkdir()
    async with isolation.tenants(4, calls=5, paths=(kept,)) as trial, AsyncExitStack() as stack:
        runtimes = {}
        for tenant in trial.tenants:
            told = settings_of(tenant, credentials={}, receipts=FileReceipts(path=kept / f"{tenant.name}.jsonl"))
            (record,) = told.providers
            found = evolve(record, credential=KeyFileCredential(path=str(keys / tenant.name)))
            runtimes[tenant.name] = await stack.enter_async_context(open_runtime(evolve(told, providers=(found,))))

        async def answer(tenant: Tenant, prompt: str) -> object:
            fresh = keys / f"{tenant.name}-{sha256(prompt.encode()).hexdigest()}"
            fresh.write_text(f"{tenant.key}\n")
            fresh.replace(keys / tenant.name)  # as whole as whoever rotates keys must do it
            return await asked(runtimes[tenant.name], tenant, prompt)

        await trial.interleave(answer)


async def test_after_the_end_no_key_of_any_tenant_is_left_in_memory(isolation: Isolation) -> None:
    checks = (*default_checks(), Heap())
    async with isolation.tenants(3, calls=2, faults=0.1, checks=checks) as trial:
        await _call_and_close(trial.tenants, trial.interleave)


async def test_the_trial_would_have_seen_runtimes_that_share_a_key(isolation: Isolation) -> None:
    trial = isolation.tenants(2, calls=2)
    with pytest.raises(AssertionError, match="the key of tenant-00"):
        await _call_with_one_key(trial)


async def _call_with_one_key(trial: Trial) -> None:
    async with trial:
        shared = settings_of(trial.tenants[0]).credentials

        async def answer(tenant: Tenant, prompt: str) -> object:
            async with open_runtime(evolve(settings_of(tenant), credentials=shared)) as runtime:
                return await asked(runtime, tenant, prompt)

        await trial.interleave(answer)
