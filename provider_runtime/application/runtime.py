"""A call, told as the specification tells it."""

from typing import Final

from attrs import define, frozen

from provider_runtime.application.accounting.settlement import Settlement
from provider_runtime.application.call import Call
from provider_runtime.application.catalog import ActiveCatalog
from provider_runtime.application.clearance import Clearance
from provider_runtime.application.discovery import Discovery
from provider_runtime.application.explaining import CallPlan, Explaining
from provider_runtime.application.preparation import Preparation
from provider_runtime.application.routing import Routing
from provider_runtime.application.sending import Sending
from provider_runtime.domain.catalog.exporting import catalog_as_json
from provider_runtime.domain.catalog.models import DiscoveryOptions, ModelCatalog
from provider_runtime.domain.conversation.request import CallOptions, ProviderRequest
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import RuntimeClosed
from provider_runtime.domain.identity import RuntimeId
from provider_runtime.ports.journals import ReceiptProvider
from provider_runtime.ports.system import Clock, IdSource

_NO_OPTIONS: Final = CallOptions()


@define(kw_only=True)
class Lifetime:
    """Whether a runtime may still be used."""

    runtime_id: RuntimeId
    closed: bool = False

    def refuse_if_closed(self) -> None:
        """Raise ``RuntimeClosed`` once the runtime was closed."""
        if self.closed:
            raise RuntimeClosed(
                key=self.runtime_id,
                message=f"runtime {self.runtime_id} was closed",
                remedy="Use a runtime inside its `async with`, or open a fresh one.",
            )


@frozen(kw_only=True)
class CallRuntime:
    """One isolated runtime: everything a call needs, and nothing that another runtime can reach.

    Keeps nothing between calls but its receipts and its catalog; safe for any number of calls at
    once in one event loop.
    """

    runtime_id: RuntimeId
    ids: IdSource
    clock: Clock
    lifetime: Lifetime
    catalog: ActiveCatalog
    routing: Routing
    preparation: Preparation
    clearance: Clearance
    sending: Sending
    settlement: Settlement
    explaining: Explaining
    discovery: Discovery

    async def run(self, request: ProviderRequest, options: CallOptions | None = None) -> ProviderResponse:
        """One request, one response, one receipt.

        Raises ``RoutingError``, ``CallRefused`` or ``ConfigError`` when nothing was sent, and
        ``ProviderError`` when the provider, or the way to it, failed.
        """
        self.lifetime.refuse_if_closed()
        call = self._call(request, options)
        async with self.settlement.account(call) as account:  # one receipt, however this ends
            routed = account.reached(self.routing.route(call))  # which provider, model and tier
            prepared = account.reached(self.preparation.prepare(routed))  # the exact bytes, frozen; pure
            cleared = account.reached(await self.clearance.clear(prepared))  # every gate, or CallRefused
            answered = await self.sending.send(cleared, account.attempts)  # the only step that leaves the process
            return await account.settle(answered)  # price, receipt, events

    async def explain(self, request: ProviderRequest, options: CallOptions | None = None) -> CallPlan:
        """The same route, bytes, warnings and verdicts that ``run`` would have, with nothing sent.

        Raises like ``run`` when there is no route or nothing that could be sent.
        """
        self.lifetime.refuse_if_closed()
        routed = self.routing.route(self._call(request, options))
        return await self.explaining.explain(self.preparation.prepare(routed))

    async def discover_models(self, options: DiscoveryOptions | None = None) -> ModelCatalog:
        """The catalog in use; asks the providers only with ``remote`` and ``refresh_cache`` both set."""
        self.lifetime.refuse_if_closed()
        return await self.discovery.discover(options or DiscoveryOptions())

    def export_catalog_json(self, catalog: ModelCatalog | None = None) -> str:
        """A catalog, by default the one in use, as JSON text that is the same for any order of entry."""
        return catalog_as_json(catalog or self.catalog.current)

    @property
    def receipts(self) -> ReceiptProvider:
        """The chain of receipts of this runtime."""
        return self.settlement.receipts

    def _call(self, request: ProviderRequest, options: CallOptions | None) -> Call:
        return Call(
            call_id=self.ids.next_call_id(),
            runtime_id=self.runtime_id,
            request=request,
            options=options or _NO_OPTIONS,
            started_at=self.clock.now(),
            started=self.clock.monotonic(),
        )
