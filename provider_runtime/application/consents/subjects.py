"""Subjects: what each call of one runtime would need consent for."""

from functools import cached_property, partial
from typing import Any, Final

from attrs import asdict, define, field

from provider_runtime.application.budgets.bounds import WorstCases
from provider_runtime.application.call import PreparedCall, RoutedCall
from provider_runtime.application.providers import RegisteredProvider
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.conversation.warnings import WarningCode
from provider_runtime.domain.forms import Form
from provider_runtime.domain.identity import ProviderId, RuntimeId
from provider_runtime.domain.policy.consent.plans import ProjectionPlan
from provider_runtime.domain.policy.consent.subject import ConsentSubject, data_classes_of, edition_of
from provider_runtime.domain.policy.credentials import sources_in_order
from provider_runtime.domain.policy.leakage.findings import Finding
from provider_runtime.domain.profiles.profile import WorkProfile
from provider_runtime.domain.values import sealed

TENANT_LABEL = "tenant"
PURPOSE_LABEL = "purpose"
_WAYS_KEPT = 1024


class SubjectOfCall(ConsentSubject):
    """What a call on its way would need consent for. What takes long to say is worked out once somebody asks: few do.

    Only the facts go with it wherever it is kept, and nothing of what the call says.
    """

    _prepared: PreparedCall
    _worst_cases: WorstCases

    @cached_property
    def body_sha256(self) -> str:
        return self._prepared.exchange.body_sha256

    @cached_property
    def worst_cost_nano_usd(self) -> int | None:
        return self._worst_cases.nano_usd(self._prepared)

    def kept(self) -> ConsentSubject:
        """The facts alone, each looked at once more: somebody is going to keep them."""
        return ConsentSubject(**asdict(self, recurse=False))

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(ConsentSubject, **asdict(self, recurse=False)), ()


SUBJECT_FORM: Final = Form(SubjectOfCall)
"""Whose facts were looked at on their way."""


@sealed
class _Way:
    """What is the same for every call of a model that names no tenant and no purpose: what its subject says."""

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

    def of(self, prepared: PreparedCall) -> SubjectOfCall:
        """What the call would need consent for."""
        options = prepared.routed.call.terms.options
        said, metadata = self._way(prepared.routed).said.copy(), options.metadata
        if metadata:
            said["tenant"], said["purpose"] = _label(metadata.get(TENANT_LABEL)), _label(metadata.get(PURPOSE_LABEL))
            del said["standing"]  # it is another one
        said["_prepared"] = prepared
        said["body_bytes"] = len(prepared.exchange.body)
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
            subject=self.of(prepared).kept(),
            endpoint=prepared.exchange.url,
            role=None if routed.call.played is None else routed.call.played.role,
            warnings=tuple(code for code in codes if code != masked),
            redactions=tuple(sorted(warning.message for warning in prepared.warnings if warning.code == masked)),
            findings=findings,
        )

    def _way(self, routed: RoutedCall) -> _Way:
        provider, route = routed.provider, routed.route
        name = route.provider_id, route.model_id, routed.own_credential is not None
        way = self._ways.get(name)
        if way is None or way.provider is not provider:
            if len(self._ways) >= _WAYS_KEPT:
                self._ways.clear()
            way = self._ways[name] = self._new_way(provider, *name)
        return way

    def _new_way(self, provider: RegisteredProvider, provider_id: ProviderId, model: str, own: bool) -> _Way:  # noqa: FBT001 - as the way is called
        said: dict[str, Any] = {"_worst_cases": self.worst_cases}
        said["runtime"] = self.runtime
        said["provider"] = provider_id
        said["record"] = self._edition(provider.config, own=own)
        said["origin"] = provider.origin_text or "nowhere"
        said["tier"] = provider.config.tier
        said["model"] = model
        said["profile"] = None if self.profile is None else self.profile.profile_id
        said["policy_version"] = self.policy_version
        said["standing"] = SUBJECT_FORM.filled(said.copy()).standing
        return _Way(provider, said)

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
