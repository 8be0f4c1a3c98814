"""What is wrong with a document: where, why, and the way out; never what stands there."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, Final, Never

import attrs
from cattrs.errors import (
    AttributeValidationNote,
    BaseValidationError,
    ForbiddenExtraKeysError,
    IterableValidationNote,
    StructureHandlerNotFoundError,
)

from provider_runtime.adapters.serialization.tags import TAGS
from provider_runtime.domain.errors import ConfigError
from provider_runtime.domain.secrets import safe_text

ROOT: Final = "$"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,39}\Z")
_WORD: Final = re.compile(r"\w+")
_KINDS: Final = (
    (bool, "true or false"),
    (str, "text"),
    (int | float, "a number"),
    (dict, "an object"),
    (list | tuple, "a list"),
)


@attrs.define(kw_only=True, eq=False)
class DocumentFault(ValueError):
    """A document does not say what it should.

    ``field`` is the path to the place, such as ``messages[0].content[1].text``; ``$`` is the whole
    document. ``message`` says what is wrong and ``remedy`` the way out. Neither quotes a value:
    a value may be what somebody said. Names of fields are quoted, as long as they look like names.
    """

    message: str
    remedy: str = ""
    field: str = ""

    def __str__(self) -> str:
        text = f"{self.field or ROOT}: {self.message}"
        return f"{text}. {self.remedy}" if self.remedy else text


def expected(what: str, value: object, remedy: str = "") -> Never:
    """Refuse ``value``, which is not ``what`` was expected. Raises ``DocumentFault``."""
    raise DocumentFault(message=f"expected {what}, got {_kind_of(value)}", remedy=remedy)


def one_of(names: Iterable[str], given: object) -> str:
    """The way out where one of ``names`` was expected: the nearest to ``given``, or all of them."""
    known = tuple(names)
    near = _nearest(given, known)
    return f'Did you mean "{near}"?' if near else f"Use one of: {', '.join(known)}."


def fault_of(error: Exception) -> DocumentFault:
    """The first fault in what cattrs raised; an unknown field goes before what it may have misspelt.

    Raises ``TypeError`` when it is not the document but the class that cannot be read.
    """
    path, owner = "", None
    while isinstance(error, BaseValidationError):
        owner = error.cl
        error = min(error.exceptions, key=lambda inner: not isinstance(inner, ForbiddenExtraKeysError))
        path += _step(error)
    if isinstance(error, DocumentFault):
        return attrs.evolve(error, field=_joined(path, error.field))
    if isinstance(error, ForbiddenExtraKeysError):
        return _unknown_field(error, path)
    if isinstance(error, KeyError):
        return DocumentFault(field=_joined(path), message="this field is missing", remedy="Add it.")
    if isinstance(error, StructureHandlerNotFoundError):
        raise TypeError(f"documents cannot hold a {error.type_!r:.80}")
    if isinstance(error, ConfigError):  # ours, and quotes nothing
        field = str(getattr(error, "field", None) or "").rpartition(".")[2]
        return DocumentFault(field=_joined(path, field), message=error.message, remedy=error.remedy)
    return _refused_by_class(error, owner, path)


def _kind_of(value: object) -> str:
    if value is None:
        return "null"
    return next((words for kinds, words in _KINDS if isinstance(value, kinds)), type(value).__name__)


def _step(error: BaseException) -> str:
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            return f".{note.name}"
        if isinstance(note, IterableValidationNote):
            if isinstance(note.index, int):
                return f"[{note.index}]"
            return f".{note.index}" if _looks_like_a_name(note.index) else "[…]"
    return ""


def _looks_like_a_name(text: str) -> bool:
    """Whether ``text`` may be quoted: short, plain, and not a key that somebody put where a name belongs."""
    has_digits = any(letter.isdigit() for letter in text)  # as keys have, and names that begin like one have not
    return _NAME.match(text) is not None and not (has_digits and safe_text(text) != text)


def _joined(path: str, tail: str = "") -> str:
    whole = f"{path}.{tail}" if tail else path
    return whole.removeprefix(".") or ROOT


def _nearest(given: object, known: Iterable[str]) -> str | None:
    if not isinstance(given, str) or len(given) > 80:  # a longer one is no slip of the pen
        return None
    return next(iter(get_close_matches(given.lower(), known, n=1)), None)


def _unknown_field(error: ForbiddenExtraKeysError, path: str) -> DocumentFault:
    name = min(error.extra_fields)
    known = [attribute.name for attribute in _fields(error.cl) if attribute.init]
    shown = _looks_like_a_name(name)
    return DocumentFault(
        field=_joined(path, name) if shown else _joined(path),
        message=f'there is no field "{name}"' if shown else "there is a field that is not known",
        remedy=one_of(known, name) if known or error.cl in TAGS else "Take it out.",
    )


def _refused_by_class(error: Exception, owner: type | None, path: str) -> DocumentFault:
    # The texts of our own classes quote no values and name the field; those of others may do anything.
    ours = owner is not None and owner.__module__.startswith("provider_runtime.")
    if owner is None or not ours or not isinstance(error, ValueError | TypeError):
        return DocumentFault(field=_joined(path), message="this value is not allowed here")
    names = {attribute.name for attribute in _fields(owner)}
    field = next((word for word in _WORD.findall(str(error)) if word in names), "")
    return DocumentFault(field=_joined(path, field), message=str(error))


def _fields(kind: type) -> tuple[Any, ...]:
    return attrs.fields(kind) if attrs.has(kind) else ()
