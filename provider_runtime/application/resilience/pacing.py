"""Pacing: calls wait their turn, so that a provider is not asked for more than its limits allow."""

import asyncio
from collections import deque
from collections.abc import Mapping

from attrs import define, field

from provider_runtime.domain.errors import RateLimitWait
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.policy.resilience.rate_limits import Allowance, RateLimitHint, RateLimits
from provider_runtime.ports.system import Clock


@define(eq=False)
class Place:
    """What one attempt was let through with. Ended exactly once, however the attempt ends."""

    _pacing: "Pacing"
    _tokens: int
    _started: bool = field(default=False, init=False)
    _ended: bool = field(default=False, init=False)

    def start(self) -> None:
        """The request goes out now. Until then, ``end`` undoes everything."""
        self._started = True
        self._pacing.note_start()

    def end(self, used: int | None = None) -> None:
        """The attempt is over and took ``used`` tokens; ``None``: nobody knows, so the estimate stands."""
        if self._ended:
            return
        self._ended = True
        self._pacing.note_end(self._tokens, used, started=self._started)


@define(eq=False)
class _Waiter:
    tokens: int
    deadline: float
    let_through: "asyncio.Future[Place]"
    in_line: bool = True


@define(eq=False, kw_only=True)
class Pacing:
    """The turns of one runtime's calls to one provider.

    Calls of one scope (a tenant, a project: any label) go in the order they came; scopes take
    turns, call by call, so that a busy one does not starve another. Nobody is overtaken: a call that
    needs more than there is makes those behind it wait. At most ``max_waiting`` calls wait.
    For one event loop, like the runtime it belongs to.
    """

    provider: ProviderId
    limits: RateLimits
    clock: Clock
    max_waiting: int = 1000
    _allowance: Allowance = field(init=False, repr=False)
    # In the order of turns: the first scope is next. A scope without waiters is not in it.
    _lines: dict[str, deque[_Waiter]] = field(factory=dict, init=False, repr=False)
    _waiting: int = field(default=0, init=False)
    _alarm: "asyncio.Task[None] | None" = field(default=None, init=False, repr=False)
    _alarm_at: float = field(default=0.0, init=False, repr=False)

    @_allowance.default
    def _all_of_it(self) -> Allowance:
        return Allowance(limits=self.limits)

    @property
    def waiting(self) -> int:
        """How many calls wait."""
        return self._waiting

    @property
    def under_way(self) -> int:
        """How many calls have a place."""
        return self._allowance.under_way

    async def admit(self, *, tokens: int, deadline: float, scope: str = "", model: str | None = None) -> Place:
        """Wait for a place, for a call of ``tokens`` by estimate (request and answer).

        Estimates err: one above a whole minute's tokens waits for all of them, and what the call
        takes beyond is owed by those after it. ``deadline``: the monotonic moment after which a
        place is of no use. Raises ``RateLimitWait`` as soon as it is known that there will be none
        by then, or when too many wait already. Cancelled, it leaves nothing behind.
        """
        now, tokens = self.clock.monotonic(), self._allowance.fitting(tokens)
        if not self._lines:
            at = self._allowance.next_at(tokens, now)
            if at == now:
                return self._take(tokens)
            if at is not None and at >= deadline:
                raise self._too_late(at - now, model)
        if self._waiting >= self.max_waiting:
            raise self._too_many(model)
        waiter = _Waiter(tokens, deadline, asyncio.get_running_loop().create_future())
        self._lines.setdefault(scope, deque()).append(waiter)
        self._waiting += 1
        try:
            self._advance(deadline)
            return await waiter.let_through
        except asyncio.CancelledError:
            self._forget(scope, waiter)
            raise
        except RateLimitWait as refused:
            refused.model = model
            raise

    def hear(self, hint: RateLimitHint) -> None:
        """What the provider said of its own limits, beside an answer or an error."""
        self._allowance = self._allowance.hinted(hint, self.clock.monotonic())
        self._advance()

    def note_start(self) -> None:
        """For ``Place``: its request goes out."""
        self._allowance = self._allowance.started(self.clock.monotonic())

    def note_end(self, tokens: int, used: int | None, *, started: bool) -> None:
        """For ``Place``: its attempt is over."""
        now = self.clock.monotonic()
        if started:
            self._allowance = self._allowance.ended(tokens, tokens if used is None else used, now)
        else:
            self._allowance = self._allowance.given_back(tokens, now)
        self._advance()

    def _take(self, tokens: int) -> Place:
        self._allowance = self._allowance.granted(tokens)
        return Place(self, tokens)

    def _advance(self, not_later: float | None = None) -> None:
        """Let through whoever may go, refuse whoever would be too late, and wake up when that changes."""
        if not self._lines and self._alarm is None:
            return
        now, at = self.clock.monotonic(), None
        while self._lines:
            scope, line = next(iter(self._lines.items()))
            waiter = line[0]
            if waiter.let_through.done():  # cancelled, and not yet awake to leave by itself
                self._leave(scope, waiter)
                continue
            at = self._allowance.next_at(waiter.tokens, now)
            too_late = waiter.deadline <= now or (at is not None and at >= waiter.deadline)
            if at != now and not too_late:
                break
            self._leave(scope, waiter)
            if scope in self._lines and not too_late:
                self._lines[scope] = self._lines.pop(scope)  # its turn is over: behind the others
            if too_late:
                waiter.let_through.set_exception(self._too_late(None if at is None else at - now, None))
            else:
                waiter.let_through.set_result(self._take(waiter.tokens))
        moments = [moment for moment in (at, not_later) if moment is not None]
        self._set_alarm(min(moments, default=None), now)

    def _set_alarm(self, moment: float | None, now: float) -> None:
        """Ring at ``moment``, or as early as is set already. There is an alarm only while somebody waits."""
        if not self._lines:
            if self._alarm is not None:
                self._alarm.cancel()
                self._alarm = None
        elif moment is not None and (self._alarm is None or moment < self._alarm_at):
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm_at = moment
            self._alarm = asyncio.get_running_loop().create_task(self._ring(moment - now))

    async def _ring(self, wait_s: float) -> None:
        await self.clock.sleep(max(0.0, wait_s))
        self._alarm = None
        now = self.clock.monotonic()
        waiters = [(scope, waiter) for scope, line in self._lines.items() for waiter in line]
        for scope, waiter in waiters:
            if waiter.deadline <= now and not waiter.let_through.done():
                self._leave(scope, waiter)
                waiter.let_through.set_exception(self._too_late(None, None))
        self._advance(min((waiter.deadline for _, waiter in waiters if waiter.deadline > now), default=None))

    def _leave(self, scope: str, waiter: _Waiter) -> None:
        line = self._lines[scope]
        line.remove(waiter)
        waiter.in_line = False
        self._waiting -= 1
        if not line:
            del self._lines[scope]

    def _forget(self, scope: str, waiter: _Waiter) -> None:
        if waiter.in_line:
            self._leave(scope, waiter)
            self._advance()
        elif (
            not waiter.let_through.cancelled() and waiter.let_through.exception() is None
        ):  # let through, and cancelled before it knew
            waiter.let_through.result().end()

    def _too_late(self, wait_s: float | None, model: str | None) -> RateLimitWait:
        return RateLimitWait(
            provider=self.provider,
            model=model,
            retry_after_s=wait_s,
            message="the limits set for this provider leave no room for the call before its deadline",
            remedy="Send fewer calls at a time, raise the limits, or give the call more time (deadline_s).",
        )

    def _too_many(self, model: str | None) -> RateLimitWait:
        return RateLimitWait(
            provider=self.provider,
            model=model,
            message=f"{self._waiting} calls wait for this provider already",
            remedy="Send fewer calls at a time; what cannot wait in line is better told at once.",
        )


@define(eq=False, kw_only=True)
class Pacings:
    """The pace of every provider of one runtime that has one."""

    limits: Mapping[ProviderId, RateLimits]
    clock: Clock
    max_waiting: int = 1000
    _by_provider: dict[ProviderId, Pacing] = field(init=False, repr=False)

    @_by_provider.default
    def _one_each(self) -> dict[ProviderId, Pacing]:
        return {
            provider: Pacing(provider=provider, limits=limits, clock=self.clock, max_waiting=self.max_waiting)
            for provider, limits in self.limits.items()
            if limits.are_set
        }

    def of(self, provider: ProviderId) -> Pacing | None:
        """The pace of ``provider``; ``None``: no limits are set, and there is nothing to wait for."""
        return self._by_provider.get(provider)
