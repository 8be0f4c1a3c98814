"""The quick look that tells most texts from those that are searched passes over nothing that a search would find."""

# ruff: noqa: RUF001 - other alphabets are the point

import random
from collections.abc import Iterable
from unicodedata import normalize
from unittest.mock import patch

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st
from leakage_benign import benign
from leakage_credentials import BLOCKS, DISGUISES, HELD_OUT, KEYS

from provider_runtime.adapters.leakage import joints, layers, views
from provider_runtime.adapters.leakage.hits import Hit
from provider_runtime.adapters.leakage.known_secrets import KnownSecrets, disguises
from provider_runtime.adapters.leakage.runs import runs
from provider_runtime.adapters.leakage.shapes import announcing
from provider_runtime.adapters.leakage.shapes import assignments as names
from provider_runtime.adapters.leakage.shapes.announcing import may_be_assigned
from provider_runtime.adapters.leakage.shapes.assignments import assignments
from provider_runtime.adapters.leakage.shapes.structures import addresses, blocks
from provider_runtime.adapters.leakage.text_search import TextSearch
from provider_runtime.adapters.leakage.views import View, view_of
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


ASCII_NAMES = tuple(name for name in announcing.FOREIGN_NAMES if name.isascii())
IN_PARTS = [part for name in ASCII_NAMES for size in range(1, len(name)) for part in (name[:size], name[size:])]


@given(text=st.lists(st.sampled_from([*ASCII_NAMES, *IN_PARTS, " "]), max_size=4).map("".join))
def test_a_name_of_another_language_that_is_all_ascii_is_seen_in_any_text(text: str) -> None:
    seen = any(search(text) for search in announcing.FOREIGN_ASCII)
    assert seen is any(name in text for name in ASCII_NAMES)


@given(text=st.lists(st.one_of(PIECES, st.sampled_from(["é", "密码", "ключ", ": Xy7#kQ2!pL", "clave"]))).map("".join))
def test_what_is_announced_in_a_text_of_other_letters_is_looked_for(text: str) -> None:
    view = view_of(f"{text} ü")
    if not may_be_assigned(view):
        assert list(assignments(view)) == []


@frozen
class Thorough(TextSearch):
    """A search that makes every step, whatever its question said, and looks behind every name."""

    def _said(self, view: View) -> list[Iterable[Hit]]:
        steps: list[Iterable[Hit]] = [self.known.hits(view), addresses(view.text), blocks(view.text)]
        if may_be_assigned(view):  # no shortcut: it says which texts are searched for names at all
            steps.append(iter(every_assignment(view)))
        return steps


def every_assignment(view: View) -> list[Hit]:
    with patch.object(names, "_NAMES_AT_WORK", names._ALL_NAMES):
        return list(assignments(view))


VALUES = ("sk-ant-api03-q8Rt2xLm9Zk4Vw7Yq8Rt2xLm9Zk4Vw7Y", "hunterTwoLonger", "aB3dE6gH9k")
SEARCH = TextSearch(known=KnownSecrets.of(map(Secret, VALUES)))
THOROUGH = Thorough(known=SEARCH.known)
MADE = {**KEYS, **BLOCKS, **HELD_OUT}


@pytest.mark.parametrize("disguise", [None, *DISGUISES])
def test_nothing_is_passed_over(disguise: str | None) -> None:
    rng = random.Random(disguise)  # noqa: S311 - chance that can be repeated
    texts = [make(rng) if disguise is None else DISGUISES[disguise](make(rng), rng) for make in MADE.values()]
    texts += [text for _, text in benign(1)]
    texts += [f"see {form[:9]} {form[9:]} 12" for value in VALUES for _, form in disguises(value)]
    for text in texts:
        assert SEARCH.hits(text) == THOROUGH.hits(text), text


def test_known_secrets_without_digits_are_found_as_well() -> None:
    assert SEARCH.hits("it is h-u-n-t-e-r-T-w-o-L-o-n-g-e-r, said 5 of 12")
    assert not SEARCH.hits("a quick brown fox")


SIGNS = (
    *(
        " ",
        "  ",
        "\n",
        "\t",
        " = ",
        "=",
        ": ",
        ":",
        ", ",
        ",",
        ".",
        "; ",
        "|",
        " | ",
        "(",
        ")",
        "[]",
        "(s)",
        '"',
        "'",
        "`",
    ),
    *("\\", "-", "--", "_", ">", "<", "+", "?", "!", "{", "$", "é", "密", "\xa0"),
)
GIVEN = ("Xy7#kQ2!pL", "houses!", "Zk4Vw7Yq8Rt2xLm9Zk4Vw7Yq", "9f86d081884c7d659a2feaa0c55ad015", "a1b2c3d4e5f6")
SENTENCES = (
    ("", "the ", "--", "a --db-", "require", "x", "\t"),
    ("password", "pw", "secret", "token", "key", "creds", "auth", "identified by"),
    ("", "s", "_id", " is", " to be", " of the house is", " in the garden by the", " that was given", '"', ")"),
    (" ", " ", " ", "  ", ": ", "=", ", ", ". ", "!", "\n", " (", " $", ' "'),
    (*GIVEN, "house", "value", "a"),
    (" ", ", ", "! ", ": ", ";", "\n"),
    ("", "and then home", *GIVEN),
)


def test_a_name_that_is_passed_over_announces_nothing() -> None:
    rng = random.Random(8)  # noqa: S311 - chance that can be repeated
    announced = 0
    for _ in range(8000):
        view = view_of("".join(map(rng.choice, SENTENCES)))
        found = list(assignments(view))
        assert found == every_assignment(view), view.text
        announced += bool(found)
    assert announced > 400


JOINTS = (
    '" + "',
    '", "',
    '" "',
    '"\n  . "',
    '""',
    "' '",
    "'\n'",
    "' + '",
    "` `",
    " \\\n",
    "\n",
    "\n> ",
    '"',
    "+",
    "\\",
)
WORDS_JOINED = (*SIGNS, *GIVEN, "sk-ant-", "AbCdEf12", "AbCdEf12", "abcdefgh", "\\n", "nAbCdEf12", "\u0301", "…", "é")
JOINED = st.lists(st.tuples(st.sampled_from(WORDS_JOINED), st.sampled_from(JOINTS)).map("".join), max_size=12).map(
    "".join
)


@given(text=JOINED)
def test_only_words_beside_a_joint_read_otherwise_when_it_is_taken_out(text: str) -> None:
    view = view_of(text + " and so on" * 120)  # long enough for the joints to be few
    before = {run for _, run in runs(view)}
    if "+" in view.text:  # which always has a text looked at for joints
        whole = joints._ANY_JOINT.sub("", view.text)
        assert fresh_runs(joints.concatenated(view), before) == fresh_runs(whole, before)
    whole = joints._WRAPPED.sub("", joints._WRAPPED_BY_BACKSLASH.sub("", view.text))
    assert fresh_runs(joints.unwrapped(view), before) == fresh_runs(whole, before)


APART = (
    *("p ", "w,", "d.", "1|", "x\n", "7\t", "é ", "· ", "ab ", " ", "x", "p a s s w o r d 1 2 3 4 "),
    *("65, ", "104 ", "32,", "9, ", "101, 120, 99, ", "72, 101, 108, 108, 111, 32, 119, 111, 114, 108, 100, "),
)


@given(text=st.lists(st.sampled_from(APART), max_size=40).map("".join))
def test_what_stands_apart_is_seen_in_every_fourth_character_wherever_it_begins(text: str) -> None:
    for before in range(4):
        view = view_of("a" * before + text)
        quick = layers.rewritten(view)
        with patch.multiple(layers, _SIX=b"", _ELEVEN=b""):
            assert quick == layers.rewritten(view)


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize(
    ("text", "way"), [("x " * 12, "spaces"), ("a.b,c|d\ne\t" * 3, "spaces"), ("65, " * 15, "codes")]
)
def test_the_shortest_that_stands_apart_is_seen(text: str, way: str, before: int) -> None:
    assert [name for name, _ in layers.rewritten(view_of("-" * before + text)) if name.endswith(way)]


def fresh_runs(text: str | None, before: set[str]) -> list[str]:
    """The runs of ``text`` that are none of those ``before``; a text in which nothing was joined has none."""
    return [run for _, run in runs(view_of(text or "")) if run not in before]


@given(
    text=st.lists(
        st.one_of(st.characters(), st.sampled_from("…—，ﬁ½가ᄀ\u1161\u0301\u200b\u00adae K<=")), max_size=12
    ).map("".join)
)
def test_a_view_is_the_compatibility_form_without_what_cannot_be_seen(text: str) -> None:
    view = view_of(text)
    assert view.text == normalize("NFKC", views._UNSEEN.sub("", text))
    assert view.foreign == "".join(letter for letter in view.text if not letter.isascii())
    assert len(view.plain) == len(view.low) == len(view.text)


def test_the_signs_that_change_neither_change_nor_are_changed_by_a_letter_beside_them() -> None:
    for sign in filter(views._SIGNS.match, map(chr, range(0x80, 0x10000))):
        text = f"a{sign}b = {sign} {sign}"
        assert view_of(text).text == normalize("NFKC", views._UNSEEN.sub("", text))
