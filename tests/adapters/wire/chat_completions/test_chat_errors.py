"""Error answers of every shape seen: the text and the names are found, and nothing raises."""

import json

import pytest
from chat_support import ACME, a_reply, openai_codec
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.errors import CredentialsRejected, ProviderError, ProviderStatusError
from provider_runtime.ports.http import HttpReply


def error_for(body: object, status: int = 400, **headers: str) -> ProviderStatusError:
    error = openai_codec().decode_error(a_reply(body, status, **headers), ACME, "some-model")
    assert isinstance(error, ProviderStatusError)
    assert (error.provider, error.model) == (ACME, "some-model")
    return error


INNER = json.dumps({"error": {"message": "messages must contain the word json", "type": "invalid_request_error"}})


@pytest.mark.parametrize(
    ("body", "message", "code", "kind"),
    [
        ({"error": {"message": "Bad.", "type": "t", "param": None, "code": "c"}}, "Bad.", "c", "t"),
        ({"error": {"message": "Bad.", "code": 400}}, "Bad.", "400", None),
        ({"error": "Bad."}, "Bad.", None, None),
        ({"error": "Bad.", "error_type": "generation"}, "Bad.", None, "generation"),
        ({"code": "invalid-argument", "error": "Bad."}, "Bad.", "invalid-argument", None),
        ({"object": "error", "message": "Bad.", "type": "bad_model", "code": "1500"}, "Bad.", "1500", "bad_model"),
        ({"message": json.dumps({"detail": [{"msg": "Bad.", "type": "missing"}]})}, "Bad.", None, "missing"),
        ({"message": {"detail": [{"msg": "One"}, {"msg": "Two"}]}}, "One: Two", None, None),
        ({"message": [{"msg": "Bad."}]}, "Bad.", None, None),
        ({"detail": "Bad."}, "Bad.", None, None),
        ({"detail": [{"loc": ["body"], "msg": "Bad.", "input": "secret"}]}, "Bad.", None, None),
        ({"errors": [{"code": 7003, "message": "Bad."}], "success": False}, "Bad.", "7003", None),
        ({"error": {"error": {"message": "Bad.", "type": "t"}}}, "Bad.", None, "t"),
        ([{"error": {"code": 400, "message": "Bad.", "status": "INVALID_ARGUMENT"}}], "Bad.", "INVALID_ARGUMENT", None),
        (
            {"error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": INNER}}},
            "Provider returned error: messages must contain the word json",
            "400",
            "invalid_request_error",
        ),
        ({"error": {"message": "Bad.", "metadata": {"raw": "plain"}}}, "Bad.: plain", None, None),
        ({"error": {"message": "Bad.", "detail": "Bad."}, "detail": "Bad."}, "Bad.", None, None),
        ({"error": {"message": None, "code": None}}, "the provider answered with HTTP status 400", None, None),
        ({"error": {"message": "Bad.", "code": {"odd": 1}, "type": 7}}, "Bad.", None, None),
        (b"upstream connect error", "upstream connect error", None, None),
        (b"<html><body>524</body></html>", "the provider answered with HTTP status 400", None, None),
        (b"", "the provider answered with HTTP status 400", None, None),
        (7, "the provider answered with HTTP status 400", None, None),
    ],
)  # fmt: skip
def test_the_text_and_the_names_are_found_wherever_they_stand(
    body: object, message: str, code: str | None, kind: str | None
) -> None:
    error = error_for(body)
    assert error.message == message
    assert (error.provider_code, error.provider_type) == (code, kind)
    assert error.code == "invalid_request"
    again = error_for(body)
    assert str(again) == str(error)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, {"error": {"message": "No auth"}}, "credentials_rejected"),
        (401, b"Unauthorized", "credentials_rejected"),
        (403, {"error": {"message": "Not you", "code": 403}}, "permission_denied"),
        (403, b"<html>", "permission_denied"),
        (400, {"code": "invalid-argument", "error": "Incorrect API key provided: xa***y"}, "credentials_rejected"),
        (400, {"error": {"message": "no", "code": "invalid_api_key"}}, "credentials_rejected"),
    ],
)
def test_what_speaks_about_the_key_is_credentials_rejected(status: int, body: object, code: str) -> None:
    error = error_for(body, status)
    assert isinstance(error, CredentialsRejected)
    assert error.code == code
    assert error.status_code == status
    assert not error.retryable
    assert error.remedy


@pytest.mark.parametrize(
    ("status", "body", "code", "retryable"),
    [
        (404, {"error": {"message": "no such model", "code": "model_not_found"}}, "not_found", False),
        (403, {"error": {"message": "pay", "code": "insufficient_quota"}}, "quota_exhausted", False),
        (402, {"error": {"message": "Insufficient credits.", "code": 402}}, "quota_exhausted", False),
        (429, {"error": {"message": "slow", "type": "tokens", "code": "rate_limit_exceeded"}}, "rate_limited", True),
        (429, {"error": {"message": "quota", "type": "insufficient_quota", "code": None}}, "quota_exhausted", False),
        (400, {"error": {"message": "This model's maximum context length is 5"}}, "context_too_long", False),
        (502, {"error": {"code": 502, "message": "Provider returned error"}}, "server_error", True),
        (524, b"<html>", "server_error", True),
        (529, {"error": {"code": 529, "message": "busy"}}, "overloaded", True),
        (503, b"upstream connect error", "overloaded", True),
    ],
)
def test_statuses_and_names_together_say_what_it_means(status: int, body: object, code: str, retryable: bool) -> None:  # noqa: FBT001 - a column of the table
    error = error_for(body, status)
    assert (error.code, error.retryable) == (code, retryable)
    assert not isinstance(error, CredentialsRejected)


def test_headers_tell_the_request_and_the_wait() -> None:
    error = error_for({"error": "slow"}, 429, apim_request_id="az-1", retry_after_ms="1500", x_should_retry="false")
    assert (error.request_id, error.retry_after_s, error.should_retry) == ("az-1", 1.5, False)


def test_keys_in_an_error_text_are_masked_and_long_texts_are_cut() -> None:
    error = error_for({"error": {"message": "Incorrect API key provided: sk-abcdefghijklmnop1234. " + "x " * 900}}, 401)
    assert "abcdefgh" not in str(error)
    assert len(error.message) <= 500


def test_a_text_nested_too_deep_is_not_followed() -> None:
    body: object = "deep"
    for _ in range(50):
        body = {"error": body}
    assert error_for(body).message == "the provider answered with HTTP status 400"


@given(body=st.binary(max_size=300), status=st.integers(min_value=100, max_value=999))
def test_any_bytes_under_any_status_are_a_typed_error(body: bytes, status: int) -> None:
    error = openai_codec().decode_error(HttpReply(status=status, body=body), ACME, None)
    assert isinstance(error, ProviderError)
    assert str(error)


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["error", "message", "code", "type", "detail", "metadata", "raw"]), inner)
        ),
        max_leaves=12,
    )
)
def test_any_json_is_a_typed_error(value: object) -> None:
    error = openai_codec().decode_error(a_reply(value, 400), ACME, None)
    assert isinstance(error, ProviderStatusError)
    assert error.message
