"""A head sealed as a checkpoint, and checkpoints taken for what their seals are worth."""

from collections.abc import Iterable
from datetime import datetime

from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.records.oversight.checkpoints import (
    CHECKPOINT_PURPOSE,
    ChainHead,
    Checkpoint,
    NotedHead,
    checkpoint_statement,
)
from provider_runtime.domain.seals import SealVerdict
from provider_runtime.ports.signing import Signer, Verifier


async def sealed(head: ChainHead, at: datetime, signer: Signer) -> Checkpoint:
    """``head`` as a checkpoint. Raises ``BackendError`` when the key cannot be reached."""
    seal = await signer.sign(checkpoint_statement(head, at), purpose=CHECKPOINT_PURPOSE)
    return Checkpoint(head=head, at=at, seal=seal)


async def noted_heads(checkpoints: Iterable[Checkpoint], verifier: Verifier) -> tuple[NotedHead, ...]:
    """The heads in ``checkpoints``, every seal of them checked.

    Raises ``RecordCorrupt`` for the first that is not genuine, ``key`` being its place from 1: no other
    is believed then either, for somebody was at work there.
    """
    noted: list[NotedHead] = []
    for place, checkpoint in enumerate(checkpoints, start=1):
        content = checkpoint_statement(checkpoint.head, checkpoint.at)
        verdict = await verifier.verify(content, checkpoint.seal, purpose=CHECKPOINT_PURPOSE)
        if verdict is not SealVerdict.GENUINE:
            raise _not_genuine(place, checkpoint, verdict)
        noted.append(NotedHead(head=checkpoint.head, at=checkpoint.at))
    return tuple(noted)


def _not_genuine(place: int, checkpoint: Checkpoint, verdict: SealVerdict) -> RecordCorrupt:
    if verdict is SealVerdict.UNKNOWN_KEY:
        message = f"checkpoint {place} is sealed with the key {checkpoint.seal.key_id}, which is not trusted here"
        remedy = "Give the key that the checkpoints were sealed with; if this is it, somebody else wrote this one."
    else:
        message = f"checkpoint {place} is not what its seal was made for: it was changed, or made up"
        remedy = "Take the checkpoints from a place that nobody else can write."
    return RecordCorrupt(kind="checkpoint", key=str(place), message=message, remedy=remedy)
