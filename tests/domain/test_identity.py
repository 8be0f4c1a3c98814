"""Names that were checked once stay right."""

import pickle
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.domain.identity import CallId, ProviderId, RuntimeId
from provider_runtime.testing.strategies import provider_ids


@given(provider_ids())
def test_a_provider_id_is_the_text_it_was_made_of(provider: ProviderId) -> None:
    assert ProviderId(str(provider)) == provider == str(provider)
    assert pickle.loads(pickle.dumps(provider)) == provider  # noqa: S301 - our own bytes


@pytest.mark.parametrize("text", ["", " openai", "openai\n", "-a", ".a", "a b", "a/b", "a:b", "ä", "a" * 65, "../a"])
def test_what_could_not_be_a_file_name_or_a_key_is_no_provider_id(text: str) -> None:
    with pytest.raises(ValueError, match="ProviderId"):
        ProviderId(text)


@pytest.mark.parametrize("kind", [CallId, RuntimeId])
@pytest.mark.parametrize("text", ["", "a b", "a\n", "ä", "\x7f", "a" * 129])
def test_what_cannot_stand_in_a_header_is_no_id(kind: type[str], text: str) -> None:
    with pytest.raises(ValueError, match=kind.__name__):
        kind(text)


@given(st.text())
def test_every_text_is_a_name_or_a_value_error(text: str) -> None:
    for kind in (ProviderId, CallId, RuntimeId):
        with suppress(ValueError):
            assert kind(text) == text
