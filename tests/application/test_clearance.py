"""The gates: all of them, in order, closed when in doubt."""

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import define, field, frozen
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime import CallRefused, ErrorCode, ProviderRuntime
from provider_runtime.application.call import PreparedCall
from provider_runtime.application.clearance import Clearance
from provider_runtime.domain.policy.verdict import Pass, Refusal, Verdict
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import EventRecorder, FakeAdapter
from provider_runtime.testing.stages import a_prepared_call

NAMES = ("capability", "tier", "endpoint", "grants", "consent", "leakage", "budget")
SECRET_DETAIL = "the customer said: sell everything"


@frozen(kw_only=True)
class ScriptedGate:
    """Says what it is told to, and notes in ``log`` that it was asked."""

    name: str
    log: list[str]
    says: str = "pass"

    async def judge(self, prepared: PreparedCall, *, rehearsal: bool) -> Verdict:
        self.log.append(f"{self.name}?" if rehearsal else self.name)
        if self.says == "break":
            raise RuntimeError(SECRET_DETAIL)
        if self.says == "refuse":
            return Refusal(gate=self.name, error=CallRefused(gate=self.name, message="no", remedy="Ask again."))
        return Pass(gate=self.name)


@define
class ReservingBudget:
    """A budget of ``left`` calls: each judgement that is not a rehearsal takes one."""

    left: int
    held: list[str] = field(factory=list)

    async def judge(self, prepared: PreparedCall, *, rehearsal: bool) -> Verdict:
        if self.left == 0:
            return Refusal(gate="budget", error=CallRefused(gate="budget", message="spent", remedy="Wait."))
        if not rehearsal:
            self.left -= 1
            self.held.append(prepared.routed.call.call_id)
        return Pass(gate="budget")


def gates(says: Sequence[str], log: list[str]) -> dict[str, Any]:
    return {name: ScriptedGate(name=name, log=log, says=said) for name, said in zip(NAMES, says, strict=True)}


answers = st.lists(st.sampled_from(("pass", "pass", "pass", "refuse", "break")), min_size=7, max_size=7)


@given(says=answers)
async def test_gates_are_asked_in_order_until_the_first_that_does_not_pass(says: list[str]) -> None:
    log: list[str] = []
    clearance = Clearance(**gates(says, log))
    stopper = next((number for number, said in enumerate(says) if said != "pass"), None)
    if stopper is None:
        cleared = await clearance.clear(a_prepared_call())
        assert tuple(verdict.gate for verdict in cleared.verdicts) == NAMES
        assert tuple(log) == NAMES
        return
    with pytest.raises(CallRefused) as refused:
        await clearance.clear(a_prepared_call())
    assert tuple(log) == NAMES[: stopper + 1]
    assert refused.value.gate == NAMES[stopper]
    expected = ErrorCode.GATE_FAILED if says[stopper] == "break" else ErrorCode.GATE_REFUSED
    assert refused.value.code is expected


@given(says=answers)
async def test_a_rehearsal_hears_every_gate_and_agrees_with_the_real_judgement(says: list[str]) -> None:
    log: list[str] = []
    clearance = Clearance(**gates(says, log))
    verdicts = await clearance.rehearse(a_prepared_call())
    assert log == [f"{name}?" for name in NAMES]
    assert [verdict.gate for verdict in verdicts] == list(NAMES)
    first_refusal = next((verdict for verdict in verdicts if isinstance(verdict, Refusal)), None)
    if first_refusal is None:
        await clearance.clear(a_prepared_call())
    else:
        with pytest.raises(CallRefused) as refused:
            await clearance.clear(a_prepared_call())
        assert (refused.value.gate, refused.value.code) == (first_refusal.gate, first_refusal.error.code)


@pytest.mark.parametrize("broken", NAMES)
async def test_a_gate_that_breaks_lets_nothing_through_and_its_words_go_nowhere(broken: str) -> None:
    adapter, events = FakeAdapter("ada"), EventRecorder()
    gate = ScriptedGate(name=broken, log=[], says="break")
    builder = ProviderRuntime.builder().with_adapter(adapter).with_event_sink(events).with_part(f"{broken}_gate", gate)
    async with builder.build() as runtime:
        with pytest.raises(CallRefused) as refused:
            await runtime.run(a_request(model="ada:x"))
        (receipt,) = await runtime.receipts.list()
    assert adapter.sent == []
    assert refused.value.code is ErrorCode.GATE_FAILED
    assert refused.value.gate == broken
    assert (receipt.record.outcome, receipt.record.gates) == ("refused", (f"{broken}:refused",))
    assert events.kinds == ("call_started", "call_refused")
    told = f"{refused.value} {refused.value!r} {refused.value.__cause__!r} {refused.value.__context__!r}"
    assert SECRET_DETAIL not in told
    assert "RuntimeError" in refused.value.message


async def test_explaining_reserves_nothing_and_running_reserves_once() -> None:
    budget = ReservingBudget(left=1)
    builder = ProviderRuntime.builder().with_adapter(FakeAdapter("ada")).with_part("budget_gate", budget)
    async with builder.build() as runtime:
        for _ in range(3):
            assert (await runtime.explain(a_request(model="ada:x"))).allowed
        assert (budget.left, budget.held) == (1, [])
        response = await runtime.run(a_request(model="ada:x"))
        assert budget.held == [response.call_id]
        with pytest.raises(CallRefused) as refused:
            await runtime.run(a_request(model="ada:x"))
        assert refused.value.gate == "budget"
        assert not (await runtime.explain(a_request(model="ada:x"))).allowed


async def test_a_receipt_of_an_answered_call_names_every_gate_and_which_were_not_set_up() -> None:
    async with ProviderRuntime.builder().with_adapter(FakeAdapter("ada")).build() as runtime:
        await runtime.run(a_request(model="ada:x"))
        (receipt,) = await runtime.receipts.list()
    assert receipt.record.gates == (
        *("capability:pass", "tier:pass", "endpoint:pass", "grants:not_configured"),
        *("consent:not_configured", "leakage:pass", "budget:not_configured"),
    )


@frozen(kw_only=True)
class PromptGate:
    """A gate that waits for nobody: it just says ``says``, or raises it."""

    says: Any

    def judge(self, prepared: PreparedCall, *, rehearsal: bool) -> Any:
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


@pytest.mark.parametrize("name", NAMES)
async def test_a_gate_may_say_its_verdict_at_once(name: str) -> None:
    clearance = Clearance(**{**gates(["pass"] * 7, []), name: PromptGate(says=Pass(gate=name, reason="at once"))})
    cleared = await clearance.clear(a_prepared_call())
    assert [verdict.reason for verdict in cleared.verdicts if verdict.gate == name] == ["at once"]


NO = CallRefused(gate="tier", message="no", remedy="Ask again.")
JUNK = (None, True, "pass", 0, Pass(gate="consent"), Refusal(gate="consent", error=NO), RuntimeError(SECRET_DETAIL))


@pytest.mark.parametrize("says", JUNK, ids=repr)
async def test_what_a_gate_says_at_once_is_a_verdict_of_its_own_or_the_call_is_refused(says: object) -> None:
    clearance = Clearance(**{**gates(["pass"] * 7, []), "tier": PromptGate(says=says)})
    with pytest.raises(CallRefused) as refused:
        await clearance.clear(a_prepared_call())
    assert (refused.value.gate, refused.value.code) == ("tier", ErrorCode.GATE_FAILED)
    assert SECRET_DETAIL not in str(refused.value)
    rehearsed = (await clearance.rehearse(a_prepared_call()))[1]
    assert isinstance(rehearsed, Refusal)
    assert rehearsed.error.code is ErrorCode.GATE_FAILED
