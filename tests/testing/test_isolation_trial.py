"""A trial itself: what it plays, what it repeats, and that it leaves everything as it was."""

import asyncio
import contextvars
import logging
import os
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import aiohttp
import pytest
from attrs import define
from hypothesis import given, settings
from hypothesis import strategies as st

from provider_runtime.testing.isolation import Check, Finding, Isolation, IsolationBroken, Tenant, Trial
from provider_runtime.testing.isolation.checks import ModuleGlobals, default_checks
from provider_runtime.testing.isolation.evidence import Evidence
from provider_runtime.testing.isolation.marks import MarkKind, Marks
from provider_runtime.testing.isolation.upstream import Pace
from provider_runtime.testing.sandbox.traffic import Answer, Arrival, as_json


def nearby() -> tuple[Check, ...]:
    """Every check of a trial; of the modules of this large process, this one alone is gone through."""
    others = (check for check in default_checks() if not isinstance(check, ModuleGlobals))
    return (*others, ModuleGlobals(within=(__name__,)))


async def ask(tenant: Tenant, prompt: str, *, path: str = "/ask") -> object:
    """A call of the simplest service there is. A request that fails is sent once more."""
    headers = {"authorization": f"Bearer {tenant.key}"}
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            try:
                async with session.post(f"{tenant.base_url}{path}", json=prompt, headers=headers) as reply:
                    if reply.status == 200:
                        return await reply.json()
            except aiohttp.ClientError:
                continue
    raise RuntimeError("failed twice")


def surroundings() -> dict[str, object]:
    loop = asyncio.get_running_loop()
    root, quiet = logging.getLogger(), logging.getLogger("asyncio")
    return {
        "environment": dict(os.environ),
        "levels": (root.level, quiet.level, logging.getLogger("provider_runtime").level),
        "handlers": (list(root.handlers), list(quiet.handlers), list(quiet.filters)),
        "disabled": logging.root.manager.disable,
        "streams": (sys.stdout, sys.stderr),
        "warnings": warnings.showwarning,
        "loop": (loop.get_debug(), loop.slow_callback_duration),
        "threads": threading.enumerate(),
        "context": dict(contextvars.copy_context()),
    }


async def test_a_trial_leaves_everything_as_it_was() -> None:
    before = surroundings()
    async with Isolation("1").tenants(2, calls=2) as check:
        during = surroundings()
        await check.interleave(ask)
    assert surroundings() == before
    assert all(during[name] != before[name] for name in before if name not in {"context", "disabled"})


async def test_a_trial_that_breaks_off_leaves_everything_as_it_was() -> None:
    before = surroundings()
    with pytest.raises(ZeroDivisionError):
        async with Isolation("1").tenants(2, checks=nearby()):
            raise ZeroDivisionError
    assert surroundings() == before


async def test_a_check_that_cannot_begin_leaves_everything_as_it_was() -> None:
    @define(kw_only=True)
    class Broken(Check):
        name: ClassVar[str] = "broken"

        def begin(self, evidence: Evidence) -> None:
            raise ZeroDivisionError

    before = surroundings()
    with pytest.raises(ZeroDivisionError):
        await Trial(seed="1", checks=(*Trial(seed="1").checks, Broken())).__aenter__()
    assert surroundings() == before


async def test_a_check_of_ones_own_is_asked_too() -> None:
    @define(kw_only=True)
    class Frugal(Check):
        name: ClassVar[str] = "frugality"

        def findings(self, evidence: Evidence) -> Iterable[Finding]:
            if len(evidence.received) > 3:
                yield self.finding("more than three requests")

    async def tried() -> None:
        async with Isolation("1").tenants(2, calls=2, checks=(Frugal(),)) as check:
            await check.interleave(ask)

    with pytest.raises(IsolationBroken, match=r"\[frugality\] more than three requests"):
        await tried()


async def test_faults_come_in_every_kind_once_for_each_request_and_retries_are_answered() -> None:
    async with Isolation("1").tenants(6, calls=6, faults=0.5, checks=nearby()) as check:
        await check.interleave(ask)
    faults = Counter(request.fault for request in check.evidence.received)
    assert min(faults[kind] for kind in ("429", "500", "reset")) > 1
    assert faults[None] == 6 * 6
    assert [outcome for outcome in check.outcomes if outcome.error] == []


async def test_a_request_that_was_failed_on_purpose_excuses_its_call_alone() -> None:
    async def once(tenant: Tenant, prompt: str) -> object:
        url, headers = f"{tenant.base_url}/ask", {"authorization": f"Bearer {tenant.key}"}
        async with aiohttp.ClientSession() as session, session.post(url, json=prompt, headers=headers) as reply:
            if reply.status != 200:
                raise RuntimeError("failed")
            return await reply.json()

    async with Isolation("1").tenants(4, calls=4, faults=0.5, checks=nearby()) as check:
        await check.interleave(once)
    assert [outcome for outcome in check.outcomes if outcome.error]


async def test_the_key_is_found_in_the_error_of_a_client_library_that_keeps_its_request() -> None:
    async def careless(tenant: Tenant, prompt: str) -> object:
        url, headers = f"{tenant.base_url}/ask", {"authorization": f"Bearer {tenant.key}"}
        async with aiohttp.ClientSession() as session, session.post(url, json=prompt, headers=headers) as reply:
            reply.raise_for_status()
            return await reply.json()

    async def tried() -> None:
        async with Isolation("1").tenants(3, calls=4, faults=0.5, checks=nearby()) as check:
            await check.interleave(careless)

    with pytest.raises(
        IsolationBroken, match=r"raised an exception that holds the key of tenant-0\d \(repr of exception"
    ):
        await tried()


async def test_calls_of_all_tenants_are_under_way_together() -> None:
    async with Isolation("1").tenants(10, calls=4, checks=nearby()) as check:
        await check.interleave(ask)
    assert max(len(request.in_flight) for request in check.evidence.received) > 2


async def order_of(seed: str) -> list[str]:
    called: list[str] = []

    async def noting(tenant: Tenant, prompt: str) -> object:
        called.append(f"{tenant.name} {prompt}")
        return prompt

    async with Isolation(seed).tenants(5, calls=3, checks=()) as check:
        await check.interleave(noting)
    return called[: 5 * 2]  # a tenant's third call waits for an answer, and that takes as long as it takes


async def test_a_seed_repeats_the_order_of_calls_and_another_changes_it() -> None:
    first, again, other = await order_of("1"), await order_of("1"), await order_of("2")
    assert first == again
    assert [line.split()[0] for line in first] != [line.split()[0] for line in other]


@given(seed=st.text(max_size=8), identity=st.binary(max_size=8), faults=st.floats(0, 1))
def test_pace_follows_from_the_seed_and_never_fails_a_second_attempt(seed: str, identity: bytes, faults: float) -> None:
    pace = Pace(seed=seed, faults=faults)
    assert pace.of(identity, 0) == Pace(seed=seed, faults=faults).of(identity, 0)
    delay_s, fault = pace.of(identity, 1)
    assert pace.fastest_s <= delay_s <= pace.slowest_s
    assert fault is None


@settings(max_examples=10)
@given(seed=st.text(max_size=8), names=st.sets(st.sampled_from("abcdefgh"), min_size=2))
def test_no_poison_value_is_part_of_another_and_all_share_the_token(seed: str, names: set[str]) -> None:
    marks = Marks(seed)
    made = [marks.make(name, kind, variant=variant) for name in names for kind in MarkKind for variant in (0, 1)]
    for mark in made:
        assert [other for other in made if mark.value in other.value] == [mark]
        assert marks.token in mark.value
        assert marks.search.found(mark.value) == ((mark, "plain"),)
        assert mark.value not in repr(mark)


async def test_what_a_tenant_has_does_not_print() -> None:
    async with Isolation("1").tenants(2, checks=()) as check:
        tenant = check.tenants[0]
        printed = f"{tenant!r} {check!r}"
        held = [tenant.key, tenant.model, *tenant.headers.values(), *tenant.metadata.values(), tenant.base_url]
    assert not [value for value in held if value and value in printed]


async def test_answers_may_be_ones_own() -> None:
    def shouting(arrival: Arrival) -> Answer:
        return as_json(200, {"loud": arrival.body.decode().upper(), "path": arrival.path}, {})

    async with Isolation("1").tenants(2, calls=1, answering=shouting, echoes=False, checks=nearby()) as check:
        outcomes = await check.interleave(ask)
    assert [answer["path"] for outcome in outcomes if isinstance(answer := outcome.answer, dict)] == ["/ask", "/ask"]


async def test_a_blocking_service_is_called_in_threads_and_a_function_that_blocks_is_refused() -> None:
    def blocking(_tenant: Tenant, prompt: str) -> str:
        return prompt

    async with Isolation("1").tenants(2, calls=1, checks=()) as check:
        threaded = await check.interleave(lambda tenant, prompt: asyncio.to_thread(blocking, tenant, prompt))
        wrong: Any = blocking
        refused = await check.interleave(wrong)
    assert all(outcome.error is None for outcome in threaded)
    assert all("asyncio.to_thread" in str(outcome.error) for outcome in refused)


async def test_a_cancelled_trial_cancels_its_calls_and_a_call_that_cancels_itself_is_an_outcome() -> None:
    async def cancelling(_tenant: Tenant, _prompt: str) -> object:
        raise asyncio.CancelledError

    async def waiting(_tenant: Tenant, _prompt: str) -> object:
        return await asyncio.Event().wait()

    async with Isolation("1").tenants(2, calls=1, checks=()) as check:
        outcomes = await check.interleave(cancelling)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await check.interleave(waiting)
        assert asyncio.all_tasks() == {asyncio.current_task()}
    assert {type(outcome.error) for outcome in outcomes} == {asyncio.CancelledError}


@pytest.mark.parametrize(
    "wrong", [{"count": 0}, {"calls": 0}, {"keyless": 3}, {"keyless": -1}, {"faults": 1.5}, {"faults": -0.1}]
)
def test_a_trial_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    make: Callable[..., Trial] = Trial
    with pytest.raises(ValueError, match=r"faults|count"):
        make(**{"seed": "1", **wrong})


def test_many_findings_are_counted_and_the_first_are_shown() -> None:
    findings = [Finding(check="requests", text=f"number {number}") for number in range(60)]
    broken = IsolationBroken([*findings, findings[0]], "7")
    assert "60 finding(s); repeat with --isolation-seed=7" in str(broken)
    assert "number 39\n  … and 20 more" in str(broken)
    assert len(broken.findings) == 60
