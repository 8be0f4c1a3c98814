"""From a model reference to a route: hint, then catalog, then default, then an error."""

from attrs import frozen

from provider_runtime.application.assignments import Assignments
from provider_runtime.application.call import Call, RoutedCall
from provider_runtime.application.catalog import ActiveCatalog
from provider_runtime.application.providers import Providers
from provider_runtime.domain.catalog.models import ModelInfo
from provider_runtime.domain.conversation.request import ModelRef
from provider_runtime.domain.errors import MissingProviderRuntimeError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.profiles.resolution import Resolution, RuleFinding, findings, resolve, route_in_role


@frozen(kw_only=True)
class Routing:
    """Finds the provider of a call. Pure but for the catalog in use."""

    providers: Providers
    catalog: ActiveCatalog
    default_provider: ProviderId | None = None

    def route(self, call: Call) -> RoutedCall:
        """The call with its provider.

        Raises a ``RoutingError``, ``MissingProviderRuntimeError`` where there is nobody at all to ask,
        and for a call in a role ``AssignmentInvalid`` or ``ModelNotAllowed``.
        """
        if not self.providers.ids:
            raise MissingProviderRuntimeError(
                provider_key=str(call.request.model.provider_hint or "provider-runtime"),
                missing_fields=("providers",),
                stage="routing",
                requirement="REQ-SP4-003",
                message="this runtime was given no provider, and borrows none",
                remediation=("List providers in the settings: RuntimeSettings(providers=(preset('openai'),)).",),
            )
        found = route_in_role(
            call.request.model,
            call.played,
            self.providers.ids,
            self.catalog.index,
            default_provider=self.default_provider,
        )
        return RoutedCall(call, found, self.providers.get(found.provider_id))

    def listed(self, provider_id: ProviderId, model_id: str) -> ModelInfo | None:
        """The catalog's entry for a model of a provider of this runtime, under whichever name it stands."""
        return self.catalog.index.find_among(self.providers.get(provider_id).config.catalog_names, model_id)

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
