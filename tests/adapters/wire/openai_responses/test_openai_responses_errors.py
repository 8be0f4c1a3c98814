from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from responses_cases import CODEC, fixture, prepared_for, reply_of

from provider_runtime.domain.errors import (
    Billed,
    CredentialsRejected,
    Delivery,
    ErrorCode,
    ProtocolError,
    ProviderError,
    ProviderStatusError,
    SerializationError,
)
from provider_runtime.domain.identity import OPENAI


def error_of(body: object, status: int, **headers: str) -> ProviderStatusError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    error = CODEC.decode_error(reply_of(body, status, named), OPENAI, "gpt-5")
    assert isinstance(error, ProviderStatusError)
    assert (error.provider, error.model, error.status_code) == (OPENAI, "gpt-5", status)
    return error


def envelope(message: str = "No.", **names: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": None, "param": None, "code": None} | names}


def test_an_error_answer_is_told_with_its_names() -> None:
    error = error_of(fixture("error_unknown_model"), 400, x_request_id="req_1")
    assert error.code is ErrorCode.NOT_FOUND
    assert (error.provider_code, error.provider_type) == ("model_not_found", "invalid_request_error")
    assert (error.message, error.request_id) == ("The requested model 'gpt-0' does not exist.", "req_1")
    assert (error.delivery, error.billed, error.retryable) == (Delivery.REJECTED, Billed.NO, False)


@pytest.mark.parametrize(
    ("status", "names", "code", "retryable"),
    [
        (400, {"code": "context_length_exceeded"}, ErrorCode.CONTEXT_TOO_LONG, False),
        (400, {"param": "temperature"}, ErrorCode.INVALID_REQUEST, False),
        (401, {"code": "invalid_api_key"}, ErrorCode.CREDENTIALS_REJECTED, False),
        (403, {"code": "unsupported_country_region_territory"}, ErrorCode.PERMISSION_DENIED, False),
        (404, {}, ErrorCode.NOT_FOUND, False),
        (429, {"type": "insufficient_quota"}, ErrorCode.QUOTA_EXHAUSTED, False),
        (429, {"code": "rate_limit_exceeded"}, ErrorCode.RATE_LIMITED, True),
        (500, {"type": "server_error"}, ErrorCode.SERVER_ERROR, True),
        (503, {}, ErrorCode.OVERLOADED, True),
    ],
)
def test_each_failure_has_its_code(status: int, names: dict[str, Any], code: ErrorCode, retryable: bool) -> None:  # noqa: FBT001 - a table
    error = error_of(envelope(**names), status)
    assert (error.code, error.retryable) == (code, retryable)
    assert isinstance(error, CredentialsRejected) is (status in {401, 403})


@pytest.mark.parametrize("body", [b"Unauthorized", b"<html/>", envelope("No key."), {}])
def test_a_rejected_key_is_one_whatever_the_body(body: object) -> None:
    assert isinstance(error_of(body, 401), CredentialsRejected)
    assert error_of(body, 401).code is ErrorCode.CREDENTIALS_REJECTED
    assert isinstance(error_of(body, 403), CredentialsRejected)
    assert error_of(body, 403).code is ErrorCode.PERMISSION_DENIED


@pytest.mark.parametrize(
    ("body", "text", "names"),
    [
        (envelope("Too hot.", type="t", code="c"), "Too hot.", ("c", "t")),
        ({"code": "invalid-argument", "error": "Model not found"}, "Model not found", ("invalid-argument", None)),
        (
            {"object": "error", "message": "Bad.", "type": "BadRequestError", "code": 400},
            "Bad.",
            ("400", "BadRequestError"),
        ),
        ({"detail": "Not Found"}, "Not Found", (None, None)),
        (
            {"detail": [{"loc": ["body"], "msg": "Field required", "type": "missing"}]},
            "Field required",
            (None, "missing"),
        ),
        ({"message": {"detail": [{"msg": "Field required"}]}}, "Field required", (None, None)),
        ({"message": '{"detail": "Nested text"}'}, "Nested text", (None, None)),
        ({"message": "{not json"}, "{not json", (None, None)),
        ({"statusCode": 401, "message": "Access denied."}, "Access denied.", (None, None)),
        ({"Message": "Signature expired."}, "Signature expired.", (None, None)),
        ([{"error": {"message": "In a list.", "code": 404}}], "In a list.", ("404", None)),
        ({"error": {"error": {"message": "Twice.", "type": "inner"}}, "type": "error"}, "Twice.", (None, "inner")),
        ({"errors": ["first", "second"]}, "first", (None, None)),
        (
            {
                "error": {
                    "message": "Provider returned error",
                    "code": 400,
                    "metadata": {"raw": '{"error":{"message":"The real one.","code":"model_not_found"}}'},
                }
            },
            "The real one.",
            ("model_not_found", None),
        ),
        (b"upstream connect error", "upstream connect error", (None, None)),
        (b"<html><body>503</body></html>", "the provider answered with HTTP status 500", (None, None)),
        (b"", "the provider answered with HTTP status 500", (None, None)),
        ({}, "the provider answered with HTTP status 500", (None, None)),
        (None, "the provider answered with HTTP status 500", (None, None)),
    ],
)
def test_the_text_of_an_error_is_found_in_every_envelope(
    body: object, text: str, names: tuple[str | None, str | None]
) -> None:
    error = error_of(body, 500)
    assert error.message == text
    assert (error.provider_code, error.provider_type) == names


def test_a_key_in_an_error_text_is_masked() -> None:
    error = error_of(envelope("Incorrect API key provided: sk-abcdefghijklmnop."), 401)
    assert "abcdefgh" not in str(error)


def test_an_error_answer_gives_the_same_error_twice() -> None:
    body = fixture("error_unknown_model")
    assert error_of(body, 400).__reduce__()[1] == error_of(body, 400).__reduce__()[1]


def test_waiting_times_and_wishes_are_kept() -> None:
    error = error_of(envelope(code="rate_limit_exceeded"), 429, retry_after="7", x_should_retry="false")
    assert (error.retry_after_s, error.should_retry) == (7.0, False)


# ── errors under a good status ──────────────────────────────────────────────────────────────


def failed_with(body: object) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        CODEC.decode(reply_of(body), prepared_for("gpt-5"))
    return raised.value


@pytest.mark.parametrize(
    ("body", "code", "retryable"),
    [
        (envelope("Slow down.", code=429), ErrorCode.RATE_LIMITED, True),
        (envelope("Upstream died.", code=502), ErrorCode.SERVER_ERROR, True),
        (envelope("Oops.", type="server_error"), ErrorCode.SERVER_ERROR, True),
        (envelope("No money.", type="insufficient_quota"), ErrorCode.QUOTA_EXHAUSTED, False),
        (envelope("Bad key.", code="invalid_api_key"), ErrorCode.CREDENTIALS_REJECTED, False),
        ({"code": "whatever", "error": "text"}, ErrorCode.PROVIDER_STATUS, False),
    ],
)
def test_an_error_envelope_under_a_good_status_counts_by_its_type(
    body: object,
    code: ErrorCode,
    retryable: bool,  # noqa: FBT001 - a table
) -> None:
    error = failed_with(body)
    assert isinstance(error, ProviderStatusError)
    assert (error.code, error.retryable, error.status_code) == (code, retryable, 200)
    assert error.delivery is Delivery.REJECTED


def failed(code: str, **fields: Any) -> dict[str, Any]:
    return fixture("answer_failed") | {"error": {"code": code, "message": "It failed."}} | fields


@pytest.mark.parametrize(
    ("body", "code", "delivery", "retryable"),
    [
        (fixture("answer_failed"), ErrorCode.SERVER_ERROR, Delivery.AMBIGUOUS, True),
        (failed("vector_store_timeout"), ErrorCode.SERVER_ERROR, Delivery.AMBIGUOUS, True),
        (failed("rate_limit_exceeded"), ErrorCode.RATE_LIMITED, Delivery.REJECTED, True),
        (failed("invalid_prompt"), ErrorCode.INVALID_REQUEST, Delivery.REJECTED, False),
        (failed("image_too_large"), ErrorCode.INVALID_REQUEST, Delivery.REJECTED, False),
        (failed("something_new"), ErrorCode.PROVIDER_STATUS, Delivery.AMBIGUOUS, False),
        (
            failed("server_error", usage={"input_tokens": 9, "output_tokens": 4}),
            ErrorCode.SERVER_ERROR,
            Delivery.ANSWERED_BAD,
            False,
        ),
        (
            failed("server_error", usage={"input_tokens": 9, "output_tokens": 0}),
            ErrorCode.SERVER_ERROR,
            Delivery.AMBIGUOUS,
            True,
        ),
    ],
)
def test_a_failed_response_is_honest_about_what_may_be_billed(
    body: object,
    code: ErrorCode,
    delivery: Delivery,
    retryable: bool,  # noqa: FBT001 - a table
) -> None:
    error = failed_with(body)
    assert (error.code, error.delivery, error.retryable) == (code, delivery, retryable)


# ── totality ────────────────────────────────────────────────────────────────────────────────

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "message", "code", "type", "detail", "metadata", "raw", "status", "output", "usage"]
            )
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)
HEADERS = st.dictionaries(
    st.sampled_from(["x-request-id", "retry-after", "x-should-retry", "date"]), st.text(max_size=20)
)


@given(body=st.binary(max_size=60) | JSON, status=st.integers(100, 599), headers=HEADERS)
def test_every_error_answer_is_a_typed_error(body: object, status: int, headers: dict[str, str]) -> None:
    error = CODEC.decode_error(reply_of(body, status, headers), OPENAI, None)
    assert isinstance(error, ProviderStatusError)
    assert error.status_code == status
    assert len(error.message) <= 500


@given(body=JSON)
def test_every_body_under_a_good_status_gives_a_response_or_a_typed_error(body: object) -> None:
    try:
        response = CODEC.decode(reply_of(body), prepared_for())
    except (ProviderStatusError, ProtocolError, SerializationError):
        return
    assert response.provider == OPENAI
