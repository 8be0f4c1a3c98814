"""May this address be contacted?"""

from attrs import frozen

from provider_runtime.application.call import PreparedCall
from provider_runtime.domain.policy.endpoints import fault_of_base_url
from provider_runtime.domain.policy.verdict import Pass, Refusal, Verdict

_PASS = Pass(gate="endpoint")


@frozen(kw_only=True)
class EndpointGate:
    """Judges the text of the base URL; the transport judges every address that it leads to."""

    async def judge(self, prepared: PreparedCall, *, rehearsal: bool) -> Verdict:  # noqa: ARG002 - it uses nothing up
        config = prepared.routed.provider.config
        fault = fault_of_base_url(config.base_url, config.tier, config.allowed_networks)
        if fault is None:
            return _PASS
        fault.provider, fault.model = config.provider_id, prepared.routed.route.model_id
        return Refusal(gate="endpoint", error=fault)
