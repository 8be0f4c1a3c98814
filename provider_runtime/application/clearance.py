"""Every gate, in order."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from attrs import evolve, field, frozen

from provider_runtime.application.call import ClearedCall, PreparedCall
from provider_runtime.application.gates import Gate, Judgement
from provider_runtime.application.gates.grants import use_of
from provider_runtime.application.gates.patience import within
from provider_runtime.domain.conversation.response import CallWarning
from provider_runtime.domain.errors import AccessDenied, CallRefused, ErrorCode
from provider_runtime.domain.policy.budgets.holds import Hold
from provider_runtime.domain.policy.grants.capability import Granted
from provider_runtime.domain.policy.verdict import Pass, Refusal, Verdict
from provider_runtime.ports.governance.security import SecurityProvider


@frozen(kw_only=True)
class Clearance:
    """All gates of a call. Each is a field, so none can be forgotten; they judge as written here.

    A gate that breaks, waits for longer than ``patience_s`` or answers with what is no verdict of its
    own lets nothing through. ``security`` is told of what other gates than its own refuse.
    """

    capability: Gate
    tier: Gate
    endpoint: Gate
    grants: Gate
    consent: Gate
    leakage: Gate
    budget: Gate  # last, because it reserves
    patience_s: float = 5.0
    security: SecurityProvider | None = None
    _in_order: tuple[tuple[str, Gate], ...] = field(init=False, repr=False, eq=False)

    @_in_order.default
    def _order(self) -> tuple[tuple[str, Gate], ...]:
        return (
            ("capability", self.capability),
            ("tier", self.tier),
            ("endpoint", self.endpoint),
            ("grants", self.grants),
            ("consent", self.consent),
            ("leakage", self.leakage),
            ("budget", self.budget),
        )

    async def clear(self, prepared: PreparedCall) -> ClearedCall:
        """The call with leave to be sent. Raises the ``CallRefused`` of the first gate that says no."""
        verdicts: list[Pass] = []
        for name, gate in self._in_order:
            try:
                verdict = gate.judge(prepared, rehearsal=False)
            except BaseException as failure:  # noqa: BLE001 - a gate that breaks, however it breaks, lets nothing through
                verdict = _broken(name, prepared, failure)
            if (
                type(verdict) is not Pass
                or verdict.gate != name
                or verdict.warnings
                or (verdict.hold is not None and type(verdict.hold) is not Hold)
            ):  # nearly every answer is a plain pass, and needs no second look
                verdict = await self._heard(name, verdict, prepared)
                if isinstance(verdict, Refusal):
                    await self._account_for(prepared, verdict.error, verdicts)
                    raise verdict.error
                if verdict.warnings:
                    prepared = evolve(prepared, warnings=prepared.warnings + verdict.warnings)
            verdicts.append(verdict)
        return ClearedCall(prepared, tuple(verdicts))

    async def rehearse(self, prepared: PreparedCall) -> tuple[Verdict, ...]:
        """What each gate would say, all of them, with nothing reserved or used up."""
        return tuple([await self._rehearsed(name, gate, prepared) for name, gate in self._in_order])

    async def _rehearsed(self, name: str, gate: Gate, prepared: PreparedCall) -> Verdict:
        try:
            judged = gate.judge(prepared, rehearsal=True)
        except BaseException as failure:  # noqa: BLE001 - as in ``clear``
            return _broken(name, prepared, failure)
        return await self._heard(name, judged, prepared)

    async def _heard(self, name: str, judged: Judgement, prepared: PreparedCall) -> Verdict:
        """What a gate says, which may have to wait for somebody, and may be anything."""
        answer: object = judged
        if isinstance(judged, Coroutine):
            try:
                answer = await within(self.patience_s, judged)
            except BaseException as failure:  # noqa: BLE001 - as in ``clear``
                return _broken(name, prepared, failure)
        return _verdict(answer, name, prepared)

    async def _account_for(self, prepared: PreparedCall, error: CallRefused, passed: list[Pass]) -> None:
        """Tell security who refused, and give back what was granted. The call is refused whatever fails here."""
        security = self.security
        if security is None:
            return
        use = use_of(prepared)
        if not isinstance(error, AccessDenied):  # that one it has decided and written down itself
            await self._told(lambda: security.refused(use, gate=error.gate, code=error.code.value))
        for verdict in passed:
            granted = verdict.granted
            if isinstance(granted, Granted) and granted.counted:
                await self._told(partial(security.give_back, use, granted))

    async def _told(self, tell: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await within(self.patience_s, tell())
        except BaseException as failure:  # noqa: BLE001 - as in ``clear``, but that the call is refused already
            _raise_if_leaving(failure)


def _verdict(answer: object, name: str, prepared: PreparedCall) -> Verdict:
    """``answer``, if it is a verdict of the gate of this name."""
    if isinstance(answer, Pass) and answer.gate == name and (answer.hold is None or isinstance(answer.hold, Hold)):
        warnings: object = answer.warnings
        if isinstance(warnings, tuple) and all(isinstance(one, CallWarning) for one in warnings):
            return answer
    if isinstance(answer, Refusal) and answer.gate == name and isinstance(answer.error, CallRefused):
        return answer
    return _refusal(name, prepared, "did not answer with a verdict of its own")


def _broken(name: str, prepared: PreparedCall, failure: BaseException) -> Refusal:
    """The refusal for a gate that failed."""
    _raise_if_leaving(failure)
    return _refusal(name, prepared, f"failed with {type(failure).__name__}")


def _raise_if_leaving(failure: BaseException) -> None:
    """Raise on what ends the process, or is the caller's leaving; nobody else's cancellation."""
    if isinstance(failure, KeyboardInterrupt | SystemExit | GeneratorExit):
        raise failure
    task = asyncio.current_task()
    if isinstance(failure, asyncio.CancelledError) and (task is None or task.cancelling()):
        raise failure


def _refusal(name: str, prepared: PreparedCall, what: str) -> Refusal:
    route = prepared.routed.route
    return Refusal(
        gate=name,
        error=CallRefused(
            gate=name,
            code=ErrorCode.GATE_FAILED,
            provider=route.provider_id,
            model=route.model_id,
            message=f"the {name} gate {what}, so nothing was sent",
            remedy="Mend what the gate depends on; gates fail closed.",
        ),
    )
