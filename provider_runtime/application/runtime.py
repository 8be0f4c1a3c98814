"""A call, told as the specification tells it."""

from collections.abc import Awaitable, Callable

from attrs import define, frozen

from provider_runtime.application.accounting.settlement import Account, Settlement
from provider_runtime.application.assignments import Assignments
from provider_runtime.application.call import AnsweredCall, Call
from provider_runtime.application.catalog import ActiveCatalog
from provider_runtime.application.clearance import Clearance
from provider_runtime.application.consents.desk import ConsentDesk
from provider_runtime.application.discovery import Discovery
from provider_runtime.application.explaining import CallPlan, Explaining
from provider_runtime.application.health import HealthChecks
from provider_runtime.application.preparation import Preparation
from provider_runtime.application.routing import Routing
from provider_runtime.application.sending.alternatives import first_answer
from provider_runtime.application.sending.attempts import Sending
from provider_runtime.application.sending.endings import ending_of, given
from provider_runtime.application.sending.once import Once
from provider_runtime.application.sending.recall import Recall
from provider_runtime.application.swaps.swapper import Swaps
from provider_runtime.application.terms import CallTerms
from provider_runtime.domain.calls.options import CallOptions
from provider_runtime.domain.catalog.exporting import catalog_as_json
from provider_runtime.domain.catalog.health import ProviderHealth
from provider_runtime.domain.catalog.models import DiscoveryOptions, ModelCatalog
from provider_runtime.domain.conversation.request import ModelRef, ProviderRequest
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import (
    MissingProviderRuntimeError,
    ProviderNotRegistered,
    ProviderRuntimeError,
    RequestInvalid,
    RuntimeClosed,
)
from provider_runtime.domain.identity import ProviderId, RuntimeId
from provider_runtime.domain.policy.consent.plans import ConsentRequest, fault_of_reason
from provider_runtime.domain.policy.consent.subject import ConsentScope, fault_of_scope_name
from provider_runtime.domain.policy.verdict import Refusal
from provider_runtime.domain.profiles.resolution import Resolution
from provider_runtime.domain.profiles.swapping import ModelSwap, ModelSwapRequest
from provider_runtime.ports.stores.journals import ReceiptProvider
from provider_runtime.ports.system import Clock, IdSource


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


@frozen(kw_only=True, repr=False)
class CallRuntime:
    """One isolated runtime: everything a call needs, and nothing that another runtime can reach.

    Keeps nothing between calls but its receipts, its catalog, and answers that it is told to keep;
    safe for any number of calls at once in one event loop.
    """

    runtime_id: RuntimeId
    ids: IdSource
    clock: Clock
    lifetime: Lifetime
    terms: CallTerms
    catalog: ActiveCatalog
    once: Once
    assignments: Assignments
    routing: Routing
    preparation: Preparation
    clearance: Clearance
    recall: Recall
    sending: Sending
    settlement: Settlement
    explaining: Explaining
    discovery: Discovery
    health: HealthChecks
    swaps: Swaps
    desk: ConsentDesk | None = None

    async def run(self, request: ProviderRequest, options: CallOptions | None = None) -> ProviderResponse:
        """One request, one response, one receipt.

        Raises ``RoutingError``, ``CallRefused`` or ``ConfigError`` when nothing was sent, and
        ``ProviderError`` when the provider, or the way to it, failed.
        """
        self.lifetime.refuse_if_closed()
        ending = await ending_of(self._answer_to(self._call(request, options)))
        del request, options
        return given(ending)

    def _answer_to(self, call: Call) -> Awaitable[ProviderResponse]:
        return self._made_once(call) if self.once.applies_to(call) else self._made(call)

    async def _made(self, call: Call) -> ProviderResponse:
        async with self.settlement.account(call) as account:  # one receipt, however this ends
            assigned = account.reached(self.assignments.assign(call))  # who plays the role, if one is named
            answered = await first_answer(assigned, account, self._ask)  # the model asked for, or an alternative
            return await account.settle(answered)  # price, receipt, events

    async def _ask(self, call: Call, account: Account) -> AnsweredCall:
        recalls = self.recall.applies_to(call)  # whether an answer that was kept will do
        routed = account.reached(self.routing.route(call))  # which provider, model and tier
        self.sending.resilience.refuse_if_open(routed)
        prepared = account.reached(self.preparation.prepare(routed))  # the exact bytes, frozen; pure
        cleared = account.cleared(await self.clearance.clear(prepared))  # every gate, or CallRefused
        if recalls:
            return await self.recall.answer(cleared, account)
        return await self.sending.send(cleared, account.attempts)  # the only step that leaves the process

    async def _made_once(self, call: Call) -> ProviderResponse:
        try:
            prepared = self.preparation.prepare(self.routing.route(self.assignments.assign(call)))
        except ProviderRuntimeError:
            return await self._made(call)  # fails in the same way, with a receipt
        return await self.once.make(prepared, lambda: self._made(call))

    async def explain(self, request: ProviderRequest, options: CallOptions | None = None) -> CallPlan:
        """The same route, bytes, warnings and verdicts that ``run`` would have, with nothing sent.

        Raises like ``run`` when there is no route or nothing that could be sent.
        """
        self.lifetime.refuse_if_closed()
        ending = await ending_of(self._explained(self._call(request, options)))
        del request, options
        return given(ending)

    async def _explained(self, call: Call) -> CallPlan:
        routed = self.routing.route(self.assignments.assign(call))
        return await self.explaining.explain(self.preparation.prepare(routed), self.routing.findings(routed))

    async def request_consent(
        self,
        request: ProviderRequest,
        options: CallOptions | None = None,
        *,
        scope: ConsentScope = ConsentScope.SINGLE_CALL,
        reason: str | None = None,
    ) -> ConsentRequest:
        """Have a person asked whether this very call may be made. Nothing is sent, and nothing decided.

        What waits is the plan of the call: who is asked and where, digest and size of its bytes, what it
        may cost, what was found in it. Decide with ``consents``. Raises what ``run`` would be refused
        with besides the want of consent, and ``MissingProviderRuntimeError`` without a ledger of consents.
        """
        self.lifetime.refuse_if_closed()
        ending = await ending_of(self._asked_for(self._call(request, options), scope, reason))
        del request, options
        return given(ending)

    async def _asked_for(self, call: Call, scope: ConsentScope, reason: str | None) -> ConsentRequest:
        desk = self.consents
        for name, fault in (("scope", fault_of_scope_name(scope)), ("reason", fault_of_reason(reason))):
            if fault is not None:
                raise RequestInvalid(gate="consent", field=name, message=fault, remedy=f"Give another {name}.")
        routed = self.routing.route(self.assignments.assign(call))
        plan = await self.explaining.projection(self.preparation.prepare(routed))
        return await desk.ask(plan, scope=ConsentScope(scope), reason=reason)

    @property
    def consents(self) -> ConsentDesk:
        """Where consents are given, denied, revoked and looked at.

        Raises ``MissingProviderRuntimeError`` where there is no ledger of consents.
        """
        if self.desk is None:
            raise MissingProviderRuntimeError(
                missing_fields=("consents",),
                stage="consent",
                requirement="REQ-SP4-003",
                message="nobody can consent to calls of this runtime: it has no ledger of consents",
                remediation=("Give it one: RuntimeSettings(consents=ConsentSettings(…)).",),
            )
        return self.desk

    def resolve(self, model: ModelRef | str) -> Resolution:
        """Who would answer a role or a model, and why: pure, whatever is up or down at the moment.

        Raises ``AssignmentInvalid``, ``ModelNotAllowed``, ``TierRefused`` for a role that is kept
        local and led to the cloud, a ``RoutingError``, and ``ValueError`` for text that is no reference.
        """
        self.lifetime.refuse_if_closed()
        asked = ModelRef.parse(model) if isinstance(model, str) else model
        return self.routing.resolve(asked, self.assignments)

    async def swap_model(self, request: ModelSwapRequest, options: CallOptions | None = None) -> ModelSwap:
        """Another model for a job: its state verified, a fresh context compiled and cleared, or all stays as it was.

        ``options`` are those with which the job makes its calls: the fresh context is cleared as such
        a call. Needs the parts ``states`` and ``context_compiler``. Raises ``SwapRefused``, ``SwapFailed``,
        the ``CallRefused`` of a gate, a ``BackendError``, and ``MissingProviderRuntimeError`` without
        those parts.
        """
        self.lifetime.refuse_if_closed()
        ending = await ending_of(self._swapped(request, options))
        del request, options
        return given(ending)

    async def _swapped(self, request: ModelSwapRequest, options: CallOptions | None) -> ModelSwap:
        return await self.swaps.swap(request, lambda fresh: self._rehearse(fresh, options))

    async def _rehearse(self, request: ProviderRequest, options: CallOptions | None) -> None:
        """Raise what would keep ``request`` from being sent; send nothing, use nothing up."""
        routed = self.routing.route(self.assignments.assign(self._call(request, options)))
        for verdict in await self.clearance.rehearse(self.preparation.prepare(routed)):
            if isinstance(verdict, Refusal):
                raise verdict.error

    async def discover_models(self, options: DiscoveryOptions | None = None) -> ModelCatalog:
        """The catalog in use; asks the providers only with ``remote`` and ``refresh_cache`` both set."""
        self.lifetime.refuse_if_closed()
        return await self.discovery.discover(options or DiscoveryOptions())

    async def check_providers(
        self,
        *providers: str,
        timeout_s: float = 10.0,
        heard: Callable[[ProviderHealth], None] | None = None,
    ) -> tuple[ProviderHealth, ...]:
        """Whether ``providers``, by default all, are ready: each asked at once for its list of models, sorted by id.

        No provider's failure raises. ``heard`` is told of each as it answers, or fails to within
        ``timeout_s``. Raises ``ProviderNotRegistered`` for an id that this runtime does not know.
        """
        self.lifetime.refuse_if_closed()
        known = self.routing.providers.ids
        for unknown in sorted(set(providers) - known):
            raise ProviderNotRegistered(provider=ProviderId(unknown), message=f"this runtime does not know {unknown}")
        return await self.health.check_all((ProviderId(name) for name in providers or known), timeout_s, heard)

    def export_catalog_json(self, catalog: ModelCatalog | None = None) -> str:
        """A catalog, by default the one in use, as JSON text that is the same for any order of entry."""
        return catalog_as_json(catalog or self.catalog.current)

    @property
    def receipts(self) -> ReceiptProvider:
        """The chain of receipts of this runtime."""
        return self.settlement.receipts

    def __repr__(self) -> str:
        state = "closed" if self.lifetime.closed else "open"
        known = ", ".join(sorted(self.routing.providers.ids)) or "nobody"
        return f"<{type(self).__name__} {self.runtime_id}: {state}, asks {known}>"

    @property
    def telemetry_failures(self) -> int:
        """How often the event sink failed. No call ever fails for it."""
        return self.settlement.telemetry.failures

    def _call(self, request: ProviderRequest, options: CallOptions | None) -> Call:
        terms = self.terms.for_call(options)
        call_id = terms.options.call_id or self.ids.next_call_id()
        return Call(call_id, self.runtime_id, request, terms, self.clock.now(), self.clock.monotonic())
