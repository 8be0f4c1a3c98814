"""Can the provider and the model do what is asked?"""

from attrs import frozen

from provider_runtime.application.call import PreparedCall
from provider_runtime.application.catalog import ActiveCatalog
from provider_runtime.domain.policy.capabilities import asks_for_more_than_text, fault_of_capabilities
from provider_runtime.domain.policy.verdict import Pass, Refusal, Verdict

_PASS = Pass(gate="capability")


@frozen(kw_only=True)
class CapabilityGate:
    """Holds the request against the adapter, and against the model where the catalog knows it."""

    catalog: ActiveCatalog

    def judge(self, prepared: PreparedCall, *, rehearsal: bool) -> Verdict:  # noqa: ARG002 - it uses nothing up
        routed = prepared.routed
        if not asks_for_more_than_text(routed.call.request):
            return _PASS
        fault = fault_of_capabilities(
            routed.call.request,
            routed.provider.capabilities,
            self.catalog.index.find_among(routed.provider.catalog_names, routed.route.model_id),
        )
        if fault is None:
            return _PASS
        fault.provider = routed.route.provider_id
        return Refusal(gate="capability", error=fault)
