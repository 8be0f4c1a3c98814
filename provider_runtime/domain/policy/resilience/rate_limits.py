"""Client-side limits: requests and tokens a minute, and calls at a time, as arithmetic on whole numbers."""

from typing import Any, Final

from attrs import Attribute, evolve, field, frozen

from provider_runtime.domain.errors import InvalidSettings

_TICKS: Final = 1_000_000  # a second, in the microseconds that are counted here
_MINUTE: Final = 60 * _TICKS
_HINT_LIFE: Final = 60 * _TICKS


@frozen(kw_only=True)
class RateLimits:
    """What one provider may be asked for by one runtime. ``None``: no limit.

    Each limit per minute is a bucket of that size which refills evenly, as vendors count: after a
    quiet minute all of it may be spent at once. Tokens are those of the request and of its answer.
    ``concurrent_calls``: attempts under way at the same time. Raises ``InvalidSettings``.
    """

    requests_per_minute: int | None = field(default=None)
    tokens_per_minute: int | None = field(default=None)
    concurrent_calls: int | None = field(default=None)

    @requests_per_minute.validator
    @tokens_per_minute.validator
    @concurrent_calls.validator
    def _at_least_one(self, attribute: "Attribute[Any]", value: object) -> None:
        if value is not None and (type(value) is not int or value < 1):
            raise InvalidSettings(
                field=f"limits.{attribute.name}",
                message="a limit is a whole number from 1",
                remedy="Leave it out, or write None, for no limit.",
            )

    @property
    def are_set(self) -> bool:
        """Whether there is any limit at all."""
        return any(
            limit is not None for limit in (self.requests_per_minute, self.tokens_per_minute, self.concurrent_calls)
        )


@frozen(kw_only=True)
class RateLimitHint:
    """What a provider said about its own limits, beside one answer. ``None``: it did not say.

    Whole requests and tokens; ``…_reset_s``: seconds until all of the limit is there again.
    """

    requests_limit: int | None = None
    requests_remaining: int | None = None
    requests_reset_s: float | None = None
    tokens_limit: int | None = None
    tokens_remaining: int | None = None
    tokens_reset_s: float | None = None


@frozen
class _Told:
    """The provider's bucket as it told of it last: how much was taken, and when none will be.

    Believed until it is full again, and for a minute at most: what is never told again must not
    hold calls back for ever. ``spent``: what was let through since.
    """

    limit: int
    taken: int
    since: int
    full_at: int
    spent: int = 0

    def wait(self, amount: int, now: int) -> int:
        end = min(self.full_at, self.since + _HINT_LIFE)
        room = self.limit - self.spent - amount
        if now >= end or self._taken_at(now) <= room:
            return 0
        if room < 0:
            return end - now
        # The first moment at which no more than ``room`` is taken; a straight line leads there.
        return min(end, self.full_at - room * (self.full_at - self.since) // self.taken) - now

    def _taken_at(self, now: int) -> int:
        left, span = self.full_at - max(now, self.since), self.full_at - self.since
        return -(-self.taken * left // span)  # rounded up


@frozen
class Meter:
    """One limit per minute: a bucket that leaks evenly, by the arithmetic of GCRA.

    ``held`` is taken by calls under way, at their estimates, and does not leak: what they took in
    truth is known, and starts to leak, when they end. So no estimate that is given back ever lets
    more through than the limit. ``level`` counts in units times a minute, so that all is exact.
    """

    per_minute: int
    held: int = 0
    level: int = 0
    at: int = 0
    told: _Told | None = None

    def wait(self, amount: int, now: int) -> int | None:
        """Ticks until ``amount`` may be taken: 0 for now, ``None`` for not before something under way ends."""
        room = self.per_minute - self.held - amount
        if room < 0:
            return None
        over = self._level_at(now) - room * _MINUTE
        wait = -(-over // self.per_minute) if over > 0 else 0
        return wait if self.told is None else max(wait, self.told.wait(amount, now))

    def holding(self, amount: int) -> "Meter":
        """Take ``amount`` for a call that begins. To be asked for first: see ``wait``."""
        return Meter(self.per_minute, self.held + amount, self.level, self.at, self._told_less(amount))

    def settled(self, held: int, used: int, now: int) -> "Meter":
        """A call that held ``held`` has used ``used``: less, which is given back, or more, which is owed."""
        return Meter(
            self.per_minute,
            max(0, self.held - held),
            self._level_at(now) + used * _MINUTE,
            max(self.at, now),
            self._told_less(used - held),
        )

    def hinted(self, limit: int | None, remaining: int | None, reset_s: float | None, now: int) -> "Meter":
        """Believe the provider where it says that less is left than we think; forget what it said before.

        Without a limit ours stands in, without a reset a minute. Nothing here lets more through
        than our own count does.
        """
        if remaining is None:
            return self
        limit = max(remaining, self.per_minute if limit is None else limit)
        span = _MINUTE if reset_s is None else round(reset_s * _TICKS)
        if remaining >= limit or span <= 0:
            return evolve(self, told=None)
        return evolve(self, told=_Told(limit, limit - remaining, now, now + span))

    def _level_at(self, now: int) -> int:
        return max(0, self.level - max(0, now - self.at) * self.per_minute)

    def _told_less(self, amount: int) -> _Told | None:
        told = self.told
        if told is None:
            return None
        return _Told(told.limit, told.taken, told.since, told.full_at, max(0, told.spent + amount))


@frozen(kw_only=True)
class Allowance:
    """What one runtime may ask of one provider now: its limits, and what was taken of them.

    A call passes four points: ``granted`` takes its place and its estimate, ``started`` counts the
    request, ``ended`` puts what it used in the place of the estimate; ``given_back`` undoes
    ``granted`` for a call that never started. Times are seconds of one monotonic clock, passed in.
    """

    limits: RateLimits
    under_way: int = 0
    requests: Meter | None = field()
    tokens: Meter | None = field()

    @requests.default
    def _no_requests_yet(self) -> Meter | None:
        limit = self.limits.requests_per_minute
        return None if limit is None else Meter(limit)

    @tokens.default
    def _no_tokens_yet(self) -> Meter | None:
        limit = self.limits.tokens_per_minute
        return None if limit is None else Meter(limit)

    def fitting(self, tokens: int) -> int:
        """As many tokens, but no more than a whole minute has: a call that may take more takes all of it."""
        return tokens if self.tokens is None else min(tokens, self.tokens.per_minute)

    def next_at(self, tokens: int, now: float) -> float | None:
        """When a call of so many tokens may start: ``now``, later, or ``None``: not before another ends."""
        most = self.limits.concurrent_calls
        if most is not None and self.under_way >= most:
            return None
        ticks, wait = _ticks(now), 0
        for meter, amount in ((self.requests, 1), (self.tokens, tokens)):
            if meter is None:
                continue
            needed = meter.wait(amount, ticks)
            if needed is None:
                return None
            wait = max(wait, needed)
        return now if wait == 0 else (ticks + wait) / _TICKS

    def granted(self, tokens: int) -> "Allowance":
        """A call takes its place, and ``tokens`` by estimate."""
        requests, metered = self.requests, self.tokens
        return Allowance(
            limits=self.limits,
            under_way=self.under_way + 1,
            requests=None if requests is None else requests.holding(1),
            tokens=None if metered is None else metered.holding(tokens),
        )

    def started(self, now: float) -> "Allowance":
        """The call's request goes out: it counts as one, however the call ends."""
        requests = self.requests
        if requests is None:
            return self
        counted = requests.settled(1, 1, _ticks(now))
        return Allowance(limits=self.limits, under_way=self.under_way, requests=counted, tokens=self.tokens)

    def ended(self, tokens: int, used: int, now: float) -> "Allowance":
        """A call that was granted ``tokens`` is over and took ``used``."""
        metered = self.tokens
        return Allowance(
            limits=self.limits,
            under_way=max(0, self.under_way - 1),
            requests=self.requests,
            tokens=None if metered is None else metered.settled(tokens, used, _ticks(now)),
        )

    def given_back(self, tokens: int, now: float) -> "Allowance":
        """A call that was granted ``tokens`` never started: as if it had not been there."""
        ended = self.ended(tokens, 0, now)
        requests = ended.requests
        return ended if requests is None else evolve(ended, requests=requests.settled(1, 0, _ticks(now)))

    def hinted(self, hint: RateLimitHint, now: float) -> "Allowance":
        """What the provider said of its limits replaces what it said before."""
        at, requests, tokens = _ticks(now), self.requests, self.tokens
        return evolve(
            self,
            requests=requests
            and requests.hinted(hint.requests_limit, hint.requests_remaining, hint.requests_reset_s, at),
            tokens=tokens and tokens.hinted(hint.tokens_limit, hint.tokens_remaining, hint.tokens_reset_s, at),
        )


def _ticks(seconds: float) -> int:
    return round(seconds * _TICKS)
