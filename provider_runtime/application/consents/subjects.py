"""Subjects: what each call of one runtime would need consent for."""

from typing import Any

from attrs import define, evolve, field

from provider_runtime.application.budgets.bounds import WorstCases
from provider_runtime.application.call import PreparedCall, RoutedCall
from provider_runtime.application.providers import RegisteredProvider
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.identity import ProviderId, RuntimeId
from provider_runtime.domain.policy.consent.plans import ProjectionPlan
from provider_runtime.domain.policy.consent.subject import SUBJECT_FORM, ConsentSubject, data_classes_of, edition_of
from provider_runtime.domain.policy.credentials import sources_in_order
from provider_runtime.domain.policy.leakage.findings import Finding
from provider_runtime.domain.profiles.profile import WorkProfile
from provider_runtime.domain.values import sealed

TENANT_LABEL = "tenant"
PURPOSE_LABEL = "purpose"
_WAYS_KEPT = 1024


@sealed(kw_only=True)
class _Way:
    """What is the same for every call of a model: what its subject says."""

    provider: RegisteredProvider
    said: dict[str, Any]


@define(kw_only=True, eq=False)
class Subjects:
    """Says of prepared calls who is asked, where, for whom, and which bytes. Pure, and reads no secret.

    ``runtime`` is what the runtime is called through every change of its settings. ``given`` are the
    providers whose credential the settings hold themselves.
    """

    runtime: RuntimeId
    policy_version: str
    worst_cases: WorstCases
    profile: WorkProfile | None = None
    given: frozenset[ProviderId] = frozenset()
    token_provider: bool = False
    token_provider_only: bool = False
    _ways: dict[tuple[ProviderId, str, bool], _Way] = field(factory=dict, init=False, repr=False)
    """By provider, model, and whether the call brings a credential of its own."""

    def of(self, prepared: PreparedCall) -> ConsentSubject:
        """What the call would need consent for."""
        exchange, options = prepared.exchange, prepared.routed.call.terms.options
        way, metadata = self._way(prepared.routed), options.metadata
        said = way.said.copy()
        if metadata:
            said["tenant"], said["purpose"] = _label(metadata.get(TENANT_LABEL)), _label(metadata.get(PURPOSE_LABEL))
        said["body_sha256"] = exchange.body_sha256
        said["body_bytes"] = len(exchange.body)
        said["worst_cost_nano_usd"] = self.worst_cases.nano_usd(prepared)
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

    def _way(self, routed: RoutedCall) -> _Way:
        provider, name = routed.provider, (routed.route.provider_id, routed.route.model_id)
        own = routed.own_credential is not None
        way = self._ways.get((*name, own))
        if way is None or way.provider is not provider:
            if len(self._ways) >= _WAYS_KEPT:
                self._ways.clear()
            way = self._ways[*name, own] = self._new_way(provider, *name, own=own)
        return way

    def _new_way(self, provider: RegisteredProvider, provider_id: ProviderId, model: str, *, own: bool) -> _Way:
        said: dict[str, Any] = {}
        said["runtime"] = self.runtime
        said["provider"] = provider_id
        said["record"] = self._edition(provider.config, own=own)
        said["origin"] = provider.origin_text or "nowhere"
        said["tier"] = provider.config.tier
        said["model"] = model
        said["profile"] = None if self.profile is None else self.profile.profile_id
        said["policy_version"] = self.policy_version
        return _Way(provider=provider, said=said)

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
