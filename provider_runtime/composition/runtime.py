"""ProviderRuntime: the runtime as its users see it."""

from typing import TYPE_CHECKING

from attrs import frozen

from provider_runtime.application.runtime import CallRuntime
from provider_runtime.domain.errors import MissingProviderRuntimeError, ProviderNotRegistered
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.policy.credentials import CredentialReport
from provider_runtime.ports.governance.provider import GovernanceProvider
from provider_runtime.ports.governance.security import SecurityProvider
from provider_runtime.ports.tokens import CredentialFinder

if TYPE_CHECKING:
    from provider_runtime.composition.builder import ProviderRuntimeBuilder
    from provider_runtime.composition.stores.families import Stores


@frozen(kw_only=True, repr=False)
class ProviderRuntime(CallRuntime):
    """One isolated runtime: ``run``, ``explain``, ``discover_models``, ``export_catalog_json``.

    Open one with ``async with open_runtime(settings) as runtime``, or step by step with
    ``async with ProviderRuntime.builder()….build() as runtime``.
    ``governance`` and ``security`` are those that govern it, if any: what is left of the budget
    (``runtime.governance.report()``), and what was decided (``runtime.security.audit_log()``).
    """

    credential_finder: CredentialFinder
    governance: GovernanceProvider | None = None
    security: SecurityProvider | None = None
    own_stores: "Stores | None" = None

    @property
    def stores(self) -> "Stores":
        """The families of records of this runtime; ``run`` keeps nothing there but answers it is told to keep.

        Raises ``MissingProviderRuntimeError`` for a runtime whose settings name no ``stores``.
        """
        self.lifetime.refuse_if_closed()
        if self.own_stores is None:
            raise MissingProviderRuntimeError(
                missing_fields=("stores",),
                stage="stores",
                message="this runtime was told of no place for records",
                remediation=("Give it one: RuntimeSettings(stores=StoreSettings(place=…)), or use open_stores(…).",),
            )
        return self.own_stores

    async def credential_report(self, provider: str) -> CredentialReport:
        """Where a call to ``provider`` would get its credential from, told without it. Nothing is sent.

        Sources are looked at for whether they hold one, but no ``TokenProvider`` is asked. An adapter
        that was handed in ready-made has sources of its own, of which this knows nothing.
        Raises ``ProviderNotRegistered``.
        """
        self.lifetime.refuse_if_closed()
        provider_id = ProviderId(provider)
        if provider_id not in self.routing.providers.ids:
            raise ProviderNotRegistered(provider=provider_id, message=f"this runtime does not know {provider_id}")
        return await self.credential_finder.report(self.routing.providers.get(provider_id).config)

    @staticmethod
    def builder() -> "ProviderRuntimeBuilder":
        """An empty builder."""
        from provider_runtime.composition.builder import ProviderRuntimeBuilder  # noqa: PLC0415 - builder and runtime name each other

        return ProviderRuntimeBuilder()
