"""May this address be contacted?"""

from attrs import field, frozen

from provider_runtime.application.call import PreparedCall
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.errors import CallRefused
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.policy.credentials import fault_of_binding
from provider_runtime.domain.policy.endpoints import fault_of_base_url
from provider_runtime.domain.policy.verdict import Pass, Refusal, Verdict

_PASS = Pass(gate="endpoint")


@frozen(kw_only=True)
class EndpointGate:
    """Judges the text of the base URL, and whether the provider's credential was given for it.

    The transport judges every address that it leads to.

    Records are frozen, so one that passed is not read again; ``_sound`` holds those, by their ids.
    """

    _sound: dict[ProviderId, ProviderConfig] = field(factory=dict, init=False, repr=False, eq=False)

    def judge(self, prepared: PreparedCall, *, rehearsal: bool) -> Verdict:  # noqa: ARG002 - it uses nothing up
        config = prepared.routed.provider.config
        if self._sound.get(config.provider_id) is config:
            return _PASS
        fault: CallRefused | None = fault_of_base_url(config.base_url, config.tier, config.allowed_networks)
        fault = fault or fault_of_binding(config)
        if fault is None:
            self._sound[config.provider_id] = config
            return _PASS
        fault.provider, fault.model = config.provider_id, prepared.routed.route.model_id
        return Refusal(gate="endpoint", error=fault)
