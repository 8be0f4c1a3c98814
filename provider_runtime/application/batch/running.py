"""A run of a batch: lines are taken in order, asked a bounded number at a time, and their answers kept."""

import asyncio
from collections.abc import Callable

from attrs import define, field

from provider_runtime.application.batch.asking import Asking, LeftUndone
from provider_runtime.application.batch.pace import BatchProgress, Pace
from provider_runtime.application.batch.plan import BatchEnd, BatchPlan, BatchReport
from provider_runtime.application.batch.turns import AsTheyCome, InOrder, Turns
from provider_runtime.application.runtime import CallRuntime
from provider_runtime.application.sending.to_its_end import to_its_end
from provider_runtime.domain.batches.lines import AskedLine, LineCall, LineRecord, record_of
from provider_runtime.domain.batches.tally import Tally
from provider_runtime.domain.errors import BudgetExceeded, CallInterrupted, ProviderRuntimeError
from provider_runtime.ports.batches import BatchForm, BatchSource, BatchStore


@define(kw_only=True)
class BatchRun:
    """One run of a batch. ``tally`` counts the lines that earlier runs kept, and goes on counting.

    ``heard`` is told of the progress after each line, and must not wait. Use it once.
    """

    runtime: CallRuntime
    source: BatchSource
    form: BatchForm
    store: BatchStore
    plan: BatchPlan
    total: int
    tally: Tally = field(factory=Tally)
    heard: Callable[[BatchProgress], None] | None = None
    _halt: asyncio.Event = field(factory=asyncio.Event, init=False)
    _end: BatchEnd = field(default=BatchEnd.FINISHED, init=False)
    _error: ProviderRuntimeError | None = field(default=None, init=False)
    _taking: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _pace: Pace = field(factory=Pace, init=False)
    _records: dict[int, LineRecord] = field(factory=dict, init=False)  # of lines that are parked
    _turns: Turns = field(init=False)
    _asking: Asking = field(init=False)

    @_turns.default
    def _make_turns(self) -> Turns:
        return (
            InOrder(store=self.store, window=self.plan.window) if self.plan.in_order else AsTheyCome(store=self.store)
        )

    @_asking.default
    def _make_asking(self) -> Asking:
        return Asking(runtime=self.runtime, store=self.store, plan=self.plan, halt=self._halt)

    def stop(self) -> None:
        """Take no more lines; what is under way is waited for. Another run can go on from there."""
        self._halt_with(BatchEnd.STOPPED)

    async def run(self) -> BatchReport:
        """Ask every line that has no answer yet. What ends the batch early is in the report, not raised.

        Cancelled, it leaves calls under way behind, which the next run is told of.
        """
        before = self.tally.lines
        self._pace.mark(self.runtime.clock.monotonic(), before)
        async with asyncio.TaskGroup() as workers:
            for _ in range(self.plan.concurrency):
                workers.create_task(self._worked())
        if self._end is BatchEnd.FINISHED:
            await self.store.finish()
        return BatchReport(
            batch_id=self.store.batch_id,
            end=self._end,
            error=self._error,
            tally=self.tally,
            total=self.total,
            before=before,
        )

    async def _worked(self) -> None:
        try:
            await self._work()
        except ProviderRuntimeError as failure:  # of the source or the store; the other lines still come to their end
            self._halt_with(BatchEnd.FAILED, failure.with_traceback(None))

    async def _work(self) -> None:
        while (asked := await self._next()) is not None:
            await self._turns.room(asked.number)
            if self._halt.is_set():
                return
            if (known := self.store.parked.get(asked.number)) is not None:
                await self._finish(asked.number, known, self.form.record_in(known))
                continue
            call = asked.asks
            end = await self._asking.ask(asked, call) if isinstance(call, LineCall) else call
            if isinstance(end, LeftUndone):
                if end.error is not None:
                    spent = isinstance(end.error, BudgetExceeded)
                    self._halt_with(BatchEnd.BUDGET if spent else BatchEnd.FAILED, end.error)
                return
            again = 0 if isinstance(end, CallInterrupted) else self.store.interruptions(asked.number)
            call_id, now = self._asking.call_id(asked.number), self.runtime.clock.now()
            record = record_of(asked, end, call_id, ended_at=now, asked_again=again)
            await self._finish(asked.number, self.form.write(asked, end, record), record)

    async def _next(self) -> AskedLine | None:
        async with self._taking:
            while not self._halt.is_set():
                line = await self.source.next_line()
                if line is None:
                    return None
                if not self.store.has_kept(line.number):
                    self._turns.enter(line.number)
                    return self.form.read(line)
        return None

    async def _finish(self, number: int, answer: bytes, record: LineRecord) -> None:
        self._records[number] = record
        kept = await to_its_end(self._turns.finish(number, answer))
        for one in kept:
            self.tally.add(self._records.pop(one))
        if not kept:
            return
        self._pace.mark(self.runtime.clock.monotonic(), self.tally.lines)
        if self.heard is not None:
            self.heard(self.progress())

    @property
    def unconsented(self) -> LineCall | None:
        """The call that the run ended for because nobody consented to it, as it is to be consented to."""
        return self._asking.unconsented

    def progress(self) -> BatchProgress:
        """How far the run has come."""
        now, done = self.runtime.clock.monotonic(), self.tally.lines
        pace = self._pace.lines_per_s(now, done)
        return BatchProgress(
            done=done,
            total=self.total,
            running=self._asking.room.running,
            tally=self.tally,
            lines_per_s=pace,
            seconds_left=(self.total - done) / pace if pace else None,
            waits_for=self._asking.waits_for,
        )

    def _halt_with(self, end: BatchEnd, error: ProviderRuntimeError | None = None) -> None:
        if self._halt.is_set():
            return  # the first reason is the reason
        self._end, self._error = end, error
        self._halt.set()
        self._turns.close()
