"""From a model reference to a route: hint, then catalog, then default, then an error."""

from typing import Final

from attrs import field, frozen

from provider_runtime.application.assignments import Assignments
from provider_runtime.application.call import Call, RoutedCall
from provider_runtime.application.catalog import ActiveCatalog
from provider_runtime.application.providers import Providers
from provider_runtime.domain.catalog.models import ModelInfo
from provider_runtime.domain.catalog.resolving import CatalogIndex, Route
from provider_runtime.domain.conversation.request import ModelRef
from provider_runtime.domain.errors import MissingProviderRuntimeError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.profiles.assigning import PlayedRole
from provider_runtime.domain.profiles.resolution import Resolution, RuleFinding, findings, resolve, route_in_role

_MOST_KNOWN: Final = 1024


@frozen(kw_only=True)
class Routing:
    """Finds the provider of a call. Pure but for the catalog in use; a model is looked up once in each."""

    providers: Providers
    catalog: ActiveCatalog
    default_provider: ProviderId | None = None
    _known: dict[ModelRef, tuple[CatalogIndex, Route]] = field(factory=dict, init=False, repr=False, eq=False)
    """The routes of calls without a role, each with the catalog that it was found in."""

    def route(self, call: Call) -> RoutedCall:
        """The call with its provider.

        Raises a ``RoutingError``, ``MissingProviderRuntimeError`` where there is nobody at all to ask,
        and for a call in a role ``AssignmentInvalid`` or ``ModelNotAllowed``.
        """
        model, index = call.request.model, self.catalog.index
        known = self._known.get(model) if call.played is None else None
        found = known[1] if known is not None and known[0] is index else self._found(model, call.played, index)
        return RoutedCall(call, found, self.providers.by_id[found.provider_id])

    def _found(self, model: ModelRef, played: PlayedRole | None, index: CatalogIndex) -> Route:
        if not self.providers.ids:
            raise MissingProviderRuntimeError(
                provider_key=str(model.provider_hint or "provider-runtime"),
                missing_fields=("providers",),
                stage="routing",
                requirement="REQ-SP4-003",
                message="this runtime was given no provider, and borrows none",
                remediation=("List providers in the settings: RuntimeSettings(providers=(preset('openai'),)).",),
            )
        found = route_in_role(model, played, self.providers.ids, index, default_provider=self.default_provider)
        if played is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[model] = index, found
        return found

    def listed(self, provider_id: ProviderId, model_id: str) -> ModelInfo | None:
        """The catalog's entry for a model of a provider of this runtime, under whichever name it stands."""
        return self.catalog.index.find_among(self.providers.get(provider_id).catalog_names, model_id)

    def resolve(self, asked: ModelRef, assignments: Assignments) -> Resolution:
        """Who would answer ``asked``. Raises as the function of that name does."""
        return resolve(
            asked,
            providers={name: provider.config for name, provider in self.providers.by_id.items()},
            catalog=self.catalog.index,
            default_provider=self.default_provider,
            profile=assignments.profile,
            experts=assignments.experts,
        )

    def findings(self, routed: RoutedCall) -> tuple[RuleFinding, ...]:
        """What each rule says of the call, the one that decided marked."""
        return findings(
            routed.call.request.model,
            routed.call.played,
            routed.route,
            self.catalog.index,
            default_provider=self.default_provider,
        )
