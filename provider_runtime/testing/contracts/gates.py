"""What every Gate keeps to."""

import asyncio

import pytest

from provider_runtime.application.call import PreparedCall
from provider_runtime.application.gates import Gate, verdict_of
from provider_runtime.domain.errors import CallRefused
from provider_runtime.domain.policy.verdict import Pass, Refusal


class GateContract:
    """Give the fixtures ``gate``, ``name``, ``allowed`` and ``forbidden``."""

    @pytest.fixture
    def gate(self) -> Gate:
        raise NotImplementedError("the subclass says which gate")

    @pytest.fixture
    def name(self) -> str:
        """What the gate is called in verdicts, receipts and refusals."""
        raise NotImplementedError("the subclass says what it is called")

    @pytest.fixture
    def allowed(self) -> PreparedCall:
        """A call that the gate lets through."""
        raise NotImplementedError("the subclass knows a call that may go")

    @pytest.fixture
    def forbidden(self) -> PreparedCall:
        """A call that the gate keeps back."""
        raise NotImplementedError("the subclass knows a call that may not go")

    @pytest.mark.parametrize("rehearsal", [True, False])
    async def test_it_passes_what_is_allowed_under_its_own_name(
        self, gate: Gate, name: str, allowed: PreparedCall, *, rehearsal: bool
    ) -> None:
        verdict = await verdict_of(gate, allowed, rehearsal=rehearsal)
        assert isinstance(verdict, Pass)
        assert verdict.gate == name

    @pytest.mark.parametrize("rehearsal", [True, False])
    async def test_a_refusal_names_the_gate_the_provider_and_the_way_out(
        self, gate: Gate, name: str, forbidden: PreparedCall, *, rehearsal: bool
    ) -> None:
        verdict = await verdict_of(gate, forbidden, rehearsal=rehearsal)
        assert isinstance(verdict, Refusal)
        assert isinstance(verdict.error, CallRefused)
        assert (verdict.gate, verdict.error.gate) == (name, name)
        assert verdict.error.provider == forbidden.routed.route.provider_id
        assert verdict.error.message
        assert verdict.error.remedy
        assert not verdict.error.sent

    async def test_a_rehearsal_uses_nothing_up(
        self, gate: Gate, allowed: PreparedCall, forbidden: PreparedCall
    ) -> None:
        for _ in range(20):
            await verdict_of(gate, allowed, rehearsal=True)
            await verdict_of(gate, forbidden, rehearsal=True)
        assert isinstance(await verdict_of(gate, allowed, rehearsal=False), Pass)
        assert isinstance(await verdict_of(gate, forbidden, rehearsal=False), Refusal)

    async def test_a_call_is_judged_alone_whoever_is_judged_beside_it(
        self, gate: Gate, allowed: PreparedCall, forbidden: PreparedCall
    ) -> None:
        calls = [allowed, forbidden] * 10
        verdicts = await asyncio.gather(*(verdict_of(gate, call, rehearsal=True) for call in calls))
        assert [isinstance(verdict, Pass) for verdict in verdicts] == [True, False] * 10

    async def test_judging_leaves_the_call_as_it_was(self, gate: Gate, allowed: PreparedCall) -> None:
        before = (allowed.exchange, allowed.warnings)
        await verdict_of(gate, allowed, rehearsal=False)
        assert (allowed.exchange, allowed.warnings) == before

    async def test_a_refusal_quotes_nothing_of_the_conversation(self, gate: Gate, forbidden: PreparedCall) -> None:
        verdict = await verdict_of(gate, forbidden, rehearsal=True)
        assert isinstance(verdict, Refusal)
        for message in forbidden.routed.call.request.messages:
            assert message.text not in str(verdict.error)
