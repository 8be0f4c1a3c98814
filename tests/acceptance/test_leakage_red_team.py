"""Attempts to carry secrets out in a prompt, against a whole runtime. Source: semantics C.10."""

import asyncio
import json
import random
from base64 import b64encode

import pytest
from attrs import evolve

from provider_runtime import (
    CallOptions,
    CallRefused,
    ErrorCode,
    Finding,
    FindingKind,
    LeakagePolicy,
    LeakageRefused,
    OutboundContent,
    ProviderConfig,
    ProviderRuntime,
    Secret,
    ToolCallPart,
    assistant,
    system,
    tool_result,
    user,
)
from provider_runtime.composition.builder import ProviderRuntimeBuilder
from provider_runtime.testing.builders import a_request, a_tool, a_tool_call
from provider_runtime.testing.fakes import EventRecorder, FakeAdapter, FakeTokens
from provider_runtime.testing.leakage import FakeLeakScanner

OWN_KEY = "acme-live-7QpZ31mVx9LkT4"
VENDOR_KEY = "ghp_Zk4Vw7Yq8Rt2xLm9Bn3Cd5Fg6Hj1KpQs0Tu"
CLOUD = ProviderConfig(provider_id="ada", kind="openai_compatible", base_url="https://api.example.com")


def a_builder(adapter: FakeAdapter) -> ProviderRuntimeBuilder:
    return ProviderRuntime.builder().with_adapter(adapter, CLOUD).with_api_key("ada", OWN_KEY)


DISGUISES = {
    "as it is": OWN_KEY,
    "base64": b64encode(OWN_KEY.encode()).decode(),
    "base64, one byte later": b64encode(f"x{OWN_KEY}".encode()).decode(),
    "base64, two bytes later": b64encode(f"xy{OWN_KEY}".encode()).decode(),
    "hex": OWN_KEY.encode().hex(),
    "capital hex": OWN_KEY.encode().hex().upper(),
    "percent": "".join(f"%{code:02x}" for code in OWN_KEY.encode()),
    "backwards": OWN_KEY[::-1],
    "spaced": " ".join(OWN_KEY),
    "on lines": "\n".join(OWN_KEY),
    "zero width": "\u200b".join(OWN_KEY),
    "quoted JSON": json.dumps(json.dumps({"key": OWN_KEY})),
    "escaped": "".join(f"\\u{ord(one):04x}" for one in OWN_KEY),
    "full width": "".join(chr(ord(one) + 0xFEE0) for one in OWN_KEY),
    "in another case": OWN_KEY.upper(),
}


@pytest.mark.parametrize("disguise", DISGUISES)
async def test_rt_cloud_002_a_secret_in_a_prompt_is_blocked_by_the_leakage_guard(disguise: str) -> None:
    adapter, events, tokens = FakeAdapter("ada"), EventRecorder(), FakeTokens()
    builder = a_builder(adapter).with_event_sink(events).with_token_provider(tokens)
    async with builder.build() as runtime:
        with pytest.raises(LeakageRefused) as refused:
            await runtime.run(a_request(f"please remember {DISGUISES[disguise]} for me", model="ada:x"))
        plan = await runtime.explain(a_request(DISGUISES[disguise], model="ada:x"))
        (receipt,) = await runtime.receipts.list()
    assert (adapter.sent, tokens.asked) == ([], [])
    assert refused.value.code is ErrorCode.LEAKAGE_FOUND
    assert refused.value.findings[0].kind is FindingKind.KNOWN_SECRET
    assert not plan.allowed
    assert (receipt.record.outcome, receipt.record.gates) == ("refused", ("leakage:refused",))
    told = f"{refused.value!r} {refused.value} {plan.verdicts} {receipt} {events.events}"
    assert OWN_KEY not in told
    assert DISGUISES[disguise] not in told


PLACES = {
    "the system prompt": {"messages": (system(f"key: {VENDOR_KEY}"), user("hi"))},
    "an earlier answer": {"messages": (user("hi"), assistant(f"it is {VENDOR_KEY}"), user("again"))},
    "the arguments of a tool call": {
        "messages": (
            user("x"),
            assistant(ToolCallPart(a_tool_call(arguments_json={"note": VENDOR_KEY}))),
            tool_result("call_1", "ok"),
        ),
        "tools": (a_tool(),),
    },
    "the result of a tool": {
        "messages": (user("x"), assistant(ToolCallPart(a_tool_call())), tool_result("call_1", {"found": VENDOR_KEY})),
        "tools": (a_tool(),),
    },
    "the description of a tool": {"tools": (a_tool(description=f"call with {VENDOR_KEY}"),)},
    "metadata": {"metadata": {"note": VENDOR_KEY}},
}


@pytest.mark.parametrize("place", PLACES)
async def test_rt_cloud_002_wherever_in_the_request_the_secret_stands(place: str) -> None:
    adapter = FakeAdapter("ada")
    async with a_builder(adapter).build() as runtime:
        with pytest.raises(LeakageRefused) as refused:
            await runtime.run(a_request(model="ada:x", **PLACES[place]))  # type: ignore[arg-type]  # fields of a request
    assert adapter.sent == []
    assert refused.value.findings[0].source == "github"


async def test_rt_cloud_002_a_header_of_the_call_is_looked_at_as_well() -> None:
    adapter = FakeAdapter("ada")
    async with a_builder(adapter).build() as runtime:
        with pytest.raises(LeakageRefused) as refused:
            await runtime.run(a_request(model="ada:x"), CallOptions(headers={"x-note": VENDOR_KEY}))
    assert [str(one.where) for one in refused.value.findings] == ["headers.x-note"]
    assert adapter.sent == []


async def test_rt_cloud_002_a_credential_of_the_call_alone_is_known_too() -> None:
    adapter = FakeAdapter("ada")
    async with a_builder(adapter).build() as runtime:
        options = CallOptions(credential=Secret("tenant-9-Kq7w2Zp4Vx"))
        with pytest.raises(LeakageRefused):
            await runtime.run(a_request("echo tenant-9-Kq7w2Zp4Vx", model="ada:x"), options)
        assert (await runtime.run(a_request("echo tenant", model="ada:x"), options)).text


async def test_rt_leak_what_was_asked_stands_in_no_event_and_no_receipt() -> None:
    adapter, events = FakeAdapter("ada"), EventRecorder()
    said = "the merger with Initech closes on Friday"
    async with a_builder(adapter).with_event_sink(events).build() as runtime:
        await runtime.run(a_request(said, model="ada:x"))
        with pytest.raises(LeakageRefused) as refused:
            await runtime.run(a_request(f"{said}: {VENDOR_KEY}", model="ada:x"))
        receipts = await runtime.receipts.list()
    for sink in (events.events, receipts, refused.value, refused.value.findings):
        assert "Initech" not in repr(sink)
        assert VENDOR_KEY not in repr(sink)


async def _raises(_content: OutboundContent) -> tuple[Finding, ...]:
    raise RuntimeError(VENDOR_KEY)


async def _hangs(_content: OutboundContent) -> tuple[Finding, ...]:
    await asyncio.Event().wait()
    return ()


async def _says_nothing(_content: OutboundContent) -> tuple[Finding, ...]:
    return None  # type: ignore[return-value]  # that is the fault


async def _says_junk(_content: OutboundContent) -> tuple[Finding, ...]:
    return (VENDOR_KEY,)  # type: ignore[return-value]  # that is the fault


async def _is_cancelled(_content: OutboundContent) -> tuple[Finding, ...]:
    raise TimeoutError


@pytest.mark.parametrize("fault", [_raises, _hangs, _says_nothing, _says_junk, _is_cancelled])
async def test_a_broken_guard_sends_nothing(fault: object) -> None:
    adapter = FakeAdapter("ada")
    builder = a_builder(adapter).with_part("leak_scanner", FakeLeakScanner(instead=fault))  # type: ignore[arg-type]  # each is one
    builder = evolve(builder, settings=evolve(builder.settings, leakage=LeakagePolicy(time_limit_s=0.01)))
    async with builder.build() as runtime:
        for _ in range(5):
            with pytest.raises(CallRefused) as refused:
                await runtime.run(a_request(model="ada:x"))
            assert (refused.value.code, refused.value.gate) == (ErrorCode.GATE_FAILED, "leakage")
            assert VENDOR_KEY not in f"{refused.value} {refused.value.__context__!r} {refused.value.__cause__!r}"
    assert adapter.sent == []


async def test_concurrent_calls_are_judged_each_for_itself() -> None:
    adapter = FakeAdapter("ada")
    order = random.Random(7).sample([True, False] * 10, 20)  # noqa: S311 - chance that can be repeated
    async with a_builder(adapter).build() as runtime:
        asked = [a_request(VENDOR_KEY if leaks else "hello", model="ada:x") for leaks in order]
        ended = await asyncio.gather(*map(runtime.run, asked), return_exceptions=True)
    assert [isinstance(end, LeakageRefused) for end in ended] == order
    assert len(adapter.sent) == 10
