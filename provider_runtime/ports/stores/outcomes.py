"""OutcomeStore: what became of a call, so that making it again cannot pay for it twice."""

from typing import Protocol, TypeAlias, runtime_checkable

from attrs import frozen

from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import ProviderError
from provider_runtime.domain.identity import CallId

Outcome: TypeAlias = ProviderResponse | ProviderError


@frozen
class Claimed:
    """The call is new, or may be made again: whoever claimed it makes it."""


@frozen
class UnderWay:
    """Somebody else is making this very call now."""


@frozen
class OtherRequest:
    """The name of the call was used before, for another request."""


Claim: TypeAlias = Claimed | UnderWay | OtherRequest | Outcome


@runtime_checkable
class OutcomeStore(Protocol):
    """Remembers outcomes by call id, each with the digest of its request.

    Holds answers, that is text of conversations: whoever hands a store in decides where that is
    kept, how long, and which runtimes share it. Claiming is one step, whoever else claims. Every
    step ends by itself, soon: it is waited for also when the caller of its call has left. Raises
    ``BackendError`` when the medium fails.
    """

    async def claim(self, call_id: CallId, digest: str) -> Claim:
        """The outcome kept for this call; or ``Claimed``, and from now on it is under way."""
        ...

    async def keep_outcome(self, call_id: CallId, outcome: Outcome) -> None:
        """Keep what became of a claimed call. A call that nobody claimed is not kept."""
        ...

    async def release(self, call_id: CallId) -> None:
        """Give the claim back: nothing came of the call, and it may be made again. Idempotent."""
        ...
