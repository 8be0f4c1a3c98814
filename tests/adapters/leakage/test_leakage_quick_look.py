"""The quick look that tells most texts from those that are searched passes over nothing that a search would find."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from leakage_benign import benign
from leakage_credentials import BLOCKS, DISGUISES, HELD_OUT, KEYS

from provider_runtime.adapters.leakage.hits import TooMany
from provider_runtime.adapters.leakage.known_secrets import KnownSecrets, disguises
from provider_runtime.adapters.leakage.layers import TooLarge
from provider_runtime.adapters.leakage.shapes.announcing import may_be_assigned
from provider_runtime.adapters.leakage.shapes.assignments import assignments
from provider_runtime.adapters.leakage.text_search import TextSearch, _Room
from provider_runtime.adapters.leakage.views import view_of
from provider_runtime.domain.secrets import Secret

IN_WORDS = (
    *("passw", "secret", "passphrase", "credential", "sshpass", "mysql", "ldap", "apikey", "privatekey", "accesskey"),
    *("authkey", "kennwort", "wachtwoord", "mot de passe", "senha"),
)
WORDS = frozenset(
    "pass passcode pwd pswd pw token key auth authorization bearer basic login accesstoken authtoken apitoken sig"  # noqa: SIM905 - a list of words
    " refreshtoken idtoken bottoken sessiontoken clienttoken usertoken sharedaccesskey accountkey signingkey"
    " requirepass masterauth encryptionkey masterkey secretkey ssws curl creds userpwd dbpwd cookie sessionid"
    " identified presharedkey".split()
)
NAMES = sorted({*IN_WORDS, *WORDS})
PIECES = st.one_of(
    st.sampled_from(NAMES),
    st.sampled_from([name[:size] for name in NAMES for size in range(1, len(name))]),
    st.sampled_from([name[size:] for name in NAMES for size in range(1, len(name))]),
    st.sampled_from(' _-.:="x1aszZ\n'),
)


@given(text=st.lists(PIECES, max_size=5).map("".join))
def test_the_names_are_those_that_are_listed_in_words_or_as_words(text: str) -> None:
    low = "".join(letter if letter.isalnum() else " " for letter in text.lower())
    listed = any(name in text.lower() for name in IN_WORDS) or not WORDS.isdisjoint(low.split())
    assert may_be_assigned(view_of(text)) is listed


@given(text=st.lists(st.one_of(PIECES, st.sampled_from(["é", "密码", "ключ", ": Xy7#kQ2!pL", "clave"]))).map("".join))
def test_what_is_announced_in_a_text_of_other_letters_is_looked_for(text: str) -> None:
    view = view_of(f"{text} …")
    if not may_be_assigned(view):
        assert list(assignments(view)) == []


def is_found(search: TextSearch, text: str) -> bool:
    """Whether a search finds anything, without a quick look before it."""
    try:
        return any(True for _ in search._search(view_of(text), 0, _Room(1_000_000)))
    except (TooLarge, TooMany):
        return True  # unreadable


VALUES = ("sk-ant-api03-q8Rt2xLm9Zk4Vw7Yq8Rt2xLm9Zk4Vw7Y", "hunterTwoLonger", "aB3dE6gH9k")
SEARCH = TextSearch(known=KnownSecrets.of(map(Secret, VALUES)))
MADE = {**KEYS, **BLOCKS, **HELD_OUT}


@pytest.mark.parametrize("disguise", [None, *DISGUISES])
def test_nothing_is_passed_over(disguise: str | None) -> None:
    rng = random.Random(disguise)  # noqa: S311 - chance that can be repeated
    texts = [make(rng) if disguise is None else DISGUISES[disguise](make(rng), rng) for make in MADE.values()]
    texts += [text for _, text in benign(1)]
    texts += [f"see {form[:9]} {form[9:]} 12" for value in VALUES for _, form in disguises(value)]
    for text in texts:
        assert bool(SEARCH.hits(text)) is is_found(SEARCH, text), text


def test_known_secrets_without_digits_are_found_as_well() -> None:
    assert SEARCH.hits("it is h-u-n-t-e-r-T-w-o-L-o-n-g-e-r, said 5 of 12")
    assert not SEARCH.hits("a quick brown fox")
