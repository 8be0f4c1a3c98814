"""Whatever a guard does wrong: the call is refused, no byte is sent, one receipt tells of it, nothing stays held."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from attrs import define, field
from guards.faults import SECRET_DETAIL, Fault
from guards.loops import without_waiting
from guards.parts import CASES, GUARDS, Guard

from provider_runtime import (
    Amount,
    Budget,
    CallRefused,
    ErrorCode,
    Governance,
    LeakagePolicy,
    ProviderRuntime,
    Quantities,
    RuntimeSettings,
    open_runtime,
)
from provider_runtime.adapters.governance.ledger import MemoryBudgetLedger
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
