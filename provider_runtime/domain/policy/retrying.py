"""Which failures to try again, and after how long."""

from typing import Final, TypeAlias

from attrs import Attribute, field, frozen

from provider_runtime.domain.errors import (
    Delivery,
    ErrorCode,
    InvalidRetryPolicy,
    ProviderError,
    ProviderStatusError,
    TransportError,
)
from provider_runtime.domain.json_values import tuple_of

_HEALING: Final = (408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 524, 529)
_THROTTLES: Final = frozenset({ErrorCode.RATE_LIMITED, ErrorCode.OVERLOADED})
_ONCE: Final = frozenset({504, 524})
_LONGEST_WAIT_S: Final = 60.0


@frozen(kw_only=True)
class RetryPolicy:
    """How often and how patiently a call is tried again.

    ``max_attempts`` counts the first one. Waits double from ``initial_backoff_ms`` up to
    ``max_backoff_ms``, spread by chance. ``retry_on_timeout``: also when no answer came in time,
    although the model may have worked and will be billed twice.
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


@frozen(kw_only=True)
class Retry:
    """Try again after ``wait_s`` seconds."""

    wait_s: float


@frozen(kw_only=True)
class GiveUp:
    """Do not try again; ``reason`` says what stood in the way."""

    reason: str


Decision: TypeAlias = Retry | GiveUp


def decide(error: ProviderError, *, attempt: int, policy: RetryPolicy, time_left_s: float, chance: float) -> Decision:
    """Whether to try again after attempt number ``attempt`` failed with ``error``.

    ``chance`` is a number in [0, 1) that spreads the wait. Pure: equal arguments, equal decision.
    """
    if not _may_heal(error, attempt, policy):
        return GiveUp(reason="not_retryable")
    if attempt >= policy.max_attempts:
        return GiveUp(reason="attempts_used")
    wait = _wait(error, attempt, policy, chance)
    if wait > _LONGEST_WAIT_S:
        return GiveUp(reason="retry_after_too_long")
    if wait >= time_left_s:
        return GiveUp(reason="deadline")
    return Retry(wait_s=wait)


def _may_heal(error: ProviderError, attempt: int, policy: RetryPolicy) -> bool:
    if isinstance(error, ProviderStatusError):
        return _status_may_heal(error, attempt, policy)
    if not isinstance(error, TransportError):
        return False
    if error.code is ErrorCode.TIMED_OUT:
        return policy.retry_on_timeout or error.delivery is Delivery.NOT_SENT
    if error.delivery is Delivery.AMBIGUOUS:
        # It may have been billed: once more, and only where nothing of an answer had come.
        return error.retryable and attempt == 1
    return error.retryable


def _status_may_heal(error: ProviderStatusError, attempt: int, policy: RetryPolicy) -> bool:
    if error.should_retry is not None and error.status_code >= 400 and error.status_code not in {401, 403}:
        return error.should_retry
    if error.status_code in _ONCE and attempt > 1:
        return False
    # An error object under a good status has no status of its own to look up.
    return error.retryable and (error.status_code < 300 or error.status_code in policy.retryable_status_codes)


def _wait(error: ProviderError, attempt: int, policy: RetryPolicy, chance: float) -> float:
    if error.retry_after_s is not None:
        # Never earlier than asked; a little later, so that callers do not return all at once.
        return error.retry_after_s + chance * min(1.0, 0.1 * error.retry_after_s)
    if isinstance(error, TransportError) and error.reused:
        return 0.0  # a kept-alive connection had gone stale; a new one is the cure, not time
    first = policy.initial_backoff_ms * (2 if error.code in _THROTTLES else 1)
    backoff_ms: int = min(policy.max_backoff_ms, first << (attempt - 1))
    return backoff_ms / 1000 * (0.5 + chance / 2)
