"""What every ``CheckpointSink`` promises."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from provider_runtime.domain.errors import BackendError
from provider_runtime.domain.records.oversight.checkpoints import ChainHead, Checkpoint
from provider_runtime.domain.seals import Seal
from provider_runtime.ports.stores.checkpoints import CheckpointSink

Taken = Callable[[], Awaitable[tuple[Checkpoint, ...]]]
_NOON: Final = datetime(2026, 1, 31, 12, tzinfo=UTC)


def a_checkpoint(number: int = 0, chain_id: str = "chain_1") -> Checkpoint:
    """A checkpoint of receipt ``number``, with a seal of nobody."""
    return Checkpoint(
        head=ChainHead(chain_id=chain_id, seq=number, receipt_hash=f"sha256:{number:064x}"),
        at=_NOON + timedelta(seconds=number),
        seal=Seal(key_id="hmac-sha256:0123456789abcdef", value="ab" * 32),
    )


class CheckpointSinkContract:
    """Give the fixtures ``sink``, which has taken nothing, and ``taken``, which tells what it has."""

    @pytest.fixture
    def sink(self) -> CheckpointSink:
        raise NotImplementedError("the subclass says which sink")

    @pytest.fixture
    def taken(self, sink: CheckpointSink) -> Taken:
        """A function that tells what the sink has taken, in order."""
        raise NotImplementedError("the subclass knows where its checkpoints go")

    def test_it_is_a_sink_of_checkpoints(self, sink: CheckpointSink) -> None:
        assert isinstance(sink, CheckpointSink)

    async def test_what_was_taken_is_there_as_it_was_given_in_order(self, sink: CheckpointSink, taken: Taken) -> None:
        assert await taken() == ()
        given = [a_checkpoint(number, chain_id="chain_é\n") for number in range(3)]
        for checkpoint in given:
            await sink.take(checkpoint)
        assert list(await taken()) == given

    async def test_taken_at_once_none_is_lost(self, sink: CheckpointSink, taken: Taken) -> None:
        await asyncio.gather(*(sink.take(a_checkpoint(number)) for number in range(20)))
        assert sorted(checkpoint.head.seq for checkpoint in await taken()) == list(range(20))

    async def test_a_flushed_one_goes_on(self, sink: CheckpointSink, taken: Taken) -> None:
        await sink.flush()
        await sink.take(a_checkpoint())
        await sink.flush()
        assert len(await taken()) == 1

    async def test_a_closed_one_refuses(self, sink: CheckpointSink) -> None:
        await sink.take(a_checkpoint())
        await sink.aclose()
        await sink.aclose()
        with pytest.raises(BackendError, match="closed"):
            await sink.take(a_checkpoint(1))
