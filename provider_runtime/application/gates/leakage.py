"""Do the bytes hold a secret, or content that has to stay here?"""

from typing import Final

from attrs import field, frozen

from provider_runtime.application.call import PreparedCall
from provider_runtime.application.gates import Judgement
from provider_runtime.application.gates.patience import Waiting, begun
from provider_runtime.domain.catalog.providers import ProviderConfig, Tier
from provider_runtime.domain.origins import origin_of
from provider_runtime.domain.policy.governance import GovernancePolicy
from provider_runtime.domain.policy.leakage.classification import kept_content
from provider_runtime.domain.policy.leakage.findings import Finding
from provider_runtime.domain.policy.leakage.opaque import Opaque, opaque_parts
from provider_runtime.domain.policy.leakage.policy import LeakagePolicy
from provider_runtime.domain.policy.leakage.verdicts import CLEAN, GATE, Looked, leakage_verdict
from provider_runtime.domain.policy.verdict import Pass, Refusal, Verdict
from provider_runtime.ports.leakage import LeakScanner, outbound

_EXEMPT: Final = Pass(gate=GATE, reason="the call stays on this machine")
_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
_ALL_KNOWN: Final = frozenset(Opaque) - {Opaque.UNKNOWN}


@frozen(kw_only=True)
class LeakageGate:
    """Looks at the frozen bytes, the URL and the caller's headers of every call that leaves this machine.

    A scanner that raises, hangs or answers what is no finding gets the call refused: the first two
    reach ``Clearance`` as exceptions, the last becomes one here.
    """

    scanner: LeakScanner
    policy: LeakagePolicy
    governance: GovernancePolicy
    _looks_at_parts: bool = field(init=False, repr=False)

    @_looks_at_parts.default
    def _some_parts_may_not_pass(self) -> bool:
        return not _ALL_KNOWN.issubset(self.policy.opaque_allowed)

    def judge(self, prepared: PreparedCall, *, rehearsal: bool) -> Judgement:  # noqa: ARG002 - it uses nothing up
        routed = prepared.routed
        if self.policy.local_exempt and stays_on_this_machine(routed.provider.config):
            return _EXEMPT
        exchange, options = prepared.exchange, routed.call.terms.options
        secrets = () if options.credential is None else (options.credential,)
        so_far = begun(self.scanner.scan(outbound(exchange.body, exchange.url, options.headers, secrets)))
        return self._judged_late(prepared, so_far) if isinstance(so_far, Waiting) else self._judged(prepared, so_far)

    async def _judged_late(self, prepared: PreparedCall, looking: Waiting[tuple[Finding, ...]]) -> Verdict:
        return self._judged(prepared, await looking.within(self.policy.time_limit_s))

    def _judged(self, prepared: PreparedCall, found: object) -> Verdict:
        if not isinstance(found, tuple) or (found and not all(isinstance(one, Finding) for one in found)):
            raise TypeError("a scanner must answer with findings")
        routed = prepared.routed
        kept = kept_content(routed.call.terms.options.content, self.governance.unclassified)
        if not found and kept is None and not self._looks_at_parts:
            return CLEAN
        looked = Looked(
            findings=found,
            kept=kept,
            opaque=tuple(opaque_parts(routed.call.request.messages)) if self._looks_at_parts else (),
        )
        verdict = leakage_verdict(looked, self.policy)
        if isinstance(verdict, Refusal):
            verdict.error.provider, verdict.error.model = routed.route.provider_id, routed.route.model_id
        return verdict


def stays_on_this_machine(config: ProviderConfig) -> bool:
    """Whether a call to this provider leads to a loopback address and nowhere else.

    A local provider with networks of its own (``allowed_networks``) may be another machine.
    """
    if config.tier is not Tier.LOCAL:
        return False
    if not config.allowed_networks:
        return True  # the endpoint gate and the socket hold it to loopback
    origin = origin_of(config.base_url)
    return origin is not None and origin.host in _THIS_MACHINE
