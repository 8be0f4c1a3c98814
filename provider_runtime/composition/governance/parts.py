"""The parts that govern a runtime, as its settings ask for them."""

from typing import TYPE_CHECKING

from attrs import frozen

from provider_runtime.adapters.backends.medium import Journal
from provider_runtime.adapters.backends.memory import MemoryDocuments
from provider_runtime.application.gates import Gate
from provider_runtime.application.gates.grants import GrantsGate
from provider_runtime.composition.governance.settings import (
    Audit,
    AuditStore,
    FileAudit,
    Governance,
    MemoryAudit,
    SqliteAudit,
)
from provider_runtime.domain.errors import InvalidSettings
from provider_runtime.domain.identity import RuntimeId
from provider_runtime.domain.policy.budgets.limits import Budget
from provider_runtime.domain.policy.budgets.resources import budgets_of
from provider_runtime.domain.policy.grants.capability import Capability
from provider_runtime.ports.governance.budgets import BudgetLedger
from provider_runtime.ports.governance.provider import GovernanceProvider
from provider_runtime.ports.governance.security import SecurityProvider
from provider_runtime.ports.system import Clock
from provider_runtime.ports.telemetry import EventSink

if TYPE_CHECKING:
    from provider_runtime.adapters.governance.audit_trail import MemoryAuditTrail


def store(audit: Audit) -> AuditStore:
    """A store where the settings want it. Nothing is opened before the first use."""
    match audit:
        case AuditStore():
            return audit
        case FileAudit(path=path):
            # Imported where it is used, as is all that few runtimes have: the others need not load it.
            from provider_runtime.adapters.backends.filesystem.documents import (  # noqa: PLC0415 - see above
                FilesystemDocuments,
            )
            from provider_runtime.adapters.backends.filesystem.framing import Lines  # noqa: PLC0415 - see above
            from provider_runtime.adapters.backends.filesystem.journal import (  # noqa: PLC0415 - see above
                FilesystemJournal,
            )

            journal = FilesystemJournal(path=path / "audit.jsonl", framing=Lines())
            return AuditStore(trail=journal, documents=FilesystemDocuments(root=path / "documents"))
        case SqliteAudit(path=path):
            from provider_runtime.adapters.backends.sqlite.media import SqliteMedia  # noqa: PLC0415 - see above

            media = SqliteMedia(path=path)
            return AuditStore(trail=media.journal("audit"), documents=media.documents())
        case MemoryAudit(keep=keep):
            from provider_runtime.adapters.governance.audit_trail import MemoryAuditTrail  # noqa: PLC0415 - see above

            return AuditStore(trail=MemoryAuditTrail(keep=keep), documents=MemoryDocuments())


def budgets(given: tuple[Budget, ...], governance: Governance | None) -> tuple[Budget, ...]:
    """The budgets of a runtime: its own, and what the limits of its governance come to. Raises ``InvalidSettings``."""
    if governance is None:
        return given
    limits = budgets_of(governance.limits_in_force)
    taken = sorted({budget.name for budget in given} & {limit.name for limit in limits})
    if taken:
        raise InvalidSettings(
            field="budgets",
            message=f"a budget is called {taken[0]}, as that of the limits of governance is",
            remedy="Give it another name.",
        )
    return (*given, *limits)


@frozen(kw_only=True)
class Governing:
    """What governs a runtime, if anything does: who grants, who decides and writes down, and the gate of both."""

    governance: GovernanceProvider | None = None
    security: SecurityProvider | None = None

    @property
    def gate(self) -> Gate | None:
        """The gate of grants; none where nothing is to be granted."""
        return None if self.security is None else GrantsGate(security=self.security, governance=self.governance)


def governing(
    settings: Governance | None,
    *,
    owner: RuntimeId,
    ledger: BudgetLedger | None,
    clock: Clock,
    governance: GovernanceProvider | None = None,
    security: SecurityProvider | None = None,
    event_sink: EventSink | None = None,
) -> Governing:
    """What the settings ask for, but for the parts that were handed in ready-made."""
    if settings is None and governance is None:
        return Governing(security=security)
    chosen = settings or Governance()
    place = store(chosen.audit)
    if governance is None and chosen.profile is not None:
        from provider_runtime.adapters.governance.ledger import MemoryBudgetLedger  # noqa: PLC0415 - only those governed
        from provider_runtime.adapters.governance.local import LocalGovernanceProvider  # noqa: PLC0415 - as above

        governance = LocalGovernanceProvider(
            ledger=ledger or MemoryBudgetLedger(clock=clock),
            documents=place.documents,
            profile=chosen.profile,
            limits=chosen.limits_in_force,
            owner=owner,
            clock=clock,
            event_sink=event_sink,
        )
    if security is None:
        security = _deciding(place.trail, chosen.grants, clock)
    return Governing(governance=governance, security=security)


def _deciding(trail: "Journal | MemoryAuditTrail", grants: tuple[Capability, ...], clock: Clock) -> SecurityProvider:
    """Who decides by ``grants``, and writes each decision down in ``trail``."""
    from provider_runtime.adapters.governance.audit_trail import MemoryAuditTrail  # noqa: PLC0415 - only those governed
    from provider_runtime.adapters.governance.security import (  # noqa: PLC0415 - as above
        JournalSecurity,
        LocalSecurityProvider,
    )

    if isinstance(trail, MemoryAuditTrail):
        return LocalSecurityProvider(audit=trail, capabilities=grants, clock=clock)
    return JournalSecurity(journal=trail, capabilities=grants, clock=clock)
