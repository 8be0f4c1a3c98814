"""A secret is not found by anything that takes objects apart: serializers, debuggers, collectors of locals."""

import copyreg
import dataclasses
import inspect
import json
import pickle
import pprint
import reprlib
import string
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import attrs
import cattrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from traceback_search import told_by

from provider_runtime.adapters.serialization import make_converter
from provider_runtime.composition.settings import RuntimeSettings
from provider_runtime.domain.calls.options import CallOptions
from provider_runtime.domain.origins import Origin
from provider_runtime.domain.policy.credentials import CredentialSource, FoundCredential, SourceKind
from provider_runtime.domain.secrets import Secret, secret_in
from provider_runtime.ports.http import AuthHeader
from provider_runtime.ports.provider_adapter import AdapterContext
from provider_runtime.ports.secrets import StoredSecret

VALUE = "sk-canary-4f9d1c7e2b8a6035"
THERE = Origin("https", "api.example.com", 443)


def holders() -> list[Any]:
    """Everything of ours that carries a secret from one place to another."""
    secret = Secret(VALUE)
    return [
        secret,
        CallOptions(credential=secret),
        AdapterContext(credential=secret),
        RuntimeSettings(credentials={"openai": secret}, receipt_key=secret),
        AuthHeader(name="authorization", secret=secret, origin=THERE),
        StoredSecret(secret=secret, bound_to=THERE),
        FoundCredential(secret=secret, source=CredentialSource(SourceKind.CALL)),
        {"key": [secret]},
    ]


@dataclasses.dataclass
class Dataclass:
    holder: Any


@attrs.define
class AttrsClass:
    holder: Any


class Struct(msgspec.Struct):
    holder: Any


def _noted(holder: Any) -> str:
    error = ValueError(holder)
    error.add_note(f"with {holder}")
    return "".join(traceback.format_exception(error)) + repr(error.args) + repr(error.__notes__)


def _warned(holder: Any) -> str:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn(f"{holder} {holder!r}", stacklevel=1)
    return str(caught[0].message)


def _slots(holder: Any) -> str:
    """What a collector prints that looks at slots, as debuggers do."""
    names = [name for kind in type(holder).__mro__ for name in getattr(kind, "__slots__", ())]
    return repr([(name, getattr(holder, name, None)) for name in names])


TAKING_APART: dict[str, Callable[[Any], object]] = {
    "vars": vars,
    "__dict__": lambda holder: holder.__dict__,
    "getmembers": inspect.getmembers,
    "slots": _slots,
    "dir": dir,
    "pprint": pprint.pformat,
    "reprlib": reprlib.repr,
    "ascii": ascii,
    "format with a spec": lambda holder: f"{holder!s:^80} {holder!r:>80}",
    "template": lambda holder: string.Template("$x").substitute(x=holder),
    "json with default": lambda holder: json.dumps(holder, default=repr),
    "json of what it holds": lambda holder: json.dumps(
        holder, default=lambda item: getattr(item, "__dict__", str(item))
    ),
    "msgspec": msgspec.json.encode,
    "msgspec with a hook": lambda holder: msgspec.json.encode(holder, enc_hook=str),
    "msgspec builtins": lambda holder: msgspec.to_builtins(holder, enc_hook=repr),
    "msgspec struct": lambda holder: msgspec.json.encode(Struct(holder), enc_hook=str),
    "cattrs": lambda holder: repr(cattrs.Converter().unstructure(holder)),
    "our converter": lambda holder: repr(make_converter().unstructure(holder)),
    "attrs asdict": lambda holder: repr(attrs.asdict(AttrsClass(holder), recurse=True)),
    "attrs astuple": lambda holder: repr(attrs.astuple(AttrsClass(holder), recurse=True)),
    "dataclass asdict": lambda holder: repr(dataclasses.asdict(Dataclass(holder))),
    "dataclass repr": lambda holder: repr(Dataclass(holder)),
    "pickle": pickle.dumps,
    "pickle of old": lambda holder: pickle.dumps(holder, protocol=0),
    "reduce": lambda holder: copyreg.__reduce_ex__(holder, 2),
    "notes and arguments": _noted,
    "warning": _warned,
    "comparison": lambda holder: repr(holder == VALUE) + repr(holder != VALUE),
}


@pytest.mark.parametrize("way", TAKING_APART.values(), ids=TAKING_APART.keys())
@pytest.mark.parametrize("place", range(len(holders())))
def test_no_way_of_taking_an_object_apart_comes_to_the_secret(way: Callable[[Any], object], place: int) -> None:
    try:
        found = way(holders()[place])
    except Exception as refused:  # noqa: BLE001 - refusing is as good, if the refusal quotes nothing
        found = f"{refused!r} {refused} {refused.args!r}"
    assert VALUE not in (found if isinstance(found, str) else repr(found))


def test_the_search_would_find_a_secret_that_is_not_wrapped() -> None:
    found = [
        name
        for name, way in TAKING_APART.items()
        if name in {"cattrs", "pprint", "json with default"} and VALUE in str(way({"key": VALUE}))
    ]
    assert found == ["pprint", "json with default", "cattrs"]


@pytest.mark.parametrize("text", [f"{VALUE} with spaces", f"{VALUE}\n", f"ä{VALUE}"])
def test_a_text_that_is_no_secret_is_in_no_frame_of_the_refusal(text: str) -> None:
    with pytest.raises(ValueError, match="printable") as refused:
        Secret(text)
    assert VALUE not in told_by(refused.value)


@given(st.text(min_size=1, max_size=20))
def test_a_secret_gives_back_exactly_what_it_was_given_or_does_not_exist(text: str) -> None:
    fit = all("\x21" <= letter <= "\x7e" for letter in text)
    if fit:
        assert Secret(text).reveal() == text
        assert type(Secret(text).reveal()) is str
    else:
        with pytest.raises(ValueError, match="printable"):
            Secret(text)


@given(
    st.text(" \t\n", max_size=3),
    st.sampled_from(("", "none", "None", "NONE", "sk-a", "a b", "ä", "nonesuch")),
    st.text(" \n", max_size=3),
)
def test_blank_none_and_unfit_texts_hold_no_secret(before: str, core: str, after: str) -> None:
    wanted = Secret(core) if core in {"sk-a", "nonesuch"} else None
    assert secret_in(before + core + after) == wanted


def test_nothing_holds_no_secret() -> None:
    assert secret_in(None) is None


# ── what others quote ───────────────────────────────────────────────────────────────────────

_KEYS = st.text(string.ascii_letters + string.digits + "-_", min_size=8, max_size=80)


@given(key=_KEYS, before=st.text(max_size=40), after=st.text(max_size=40))
def test_a_quoted_secret_is_masked_whatever_it_looks_like(key: str, before: str, after: str) -> None:
    shown = Secret(key).masked_in(f"{before}{key}{after}")
    size = min(12, len(key))
    assert not any(key[start : start + size] in shown for start in range(len(key) - size + 1))
    assert "***" in shown


@given(key=_KEYS, start=st.integers(0, 68), text=st.text(string.ascii_lowercase + " .", max_size=60))
def test_twelve_letters_of_a_secret_are_masked_and_other_text_is_left_alone(key: str, start: int, text: str) -> None:
    piece = key[start : start + 12]
    secret = Secret(key)
    assert len(piece) < 12 or piece not in secret.masked_in(f"{text} {piece}")
    size = min(12, len(key))
    if not any(key[place : place + size] in text for place in range(len(key) - size + 1)):
        assert secret.masked_in(text) == text


def test_a_secret_as_short_as_a_word_is_not_looked_for_in_plain_words() -> None:
    assert Secret("key").masked_in("the key is wrong") == "the key is wrong"
