"""What a provider's error answer means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.errors import Delivery, ErrorCode
from provider_runtime.domain.policy.failures import failure_meaning


@pytest.mark.parametrize(
    ("status", "names", "text", "code"),
    [
        (401, (), "", ErrorCode.CREDENTIALS_REJECTED),
        (400, ("API_KEY_INVALID",), "", ErrorCode.CREDENTIALS_REJECTED),
        (400, ("invalid-argument",), "Incorrect API key provided", ErrorCode.CREDENTIALS_REJECTED),
        (402, (), "", ErrorCode.QUOTA_EXHAUSTED),
        (429, ("insufficient_quota",), "", ErrorCode.QUOTA_EXHAUSTED),
        (400, ("monthly_spend_limit_exceeded",), "", ErrorCode.QUOTA_EXHAUSTED),
        (403, (), "", ErrorCode.PERMISSION_DENIED),
        (404, (), "", ErrorCode.NOT_FOUND),
        (400, ("model_not_found",), "", ErrorCode.NOT_FOUND),
        (400, ("context_length_exceeded",), "", ErrorCode.CONTEXT_TOO_LONG),
        (400, ("invalid_request_error",), "prompt is too long: 9 tokens > 8 maximum", ErrorCode.CONTEXT_TOO_LONG),
        (413, (), "", ErrorCode.REQUEST_TOO_LARGE),
        (429, (), "", ErrorCode.RATE_LIMITED),
        (529, ("overloaded_error",), "", ErrorCode.OVERLOADED),
        (503, (), "", ErrorCode.OVERLOADED),
        (500, (), "", ErrorCode.SERVER_ERROR),
        (400, (), "", ErrorCode.INVALID_REQUEST),
        (307, (), "", ErrorCode.REDIRECT_BLOCKED),
        (700, (), "", ErrorCode.PROVIDER_STATUS),
    ],
)
def test_names_and_statuses_give_one_code(status: int, names: tuple[str, ...], text: str, code: ErrorCode) -> None:
    assert failure_meaning(status, names, text).code is code


def test_an_error_under_a_good_status_is_judged_by_its_name() -> None:
    meaning = failure_meaning(200, ("rate_limit_exceeded",))
    assert meaning.code is ErrorCode.RATE_LIMITED
    assert meaning.retryable


@given(status=st.integers(0, 999), names=st.tuples(st.text(max_size=20)), text=st.text(max_size=200))
def test_every_answer_has_a_meaning_and_no_exhausted_account_is_asked_again(
    status: int, names: tuple[str], text: str
) -> None:
    meaning = failure_meaning(status, names, text)
    assert meaning.delivery in {Delivery.REJECTED, Delivery.AMBIGUOUS}
    if meaning.code in {ErrorCode.QUOTA_EXHAUSTED, ErrorCode.CREDENTIALS_REJECTED, ErrorCode.CONTEXT_TOO_LONG}:
        assert not meaning.retryable
