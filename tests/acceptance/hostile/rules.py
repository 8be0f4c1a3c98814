"""The rules that hold in every scenario, and the row of each, as questions to what was observed."""

from collections.abc import Iterator
from typing import Final

from hostile.observing import Observed
from hostile.plays import ANSWER, SMUGGLED
from hostile.scenario import Scenario

from provider_runtime import ErrorCode, ProviderError
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import Delivery

_KINDS: Final = {
    ErrorCode.TIMED_OUT: "timeout",
    ErrorCode.CONNECTION_LOST: "connection_lost",
    ErrorCode.HTTP_PROTOCOL: "protocol_error",
    ErrorCode.BAD_RESPONSE: "bad_response",
    ErrorCode.RESPONSE_NOT_JSON: "bad_response",
    ErrorCode.RESPONSE_TOO_LARGE: "too_large",
    ErrorCode.REDIRECT_BLOCKED: "redirect_blocked",
    ErrorCode.CREDENTIALS_REJECTED: "auth",
    ErrorCode.PERMISSION_DENIED: "permission",
    ErrorCode.NOT_FOUND: "not_found",
    ErrorCode.INVALID_REQUEST: "invalid_request",
    ErrorCode.CONFLICT: "conflict",
    ErrorCode.RATE_LIMITED: "rate_limited",
    ErrorCode.QUOTA_EXHAUSTED: "quota_exhausted",
    ErrorCode.OVERLOADED: "overloaded",
    ErrorCode.SERVER_ERROR: "server_error",
    ErrorCode.REQUEST_TOO_LARGE: "request_too_large",
}
_SETTLED: Final = {
    Delivery.NOT_SENT: "void",
    Delivery.REJECTED: "void",
    Delivery.AMBIGUOUS: "unconfirmed",
    Delivery.ANSWERED_BAD: "estimate",
}
_GRACE_S: Final = 1.0
_BLOCKED_S: Final = 0.2


def kind_of(outcome: ProviderResponse | BaseException) -> str:
    """``ok`` or the kind of the error, in the words of the table; the class of what is no error of ours."""
    if isinstance(outcome, ProviderResponse):
        return "ok"
    if isinstance(outcome, ProviderError):
        return _KINDS.get(outcome.code, outcome.code.value)
    return type(outcome).__name__


def settled_as(outcome: ProviderResponse | BaseException) -> str:
    """What the last try would be posted as, by what is known of it."""
    if isinstance(outcome, ProviderResponse):
        counts = (outcome.usage.input_tokens, outcome.usage.output_tokens)
        return "estimate" if None in counts else "actual"
    return _SETTLED[outcome.delivery] if isinstance(outcome, ProviderError) else "nothing"


def broken_rules(scenario: Scenario, seen: Observed) -> Iterator[str]:
    """Each way in which a call was not what the table says, in words; nothing where all is well."""
    outcome, kind = seen.outcome, kind_of(seen.outcome)
    if kind not in scenario.expect:
        yield f"ended as {kind}, not {sorted(scenario.expect)}: {outcome!r:.300}"
    least, most = scenario.requests
    if not least <= seen.requests <= most:
        yield f"{seen.requests} requests, not {least} to {most}"
    if settled_as(outcome) not in scenario.settle:
        yield f"settled as {settled_as(outcome)}, not {sorted(scenario.settle)}"
    if seen.elapsed_s > scenario.deadline_s + _GRACE_S:
        yield f"took {seen.elapsed_s:.2f} s with a deadline of {scenario.deadline_s} s"
    if seen.blocked_s > _BLOCKED_S:
        yield f"held the event loop for {seen.blocked_s:.3f} s"
    yield from _wrong_attempts(seen)
    answer = seen.answer
    if answer is not None and scenario.text is not None and answer.text != scenario.text:
        yield f"answered {answer.text!r:.100}"


def broken_rules_of_a_clean_call(seen: Observed) -> Iterator[str]:
    """The same for a call of the good provider, whatever went before it."""
    if seen.answer is None:
        yield f"a clean call failed: {seen.outcome!r:.300}"
    elif seen.answer.text != ANSWER:
        yield "a clean call was answered with something else"
    if SMUGGLED in repr(seen.outcome):
        yield "a clean call saw what was smuggled"
    if seen.requests > 2:  # the second one replaces a connection that had gone stale
        yield f"a clean call took {seen.requests} requests"


def _wrong_attempts(seen: Observed) -> Iterator[str]:
    attempts = getattr(seen.outcome, "attempts", ())
    if len(attempts) != seen.requests:
        yield f"{len(attempts)} attempts on record, {seen.requests} requests at the server"
    if [attempt.number for attempt in attempts] != list(range(1, len(attempts) + 1)):
        yield "attempts are not numbered one by one"
    if sum(attempt.wait_s for attempt in attempts) != sum(seen.waits):
        yield "the waits on record are not those that were waited"
