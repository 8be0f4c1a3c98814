"""Secrets that the runtime holds are found whatever their shape, however they are written."""

import json
import pickle
from base64 import b32encode, b64encode, urlsafe_b64encode
from codecs import encode
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.adapters.leakage.known_secrets import SHORTEST, KnownSecrets, bare
from provider_runtime.adapters.leakage.text_search import TextSearch
from provider_runtime.domain.policy.leakage.findings import FindingKind
from provider_runtime.domain.secrets import Secret

printable = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
values = st.text(printable, min_size=12, max_size=60).filter(lambda value: len(bare(value)) >= SHORTEST)
words = st.text("abcdefghij klmno", max_size=40)

WRITTEN: dict[str, Callable[[str], str]] = {
    "plain": lambda value: value,
    "quoted JSON": json.dumps,
    "JSON in JSON": lambda value: json.dumps(json.dumps(value)),
    "percent": lambda value: "".join(f"%{code:02X}" for code in value.encode()),
    "query": lambda value: quote(value, safe=""),
    "hex": lambda value: value.encode().hex(),
    "spaced hex": lambda value: value.encode().hex(" "),
    "capital hex": lambda value: value.encode().hex().upper(),
    "backwards": lambda value: value[::-1],
    "spaced": " ".join,
    "zero width": "\u200b".join,
    "broken lines": "\n".join,
    "rot13": lambda value: encode(value, "rot13"),
    "base32": lambda value: b32encode(value.encode()).decode(),
}


def kinds(secret: str, text: str) -> set[FindingKind]:
    return {hit.kind for hit in TextSearch(known=KnownSecrets.of((Secret(secret),))).hits(text)}


@pytest.mark.parametrize("way", WRITTEN)
@given(value=values, before=words, after=words)
def test_a_known_secret_is_found_in_every_writing(way: str, value: str, before: str, after: str) -> None:
    assert FindingKind.KNOWN_SECRET in kinds(value, f"{before} {WRITTEN[way](value)} {after}")


@given(value=values, before=st.binary(max_size=8), after=st.binary(max_size=8), url_safe=st.booleans())
def test_base64_is_found_wherever_in_the_encoded_bytes_the_secret_stands(
    value: str,
    before: bytes,
    after: bytes,
    url_safe: bool,  # noqa: FBT001 - drawn
) -> None:
    code = (urlsafe_b64encode if url_safe else b64encode)(before + value.encode() + after).decode()
    assert FindingKind.KNOWN_SECRET in kinds(value, f"see {code}.")


@given(value=values, text=words)
def test_other_text_is_not_taken_for_it(value: str, text: str) -> None:
    assert FindingKind.KNOWN_SECRET not in kinds(value + "0000", text)


def test_a_value_too_short_to_tell_from_words_is_not_looked_for() -> None:
    assert kinds("garden", "a garden by the river") == set()
    assert not KnownSecrets.of((Secret("a-b-c-d-e"),))


def test_it_shows_nothing_of_what_it_knows() -> None:
    known = KnownSecrets.of((Secret("acme-live-7QpZ31mVx9"),))
    assert bare("acme-live-7QpZ31mVx9") not in repr(known)
    assert bare("acme-live-7QpZ31mVx9") not in repr(TextSearch(known=known))
    with pytest.raises(TypeError):
        pickle.dumps(known)


def test_the_place_of_a_hit_is_that_of_the_value_in_the_text() -> None:
    text = "my key is ACME live 7QpZ31mVx9, ok?"
    (hit,) = TextSearch(known=KnownSecrets.of((Secret("acme-live-7QpZ31mVx9"),))).hits(text)
    assert text[hit.start : hit.end] == "ACME live 7QpZ31mVx9"
