"""The circuit: an origin that keeps failing is left alone for a while, then tried with one call."""

from enum import StrEnum
from typing import Final, TypeAlias

from attrs import evolve, field, frozen

from provider_runtime.domain.errors import Delivery, ErrorCode, ProviderError, ProviderStatusError, TransportError
from provider_runtime.domain.values import sealed

_IN_A_ROW: Final = 5
_ENOUGH_TO_JUDGE: Final = 20
_STEP_S: Final = 3.0
_STEPS: Final = 10  # together the 30 seconds that are looked back on
_FIRST_PAUSE_S: Final = 10.0
_LONGEST_PAUSE_S: Final = 120.0
_SPREAD: Final = 0.2
_PROBE_PAUSE_S: Final = 1.0

_NO_ANSWER: Final = frozenset(
    {
        ErrorCode.CONNECT_FAILED,
        ErrorCode.TLS_FAILED,
        ErrorCode.CONNECTION_LOST,
        ErrorCode.TIMED_OUT,
        ErrorCode.HTTP_PROTOCOL,
    }
)
_DOWN: Final = frozenset({500, 502, 503, 504, 520, 521, 522, 524, 529})
_TROUBLE: Final = frozenset({ErrorCode.SERVER_ERROR, ErrorCode.OVERLOADED})


class Sign(StrEnum):
    """What the end of an attempt says about the origin, whatever it says about the call."""

    UP = "up"  # it answered: also with a refusal, also when it has had enough of us
    DOWN = "down"  # it does not answer, or says itself that it cannot
    NOTHING = "nothing"  # nothing was heard of it


def sign_of(error: ProviderError) -> Sign:
    """What a failed attempt says about the origin. Source: reliability §2.2: rows 3 to 10 and 21 to 23 count."""
    if isinstance(error, ProviderStatusError):
        if 200 <= error.status_code < 300:  # an error object under a good status counts as its name says
            return Sign.DOWN if error.code in _TROUBLE else Sign.UP
        return Sign.DOWN if error.status_code in _DOWN else Sign.UP
    if not isinstance(error, TransportError):
        return Sign.NOTHING if error.delivery is Delivery.NOT_SENT else Sign.UP
    if error.code is ErrorCode.CONNECTION_LOST and error.reused and error.retryable:
        return Sign.NOTHING  # a kept connection had gone stale: that is news of the connection
    if error.code not in _NO_ANSWER:
        return Sign.NOTHING if error.delivery is Delivery.NOT_SENT else Sign.UP
    if error.code is ErrorCode.CONNECT_FAILED and not error.retryable:
        return Sign.NOTHING  # no such name: nobody was asked
    return Sign.DOWN


@frozen(kw_only=True)
class Admitted:
    """A call may go ahead. Handed back when it ends, so that what is told of it is told of its time.

    ``generation``: how often the circuit had opened or closed by then. ``probe``: its number, if it
    is the one call that finds out whether the origin is back; else 0.
    """

    generation: int = 0
    probe: int = 0


@frozen(kw_only=True)
class Open:
    """No call goes ahead before ``retry_at``, in seconds of the same clock as ``now``."""

    retry_at: float


Admission: TypeAlias = Admitted | Open
# What came back in one stretch of three seconds: its number from the clock's zero, answers, failures.
_Step: TypeAlias = tuple[int, int, int]


@sealed
class Circuit:
    """What one runtime knows of one origin's health: closed, open, or open with a probe under way.

    Opens on five failures in a row, or when at least half of at least twenty attempts in the last
    30 seconds failed. It stays open for 10 seconds, doubling each time a probe fails up to 120, spread
    by a fifth either way; then one call at a time is let through, and its end closes or opens it. What
    is told of a call that was let through before the circuit last changed says nothing any more.

    Memory is bounded: the past is kept in ten counts. Times are seconds of one monotonic clock, and
    chances numbers in [0, 1); both are passed in. Source: reliability §2.5.
    """

    in_a_row: int = 0
    open_until: float | None = None
    pause_s: float = 0.0
    probe_until: float | None = None
    pass_: Admitted = field(factory=Admitted)
    _steps: tuple[_Step, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether calls are held back, but for a probe."""
        return self.open_until is not None

    def retry_at(self, now: float) -> float | None:
        """When a call may be let through, or ``None`` where it may be now. Takes no probe's place."""
        if self.open_until is None:
            return None
        if now < self.open_until:
            return self.open_until
        if self.probe_until is not None and now < self.probe_until:
            return min(self.probe_until, now + _PROBE_PAUSE_S)
        return None

    def admit(self, now: float, until: float) -> "tuple[Circuit, Admission]":
        """Let a call through that ends by ``until``, or say when to come back.

        ``until`` bounds a probe: one that is never heard of again gives its place up then.
        """
        if self.open_until is None:
            return self, self.pass_
        retry_at = self.retry_at(now)
        if retry_at is not None:
            return self, Open(retry_at=retry_at)
        probe = evolve(self.pass_, probe=self.pass_.probe + 1)
        return evolve(self, probe_until=until, pass_=probe), probe

    def succeeded(self, admitted: Admitted, now: float) -> "Circuit":
        """The origin answered, whatever it said."""
        if admitted is not self.pass_ and admitted != self.pass_:
            return self
        if self.open_until is not None:
            return Circuit(pass_=Admitted(generation=admitted.generation + 1))
        return Circuit(0, None, 0.0, None, self.pass_, _counted(self._steps, now, 1, 0))

    def failed(self, admitted: Admitted, now: float, chance: float) -> "Circuit":
        """The origin did not answer, or said that it cannot."""
        if admitted is not self.pass_ and admitted != self.pass_:
            return self
        if self.open_until is not None:
            return self._opened(min(_LONGEST_PAUSE_S, 2 * self.pause_s), now, chance)
        steps = _counted(self._steps, now, 0, 1)
        up, down = sum(step[1] for step in steps), sum(step[2] for step in steps)
        if self.in_a_row + 1 >= _IN_A_ROW or (up + down >= _ENOUGH_TO_JUDGE and down >= up):
            return self._opened(_FIRST_PAUSE_S, now, chance)
        return Circuit(in_a_row=self.in_a_row + 1, pass_=self.pass_, steps=steps)

    def cancelled(self, admitted: Admitted) -> "Circuit":
        """Nothing was learnt. A probe gives its place up; the circuit neither opens nor closes."""
        if self.probe_until is None or admitted != self.pass_:
            return self
        return evolve(self, probe_until=None)

    def _opened(self, pause_s: float, now: float, chance: float) -> "Circuit":
        spread = 1 - _SPREAD + 2 * _SPREAD * chance
        generation = self.pass_.generation + 1
        return Circuit(open_until=now + pause_s * spread, pause_s=pause_s, pass_=Admitted(generation=generation))


def _counted(steps: tuple[_Step, ...], now: float, up: int, down: int) -> tuple[_Step, ...]:
    """The last ten steps, newest first, with one more attempt in the newest, which went well or badly."""
    number = int(now // _STEP_S)
    if steps and steps[0][0] >= number:
        newest = steps[0]
        return ((newest[0], newest[1] + up, newest[2] + down), *steps[1:])
    return ((number, up, down), *(step for step in steps if step[0] > number - _STEPS))
