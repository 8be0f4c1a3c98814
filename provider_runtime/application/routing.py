"""From a model reference to a route: hint, then catalog, then default, then an error."""

from attrs import frozen

from provider_runtime.application.call import Call, RoutedCall
from provider_runtime.application.catalog import ActiveCatalog
from provider_runtime.application.providers import Providers
from provider_runtime.domain.catalog.resolving import route
from provider_runtime.domain.identity import ProviderId


@frozen(kw_only=True)
class Routing:
    """Finds the provider of a call. Pure but for the catalog in use."""

    providers: Providers
    catalog: ActiveCatalog
    default_provider: ProviderId | None = None

    def route(self, call: Call) -> RoutedCall:
        """The call with its provider. Raises a ``RoutingError``."""
        found = route(
            call.request.model, self.providers.ids, self.catalog.index, default_provider=self.default_provider
        )
        return RoutedCall(call=call, route=found, provider=self.providers.get(found.provider_id))
