"""CallPlan: what a call would be, up to the verdict of each gate, with nothing sent."""

from attrs import field, frozen

from provider_runtime.application.call import PreparedCall
from provider_runtime.application.clearance import Clearance
from provider_runtime.application.consents.subjects import Subjects
from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.conversation.request import ModelRef
from provider_runtime.domain.conversation.response import CallWarning
from provider_runtime.domain.conversation.usage import CostBreakdown
from provider_runtime.domain.errors import CallRefused, ConsentRefused, GuardFailed, LeakageRefused
from provider_runtime.domain.identity import ProfileId, ProviderId, Role
from provider_runtime.domain.policy.consent.plans import ProjectionPlan
from provider_runtime.domain.policy.leakage.findings import Finding
from provider_runtime.domain.policy.verdict import Pass, Refusal, Verdict
from provider_runtime.domain.profiles.resolution import RuleFinding


@frozen(kw_only=True)
class GateVerdict:
    """What one gate says: ``pass``, ``not_configured`` or ``refused``, and why."""

    gate: str
    verdict: str
    reason: str = ""
    code: str | None = None


@frozen(kw_only=True)
class CallPlan:
    """A call before it happens: what a person can consent to.

    ``body`` are the exact bytes ``run`` would send to ``url``, ``body_sha256`` their digest.
    ``worst_case_cost`` supposes one input token for each byte (with images or files all that the model
    takes in) and the longest answer allowed; ``None`` where no price or no limit is known.
    ``findings`` are what each rule of routing says, with the one that decided marked; ``alternatives``
    who would be asked next, in order. ``projection`` is the same as far as a consent is bound to it:
    facts, sizes and digests, and what the leak guard saw, by kind and place.
    """

    provider: ProviderId
    model_id: str
    tier: Tier
    route_rule: str
    route_reason: str
    url: str
    body: bytes = field(repr=False)
    body_sha256: str
    body_size: int
    warnings: tuple[CallWarning, ...]
    verdicts: tuple[GateVerdict, ...]
    worst_case_cost: CostBreakdown | None = None
    role: Role | None = None
    profile_id: ProfileId | None = None
    findings: tuple[RuleFinding, ...] = ()
    alternatives: tuple[ModelRef, ...] = ()
    projection: ProjectionPlan

    @property
    def allowed(self) -> bool:
        """Whether no gate would refuse."""
        return all(verdict.verdict != "refused" for verdict in self.verdicts)


@frozen(kw_only=True)
class Explaining:
    """Turns a prepared call into a plan: nothing reserved, no credential read, nothing sent."""

    clearance: Clearance
    subjects: Subjects

    async def explain(self, prepared: PreparedCall, findings: tuple[RuleFinding, ...] = ()) -> CallPlan:
        """The plan of the call. ``findings`` are what routing found on the way."""
        routed, exchange = prepared.routed, prepared.exchange
        played, fallback = routed.call.played, routed.call.terms.fallback
        verdicts = await self.clearance.rehearse(prepared)
        return CallPlan(
            provider=routed.route.provider_id,
            model_id=routed.route.model_id,
            tier=routed.provider.config.tier,
            route_rule=routed.route.rule.value,
            route_reason=routed.route.explanation,
            url=exchange.url,
            body=exchange.body,
            body_sha256=exchange.body_sha256,
            body_size=len(exchange.body),
            warnings=prepared.warnings,
            verdicts=tuple(_said(verdict) for verdict in verdicts),
            worst_case_cost=self.subjects.worst_cases.cost(prepared),
            role=None if played is None else played.role,
            profile_id=None if played is None else played.profile_id,
            findings=findings,
            alternatives=() if fallback is None else fallback.alternatives,
            projection=self.subjects.plan(prepared, _seen(verdicts)),
        )

    async def projection(self, prepared: PreparedCall) -> ProjectionPlan:
        """What a person would consent to. Raises what would keep the call back besides the want of consent."""
        verdicts = await self.clearance.rehearse(prepared)
        for verdict in verdicts:
            if isinstance(verdict, Refusal) and not _can_be_consented_to(verdict.error):
                raise verdict.error
        return self.subjects.plan(prepared, _seen(verdicts))


def _can_be_consented_to(error: CallRefused) -> bool:
    return isinstance(error, ConsentRefused) and not isinstance(error, GuardFailed)


def _seen(verdicts: tuple[Verdict, ...]) -> tuple[Finding, ...]:
    """What the guards saw, whether they let it pass or not."""
    seen: list[Finding] = []
    for verdict in verdicts:
        if isinstance(verdict, Pass):
            seen += verdict.findings
        elif isinstance(verdict.error, LeakageRefused):
            seen += verdict.error.findings
    return tuple(seen)


def _said(verdict: Verdict) -> GateVerdict:
    if isinstance(verdict, Pass):
        return GateVerdict(
            gate=verdict.gate, verdict="pass" if verdict.configured else "not_configured", reason=verdict.reason
        )
    return GateVerdict(
        gate=verdict.gate, verdict="refused", reason=verdict.error.message, code=verdict.error.code.value
    )
