"""A gate that nothing was set up for."""

from attrs import field, frozen

from provider_runtime.application.call import PreparedCall
from provider_runtime.application.gates.consent import wants_consent
from provider_runtime.domain.catalog.providers import ProviderConfig, Tier
from provider_runtime.domain.errors import CallRefused, ErrorCode
from provider_runtime.domain.policy.governance import ConsentRule, GovernancePolicy, Unless
from provider_runtime.domain.policy.verdict import Pass, Refusal, Verdict


@frozen(kw_only=True)
class NotConfigured:
    """Passes, and says that nobody judged; refuses where policy demands a judgement.

    ``gate`` is the name of the gate it stands for, ``needs`` what would have to be set up.
    """

    gate: str
    policy: GovernancePolicy
    needs: str
    _pass: Pass = field(init=False)
    _always: bool = field(init=False)
    """Whether there is no call that it refuses."""

    @_pass.default
    def _make_pass(self) -> Pass:
        return Pass(gate=self.gate, reason=f"this runtime has no {self.needs}", configured=False)

    @_always.default
    def _demands_nothing(self) -> bool:
        if self.gate == "consent":
            return self.policy.consent is ConsentRule.NEVER
        return self.gate != "leakage" or self.policy.unclassified is not Unless.DENY

    def judge(self, prepared: PreparedCall, *, rehearsal: bool) -> Verdict:  # noqa: ARG002 - it uses nothing up
        if self._always or not self._is_demanded(prepared.routed.provider.config):
            return self._pass
        route = prepared.routed.route
        return Refusal(
            gate=self.gate,
            error=CallRefused(
                gate=self.gate,
                code=ErrorCode.GATE_REFUSED,
                provider=route.provider_id,
                model=route.model_id,
                message=f"policy demands a judgement on {self.gate}, and this runtime has no {self.needs}",
                remedy=f"Give the runtime a {self.needs}, or relax the policy.",
            ),
        )

    def _is_demanded(self, config: ProviderConfig) -> bool:
        if self.gate == "consent":
            return wants_consent(self.policy.consent, config)
        return config.tier is Tier.CLOUD
