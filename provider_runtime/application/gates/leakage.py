"""Do the bytes hold a secret, or content that has to stay here?"""

import asyncio
from typing import Final, cast

from attrs import field, frozen

from provider_runtime.application.call import PreparedCall
from provider_runtime.domain.catalog.providers import ProviderConfig, Tier
from provider_runtime.domain.origins import origin_of
from provider_runtime.domain.policy.governance import GovernancePolicy
from provider_runtime.domain.policy.leakage.classification import kept_content
from provider_runtime.domain.policy.leakage.findings import Finding
from provider_runtime.domain.policy.leakage.opaque import Opaque, opaque_parts
from provider_runtime.domain.policy.leakage.policy import LeakagePolicy
from provider_runtime.domain.policy.leakage.verdicts import GATE, Looked, leakage_verdict
from provider_runtime.domain.policy.verdict import Pass, Refusal, Verdict
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.leakage import LeakScanner, OutboundContent

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

    async def judge(self, prepared: PreparedCall, *, rehearsal: bool) -> Verdict:  # noqa: ARG002 - it uses nothing up
        routed = prepared.routed
        if self.policy.local_exempt and stays_on_this_machine(routed.provider.config):
            return _EXEMPT
        looked = Looked(
            findings=await self._findings(prepared),
            kept=kept_content(routed.call.terms.options.content, self.governance.unclassified),
            opaque=tuple(opaque_parts(routed.call.request.messages)) if self._looks_at_parts else (),
        )
        verdict = leakage_verdict(looked, self.policy)
        if isinstance(verdict, Refusal):
            verdict.error.provider, verdict.error.model = routed.route.provider_id, routed.route.model_id
        return verdict

    async def _findings(self, prepared: PreparedCall) -> tuple[Finding, ...]:
        exchange = prepared.exchange
        content = OutboundContent(
            body=exchange.body,
            url=exchange.url,
            headers=cast("dict[str, str]", prepared.routed.call.terms.options.headers),
            secrets=secrets_of(prepared),
        )
        async with asyncio.timeout(self.policy.time_limit_s):
            found: object = await self.scanner.scan(content)
        if not isinstance(found, tuple) or not all(isinstance(one, Finding) for one in found):
            raise TypeError("a scanner must answer with findings")
        return found


def secrets_of(prepared: PreparedCall) -> tuple[Secret, ...]:
    """The secrets that this call brought with it."""
    credential = prepared.routed.call.terms.options.credential
    return () if credential is None else (credential,)


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
