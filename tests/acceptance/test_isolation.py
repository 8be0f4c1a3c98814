"""The first property of all: runtimes share code, never objects, and no interleaving can tell them apart."""

import asyncio
import gc
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from decimal import Decimal
from enum import Enum
from hashlib import sha256
from types import (
    BuiltinFunctionType,
    FunctionType,
    MappingProxyType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime import (
    CallRecord,
    GovernancePolicy,
    ProviderRuntime,
    ProviderRuntimeError,
    RetryPolicy,
    RuntimeSettings,
    Secret,
    SharedParts,
    open_runtime,
)
from provider_runtime.adapters.catalog import builtin_catalog, builtin_prices
from provider_runtime.adapters.http.tls import tls_context
from provider_runtime.domain.json_values import JsonObject
from provider_runtime.ports.http import HttpReply, HttpRequest
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import (
    CountingIds,
    EventRecorder,
    FakeTransport,
    FixedRandomness,
    FrozenClock,
)
from provider_runtime.testing.settings import cloud_settings

MODELS = (
    "openai:gpt-5-mini",
    "anthropic:claude-sonnet-4-5",
    "openrouter:anthropic/claude-haiku-4.5",
    "gpt-5-mini",
    "a-model-nobody-lists",
)
UNLUCKY = "unlucky"  # the vendors answer 503 to whoever says so


def vendor(request: HttpRequest) -> HttpReply:
    """An answer that follows from the body and the key, so that a mixed-up call is a different answer."""
    assert request.auth is not None
    body = request.body or b""
    asked = msgspec.json.decode(body)
    if UNLUCKY.encode() in body:
        return HttpReply(status=503, body=b'{"error":{"message":"later","type":"server_error"}}')
    said = f"{sha256(request.auth.secret.reveal().encode()).hexdigest()} heard {sha256(body).hexdigest()}"
    if request.url.endswith("/v1/responses"):
        message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": said}]}
        usage = {"input_tokens": len(body), "output_tokens": 7, "total_tokens": len(body) + 7}
        answer = {"id": "r", "status": "completed", "model": asked["model"], "output": [message], "usage": usage}
    elif request.url.endswith("/v1/messages"):
        answer = {"id": "m", "type": "message", "role": "assistant", "model": asked["model"]}
        answer |= {"content": [{"type": "text", "text": said}], "stop_reason": "end_turn"}
        answer |= {"usage": {"input_tokens": len(body), "output_tokens": 7}}
    else:
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}
        usage = {"prompt_tokens": len(body), "completion_tokens": 7, "total_tokens": len(body) + 7}
        answer = {"id": "c", "model": asked["model"], "choices": [choice], "usage": usage}
    return HttpReply(status=200, headers={"content-type": "application/json"}, body=msgspec.json.encode(answer))


@attrs.frozen(kw_only=True)
class Tenant:
    """Who calls: own keys, own policy, own patience; ``calls`` are (model, prompt)."""

    name: str
    settings: RuntimeSettings
    calls: tuple[tuple[str, str], ...]


Turn = tuple[str, int]  # whose exchange went on, and its place among those of the same tenant


@attrs.define
class Turnstile:
    """Holds every exchange back until its turn comes."""

    waiting: list[tuple[str, asyncio.Future[None]]] = attrs.field(factory=list)

    async def pass_through(self, tenant: str) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append((tenant, turn))
        await turn

    def let_in(self, place: int) -> Turn:
        tenant, turn = self.waiting.pop(place)
        turn.set_result(None)
        return tenant, sum(other == tenant for other, _ in self.waiting[:place])


@attrs.define
class PacedTransport:
    """The vendors behind a turnstile; ``exchanges`` are the requests in the order in which they went out."""

    tenant: str
    turnstile: Turnstile
    exchanges: list[HttpRequest] = attrs.field(factory=list)

    async def exchange(self, request: HttpRequest) -> HttpReply:
        await self.turnstile.pass_through(self.tenant)
        self.exchanges.append(request)
        return vendor(request)

    async def aclose(self) -> None:
        assert self.turnstile.waiting == []


@attrs.frozen(kw_only=True)
class Experience:
    """Everything a tenant gets to see of its own calls, and the vendors of it."""

    outcomes: tuple[object, ...]
    requests: tuple[HttpRequest, ...]
    records: tuple[CallRecord, ...]
    chain_valid: bool
    events: tuple[object, ...]
    slept: tuple[float, ...]


async def outcome_of(runtime: ProviderRuntime, model: str, prompt: str) -> object:
    try:
        return await runtime.run(a_request(prompt, model=model))
    except ProviderRuntimeError as error:
        return type(error), str(error), error.call_id, error.attempts


Chooser = Callable[[Turnstile], int]


async def together(tenants: Sequence[Tenant], choose: Chooser) -> tuple[dict[str, Experience], list[Turn]]:
    """All calls of all tenants at once; ``choose`` says which waiting exchange comes next."""
    turnstile, order = Turnstile(), []
    async with AsyncExitStack() as stack:
        rooms = {}
        for tenant in tenants:
            transport, clock, events = PacedTransport(tenant.name, turnstile), FrozenClock(), EventRecorder()
            runtime = await stack.enter_async_context(
                open_runtime(
                    tenant.settings,
                    transport=transport,
                    clock=clock,
                    event_sink=events,
                    ids=CountingIds(),
                    randomness=FixedRandomness(seed=tenant.name.encode()),
                )
            )
            calls = [asyncio.create_task(outcome_of(runtime, *call)) for call in tenant.calls]
            rooms[tenant.name] = (runtime, transport, clock, events, calls)
        tasks = [task for room in rooms.values() for task in room[-1]]
        while not all(task.done() for task in tasks):
            while len(turnstile.waiting) < sum(not task.done() for task in tasks):  # noqa: ASYNC110 - futures, not events
                await asyncio.sleep(0)  # every call has come as far as it can
            if turnstile.waiting:
                order.append(turnstile.let_in(choose(turnstile)))
                await asyncio.sleep(0)
        experiences = {
            name: Experience(
                outcomes=tuple([await call for call in calls]),
                requests=tuple(transport.exchanges),
                records=tuple(receipt.record for receipt in await runtime.receipts.list()),
                chain_valid=(await runtime.receipts.verify()).valid,
                events=tuple(events.events),
                slept=tuple(clock.slept),
            )
            for name, (runtime, transport, clock, events, calls) in rooms.items()
        }
    return experiences, order


def by_schedule(schedule: Sequence[int]) -> Chooser:
    turns: Iterator[int] = (schedule[number % len(schedule)] for number in range(10_000))
    return lambda turnstile: next(turns) % len(turnstile.waiting)


def alone_in_order(order: Sequence[Turn]) -> Chooser:
    places = iter([place for _, place in order])
    return lambda _turnstile: next(places)


def tenants_named(name: str) -> st.SearchStrategy[Tenant]:
    keys = {provider: Secret(f"key-of-{name}-for-{provider}") for provider in ("openai", "anthropic", "openrouter")}

    def settings(missing: str, policy: str, attempts: int, default: str | None) -> RuntimeSettings:
        return cloud_settings(
            credentials={provider: key for provider, key in keys.items() if provider != missing},
            policy=GovernancePolicy.preset(policy),
            retry=RetryPolicy(max_attempts=attempts),
            default_provider=default,
            receipt_key=Secret(f"receipts-of-{name}"),
            runtime_id=f"rt-{name}",
        )

    return st.builds(
        Tenant,
        name=st.just(name),
        settings=st.builds(
            settings,
            missing=st.sampled_from(("", "", "openai", "anthropic")),
            policy=st.sampled_from(("standard", "standard", "standard", "locked")),
            attempts=st.integers(1, 3),
            default=st.sampled_from((None, "openrouter", "anthropic")),
        ),
        calls=st.lists(
            st.tuples(st.sampled_from(MODELS), st.sampled_from(("Say hello.", "Say goodbye.", UNLUCKY))),
            min_size=1,
            max_size=3,
        ).map(tuple),
    )


@given(
    tenants=st.sampled_from((("ada", "bob"), ("ada", "bob", "cyd"))).flatmap(
        lambda names: st.tuples(*(tenants_named(name) for name in names))
    ),
    schedule=st.lists(st.integers(0, 11), min_size=1, max_size=12),
)
def test_any_interleaving_gives_each_runtime_what_it_would_have_got_alone(
    tenants: tuple[Tenant, ...], schedule: list[int]
) -> None:
    shared, order = asyncio.run(together(tenants, by_schedule(schedule)))
    for tenant in tenants:
        own_order = [turn for turn in order if turn[0] == tenant.name]
        alone, _ = asyncio.run(together((tenant,), alone_in_order(own_order)))
        assert shared[tenant.name] == alone[tenant.name]
        assert shared[tenant.name].chain_valid
        assert {record.runtime_id for record in shared[tenant.name].records} == {f"rt-{tenant.name}"}
        assert len(shared[tenant.name].records) == len(tenant.calls)


@given(schedule=st.lists(st.integers(0, 11), min_size=1, max_size=12))
def test_the_same_question_of_three_tenants_goes_out_under_three_keys_in_the_same_bytes(schedule: list[int]) -> None:
    tenants = [
        Tenant(
            name=name,
            settings=cloud_settings(credentials={"openai": Secret(f"key-of-{name}")}),
            calls=((MODELS[0], "Say hello."),) * 2,
        )
        for name in ("ada", "bob", "cyd")
    ]
    seen, _ = asyncio.run(together(tenants, by_schedule(schedule)))
    assert {request.body for experience in seen.values() for request in experience.requests} == {
        seen["ada"].requests[0].body
    }
    for name, experience in seen.items():
        keys = {request.auth.secret.reveal() for request in experience.requests if request.auth}
        assert keys == {f"key-of-{name}"}
        assert len({record.request_digest for record in experience.records}) == 1
    digests = {experience.records[0].request_digest for experience in seen.values()}
    assert len(digests) == 3, "equal bodies must not be linkable through the receipts of two runtimes"


# ── the objects themselves ──────────────────────────────────────────────────────────────────

CODE = (
    type,
    ModuleType,
    FunctionType,
    BuiltinFunctionType,
    MethodType,
    MethodDescriptorType,
    WrapperDescriptorType,
    property,
    staticmethod,
    classmethod,
)
FROZEN = (
    *(str, bytes, int, float, complex, type(None), tuple, frozenset, Decimal, Enum, re.Pattern, MappingProxyType),
    *(JsonObject, Secret),
)


def reachable(root: object) -> dict[int, object]:
    """Every object that can be come by from ``root``, by id, code left out and not entered."""
    found: dict[int, object] = {}
    ahead = [root]
    while ahead:
        thing = ahead.pop()
        if id(thing) in found or isinstance(thing, CODE):
            continue
        found[id(thing)] = thing
        if isinstance(thing, Enum):
            continue  # a member is part of its class
        if isinstance(thing, MappingProxyType):
            ahead.extend([*thing.keys(), *thing.values()])  # nobody else holds what is under a proxy
        else:
            ahead.extend(gc.get_referents(thing))
    return found


def can_change(thing: object) -> bool:
    """Whether ``thing`` itself can be written to, whatever it holds."""
    if isinstance(thing, FROZEN):
        return False
    if attrs.has(type(thing)):
        field_name = next((field.name for field in attrs.fields(type(thing))), "anything")
        try:
            type(thing).__setattr__(thing, field_name, getattr(thing, field_name, None))
        except attrs.exceptions.FrozenInstanceError:
            return False
    return True


def shared_and_mutable(one: object, other: object) -> list[object]:
    mine, theirs = reachable(one), reachable(other)
    return [mine[key] for key in mine.keys() & theirs.keys() if can_change(mine[key])]


async def test_two_runtimes_from_the_same_settings_share_no_object_that_can_change() -> None:
    settings = cloud_settings(credentials={"openai": Secret("a-key")})
    async with open_runtime(settings) as one, open_runtime(settings) as other:
        assert len(reachable(one)) > 1000, "the walk must come as far as the catalog"
        assert shared_and_mutable(one, other) == []


async def test_two_runtimes_that_have_worked_share_no_object_that_can_change() -> None:
    settings = cloud_settings()
    async with (
        open_runtime(settings, transport=FakeTransport(vendor)) as one,
        open_runtime(settings, transport=FakeTransport(vendor)) as other,
    ):
        for runtime in (one, other):
            for model in MODELS[:3]:
                await runtime.run(a_request(model=model))
        assert shared_and_mutable(one, other) == []


async def test_runtimes_with_shared_parts_have_the_ssl_context_in_common_and_nothing_else_that_can_change() -> None:
    shared = SharedParts(ssl_context=tls_context(), catalog=builtin_catalog(), prices=builtin_prices())
    async with (
        open_runtime(cloud_settings(), shared=shared) as one,
        open_runtime(cloud_settings(), shared=shared) as other,
    ):
        common = reachable(one).keys() & reachable(other).keys()
        assert {id(shared.ssl_context), id(shared.catalog), id(shared.prices)} <= common
        assert shared_and_mutable(one, other) == [shared.ssl_context]


async def test_the_walk_finds_a_part_that_was_shared_on_purpose() -> None:
    transport = FakeTransport(vendor)
    async with (
        open_runtime(cloud_settings(), transport=transport) as one,
        open_runtime(cloud_settings(), transport=transport) as other,
    ):
        assert transport in shared_and_mutable(one, other)
        assert transport.exchanges in shared_and_mutable(one, other)


@pytest.mark.parametrize("count", [2, 20])
async def test_runtimes_from_equal_settings_have_names_and_receipt_keys_of_their_own(count: int) -> None:
    async with AsyncExitStack() as stack:
        runtimes = [await stack.enter_async_context(open_runtime(cloud_settings())) for _ in range(count)]
        assert len({runtime.runtime_id for runtime in runtimes}) == count
        assert len({runtime.settlement.receipt_key.reveal() for runtime in runtimes}) == count


async def test_changing_what_the_settings_were_made_from_changes_no_runtime() -> None:
    credentials: dict[str, Secret] = {"openai": Secret("the-first-key")}
    transport = FakeTransport(vendor)
    async with open_runtime(cloud_settings(credentials=credentials), transport=transport) as runtime:
        credentials["openai"] = Secret("another-key")
        await runtime.run(a_request())
    auth: Any = transport.exchanges[0].auth
    assert auth.secret == Secret("the-first-key")


async def test_closing_one_runtime_leaves_the_others_open() -> None:
    async with open_runtime(cloud_settings(), transport=FakeTransport(vendor)) as staying:
        async with open_runtime(cloud_settings(), transport=FakeTransport(vendor)) as leaving:
            calls: list[Awaitable[object]] = [leaving.run(a_request()), staying.run(a_request())]
            await asyncio.gather(*calls)
        assert (await staying.run(a_request())).text
