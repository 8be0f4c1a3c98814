"""Does a live consent cover these bytes, this address, this model?"""

from collections.abc import Coroutine
from typing import Any, Final

from attrs import frozen

from provider_runtime.application.call import PreparedCall
from provider_runtime.application.consents.guard import ConsentGuard
from provider_runtime.application.consents.subjects import Subjects
from provider_runtime.application.gates import Judgement
from provider_runtime.application.gates.leakage import stays_on_this_machine
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.errors import consent_refusal
from provider_runtime.domain.policy.consent.verdicts import ConsentVerdict, Granted, Withheld
from provider_runtime.domain.policy.governance import ConsentRule
from provider_runtime.domain.policy.verdict import Pass, Refusal, Verdict

GATE: Final = "consent"
_NEVER: Final = ConsentRule.NEVER
_ALWAYS: Final = ConsentRule.ALWAYS
_NOT_WANTED: Final = Pass(gate=GATE, reason="policy wants no consent to this call")


@frozen(kw_only=True)
class ConsentGate:
    """Looks for a live consent wherever policy wants one. Uses nothing up: that is done when the call is sent."""

    guard: ConsentGuard
    subjects: Subjects
    rule: ConsentRule

    def judge(self, prepared: PreparedCall, *, rehearsal: bool) -> Judgement:
        if not wants_consent(self.rule, prepared.routed.provider.config):
            return _NOT_WANTED
        judged = self.guard.judge(self.subjects.of(prepared))
        if isinstance(judged, ConsentVerdict):
            return _said(judged, prepared, rehearsal=rehearsal)
        return self._waited(judged, prepared, rehearsal=rehearsal)

    async def _waited(
        self, judging: Coroutine[Any, Any, ConsentVerdict], prepared: PreparedCall, *, rehearsal: bool
    ) -> Verdict:
        return _said(await judging, prepared, rehearsal=rehearsal)


def wants_consent(rule: ConsentRule, config: ProviderConfig) -> bool:
    """Whether policy wants consent to a call to this provider. A host of one's own network is not this machine."""
    if rule is _NEVER:
        return False
    return rule is _ALWAYS or not stays_on_this_machine(config)


def _said(verdict: ConsentVerdict, prepared: PreparedCall, *, rehearsal: bool) -> Verdict:
    if isinstance(verdict, Withheld):
        error = consent_refusal(verdict.fault, verdict.consent_id)
        error.provider, error.model = prepared.routed.route.provider_id, prepared.routed.route.model_id
        return Refusal(gate=GATE, error=error)
    return Pass(GATE, _told(verdict) if rehearsal else "", consented=verdict)


def _told(granted: Granted) -> str:
    receipt = granted.receipt
    until = receipt.valid_until.strftime("%Y-%m-%d %H:%M UTC")
    left = "" if receipt.uses is None else f", {receipt.uses - granted.consent.used} of {receipt.uses} uses left"
    return f"{receipt.consent_id} ({receipt.scope}) of {receipt.user_id}, until {until}{left}"
