"""SecurityProvider: whether a use is granted, and an account of every decision."""

from typing import Protocol, runtime_checkable

from provider_runtime.domain.policy.grants.audit import AuditEntry
from provider_runtime.domain.policy.grants.capability import Decision, Granted, Use


@runtime_checkable
class SecurityProvider(Protocol):
    """Decides by the capabilities it was given, and writes each decision down before anybody acts on it.

    A decision, the uses it counts and its entry in the audit are one step that nobody can come
    between, whoever else asks. Entries are never changed. Raises ``BackendError`` when the audit cannot be
    written: then nothing was decided, and nothing may be done. Source: semantics B.11.
    """

    async def check_cap(self, cap: str) -> bool:
        """Whether ``cap`` is granted to a use of which nothing else is known. Counts as a use."""
        ...

    async def decide(self, use: Use) -> Decision:
        """Whether all that ``use`` takes is granted. Exactly one entry; one use of each grant that counts."""
        ...

    async def rehearse(self, use: Use) -> Decision:
        """What ``decide`` would say. Writes and counts nothing."""
        ...

    async def give_back(self, use: Use, granted: Granted) -> None:
        """``use`` was granted and did not happen: what was counted for it is there again. One entry."""
        ...

    async def refused(self, use: Use, *, gate: str, code: str) -> None:
        """Another gate kept ``use`` back, for the reason that ``code`` names. One entry."""
        ...

    async def audit_log(self, limit: int = 1000) -> tuple[AuditEntry, ...]:
        """The last ``limit`` entries, oldest first. Costs the same however many there are."""
        ...

    async def flush(self) -> None:
        """Wait for what was asked for, and let go of threads and files until the next use."""
        ...

    async def aclose(self) -> None:
        """Flush for good. Safe to call twice; using it afterwards is an error."""
        ...
