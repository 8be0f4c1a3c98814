"""The retry table, row by row: from what comes back to what is done about it, over every wire.

Rows 1, 26 and 27 of reliability §2.2 never reach the rule: a refusal and a cancellation are no
failure of the provider, and a settlement is no part of an attempt.
"""

import json
from typing import Final

import pytest
from attrs import field, frozen

from provider_runtime.adapters.credentials.sources import CredentialSources
from provider_runtime.adapters.wire.adapter import WireAdapter
from provider_runtime.composition.wires import codec_for
from provider_runtime.domain.catalog.models import ModelCatalog
from provider_runtime.domain.catalog.providers import ProviderConfig, ProviderKind
from provider_runtime.domain.conversation.request import ModelRef
from provider_runtime.domain.errors import Billed, Delivery, ErrorCode, ProviderError, RetryDenial
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.policy.retrying import GiveUp, Retry, RetryPolicy, Tried, decide
from provider_runtime.ports.http import HttpFailure, HttpReply
from provider_runtime.ports.provider_adapter import AdapterContext
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import FakeTransport

KINDS: Final = (
    ProviderKind.OPENAI,
    ProviderKind.OPENAI_CHAT,
    ProviderKind.ANTHROPIC,
    ProviderKind.GEMINI,
    ProviderKind.OLLAMA,
    ProviderKind.OPENROUTER,
)
NO: Final = ()  # the tries that follow, as waits
TRANSIENT: Final = (0.25, 0.5)  # 0.5 s, doubling, spread by a chance of 0
THROTTLE: Final = (0.5, 1.0)


def what_follows(error: ProviderError, **facts: object) -> tuple[float, ...]:
    """The waits before the tries that follow, if each of them fails in the same way."""
    tried, waits = Tried().and_then(error), []
    while isinstance(
        decision := decide(error, RetryPolicy(), tried=tried, time_left_s=600, chance=0.0, **facts), Retry
    ):
        waits.append(decision.wait_s)
        tried = tried.and_then(error)
    return tuple(waits)


async def failure_over(kind: ProviderKind, outcome: HttpFailure | HttpReply) -> ProviderError:
    """What a call over a wire raises when this comes back."""
    config = ProviderConfig(provider_id=ProviderId("p"), kind=kind, base_url="https://p.example")
    adapter = WireAdapter(
        config=config,
        codec=codec_for(config, ModelCatalog()),
        transport=FakeTransport([outcome]),
        credentials=CredentialSources(),
        credential_required=False,
    )
    prepared = adapter.prepare(a_request(model=ModelRef(model_id="some-model"), max_output_tokens=9))
    with pytest.raises(ProviderError) as failed:
        await adapter.send(prepared, AdapterContext())
    return failed.value


def _failed(code: ErrorCode, delivery: Delivery, *, may_heal: bool = False, reused: bool = False) -> HttpFailure:
    return HttpFailure(code=code, delivery=delivery, may_heal=may_heal, reused=reused)


@frozen
class Row:
    """A row of the table: what came back, how far the request got, what is raised, what follows."""

    number: int
    what: str
    outcome: HttpFailure
    delivery: Delivery
    follows: tuple[float, ...] = field(default=NO)


_LOST, _NOT_SENT, _AMBIGUOUS = ErrorCode.CONNECTION_LOST, Delivery.NOT_SENT, Delivery.AMBIGUOUS
_UNCONNECTED: Final = ErrorCode.CONNECT_FAILED
NO_ANSWER: Final = (
    Row(2, "no such name", _failed(_UNCONNECTED, _NOT_SENT), _NOT_SENT),
    Row(3, "names cannot be looked up now", _failed(_UNCONNECTED, _NOT_SENT, may_heal=True), _NOT_SENT, TRANSIENT),
    Row(4, "refused", _failed(_UNCONNECTED, _NOT_SENT, may_heal=True), _NOT_SENT, TRANSIENT),
    Row(5, "certificate", _failed(ErrorCode.TLS_FAILED, _NOT_SENT), _NOT_SENT),
    Row(6, "stale, written to", _failed(_LOST, _AMBIGUOUS, may_heal=True, reused=True), _AMBIGUOUS, (0.0,)),
    Row(6, "stale, not written to", _failed(_LOST, _NOT_SENT, may_heal=True, reused=True), _NOT_SENT, (0.0, 0.5)),
    Row(7, "lost on a fresh connection", _failed(_LOST, _AMBIGUOUS, may_heal=True), _AMBIGUOUS, (0.25,)),
    Row(8, "no answer in time", _failed(ErrorCode.TIMED_OUT, _AMBIGUOUS, may_heal=True), _AMBIGUOUS),
    Row(9, "body cut", _failed(_LOST, _AMBIGUOUS), _AMBIGUOUS),
    Row(9, "body cut on a kept connection", _failed(_LOST, _AMBIGUOUS, reused=True), _AMBIGUOUS),
    Row(10, "no HTTP", _failed(ErrorCode.HTTP_PROTOCOL, _AMBIGUOUS), _AMBIGUOUS),
    Row(
        11, "too large", _failed(ErrorCode.RESPONSE_TOO_LARGE, Delivery.ANSWERED_BAD, may_heal=True),
        Delivery.ANSWERED_BAD,
    ),
)  # fmt: skip

_BILLED: Final = {
    Delivery.NOT_SENT: Billed.NO,
    Delivery.REJECTED: Billed.NO,
    Delivery.AMBIGUOUS: Billed.MAYBE,
    Delivery.ANSWERED_BAD: Billed.YES,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("row", NO_ANSWER, ids=lambda row: f"{row.number} {row.what}")
async def test_rows_2_to_11_where_no_whole_answer_came(kind: ProviderKind, row: Row) -> None:
    error = await failure_over(kind, row.outcome)
    assert (error.code, error.delivery) == (row.outcome.code, row.delivery)
    assert error.sent is (row.delivery is not Delivery.NOT_SENT)
    assert error.billed is _BILLED[row.delivery]
    assert what_follows(error) == row.follows


STATUSES: Final = (
    *((14, status, ErrorCode.REDIRECT_BLOCKED, NO) for status in (300, 301, 302, 303, 305, 307, 308, 399)),
    (14, 304, ErrorCode.BAD_RESPONSE, NO),
    *(
        (15, status, ErrorCode.INVALID_REQUEST, NO)
        for status in (400, 405, 406, 410, 411, 414, 415, 417, 418, 421, 422, 426, 428, 431, 451)
    ),
    (15, 404, ErrorCode.NOT_FOUND, NO),
    (15, 413, ErrorCode.REQUEST_TOO_LARGE, NO),
    (16, 401, ErrorCode.CREDENTIALS_REJECTED, NO),
    (17, 402, ErrorCode.QUOTA_EXHAUSTED, NO),
    (18, 403, ErrorCode.PERMISSION_DENIED, NO),
    (19, 408, ErrorCode.TIMED_OUT, TRANSIENT),
    (19, 409, ErrorCode.CONFLICT, TRANSIENT),
    (19, 425, ErrorCode.SERVER_ERROR, TRANSIENT),
    (20, 429, ErrorCode.RATE_LIMITED, THROTTLE),
    *((21, status, ErrorCode.SERVER_ERROR, TRANSIENT) for status in (500, 502, 520, 521, 522)),
    *((22, status, ErrorCode.OVERLOADED, THROTTLE) for status in (503, 529)),
    *((23, status, ErrorCode.SERVER_ERROR, TRANSIENT[:1]) for status in (504, 524)),
    *((24, status, ErrorCode.SERVER_ERROR, NO) for status in (501, 505, 506, 507, 508, 510, 511)),
    *((25, status, ErrorCode.SERVER_ERROR, NO) for status in (509, 523, 599)),
    *((25, status, ErrorCode.INVALID_REQUEST, NO) for status in (407, 416, 423, 499)),
    *((25, status, ErrorCode.PROVIDER_STATUS, NO) for status in (0, 99, 100, 199, 600, 999)),
)
BODIES: Final = (b"", b"<html>Bad Gateway</html>", b'{"error": "no"}', b'{"error": {"message": "no"}}')


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("status", "code", "follows"), [row[1:] for row in STATUSES], ids=[f"{row[0]} {row[1]}" for row in STATUSES]
)
async def test_rows_14_to_25_where_the_status_is_an_error(
    kind: ProviderKind, status: int, code: ErrorCode, follows: tuple[float, ...]
) -> None:
    for body in BODIES:
        error = await failure_over(kind, HttpReply(status=status, body=body))
        assert error.code is code
        assert error.delivery is (Delivery.AMBIGUOUS if status in {504, 524} else Delivery.REJECTED)
        assert what_follows(error) == follows


def _body_of(value: object) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("body", [b"", b" ", b"<html></html>", b"[1]", b"7", b"null", b'data: {"x": 1}\n\n', b"{"])
async def test_row_12_an_answer_that_is_not_understood_is_not_bought_twice(
    kind: ProviderKind, status: int, body: bytes
) -> None:
    error = await failure_over(kind, HttpReply(status=status, body=body))
    assert error.delivery is Delivery.ANSWERED_BAD
    assert error.billed is Billed.YES
    assert what_follows(error) == NO


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [202, 203, 204, 205, 206, 299])
async def test_row_12_a_good_status_other_than_200_and_201_is_no_answer(kind: ProviderKind, status: int) -> None:
    error = await failure_over(kind, HttpReply(status=status, body=b"{}"))
    assert error.code is ErrorCode.BAD_RESPONSE
    assert error.billed is (Billed.NO if status in {204, 205} else Billed.YES)
    assert what_follows(error) == NO


@pytest.mark.parametrize("kind", [ProviderKind.OPENAI_CHAT, ProviderKind.OPENROUTER, ProviderKind.ANTHROPIC])
@pytest.mark.parametrize(
    ("name", "code", "follows"),
    [
        ("rate_limit_exceeded", ErrorCode.RATE_LIMITED, THROTTLE),
        ("overloaded_error", ErrorCode.OVERLOADED, THROTTLE),
        ("service_unavailable", ErrorCode.OVERLOADED, THROTTLE),
        ("server_error", ErrorCode.SERVER_ERROR, TRANSIENT),
        ("gateway_timeout", ErrorCode.SERVER_ERROR, TRANSIENT[:1]),
        ("insufficient_quota", ErrorCode.QUOTA_EXHAUSTED, NO),
        ("authentication_error", ErrorCode.CREDENTIALS_REJECTED, NO),
        ("invalid_request_error", ErrorCode.INVALID_REQUEST, NO),
        ("never_heard_of", ErrorCode.PROVIDER_STATUS, NO),
    ],
)
async def test_row_13_an_error_under_a_good_status_is_judged_by_its_type(
    kind: ProviderKind, name: str, code: ErrorCode, follows: tuple[float, ...]
) -> None:
    body = _body_of({"type": "error", "error": {"type": name, "message": "no"}})
    error = await failure_over(kind, HttpReply(status=200, body=body))
    assert error.code is code
    assert what_follows(error) == follows


@pytest.mark.parametrize("kind", KINDS)
async def test_row_16_a_different_credential_is_tried_once_and_at_once(kind: ProviderKind) -> None:
    error = await failure_over(kind, HttpReply(status=401, headers={"retry-after": "9", "x-should-retry": "false"}))
    assert what_follows(error, another_token=True) == (0.0,)
    assert what_follows(error, another_token=False) == NO


@pytest.mark.parametrize("kind", [ProviderKind.OPENAI, ProviderKind.OPENAI_CHAT, ProviderKind.ANTHROPIC])
@pytest.mark.parametrize("wish", ["true", "false", ""])
@pytest.mark.parametrize("status", [400, 429])
@pytest.mark.parametrize("name", ["insufficient_quota", "credit_balance_exhausted", "team_spend_limit_exceeded"])
async def test_row_17_money_is_never_waited_for_whatever_the_provider_wishes(
    kind: ProviderKind, name: str, status: int, wish: str
) -> None:
    body = _body_of({"error": {"code": name, "message": "no"}})
    reply = HttpReply(status=status, body=body, headers={"x-should-retry": wish} if wish else {})
    error = await failure_over(kind, reply)
    assert error.code is ErrorCode.QUOTA_EXHAUSTED
    assert what_follows(error) == NO


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after": "1"}, 1.0),
        ({"retry-after": "0.7"}, 0.7),
        ({"retry-after-ms": "700", "retry-after": "30"}, 0.7),
        ({"retry-after-ms": "soon", "retry-after": "3"}, 3.0),
        # One hour fast, and in agreement with itself.
        ({"retry-after": "Sat, 31 Jan 2026 13:00:02 GMT", "date": "Sat, 31 Jan 2026 13:00:00 GMT"}, 2.0),
        # Nothing that can be waited for: the rule's own wait.
        ({"retry-after": "Sat, 31 Jan 2026 12:59:00 GMT", "date": "Sat, 31 Jan 2026 13:00:00 GMT"}, 0.5),
        *(
            ({"retry-after": value}, 0.5)
            for value in (
                *("", " ", "0", "-5", "nan", "inf", "soon", "1, 2", "1e3", "\u0661", "9" * 35),
                *("Fri, 29 Sep 100000 16:26:57 GMT", "Zun, 29 Sep 2023", "Fri, 29 Sep 2023 16:26:57 +9999"),
            )
        ),
    ],
    ids=str,
)
async def test_the_wait_is_what_the_provider_asks_for_if_that_makes_sense(
    kind: ProviderKind, headers: dict[str, str], wait_s: float
) -> None:
    error = await failure_over(kind, HttpReply(status=429, headers=headers))
    assert what_follows(error)[0] == wait_s


@pytest.mark.parametrize("headers", [{"retry-after": "86400"}, {"retry-after": "61"}, {"retry-after-ms": "60001"}])
async def test_a_wish_for_more_than_a_minute_ends_the_call_and_is_told(headers: dict[str, str]) -> None:
    error = await failure_over(ProviderKind.OPENAI, HttpReply(status=429, headers=headers))
    decision = decide(error, RetryPolicy(), tried=Tried().and_then(error), time_left_s=1e6, chance=0.0)
    assert decision == GiveUp(reason=RetryDenial.RETRY_AFTER_TOO_LONG)
    assert error.retry_after_s is not None
    assert error.retry_after_s > 60


@pytest.mark.parametrize(
    ("status", "wish", "follows"),
    [
        *((status, "false", NO) for status in (408, 409, 425, 429, 500, 503, 504, 529)),
        *((status, "true", TRANSIENT) for status in (400, 404, 422, 500, 501, 504, 599)),
        *((status, "true", NO) for status in (301, 304, 401, 402, 403)),
        (503, "perhaps", THROTTLE),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
async def test_x_should_retry_is_obeyed_where_it_is_for_the_provider_to_say(
    kind: ProviderKind, status: int, wish: str, follows: tuple[float, ...]
) -> None:
    error = await failure_over(kind, HttpReply(status=status, headers={"x-should-retry": wish}))
    assert what_follows(error) == follows
