"""Error answers and model lists of the Gemini wire."""

from typing import Any

import pytest
from gemini_wire import CODEC, a_reply

from provider_runtime.domain.errors import ErrorCode, ProtocolError, ProviderError, ProviderStatusError
from provider_runtime.domain.identity import GEMINI

# ── errors ──────────────────────────────────────────────────────────────────────────────────


def _error(message: object, status: int = 400, **fields: Any) -> ProviderError:
    return CODEC.decode_error(a_reply({"error": {"message": message, **fields}}, status), GEMINI, None)


def test_the_innermost_of_nested_errors_is_told() -> None:
    text = '[{"error": {"message": "{\\"error\\": {\\"message\\": \\"API key not valid\\", \\"status\\": \\"X\\"}}"}}]'
    error = _error(text)
    assert (error.message, error.code) == ("API key not valid", ErrorCode.CREDENTIALS_REJECTED)


@pytest.mark.parametrize("text", ["{", '{"a": 1}', "[]", '{"error": "x"}', '["a"]'])
def test_text_that_only_looks_like_an_error_is_told_as_it_is(text: str) -> None:
    assert _error(text).message == text


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [
        ("38s", 38.0),
        ("0.284746s", 0.284746),
        ("0s", None),
        ("-1s", None),
        ("1m", None),
        (5, None),
        (None, None),
        ("", None),
    ],
)
def test_the_wish_to_wait_is_read_from_the_details(delay: object, seconds: float | None) -> None:
    error = _error("slow", 429, details=[None, {"retryDelay": delay}])
    assert isinstance(error, ProviderStatusError)
    assert error.retry_after_s == seconds


# ── models ──────────────────────────────────────────────────────────────────────────────────


def test_the_model_list_keeps_what_generates_content() -> None:
    listed = CODEC.decode_models(
        a_reply(
            {
                "models": [
                    {
                        "name": "models/gemini-2.5-flash",
                        "displayName": "Gemini 2.5 Flash",
                        "inputTokenLimit": 1048576,
                        "outputTokenLimit": 65536,
                        "supportedGenerationMethods": ["generateContent", "countTokens"],
                        "thinking": True,
                    },
                    {"name": "models/embedding", "supportedGenerationMethods": ["embedContent"]},
                    {"name": "models/bare"},
                    {"name": "models/"},
                    {"displayName": "nameless"},
                    None,
                ],
                "nextPageToken": "x",
            }
        ),
        GEMINI,
    )
    flash, bare = listed
    assert (flash.model_id, flash.display_name, flash.provider) == ("gemini-2.5-flash", "Gemini 2.5 Flash", GEMINI)
    assert (flash.context_window, flash.max_output_tokens, flash.supports_reasoning) == (1048576, 65536, True)
    assert (bare.model_id, bare.context_window, bare.supports_reasoning) == ("bare", None, None)


def test_a_model_list_that_is_none_is_an_error() -> None:
    with pytest.raises(ProtocolError):
        CODEC.decode_models(a_reply({}), GEMINI)
    with pytest.raises(ProviderStatusError):
        CODEC.decode_models(a_reply({"error": {"message": "no"}}), GEMINI)
