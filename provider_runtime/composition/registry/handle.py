"""RuntimeHandle: a registered runtime, the same object through every change of its settings."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from attrs import define, evolve, field

from provider_runtime.adapters.system import SystemClock
from provider_runtime.application.accounting.profile_events import profile_changed
from provider_runtime.application.sending.endings import ending_of, given
from provider_runtime.composition import choices
from provider_runtime.composition.consents.parts import consents
from provider_runtime.composition.consents.settings import MemoryConsents
from provider_runtime.composition.governance.parts import budgets, store
from provider_runtime.composition.governance.settings import AuditStore, Governance, MemoryAudit
from provider_runtime.composition.registry.generations import Generation, drain_all
from provider_runtime.composition.registry.missing import not_ready
from provider_runtime.composition.runtime import ProviderRuntime
from provider_runtime.composition.settings import MemoryLedger, MemoryReceipts, RuntimeSettings
from provider_runtime.domain.calls.options import CallOptions
from provider_runtime.domain.catalog.models import DiscoveryOptions, ModelCatalog
from provider_runtime.domain.conversation.request import ModelRef, ProviderRequest
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import RuntimeClosed
from provider_runtime.domain.identity import RuntimeId
from provider_runtime.domain.policy.consent.plans import ConsentRequest
from provider_runtime.domain.policy.consent.subject import ConsentScope
from provider_runtime.domain.profiles.swapping import ModelSwap, ModelSwapRequest
from provider_runtime.domain.records.events import EventKind, LifecycleEvent
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.governance.budgets import BudgetLedger
from provider_runtime.ports.governance.consent import ConsentLedger
from provider_runtime.ports.stores.journals import ReceiptProvider
from provider_runtime.ports.system import Clock, IdSource, Randomness

if TYPE_CHECKING:
    from provider_runtime.application.consents.desk import ConsentDesk
    from provider_runtime.application.explaining import CallPlan
    from provider_runtime.composition.stores.families import Stores
    from provider_runtime.domain.profiles.resolution import Resolution

T = TypeVar("T")


@define(eq=False, kw_only=True, repr=False)
class RuntimeHandle:
    """One runtime of a registry: ``run``, ``explain``, ``discover_models``, ``export_catalog_json``.

    Stays the same object while the runtime is reset or told new settings; each call sees the
    settings that were in force when it began. ``runtime_id`` is the name of the runtime and the
    mark of its present graph, which receipts and events carry. Raises
    ``MissingProviderRuntimeError`` between a reset and the next activation, ``RuntimeClosed``
    once the runtime is disposed of.
    """

    name: RuntimeId
    _ids: IdSource
    _randomness: Randomness
    _settings: RuntimeSettings
    _parts: Mapping[str, object]
    _generation: Generation | None = field(default=None, init=False)
    _retired: tuple[Generation, ...] = field(default=(), init=False)
    _kept: Mapping[str, object] = field(factory=dict, init=False)
    _disposed: bool = field(default=False, init=False)
    _ledger: BudgetLedger | None = field(default=None, init=False)
    _audit: AuditStore | None = field(default=None, init=False)
    _consents: ConsentLedger | None = field(default=None, init=False)
    _receipt_key: Secret = field(init=False, repr=False)

    @_receipt_key.default
    def _own_key(self) -> Secret:
        return Secret(self._randomness.token(32).hex())

    async def run(self, request: ProviderRequest, options: CallOptions | None = None) -> ProviderResponse:
        """See ``ProviderRuntime.run``."""
        ending = await ending_of(self._during(ProviderRuntime.run, request, options))
        del request, options
        return given(ending)

    async def explain(self, request: ProviderRequest, options: CallOptions | None = None) -> "CallPlan":
        """See ``ProviderRuntime.explain``."""
        ending = await ending_of(self._during(ProviderRuntime.explain, request, options))
        del request, options
        return given(ending)

    async def swap_model(self, request: ModelSwapRequest, options: CallOptions | None = None) -> ModelSwap:
        """See ``ProviderRuntime.swap_model``."""
        ending = await ending_of(self._during(ProviderRuntime.swap_model, request, options))
        del request, options
        return given(ending)

    async def request_consent(
        self,
        request: ProviderRequest,
        options: CallOptions | None = None,
        *,
        scope: ConsentScope = ConsentScope.SINGLE_CALL,
        reason: str | None = None,
    ) -> ConsentRequest:
        """See ``ProviderRuntime.request_consent``."""
        asked = partial(ProviderRuntime.request_consent, scope=scope, reason=reason)
        ending = await ending_of(self._during(asked, request, options))
        del request, options
        return given(ending)

    @property
    def consents(self) -> "ConsentDesk":
        """See ``ProviderRuntime.consents``. In memory, they last through changes of settings, but not of keys."""
        return self.present.runtime.consents

    def resolve(self, model: ModelRef | str) -> "Resolution":
        """See ``ProviderRuntime.resolve``."""
        return self.present.runtime.resolve(model)

    async def discover_models(self, options: DiscoveryOptions | None = None) -> ModelCatalog:
        """See ``ProviderRuntime.discover_models``."""
        return await self._during(ProviderRuntime.discover_models, options)

    def export_catalog_json(self, catalog: ModelCatalog | None = None) -> str:
        """See ``ProviderRuntime.export_catalog_json``."""
        return self.present.runtime.export_catalog_json(catalog)

    @property
    def receipts(self) -> ReceiptProvider:
        """The chain of receipts. In memory it goes on through changes of settings, and ends with a reset."""
        return self.present.runtime.receipts

    @property
    def stores(self) -> "Stores":
        """See ``ProviderRuntime.stores``. A change of settings ends those in memory; those on disk stay."""
        return self.present.runtime.stores

    @property
    def runtime_id(self) -> RuntimeId:
        """The id that receipts and events of the next call carry."""
        return self.present.runtime.runtime_id

    @property
    def settings(self) -> RuntimeSettings:
        """The settings in force."""
        return self._settings

    @property
    def ready(self) -> bool:
        """Whether calls can be made."""
        return self._generation is not None

    @property
    def present(self) -> Generation:
        """The graph that the next call will use. Raises as ``run`` does."""
        self._refuse_if_disposed()
        if self._generation is None:
            raise not_ready(self.name)
        return self._generation

    async def _during(self, method: Callable[..., Awaitable[T]], *arguments: object) -> T:
        async with self.present.call() as runtime:
            return await method(runtime, *arguments)

    def __repr__(self) -> str:
        state = "disposed of" if self._disposed else "reset" if self._generation is None else str(self.runtime_id)
        return f"<RuntimeHandle {self.name}: {state}>"

    # ── what the registry does to it, one at a time ──────────────────────────────────────────

    async def open(self) -> None:
        """Build the graph, if there is none."""
        if self._generation is None:
            await self._begin(self._settings)

    async def _begin(self, settings: RuntimeSettings) -> None:
        kept = self._lasting(settings)
        fresh = await self._opened(settings, kept)
        self._settings, self._generation, self._kept = settings, fresh, kept
        self._tell(EventKind.RUNTIME_ACTIVATED)

    async def reconfigure(self, settings: RuntimeSettings) -> None:
        """From the next call on, hold to ``settings``. If they cannot work, nothing changes."""
        before = self._generation
        if before is None:
            return await self._begin(settings)
        kept = self._kept if settings.receipts == self._settings.receipts else self._lasting(settings)
        fresh = await self._opened(settings, kept)
        try:
            await self._void_consents(fresh.runtime, settings)
        except BaseException:
            await fresh.close()
            raise
        previous, self._settings = self._settings, settings
        self._generation, self._kept = fresh, kept
        self._tell(EventKind.RUNTIME_RECONFIGURED)
        self._tell_of_profile(fresh.runtime, previous)
        return await self._retire(before)

    async def reset(self) -> None:
        """Drop the graph with all it holds; settings, name and what was spent stay. Calls under way end on it."""
        before = self._generation
        if before is not None:
            self._tell(EventKind.RUNTIME_RESET)
            self._generation, self._kept = None, {}
            await self._retire(before)

    async def _retire(self, before: Generation) -> None:
        self._retired = (*(one for one in self._retired if not one.closed), before)
        await before.retire()

    async def dispose(self, drain_s: float) -> None:
        """Take no more calls; give those under way ``drain_s`` seconds; close. Idempotent."""
        self._disposed = True
        before, self._generation = self._generation, None
        retired, self._retired = self._retired, ()
        if before is not None:
            self._tell(EventKind.RUNTIME_DISPOSED, before)
        # A call that began before a change of settings, or a reset, is a call of this runtime, too.
        await drain_all(retired if before is None else (*retired, before), drain_s)

    async def _opened(self, settings: RuntimeSettings, kept: Mapping[str, object]) -> Generation:
        self._refuse_if_disposed()
        lasting = {**self._what_was_spent(settings), **self._what_was_consented(settings)}
        fresh = await Generation.open(self._named(settings), {**lasting, **kept, **self._parts})
        try:
            self._refuse_if_disposed()  # meanwhile
        except RuntimeClosed:
            await fresh.close()
            raise
        return fresh

    def _refuse_if_disposed(self) -> None:
        if self._disposed:
            raise RuntimeClosed(
                key=self.name,
                message=f"runtime {self.name} was disposed of",
                remedy="Register it again, or use another one.",
            )

    def _named(self, settings: RuntimeSettings) -> RuntimeSettings:
        named: RuntimeSettings = evolve(
            settings,
            runtime_id=RuntimeId(f"{self.name}:{self._ids.next_runtime_id()}"),
            name=self.name,
            receipt_key=settings.receipt_key or self._receipt_key,
            governance=self._governed(settings.governance),
        )
        return named

    def _lasting(self, settings: RuntimeSettings) -> dict[str, object]:
        """What a change of settings must not end: receipts that are kept in memory."""
        kept_in_memory = isinstance(settings.receipts, MemoryReceipts) and "receipts" not in self._parts
        return {"receipts": choices.plain_receipts(settings)} if kept_in_memory else {}

    def _what_was_spent(self, settings: RuntimeSettings) -> dict[str, object]:
        """What is counted in memory: one count for as long as the runtime is registered.

        A rotated key would be fresh money otherwise, and fresh uses of a grant.
        """
        counted: dict[str, object] = {}
        if isinstance(settings.ledger, MemoryLedger) and "ledger" not in self._parts:
            if self._ledger is None:
                clock = self._parts.get("clock")
                self._ledger = choices.ledger(settings, clock if isinstance(clock, Clock) else SystemClock())
            if self._ledger is not None and budgets(settings.budgets, settings.governance):
                counted["ledger"] = self._ledger
        return counted

    def _governed(self, governance: Governance | None) -> Governance | None:
        """With the audit in memory that it has had from the beginning: its grants are used as often as they were."""
        if governance is None or not isinstance(governance.audit, MemoryAudit):
            return governance
        if self._audit is None:
            self._audit = store(governance.audit)
        return evolve(governance, audit=self._audit)

    def _what_was_consented(self, settings: RuntimeSettings) -> dict[str, object]:
        """The ledger of consents in memory: one for as long as the runtime is registered."""
        wanted = settings.consents
        if wanted is None or not isinstance(wanted.place, MemoryConsents) or "consents" in self._parts:
            return {}
        if self._consents is None:
            clock = self._parts.get("clock")
            self._consents = consents(settings, clock if isinstance(clock, Clock) else SystemClock())
        return {"consents": self._consents}

    async def _void_consents(self, runtime: ProviderRuntime, settings: RuntimeSettings) -> None:
        """Take back what was consented to under a key that is another one now: it may be another account."""
        if runtime.desk is None:
            return
        before, after = self._settings.credentials, settings.credentials
        for provider in sorted({*before, *after}):
            if before.get(provider) != after.get(provider):
                await runtime.desk.void(provider, runtime=self.name)

    def _tell_of_profile(self, runtime: ProviderRuntime, before: RuntimeSettings) -> None:
        if self._settings.profile != before.profile:
            previous = None if before.profile is None else before.profile.profile_id
            now = runtime.clock.now()
            runtime.settlement.telemetry.emit(
                profile_changed(runtime.runtime_id, self._settings.profile, previous, now)
            )

    def _tell(self, kind: EventKind, generation: Generation | None = None) -> None:
        told = generation or self._generation
        if told is not None:
            runtime = told.runtime
            event = LifecycleEvent(kind=kind, runtime_id=runtime.runtime_id, at=runtime.clock.now())
            runtime.settlement.telemetry.emit(event)
