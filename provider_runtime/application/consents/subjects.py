"""Subjects: what each call of one runtime would need consent for."""

from attrs import define, field

from provider_runtime.application.accounting.recording import nano_usd
from provider_runtime.application.budgets.bounds import worst_case_of
from provider_runtime.application.call import PreparedCall
from provider_runtime.application.catalog import ActiveCatalog
from provider_runtime.domain.catalog.pricing import PricingTable
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.identity import ProviderId, RuntimeId
from provider_runtime.domain.policy.consent.plans import ProjectionPlan
from provider_runtime.domain.policy.consent.subject import ConsentSubject, data_classes_of, edition_of
from provider_runtime.domain.policy.credentials import sources_in_order
from provider_runtime.domain.policy.leakage.findings import Finding
from provider_runtime.domain.profiles.profile import WorkProfile

TENANT_LABEL = "tenant"
PURPOSE_LABEL = "purpose"
_EDITIONS_KEPT = 1024


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
    _editions: dict[tuple[ProviderConfig, bool], str] = field(factory=dict, init=False, repr=False)

    def of(self, prepared: PreparedCall) -> ConsentSubject:
        """What the call would need consent for."""
        routed, exchange = prepared.routed, prepared.exchange
        options = routed.call.terms.options
        return ConsentSubject(
            runtime=self.runtime,
            tenant=_label(options.metadata.get(TENANT_LABEL)),
            purpose=_label(options.metadata.get(PURPOSE_LABEL)),
            provider=routed.route.provider_id,
            record=self._edition(routed.provider.config, own=routed.own_credential is not None),
            origin=routed.provider.origin_text or "nowhere",
            tier=routed.provider.config.tier,
            model=routed.route.model_id,
            body_sha256=exchange.body_sha256,
            body_bytes=len(exchange.body),
            worst_cost_nano_usd=nano_usd(worst_case_of(prepared, self.catalog, self.prices)),
            session=options.conversation_id,
            profile=None if self.profile is None else self.profile.profile_id,
            data_classes=data_classes_of(options.content),
            policy_version=self.policy_version,
        )

    def plan(self, prepared: PreparedCall, findings: tuple[Finding, ...] = ()) -> ProjectionPlan:
        """Everything that a person consents to. ``findings`` are what the leak guard saw."""
        routed = prepared.routed
        codes = sorted({warning.code for warning in prepared.warnings})
        masked = WarningCode.SECRET_REDACTED.value
        return ProjectionPlan(
            subject=self.of(prepared),
            endpoint=prepared.exchange.url,
            role=None if routed.call.played is None else routed.call.played.role,
            warnings=tuple(code for code in codes if code != masked),
            redactions=tuple(sorted(warning.message for warning in prepared.warnings if warning.code == masked)),
            findings=findings,
        )

    def _edition(self, config: ProviderConfig, *, own: bool) -> str:
        known = self._editions.get((config, own))
        if known is not None:
            return known
        sources = sources_in_order(
            config.credential,
            call=own,
            runtime=config.provider_id in self.given,
            token_provider=self.token_provider,
            token_provider_only=self.token_provider_only,
        )
        if len(self._editions) >= _EDITIONS_KEPT:
            self._editions.clear()
        edition = self._editions[config, own] = edition_of(config, ",".join(map(str, sources)))
        return edition


def _label(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
