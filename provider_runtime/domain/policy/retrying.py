"""Which failures to try again, and after how long."""

from math import isfinite
from typing import Final, TypeAlias

from attrs import Attribute, field, frozen

from provider_runtime.domain.errors import (
    Delivery,
    ErrorCode,
    InvalidRetryPolicy,
    ProviderError,
    ProviderStatusError,
    RetryDenial,
    TransportError,
)
from provider_runtime.domain.json_values import tuple_of
from provider_runtime.domain.policy.resilience.retry_budget import RetryTokens
from provider_runtime.domain.values import sealed

_HEALING: Final = (408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 524, 529)
_THROTTLES: Final = frozenset({ErrorCode.RATE_LIMITED, ErrorCode.OVERLOADED})
# What no wait mends, and no wish of the provider or of a policy repeats.
_NEVER: Final = frozenset(
    {
        ErrorCode.CREDENTIALS_REJECTED,
        ErrorCode.PERMISSION_DENIED,
        ErrorCode.QUOTA_EXHAUSTED,
        ErrorCode.CONTEXT_TOO_LONG,
        ErrorCode.REDIRECT_BLOCKED,
    }
)
_LONGEST_WISH_S: Final = 60.0
_MOST_DOUBLINGS: Final = 64
_FULL: Final = RetryTokens()


@frozen(kw_only=True)
class RetryPolicy:
    """How often and how patiently a call is tried again.

    ``max_attempts`` counts the first one. Waits double from ``initial_backoff_ms`` up to
    ``max_backoff_ms``, spread by chance. ``retryable_status_codes``: a status left out is final; one
    added is tried again, unless its answer speaks of the key, of money or of a prompt that is too
    long. ``retry_on_timeout``: also when no answer came in time, although the model may have worked
    and will be billed twice.
    Raises ``InvalidRetryPolicy``. Source: semantics A.5, reliability §2.
    """

    max_attempts: int = field(default=3)
    initial_backoff_ms: int = 500
    max_backoff_ms: int = field(default=20_000)
    retryable_status_codes: tuple[int, ...] = field(default=_HEALING, converter=tuple_of)
    retry_on_timeout: bool = False

    @max_attempts.validator
    def _at_least_one(self, _attribute: "Attribute[int]", value: int) -> None:
        if type(value) is not int or value < 1:
            raise InvalidRetryPolicy(field="max_attempts", message="there must be at least one attempt")

    @max_backoff_ms.validator
    def _not_below_initial(self, _attribute: "Attribute[int]", value: int) -> None:
        if (
            type(value) is not int
            or type(self.initial_backoff_ms) is not int
            or not 0 <= self.initial_backoff_ms <= value
        ):
            raise InvalidRetryPolicy(
                field="max_backoff_ms", message="backoff needs 0 <= initial_backoff_ms <= max_backoff_ms"
            )

    @retryable_status_codes.validator
    def _are_statuses(self, _attribute: "Attribute[tuple[int, ...]]", codes: tuple[int, ...]) -> None:
        if not all(type(code) is int and 100 <= code <= 599 for code in codes):
            raise InvalidRetryPolicy(field="retryable_status_codes", message="HTTP statuses lie between 100 and 599")


@sealed(kw_only=True)
class Tried:
    """What the attempts of one call came to so far, the one that just failed included.

    ``ambiguous``: got no whole answer and may have been billed. ``stale``: were lost on a
    connection that had answered before. ``unauthorised``: had their credential refused.
    """

    attempts: int = 0
    ambiguous: int = 0
    stale: int = 0
    unauthorised: int = 0

    def and_then(self, error: ProviderError) -> "Tried":
        """The same, and one more attempt that ended in ``error``."""
        return Tried(
            attempts=self.attempts + 1,
            ambiguous=self.ambiguous + (error.delivery is Delivery.AMBIGUOUS),
            stale=self.stale + went_stale(error),
            unauthorised=self.unauthorised + (error.code is ErrorCode.CREDENTIALS_REJECTED),
        )


@frozen(kw_only=True)
class Retry:
    """Try again after ``wait_s`` seconds; ``fresh_connection``: over a connection made for it."""

    wait_s: float
    fresh_connection: bool = False


@frozen(kw_only=True)
class GiveUp:
    """Do not try again; ``reason`` says what stood in the way."""

    reason: RetryDenial

    @property
    def may_have_healed(self) -> bool:
        """Whether another try might have helped, had it been allowed."""
        return self.reason is not RetryDenial.NOT_RETRYABLE


Decision: TypeAlias = Retry | GiveUp


def decide(
    error: ProviderError,
    policy: RetryPolicy,
    *,
    tried: Tried,
    time_left_s: float,
    chance: float,
    tokens: RetryTokens = _FULL,
    another_token: bool = False,
    circuit_open: bool = False,
) -> Decision:
    """Whether to try again now that an attempt has failed with ``error``.

    ``tried`` counts that attempt too. ``chance`` is a number in [0, 1) that spreads the wait.
    ``tokens`` is the retry budget before this failure. ``another_token``: the source of credentials
    now has one that this call has not tried. ``circuit_open``: the origin is left alone for now.
    Pure: equal arguments, equal decision. Source: reliability §2.2 and §2.3.
    """
    denial = _denial(error, policy, tried, another_token=another_token)
    if denial is not None:
        return GiveUp(reason=denial)
    wait_s = _wait(error, policy, tried, chance)
    if _wish(error) > _LONGEST_WISH_S:
        return GiveUp(reason=RetryDenial.RETRY_AFTER_TOO_LONG)
    if not wait_s < time_left_s:
        return GiveUp(reason=RetryDenial.DEADLINE)
    if is_free(error, tried):
        return Retry(wait_s=wait_s, fresh_connection=True)
    if circuit_open:
        return GiveUp(reason=RetryDenial.CIRCUIT_OPEN)
    if not tokens.failed().allow_a_retry:
        return GiveUp(reason=RetryDenial.RETRY_BUDGET)
    return Retry(wait_s=wait_s, fresh_connection=went_stale(error))


def _denial(error: ProviderError, policy: RetryPolicy, tried: Tried, *, another_token: bool) -> RetryDenial | None:
    wished = _retry_wished(error)
    if error.code is ErrorCode.CREDENTIALS_REJECTED:
        # Another credential makes another request: what the provider wishes was said of the first.
        may_heal = another_token and tried.unauthorised == 1
    elif wished is not None:
        may_heal = wished
    else:
        may_heal = _may_heal(error, policy)
    if not may_heal:
        return RetryDenial.NOT_RETRYABLE
    opted_in = wished or (error.code is ErrorCode.TIMED_OUT and policy.retry_on_timeout)
    if error.delivery is Delivery.AMBIGUOUS and tried.ambiguous > 1 and not opted_in:
        return RetryDenial.AMBIGUOUS_TWICE
    return RetryDenial.ATTEMPTS_USED if tried.attempts >= policy.max_attempts else None


def _retry_wished(error: ProviderError) -> bool | None:
    """What the provider says of trying again, where it says so and it is for the provider to say."""
    if not isinstance(error, ProviderStatusError) or error.should_retry is None:
        return None
    if error.should_retry and (error.code in _NEVER or error.status_code < 400):
        return None
    return error.should_retry


def _may_heal(error: ProviderError, policy: RetryPolicy) -> bool:
    if isinstance(error, ProviderStatusError):
        return _status_may_heal(error, policy)
    if not isinstance(error, TransportError) or error.delivery is Delivery.ANSWERED_BAD:
        return False
    if error.code is ErrorCode.TIMED_OUT and error.delivery is not Delivery.NOT_SENT:
        return policy.retry_on_timeout  # the model may be generating still, and will be billed
    return error.retryable


def _status_may_heal(error: ProviderStatusError, policy: RetryPolicy) -> bool:
    if error.code in _NEVER:
        return False
    if 200 <= error.status_code < 300:
        return error.retryable  # an error object under a good status: there is no status to look up
    return error.status_code in policy.retryable_status_codes and (error.retryable or error.status_code not in _HEALING)


def is_free(error: ProviderError, tried: Tried) -> bool:
    """Whether another try costs nothing: a kept connection had gone stale, which says nothing of the provider."""
    return went_stale(error) and tried.stale == 1


def went_stale(error: ProviderError) -> bool:
    """Whether a connection that had answered before was lost before it answered again."""
    return isinstance(error, TransportError) and error.reused and error.code is ErrorCode.CONNECTION_LOST


def _wish(error: ProviderError) -> float:
    """How long the provider asks to wait; 0 where it does not, or asks for nonsense."""
    asked = error.retry_after_s
    return asked if asked is not None and isfinite(asked) and asked > 0 else 0.0


def _wait(error: ProviderError, policy: RetryPolicy, tried: Tried, chance: float) -> float:
    if error.code is ErrorCode.CREDENTIALS_REJECTED or is_free(error, tried):
        return 0.0  # another credential, or another connection, is the cure; time is not
    asked = _wish(error)
    if asked:
        # Never earlier than asked; a little later, so that callers do not return all at once.
        return asked + chance * min(1.0, 0.1 * asked)
    first = policy.initial_backoff_ms * (2 if error.code in _THROTTLES else 1)
    backoff_ms: int = min(policy.max_backoff_ms, first << min(tried.attempts - 1, _MOST_DOUBLINGS))
    return backoff_ms / 1000 * (0.5 + chance / 2)
