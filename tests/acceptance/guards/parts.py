"""Every guard of a call, and every part that a guard depends on. A new one is one more line of ``GUARDS``."""

from collections.abc import Callable
from typing import Any, Final, cast

from attrs import field, frozen
from guards.faults import FOR_ALL, NO, YES, Behaviour, Fault, answering, for_gate, for_ledger

from provider_runtime.adapters.governance.ledger import MemoryBudgetLedger
from provider_runtime.adapters.governance.local import LocalGovernanceProvider
from provider_runtime.adapters.governance.security import LocalSecurityProvider
from provider_runtime.adapters.leakage.scanner import PatternLeakScanner


@frozen(kw_only=True)
class Guard:
    """A part of a runtime without which nothing may be sent, and what it is asked.

    ``made`` makes a sound one, of which the ``asked`` method is then at fault. ``gate`` refuses the call.
    """

    part: str
    gate: str
    asked: str = "judge"
    made: Callable[[], Any] | None = None
    faults: tuple[Fault, ...] = field(default=())

    def at_fault(self, behave: Behaviour) -> object:
        """A part that behaves so when it is asked, and as it should in everything else."""
        if self.made is None:
            return type("FaultyGate", (), {self.asked: staticmethod(behave)})()
        sound = self.made()
        faulty = type(
            f"Faulty{type(sound).__name__}", (type(sound),), {self.asked: staticmethod(behave), "__slots__": ()}
        )
        sound.__class__ = faulty
        return cast("object", sound)

    def __str__(self) -> str:
        return f"{self.part}.{self.asked}"


def _gate(name: str) -> Guard:
    return Guard(part=f"{name}_gate", gate=name, faults=for_gate(name))


GRANTS_NOTHING: Final = answering("with nothing that is granted", frozenset())
GRANTS_MORE: Final = answering("with more than was asked about", frozenset({"everything"}))
GUARDS: Final = (
    *(_gate(name) for name in ("capability", "tier", "endpoint", "grants", "consent", "leakage", "budget")),
    Guard(part="governance", gate="grants", asked="granted", made=LocalGovernanceProvider, faults=(YES, GRANTS_MORE)),
    Guard(part="governance", gate="grants", asked="has_remaining", made=LocalGovernanceProvider),
    Guard(part="security", gate="grants", asked="decide", made=LocalSecurityProvider, faults=(YES, NO)),
    Guard(part="leak_scanner", gate="leakage", asked="scan", made=PatternLeakScanner, faults=(YES, NO)),
    Guard(part="ledger", gate="budget", asked="reserve", made=MemoryBudgetLedger, faults=for_ledger()),
)
CASES: Final = tuple((guard, fault) for guard in GUARDS for fault in (*FOR_ALL, *guard.faults))
