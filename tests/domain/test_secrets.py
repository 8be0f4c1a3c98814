"""Secrets never print, and error texts never carry one."""

import copy
import logging
import pickle
import string
import traceback
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from provider_runtime.domain.calls.options import CallOptions
from provider_runtime.domain.secrets import MASK, MAX_SAFE_TEXT, Secret, safe_text
from provider_runtime.testing.strategies import texts

_VALUE = "not-a-real-key-0123456789"
_WAYS_TO_PRINT: dict[str, Callable[[Secret], str]] = {
    "str": str,
    "repr": repr,
    "ascii": ascii,
    "f-string": lambda secret: f"{secret}",
    "f-string with a width": lambda secret: f"{secret:>40}",
    "f-string with repr": lambda secret: f"{secret!r}",
    "format": lambda secret: format(secret, "s"),
    "percent": lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - the old way must not print it either
    "inside a list": lambda secret: str([secret, {"key": secret}]),
    "inside an attrs class": lambda secret: repr(CallOptions(credential=secret)),
    "as a dict": lambda secret: repr(attrs.asdict(CallOptions(credential=secret))),
    "in a log record": lambda secret: logging.LogRecord("n", 20, "p", 1, "%s", (secret,), None).getMessage(),
}


@pytest.mark.parametrize("way", _WAYS_TO_PRINT.values(), ids=_WAYS_TO_PRINT.keys())
def test_no_way_of_printing_shows_a_secret(way: Callable[[Secret], str]) -> None:
    printed = way(Secret(_VALUE))
    assert _VALUE not in printed
    assert MASK in printed


_WAYS_TO_CARRY_AWAY: dict[str, Callable[[Any], object]] = {
    "pickle": pickle.dumps,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "reduce": lambda secret: secret.__reduce_ex__(4),
    "state": lambda secret: secret.__getstate__(),
    "vars": vars,
    "hash": hash,
    "set": lambda secret: {secret},
    "iteration": list,
    "bytes": bytes,
    "concatenation": lambda secret: "Bearer " + secret,
}


@pytest.mark.parametrize("way", _WAYS_TO_CARRY_AWAY.values(), ids=_WAYS_TO_CARRY_AWAY.keys())
def test_no_way_of_copying_a_secret_works(way: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError):
        way(Secret(_VALUE))


def test_a_secret_cannot_be_changed_or_extended() -> None:
    secret: Any = Secret(_VALUE)
    for name in ("_value", "note"):
        with pytest.raises(AttributeError):
            setattr(secret, name, "other")
    assert secret.reveal() == _VALUE


def test_a_traceback_that_shows_local_variables_shows_no_secret() -> None:
    def fail(credential: Secret) -> None:
        raise ValueError(f"failed with {credential}")

    with pytest.raises(ValueError, match="failed") as failed:
        fail(Secret(_VALUE))
    frames = traceback.TracebackException.from_exception(failed.value, capture_locals=True, max_group_width=5)
    shown = [line for line in frames.format() if "credential" in line]
    assert shown
    assert all(_VALUE not in line for line in shown)


def test_secrets_are_equal_when_their_values_are() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"


@pytest.mark.parametrize("value", ["", " ", "a b", "a\n", "a\x00", "ä", "\x7f"])
def test_what_cannot_stand_in_a_header_is_no_secret_and_is_not_quoted(value: str) -> None:
    with pytest.raises(ValueError, match="printable") as refused:
        Secret(value)
    assert not value.strip() or value not in str(refused.value)


def test_a_bare_key_given_as_credential_is_refused_without_being_quoted() -> None:
    with pytest.raises(TypeError) as refused:
        CallOptions(credential=_VALUE)  # type: ignore[arg-type]  # the mistake under test
    assert _VALUE not in f"{refused.value!r} {refused.value.args}"


# ── safe_text ───────────────────────────────────────────────────────────────────────────────


@given(texts() | st.text(max_size=3000))
def test_safe_text_is_one_short_line(text: str) -> None:
    shown = safe_text(text)
    assert len(shown) <= MAX_SAFE_TEXT
    assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 for letter in shown)
    assert not set(shown) & set("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    shown.encode()


@given(st.text(string.ascii_lowercase + " .,", max_size=200))
def test_plain_words_are_left_alone(text: str) -> None:
    assume(all(len(word) < 8 for word in text.split()))
    assert safe_text(text) == text.strip()


_LETTERS = string.ascii_letters + string.digits
_SECRETS = st.one_of(
    st.builds("{}{}".format, st.sampled_from(("sk-", "sk-proj-", "ghp_", "xai-", "hf_", "AIza", "AKIA")),
              st.text(_LETTERS, min_size=12, max_size=700)),
    st.text(_LETTERS + "-_", min_size=40, max_size=900),
    st.builds("Bearer {}".format, st.text(_LETTERS + "._~+/=-", min_size=8, max_size=900)),
    st.builds("eyJ{}.{}".format, st.text(_LETTERS, min_size=8, max_size=900), st.text(_LETTERS, min_size=8)),
)  # fmt: skip


@given(secret=_SECRETS, before=st.text(" .:ab\u6f22", max_size=2500), after=st.text(" ,;ab", max_size=50))
def test_a_credential_of_a_known_shape_is_masked_wherever_it_stands_and_however_long_it_is(
    secret: str, before: str, after: str
) -> None:
    shown = safe_text(f"{before} {secret} {after}")
    body = secret.removeprefix("Bearer ")
    pieces = {body[start : start + 8] for start in range(len(body) - 7)}
    assert not any(piece in shown for piece in pieces if not set(piece) <= set("ab"))


@pytest.mark.parametrize("length", [40, 200, 201, 401, 800, 801, 1200, 1900])
@pytest.mark.parametrize("prefix", ["sk-", "hf_", "Bearer ", "eyJhbGciOiJI.", ""])
def test_no_tail_of_a_long_credential_is_left_over(prefix: str, length: int) -> None:
    credential = prefix + ("Zq9" * length)[:length]
    assert safe_text(f"refused: {credential}, see the manual") == f"refused: {MASK}, see the manual"


@pytest.mark.parametrize("visible", range(1, 12))
def test_a_credential_cut_in_half_by_the_limit_does_not_show_its_first_half(visible: int) -> None:
    # Long runs become three letters each, so that the cut, far beyond the limit, comes into view.
    masked = " ".join(["a" * 99] * 20)
    text = masked.ljust(4 * MAX_SAFE_TEXT - visible) + "sk-Zq9Zq9Zq9Zq9"
    assert "sk-"[:visible] not in safe_text(text)
    assert safe_text(text).endswith("…")


@given(st.text(_LETTERS + ":@!$&", min_size=1, max_size=400))
def test_what_stands_before_the_host_of_an_address_is_masked(userinfo: str) -> None:
    assert safe_text(f"cannot reach https://{userinfo}@example.com/v1") == f"cannot reach https://{MASK}@example.com/v1"


def test_an_address_without_credentials_stays_readable() -> None:
    text = "cannot reach https://api.example.com/v1?to=a@b"
    assert safe_text(text) == text


def test_any_object_can_be_made_a_safe_text() -> None:
    assert safe_text(404) == "404"
    assert safe_text(None) == "None"


@pytest.mark.parametrize("name", ["tokens_per_minute", "token_provider_only", "PROVIDER_RUNTIME__RETRY__MAX_ATTEMPTS"])
def test_the_names_of_settings_are_no_credentials_and_what_begins_like_them_may_be(name: str) -> None:
    assert safe_text(f'Did you mean "{name}"?') == f'Did you mean "{name}"?'
    assert "4f9a" not in safe_text(f"{name}-4f9a51d2e84b60a1f7" + "c" * 30)
