"""Whatever a guard does wrong: the call is refused, no byte is sent, one receipt tells of it, nothing stays held."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from attrs import define, evolve, field
from guards.faults import FOR_ALL, SECRET_DETAIL, Fault, answering
from guards.loops import without_waiting
from guards.parts import CASES, GUARDS, Guard

from provider_runtime import (
    Amount,
    Budget,
    CallRefused,
    Capability,
    Constraints,
    ErrorCode,
    Governance,
    LeakagePolicy,
    ProviderRuntime,
    ProviderRuntimeError,
    Quantities,
    RetryPolicy,
    RuntimeSettings,
    open_runtime,
)
from provider_runtime.adapters.governance.ledger import MemoryBudgetLedger
from provider_runtime.adapters.governance.security import LocalSecurityProvider
from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.composition.presets import local_server
from provider_runtime.domain.policy.budgets.holds import Account, Claim
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import EventRecorder
from provider_runtime.testing.sandbox import Sandbox

PATIENCE_S = 5.0
CALLS = Claim(account=Account(budget="calls", owner="everyone"), limit=10, amount=0)


@define
class Listener:
    """A server that counts who connects and what is sent, and answers nobody."""

    connections: int = field(default=0, init=False)
    received: bytes = field(default=b"", init=False)
    port: int = field(default=0, init=False)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Listener"]:
        server = await asyncio.start_server(self._hear, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.received += await reader.read()
        writer.close()


def guarded(url: str) -> RuntimeSettings:
    """A runtime in which every gate has something to judge, and every part is asked."""
    return RuntimeSettings(
        providers=(local_server(url),),
        governance=Governance(profile="pragmatic", grants=["model.*"], limits=Quantities(tokens=10**9)),
        budgets=(Budget(name="calls", limit=Amount.calls(10)),),
        leakage=LeakagePolicy(local_exempt=False),
        gate_timeout_s=PATIENCE_S,
    )


async def held(runtime: ProviderRuntime) -> tuple[int, int]:
    """What is held and what is posted of the budget of calls."""
    assert runtime.sending.spending is not None
    (standing,) = await MemoryBudgetLedger.standings(runtime.sending.spending.ledger, [CALLS])  # type: ignore[arg-type]  # it is one
    return standing.balance.held, standing.balance.posted


@define
class Seen:
    """What became of one call under a fault."""

    error: BaseException
    receipts: list[Any]
    events: tuple[str, ...]
    verdicts: dict[str, str]
    held: tuple[int, int]
    connections: int
    received: bytes
    tasks: int


async def one_call(parts: dict[str, object]) -> Seen:
    events = EventRecorder()
    async with Listener().listening() as listener:
        before = len(asyncio.all_tasks())
        settings = guarded(f"http://127.0.0.1:{listener.port}/v1")
        async with open_runtime(settings, event_sink=events, **parts) as runtime:
            with pytest.raises(CallRefused) as refused:
                await runtime.run(a_request("hello", model="local:m", max_output_tokens=5))
            plan = await runtime.explain(a_request("hello", model="local:m", max_output_tokens=5))
            receipts = list(await runtime.receipts.list())
            ended = await held(runtime)
        await asyncio.sleep(0)
        return Seen(
            error=refused.value,
            receipts=receipts,
            events=events.kinds,
            verdicts={verdict.gate: verdict.code or verdict.verdict for verdict in plan.verdicts},
            held=ended,
            connections=listener.connections,
            received=listener.received,
            tasks=len(asyncio.all_tasks()) - before,
        )


@pytest.mark.parametrize(("guard", "fault"), CASES, ids=str)
def test_a_guard_at_fault_lets_no_byte_through(guard: Guard, fault: Fault) -> None:
    seen, waited_s = without_waiting(one_call({guard.part: guard.at_fault(fault.behave)}))
    assert isinstance(seen.error, CallRefused)
    assert (seen.error.code, seen.error.gate) == (ErrorCode.GATE_FAILED, guard.gate)
    assert (seen.connections, seen.received) == (0, b"")
    (receipt,) = seen.receipts
    assert (receipt.record.outcome, receipt.record.gates) == ("refused", (f"{guard.gate}:refused",))
    assert receipt.record.error_code == "gate_failed"
    assert seen.events == ("call_started", "call_refused")
    assert seen.held == (0, 0)
    assert seen.tasks == 0
    if guard.asked not in {"decide", "reserve"}:  # those are not asked in a rehearsal
        assert seen.verdicts[guard.gate] == "gate_failed"
    told = f"{seen.error} {seen.error!r} {seen.error.__cause__!r} {seen.error.__context__!r} {receipt}"
    assert SECRET_DETAIL not in told
    assert bool(waited_s) == fault.hangs
    assert waited_s <= 5 * PATIENCE_S


@pytest.mark.parametrize("asked", ["refused", "give_back"])
@pytest.mark.parametrize("fault", FOR_ALL, ids=str)
def test_security_at_fault_when_it_is_told_of_a_refusal_changes_nothing_about_it(asked: str, fault: Fault) -> None:
    once = Capability(type="*", constraints=Constraints(max_calls=1))
    security = Guard(part="security", gate="", asked=asked, made=lambda: LocalSecurityProvider(capabilities=[once]))

    async def call() -> tuple[CallRefused, int, int]:
        async with Listener().listening() as listener:
            settings = guarded(f"http://127.0.0.1:{listener.port}/v1")
            none_left = evolve(settings, governance=None, budgets=(Budget(name="calls", limit=Amount.calls(0)),))
            async with open_runtime(none_left, security=security.at_fault(fault.behave)) as runtime:
                with pytest.raises(CallRefused) as refused:
                    await runtime.run(a_request("hello", model="local:m", max_output_tokens=5))
                return refused.value, listener.connections, len(await runtime.receipts.list())

    (error, connections, receipts), _ = without_waiting(call())
    assert (error.code, error.gate) == (ErrorCode.BUDGET_EXCEEDED, "budget")
    assert (connections, receipts) == (0, 1)


@pytest.mark.parametrize("guard", GUARDS, ids=str)
@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_whoever_ends_the_process_in_a_guard_is_not_stopped_and_nothing_is_sent(
    guard: Guard, end: type[BaseException]
) -> None:
    async def behave(*_args: Any, **_kwargs: Any) -> Any:
        raise end

    async def call() -> tuple[int, tuple[int, int], list[Any]]:
        async with Listener().listening() as listener:
            parts = {guard.part: guard.at_fault(behave)}
            async with open_runtime(guarded(f"http://127.0.0.1:{listener.port}/v1"), **parts) as runtime:
                with pytest.raises(end):
                    await runtime.run(a_request("hello", model="local:m", max_output_tokens=5))
                return listener.connections, await held(runtime), list(await runtime.receipts.list())

    if guard.part == "ledger":
        pytest.skip("a ledger is asked in a task of its own, from which these two end the loop itself")
    (connections, balance, receipts), _ = without_waiting(call())
    assert (connections, balance, len(receipts)) == (0, (0, 0), 1)


async def test_the_same_call_is_answered_when_no_guard_is_at_fault() -> None:
    async with Sandbox() as sandbox:
        parts = {guard.part: guard.made() for guard in GUARDS if guard.made is not None and guard.part != "security"}
        async with open_runtime(guarded(sandbox.compatible_url), **parts) as runtime:
            answer = await runtime.run(a_request("hello", model="local:m", max_output_tokens=5))
            assert answer.text
            (receipt,) = await runtime.receipts.list()
            assert await held(runtime) == (0, 1)
    assert [gate for gate in receipt.record.gates if gate.endswith("refused")] == []
    assert {"grants:pass", "leakage:pass", "budget:pass"} <= set(receipt.record.gates)


@pytest.mark.parametrize("guard", GUARDS, ids=str)
def test_a_caller_who_cancels_while_a_guard_hangs_is_let_go(guard: Guard) -> None:
    async def call() -> tuple[int, tuple[int, int]]:
        asked = asyncio.Event()

        async def behave(*_args: Any, **_kwargs: Any) -> Any:
            asked.set()
            await asyncio.Event().wait()

        async with Listener().listening() as listener:
            parts = {guard.part: guard.at_fault(behave)}
            async with open_runtime(guarded(f"http://127.0.0.1:{listener.port}/v1"), **parts) as runtime:
                under_way = asyncio.ensure_future(runtime.run(a_request("hello", model="local:m", max_output_tokens=5)))
                await asked.wait()
                under_way.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await under_way
                (receipt,) = await runtime.receipts.list()
                assert receipt.record.outcome == "cancelled"
                return listener.connections, await held(runtime)

    (connections, balance), waited_s = without_waiting(call())
    assert (connections, balance) == (0, (0, 0))
    # A ledger may be about to hold something, so it is waited for; and once more when the runtime is closed.
    assert waited_s <= (3 * PATIENCE_S if guard.part == "ledger" else 0)


RESOLVER_FAULTS = (
    *FOR_ALL,
    answering("with what are no addresses", ("no address", "127.0.0.1.evil")),
    answering("with no address", ()),
    answering("with far too many", tuple(f"10.{one}.{two}.1" for one in range(100) for two in range(100))),
)


@pytest.mark.parametrize("fault", RESOLVER_FAULTS, ids=str)
def test_a_resolver_at_fault_is_one_typed_error_and_no_byte_is_sent(fault: Fault) -> None:
    """It is asked when the connection is made, behind the gates: what it does wrong is the provider's absence."""
    resolver = type("FaultyResolver", (), {"addresses": staticmethod(fault.behave)})()

    async def call() -> tuple[ProviderRuntimeError, int, tuple[int, int], list[Any]]:
        async with Listener().listening() as listener:
            transport = AiohttpTransport(resolver=resolver)
            settings = evolve(guarded(f"http://localhost:{listener.port}/v1"), retry=RetryPolicy(max_attempts=1))
            async with open_runtime(settings, transport=transport) as runtime:
                with pytest.raises(ProviderRuntimeError) as failed:
                    await runtime.run(a_request("hello", model="local:m", max_output_tokens=5))
                receipts = list(await runtime.receipts.list())
                ended = await held(runtime)
            await transport.aclose()
            return failed.value, listener.connections, ended, receipts

    (error, connections, balance, receipts), _ = without_waiting(call())
    assert (connections, len(receipts), balance) == (0, 1, (0, 0))
    assert not error.sent
    assert error.code in {ErrorCode.CONNECT_FAILED, ErrorCode.ENDPOINT_BLOCKED, ErrorCode.HTTP_PROTOCOL}
    assert SECRET_DETAIL not in f"{error} {error!r}"


async def test_the_same_address_is_dialled_when_the_resolver_is_sound() -> None:
    async def behave(*_args: Any) -> tuple[str, ...]:
        return ("127.0.0.1",)

    async with Listener().listening() as listener:
        transport = AiohttpTransport(resolver=type("Resolver", (), {"addresses": staticmethod(behave)})())
        async with open_runtime(guarded(f"http://localhost:{listener.port}/v1"), transport=transport) as runtime:
            calling = asyncio.ensure_future(runtime.run(a_request("hello", model="local:m", max_output_tokens=5)))
            while not listener.connections:  # noqa: ASYNC110 - a few turns of the loop
                await asyncio.sleep(0)
            calling.cancel()
            await asyncio.gather(calling, return_exceptions=True)
        await transport.aclose()
    assert listener.connections == 1
