"""When a checkpoint is made, over what, and what becomes of one that fails."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from attrs import define, field

from provider_runtime.adapters.backends.checkpoints.notary import Notary
from provider_runtime.adapters.backends.checkpoints.receipts import CheckpointedReceipts
from provider_runtime.adapters.backends.checkpoints.seals import noted_heads
from provider_runtime.adapters.backends.checkpoints.sinks import CheckpointsTo
from provider_runtime.adapters.backends.receipts import InMemoryReceiptProvider
from provider_runtime.adapters.signing.hmac_sha256 import HmacSigner
from provider_runtime.domain.errors import BackendError
from provider_runtime.domain.records.oversight.checkpoints import Checkpoint
from provider_runtime.domain.secrets import Secret
from provider_runtime.testing.fakes import FrozenClock
from provider_runtime.testing.mocks import MockCheckpointSink
from provider_runtime.testing.stages import a_record

SIGNER = HmacSigner(key=Secret("a-key-of-the-notary"))


@define(eq=False)
class Hourglass(FrozenClock):
    """A clock whose waits end when the test turns it."""

    _waiting: "list[asyncio.Future[None]]" = field(factory=list, init=False)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._waiting.append(asyncio.get_running_loop().create_future())
        await self._waiting[-1]

    def turn(self) -> None:
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    @property
    def running(self) -> int:
        return sum(not waiting.done() for waiting in self._waiting)


@pytest.fixture
def clock() -> Hourglass:
    return Hourglass()


@pytest.fixture
def sink() -> MockCheckpointSink:
    return MockCheckpointSink()


@pytest.fixture
def receipts(clock: Hourglass, sink: MockCheckpointSink) -> CheckpointedReceipts:
    notary = Notary(signer=SIGNER, sink=sink, clock=clock, every=10, within_s=60)
    return CheckpointedReceipts(receipts=InMemoryReceiptProvider(), notary=notary)


async def _store(receipts: CheckpointedReceipts, count: int) -> None:
    for number in range(count):
        await receipts.store(a_record(number))
        await _settled()


async def _settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def _numbers(checkpoints: tuple[Checkpoint, ...]) -> list[int]:
    return [checkpoint.head.seq for checkpoint in checkpoints]


async def test_a_checkpoint_is_made_after_so_many_receipts(
    receipts: CheckpointedReceipts, sink: MockCheckpointSink
) -> None:
    await _store(receipts, 9)
    assert await sink.list() == ()
    await _store(receipts, 16)
    assert _numbers(await sink.list()) == [9, 19]


async def test_a_checkpoint_is_made_when_a_receipt_has_gone_without_for_so_long(
    receipts: CheckpointedReceipts, sink: MockCheckpointSink, clock: Hourglass
) -> None:
    await _store(receipts, 3)
    assert (clock.slept, clock.running) == ([60], 1)  # from the first one on, and no later
    clock.turn()
    await _settled()
    assert _numbers(await sink.list()) == [2]
    assert clock.running == 0  # nothing to wait for
    await _store(receipts, 1)
    assert clock.running == 1


async def test_the_end_makes_one_over_the_rest_and_none_over_nothing(
    receipts: CheckpointedReceipts, sink: MockCheckpointSink
) -> None:
    await receipts.flush()
    assert await sink.list() == ()
    await _store(receipts, 13)
    await receipts.flush()
    await receipts.flush()
    assert _numbers(await sink.list()) == [9, 12]
    await receipts.aclose()
    assert len(asyncio.all_tasks()) == 1


async def test_the_seal_is_over_the_head_and_the_time(
    receipts: CheckpointedReceipts, sink: MockCheckpointSink, clock: Hourglass
) -> None:
    await _store(receipts, 2)
    clock.advance(3600)
    await receipts.flush()
    (noted,) = await noted_heads(await sink.list(), SIGNER)
    last = (await receipts.list())[-1]
    assert (noted.head.chain_id, noted.head.seq, noted.head.receipt_hash) == (
        last.chain_id,
        1,
        last.receipt_hash,
    )
    assert noted.at == clock.now()


async def test_no_call_waits_for_a_checkpoint_and_none_is_made_twice(clock: Hourglass) -> None:
    let_go, taken = asyncio.Event(), list[int]()

    async def slow(checkpoint: Checkpoint) -> None:
        await let_go.wait()
        taken.append(checkpoint.head.seq)

    notary = Notary(signer=SIGNER, sink=CheckpointsTo(slow), clock=clock, every=10)
    receipts = CheckpointedReceipts(receipts=InMemoryReceiptProvider(), notary=notary)
    await _store(receipts, 35)
    assert taken == []
    let_go.set()
    await _settled()
    assert taken == [9, 34]
    await receipts.flush()
    assert taken == [9, 34]


async def test_one_that_failed_is_tried_again_later_and_covers_what_came_since(
    receipts: CheckpointedReceipts, sink: MockCheckpointSink, clock: Hourglass
) -> None:
    sink.fail("take", BackendError(kind="checkpoint", message="the disk is full"))
    await _store(receipts, 25)
    assert len(sink.calls_of("take")) == 1  # it is not tried at every receipt
    assert receipts.notary.failures == 1
    clock.turn()
    await _settled()
    assert _numbers(await sink.list()) == [24]
    await _store(receipts, 10)
    assert _numbers(await sink.list()) == [24, 34]


@pytest.mark.parametrize("failure", [BackendError(kind="checkpoint", message="no"), OSError("no"), ValueError("no")])
async def test_the_end_says_that_the_last_one_failed_and_the_receipts_are_kept(
    receipts: CheckpointedReceipts, sink: MockCheckpointSink, failure: Exception
) -> None:
    await _store(receipts, 3)
    sink.fail("take", failure)
    with pytest.raises(BackendError) as failed:
        await receipts.flush()
    assert failed.value.kind == "checkpoint"
    assert len(await receipts.list()) == 3
    await receipts.flush()
    assert _numbers(await sink.list()) == [2]


async def test_of_receipts_that_come_in_disorder_the_last_of_the_chain_is_sealed(
    receipts: CheckpointedReceipts, sink: MockCheckpointSink
) -> None:
    stored = [await receipts.receipts.store(a_record(number)) for number in range(10)]
    for receipt in reversed(stored):  # as those of calls that wait together may come
        receipts.notary.note(receipt)
    await _settled()
    assert _numbers(await sink.list()) == [9]


@pytest.mark.parametrize("ending", [CheckpointedReceipts.flush, CheckpointedReceipts.aclose])
async def test_an_end_that_is_given_up_makes_its_checkpoint_all_the_same(
    clock: Hourglass, ending: Callable[[CheckpointedReceipts], Awaitable[None]]
) -> None:
    begun, let_go, taken = asyncio.Event(), asyncio.Event(), list[int]()

    async def slow(checkpoint: Checkpoint) -> None:
        begun.set()
        await let_go.wait()
        taken.append(checkpoint.head.seq)

    notary = Notary(signer=SIGNER, sink=CheckpointsTo(slow), clock=clock)
    receipts = CheckpointedReceipts(receipts=InMemoryReceiptProvider(), notary=notary)
    await _store(receipts, 3)
    ended = asyncio.ensure_future(ending(receipts))
    await begun.wait()
    ended.cancel()
    await asyncio.gather(ended, return_exceptions=True)
    let_go.set()
    await _settled()
    assert taken == [2]
