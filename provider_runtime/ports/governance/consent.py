"""ConsentLedger: what people were asked, what they decided, and what became of it."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from provider_runtime.domain.policy.consent.decisions import Consent, SignedReceipt, UseTaken
from provider_runtime.domain.policy.consent.faults import ConsentFault
from provider_runtime.domain.policy.consent.plans import ConsentRequest
from provider_runtime.domain.policy.consent.subject import ConsentSubject
from provider_runtime.domain.policy.consent.verdicts import Found, Revocations


@runtime_checkable
class ConsentLedger(Protocol):
    """Keeps questions and decisions for whoever shares it: tasks, runtimes, and processes where the medium is shared.

    Judges nothing and signs nothing: whoever reads it checks every seal. What has returned is kept as
    firmly as the medium promises; what was given up still takes its turn. Nothing is ever changed or
    removed, only added to. Time is the ledger's own, and never runs back.
    Raises ``BackendError`` when the medium fails, and ``RecordCorrupt`` when it does not read back.
    One that never waits for anybody, since it is in memory, may say so with ``waits = False``: calls need
    no task of their own to ask it.
    """

    @property
    def in_process(self) -> bool:
        """Whether nobody but this process can write to it, so that a decision needs no seal."""
        ...

    async def find(self, subject: ConsentSubject) -> Found:
        """What may bear on a call, of its own runtime and tenant alone, the newest decision first."""
        ...

    async def use(self, consent: Consent, use_id: str) -> UseTaken | ConsentFault:
        """Let one call be made on ``consent``, in one step that nobody can come between; or why it may not.

        The step looks again whether the decision is the one that was judged, is not revoked or expired, and
        has uses left. However many ask, no more get through than it has uses.
        """
        ...

    async def give_back(self, consent: Consent, use_id: str) -> None:
        """Nothing was sent of that call: its use is there for another. A use that is not known is no error."""
        ...

    async def ask(self, request: ConsentRequest) -> ConsentRequest:
        """Have a question wait for a person. Returns the one that waits: an older one, if it is the same."""
        ...

    async def question(self, request_id: str) -> ConsentRequest:
        """The question that waits under this id.

        Raises ``RecordMissing`` where none does, and ``RecordConflict`` where it was answered.
        """
        ...

    async def decide(self, request_id: str, signed: SignedReceipt) -> Consent:
        """Keep the answer to a question. Each is answered once; raises as ``question`` does.

        Raises ``RecordConflict``, too, for a receipt that is not an answer to that very question.
        """
        ...

    async def revoke(self, request_ids: Sequence[str], *, user_id: str, reason: str | None = None) -> tuple[str, ...]:
        """Take back the decisions on these questions. Returns the ids of those that counted until now."""
        ...

    async def waiting(self) -> tuple[ConsentRequest, ...]:
        """The questions that wait, oldest first."""
        ...

    async def consents(self) -> tuple[Consent, ...]:
        """Every decision that is remembered, oldest first: those that hold, and for a while those that are over."""
        ...

    async def flush(self) -> None:
        """Wait for what was asked for, and let go of threads and files until the next use."""
        ...

    async def aclose(self) -> None:
        """Flush for good. Safe to call twice; using it afterwards is an error."""
        ...


@runtime_checkable
class RevocationList(Protocol):
    """What somebody besides the ledger knows of revoked consents: for those who issue them elsewhere."""

    async def read(self) -> Revocations | None:
        """What is revoked, and as of when; ``None`` where nobody can say. Raises ``BackendError`` when it fails."""
        ...
