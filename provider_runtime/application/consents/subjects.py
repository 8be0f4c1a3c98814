"""Subjects: what each call of one runtime would need consent for."""

from typing import Any

from attrs import define, evolve, field

from provider_runtime.application.budgets.bounds import worst_nano_usd_of
from provider_runtime.application.call import PreparedCall
from provider_runtime.application.catalog import ActiveCatalog
from provider_runtime.application.providers import RegisteredProvider
from provider_runtime.domain.catalog.pricing import PricingTable
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.identity import ProviderId, RuntimeId
from provider_runtime.domain.policy.consent.plans import ProjectionPlan
from provider_runtime.domain.policy.consent.subject import SUBJECT_FORM, ConsentSubject, data_classes_of, edition_of
from provider_runtime.domain.policy.credentials import sources_in_order
from provider_runtime.domain.policy.leakage.findings import Finding
from provider_runtime.domain.profiles.profile import WorkProfile

TENANT_LABEL = "tenant"
PURPOSE_LABEL = "purpose"


@define(kw_only=True, eq=False)
class Subjects:
    """Says of prepared calls who is asked, where, for whom, and which bytes. Pure, and reads no secret.

    ``runtime`` is what the runtime is called through every change of its settings. ``given`` are the
    providers whose credential the settings hold themselves.
    """

    runtime: RuntimeId
    policy_version: str
    catalog: ActiveCatalog
    prices: PricingTable | None = None
    profile: WorkProfile | None = None
    given: frozenset[ProviderId] = frozenset()
    token_provider: bool = False
    token_provider_only: bool = False
    _known: dict[tuple[ProviderId, bool], tuple[RegisteredProvider, dict[str, Any]]] = field(
        factory=dict, init=False, repr=False
    )
    """What is the same for every call to a provider, by whose credential is used; and the provider it is said of."""

    def of(self, prepared: PreparedCall) -> ConsentSubject:
        """What the call would need consent for."""
        routed, exchange = prepared.routed, prepared.exchange
        options = routed.call.terms.options
        metadata = options.metadata
        said = self._said_of(routed.provider, own=routed.own_credential is not None).copy()
        if metadata:
            said["tenant"], said["purpose"] = _label(metadata.get(TENANT_LABEL)), _label(metadata.get(PURPOSE_LABEL))
        said["model"] = routed.route.model_id
        said["body_sha256"], said["body_bytes"] = exchange.body_sha256, len(exchange.body)
        said["worst_cost_nano_usd"] = worst_nano_usd_of(prepared, self.catalog, self.prices)
        said["session"] = options.conversation_id
        if options.content:
            said["data_classes"] = data_classes_of(options.content)
        return SUBJECT_FORM.filled(said)

    def plan(self, prepared: PreparedCall, findings: tuple[Finding, ...] = ()) -> ProjectionPlan:
        """Everything that a person consents to. ``findings`` are what the leak guard saw."""
        routed = prepared.routed
        codes = sorted({warning.code for warning in prepared.warnings})
        masked = WarningCode.SECRET_REDACTED.value
        return ProjectionPlan(
            subject=evolve(self.of(prepared)),  # each fact looked at once more: somebody is going to keep it
            endpoint=prepared.exchange.url,
            role=None if routed.call.played is None else routed.call.played.role,
            warnings=tuple(code for code in codes if code != masked),
            redactions=tuple(sorted(warning.message for warning in prepared.warnings if warning.code == masked)),
            findings=findings,
        )

    def _said_of(self, provider: RegisteredProvider, *, own: bool) -> dict[str, Any]:
        name = provider.config.provider_id
        known = self._known.get((name, own))
        if known is not None and known[0] is provider:
            return known[1]
        said = SUBJECT_FORM.copy()
        said["runtime"] = self.runtime
        said["provider"] = name
        said["record"] = self._edition(provider.config, own=own)
        said["origin"] = provider.origin_text or "nowhere"
        said["tier"] = provider.config.tier
        said["profile"] = None if self.profile is None else self.profile.profile_id
        said["policy_version"] = self.policy_version
        self._known[name, own] = provider, said
        return said

    def _edition(self, config: ProviderConfig, *, own: bool) -> str:
        sources = sources_in_order(
            config.credential,
            call=own,
            runtime=config.provider_id in self.given,
            token_provider=self.token_provider,
            token_provider_only=self.token_provider_only,
        )
        return edition_of(config, ",".join(map(str, sources)))


def _label(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
