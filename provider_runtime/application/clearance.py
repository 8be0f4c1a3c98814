"""Every gate, in order."""

from attrs import evolve, field, frozen

from provider_runtime.application.call import ClearedCall, PreparedCall
from provider_runtime.application.gates import Gate
from provider_runtime.domain.errors import CallRefused, ErrorCode
from provider_runtime.domain.policy.verdict import Pass, Refusal, Verdict


@frozen(kw_only=True)
class Clearance:
    """All gates of a call. Each is a field, so none can be forgotten; they judge as written here."""

    capability: Gate
    tier: Gate
    endpoint: Gate
    grants: Gate
    consent: Gate
    leakage: Gate
    budget: Gate  # last, because it reserves
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
                verdict = await gate.judge(prepared, rehearsal=False)
            except Exception as failure:  # noqa: BLE001 - a gate that breaks, however it breaks, lets nothing through
                verdict = _broken(name, prepared, type(failure).__name__)
            if isinstance(verdict, Refusal):
                raise verdict.error
            verdicts.append(verdict)
            if verdict.warnings:
                prepared = evolve(prepared, warnings=prepared.warnings + verdict.warnings)
        return ClearedCall(prepared=prepared, verdicts=tuple(verdicts))

    async def rehearse(self, prepared: PreparedCall) -> tuple[Verdict, ...]:
        """What each gate would say, all of them, with nothing reserved or used up."""
        verdicts: list[Verdict] = []
        for name, gate in self._in_order:
            try:
                verdicts.append(await gate.judge(prepared, rehearsal=True))
            except Exception as failure:  # noqa: BLE001 - as in ``clear``
                verdicts.append(_broken(name, prepared, type(failure).__name__))
        return tuple(verdicts)


def _broken(name: str, prepared: PreparedCall, kind: str) -> Refusal:
    route = prepared.routed.route
    return Refusal(
        gate=name,
        error=CallRefused(
            gate=name,
            code=ErrorCode.GATE_FAILED,
            provider=route.provider_id,
            model=route.model_id,
            message=f"the {name} gate failed with {kind}, so nothing was sent",
            remedy="Mend what the gate depends on; gates fail closed.",
        ),
    )
