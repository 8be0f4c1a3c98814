"""Notary: seals how far a chain has come, now and then, and hands that out of reach of its store."""

import asyncio
from typing import Final

from attrs import define, field, setters

from provider_runtime.adapters.backends.checkpoints.seals import sealed
from provider_runtime.domain.checks import number, whole
from provider_runtime.domain.errors import BackendError
from provider_runtime.domain.records.oversight.checkpoints import ChainHead
from provider_runtime.domain.records.receipts import CallReceipt
from provider_runtime.ports.signing import Signer
from provider_runtime.ports.stores.checkpoints import CheckpointSink
from provider_runtime.ports.system import Clock

_EVERY: Final = 100
_WITHIN_S: Final = 60.0


@define(kw_only=True, eq=False, on_setattr=setters.NO_OP)  # every call sets a field or two
class Notary:
    """Makes a checkpoint after ``every`` receipts, or ``within_s`` after the first that none covers.

    It seals what the store had told to be kept, as it was told: what is changed in the store
    afterwards is not sealed. No call waits for it. What fails is counted and tried again with the next
    one, which covers the same receipts; ``flush`` tries at once and raises. To be used in one event
    loop. A process that is killed leaves its last receipts without a checkpoint.
    """

    signer: Signer = field(repr=False)
    sink: CheckpointSink = field(repr=False)
    clock: Clock = field(repr=False)
    every: int = field(default=_EVERY, validator=whole(1))
    within_s: float = field(default=_WITHIN_S, validator=number(0))
    failures: int = field(default=0, init=False)
    """How many checkpoints could not be made, or were not taken."""
    _newest: CallReceipt | None = field(default=None, init=False, repr=False)
    _uncovered: int = field(default=0, init=False)
    _making: "asyncio.Task[BackendError | None] | None" = field(default=None, init=False, repr=False)
    _timer: "asyncio.Task[None] | None" = field(default=None, init=False, repr=False)
    _resting: bool = field(default=False, init=False)
    """The last one failed: the next is tried when the timer says so, not at the next receipt."""

    def note(self, receipt: CallReceipt) -> None:
        """Hear of a receipt that is kept. Waits for nothing."""
        newest = self._newest
        if newest is None or newest.chain_id != receipt.chain_id or newest.seq < receipt.seq:
            self._newest = receipt
        self._uncovered += 1
        if self._timer is None or self._uncovered >= self.every:  # else there is nothing to begin
            self._go_on()

    async def flush(self) -> None:
        """A checkpoint over what none covers yet. Raises ``BackendError`` when it cannot be made or is not taken."""
        while self._making is not None:
            await asyncio.wait((self._making,))
        self._stop_timer()
        if self._uncovered and (failure := await asyncio.shield(self._begin())) is not None:
            raise failure
        await self.sink.flush()

    async def aclose(self) -> None:
        """Flush, and close the sink."""
        try:
            await self.flush()
        finally:
            await self.sink.aclose()

    def _go_on(self) -> None:
        if self._making is not None or not self._uncovered:
            return
        if self._uncovered >= self.every and not self._resting:
            self._begin()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().create_task(self._make_in_time())

    def _begin(self) -> "asyncio.Task[BackendError | None]":
        self._stop_timer()
        self._making = asyncio.get_running_loop().create_task(self._try_to_make())
        return self._making

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    async def _make_in_time(self) -> None:
        await self.clock.sleep(self.within_s)
        self._timer = None  # so that beginning does not cancel what begins
        if self._uncovered and self._making is None:
            self._begin()

    async def _try_to_make(self) -> BackendError | None:
        covering, self._uncovered = self._uncovered, 0
        failure = await self._failure_of_making()
        if failure is not None:
            self.failures += 1
            self._uncovered += covering
        self._resting = failure is not None
        self._making = None
        self._go_on()
        return failure

    async def _failure_of_making(self) -> BackendError | None:
        if self._newest is None:
            return None
        newest = self._newest
        head = ChainHead(chain_id=newest.chain_id, seq=newest.seq, receipt_hash=newest.receipt_hash)
        try:
            await self.sink.take(await sealed(head, self.clock.now(), self.signer))
        except BackendError as failure:
            return failure
        except Exception as failure:  # noqa: BLE001 - a sink may be anybody's function, and no call fails for it
            return BackendError(
                kind="checkpoint",
                key=newest.chain_id,
                message=f"the checkpoint was not taken: {type(failure).__name__}",
                remedy="Look at the sink that was handed over; the next checkpoint covers the same receipts.",
            )
        return None
