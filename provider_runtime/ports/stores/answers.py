"""AnswerStore: answers that may be given again, and those of a recorded run."""

from typing import Protocol, runtime_checkable

from provider_runtime.domain.calls.answers import AnswerKey, Kept


@runtime_checkable
class AnswerStore(Protocol):
    """Keeps answers under the digests of what was asked.

    Holds text of conversations: whoever hands a store in decides where that is kept, and which
    runtimes share it. Raises ``BackendError`` when the medium fails, and ``RecordCorrupt`` for what
    does not read back.
    """

    async def find(self, key: AnswerKey) -> Kept | None:
        """What is kept under ``key``, or ``None``."""
        ...

    async def keep(self, key: AnswerKey, kept: Kept) -> None:
        """Keep ``kept`` under ``key``, whatever stood there before."""
        ...

    async def is_empty(self) -> bool:
        """Whether nothing is kept at all."""
        ...
