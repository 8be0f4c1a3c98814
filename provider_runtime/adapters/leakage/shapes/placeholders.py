"""What stands where a secret would, and is none: placeholders, references, words, numbers."""

import re
from itertools import pairwise
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits
from typing import Final

_STAND_INS: Final = re.compile(
    r"example|xxxx|placeholder|redacted|dummy|changeme|change[_-]me|replace[_-]|insert[_-]|your[_-]|\byour|[_-]here\b"
    r"|\.\.\.|\*\*\*|abcdefgh|12345678|deadbeef|0{12}|f{12}|fixme|foobar|s3cr3t-?value|hidden|masked|removed"
)
_EMPTY_WORDS: Final = frozenset(
    (
        *("none", "null", "nil", "true", "false", "undefined", "unset", "empty", "default", "string", "str", "text"),
        *("password", "passwd", "pass", "secret", "token", "key", "user", "username", "admin", "root", "test", "guest"),
        *("required", "optional", "changeit", "pwd", "credentials", "value", "bearer", "basic", "postgres", "mysql"),
    )
)
# `${VAR}`, `$VAR`, `{{ var }}`, `<password>`, `%(name)s`, `%VAR%`, `!env VAR`, `[REDACTED]`, `…`, `@Value`, `:name`
_REFERENCE: Final = re.compile(
    r"\$(?:[{(]|\w+\Z)|#\{|\{[{%\w]|<[\w /-]+>?|\[[\w -]+\]?|%\(|%\w+%|!(?:env|vault|secret|ref|sub)\b|@value\b|:\w+\Z"
    r"|…|\\|\?\Z|os\.|process\.|env[.:(\[]|op://|vault:|ssm:|arn:|file:|ref\+|secretsmanager|sops|enc\[|config[.\[]"
    r"|settings\.|self\.|this\.|request\.|args\.|options\.|params\.|ctx\.|context\.|-----",
    re.IGNORECASE,
)
_CONSTANT: Final = re.compile(r"_*[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+_*\Z|_*[a-z][a-z0-9]{0,15}(?:_[a-z0-9]{1,15})+_*\Z")
_DOTTED: Final = re.compile(
    r"[A-Za-z_]{1,24}(?:\.[A-Za-z_]{1,24})+\Z|[a-z_]{1,16}[0-9]{0,2}(?:\.[a-z_]{1,24}[0-9]{0,2})+\Z"
)
_PATH: Final = re.compile(r"(?:~|\.{1,2}|[A-Za-z]:)?[/\\][\w.@-]*(?:[/\\][\w.@-]+)+\Z")
_WORDS: Final = re.compile(r"_*[A-Za-z]{1,20}(?:[-_./:+, ][A-Za-z]{1,20})*_*\Z")
_NUMBERS: Final = re.compile(r"[-+]?[0-9][0-9.,:/_-]*(?:[a-zA-Z%]{1,3})?\Z")
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z", re.IGNORECASE)
_HEX: Final = re.compile(r"[0-9a-fA-F]+\Z")
_WORD_AND_NUMBER: Final = re.compile(r"[A-Za-z]{2,16}[-_]?[0-9]{1,4}\Z")
_SLUG: Final = re.compile(r"[a-z]{2,16}(?:[-.][a-z0-9]{1,12})+\Z")
_CAMEL: Final = re.compile(r"[A-Z][a-z]{3,}|(?<![A-Za-z])[a-z]{4,}")
_CALL: Final = re.compile(r"[A-Za-z_][A-Za-z_.]*\(")
_CODE: Final = re.compile(r"[A-Za-z_][\w.]*[\[({]|[(\[{]")
_MAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[A-Za-z-]{2,24})+\Z")
_VOWELS: Final = frozenset("aeiouyAEIOUY")
_CLASSES: Final = str.maketrans(
    {**dict.fromkeys(ascii_lowercase, "a"), **dict.fromkeys(ascii_uppercase, "A"), **dict.fromkeys(digits, "0")}
)
_FEWEST_LETTERS: Final = 5  # different ones, in something of 16 that is random


def is_placeholder(value: str) -> bool:
    """Whether ``value`` only shows where a secret would stand."""
    low = value.lower()
    if low in _EMPTY_WORDS or _STAND_INS.search(low):
        return True
    return len(set(value)) < _FEWEST_LETTERS if len(value) >= 16 else len(set(value)) <= 2


def is_uuid(value: str) -> bool:
    """Whether it is an identifier of the universal kind."""
    return _UUID.match(value) is not None


def is_hex(value: str) -> bool:
    """Whether nothing but hexadecimal digits stands in it."""
    return _HEX.match(value) is not None


def changes(value: str) -> float:
    """How often the kind of character changes (small, capital, digit, other), of the times it could.

    About 0.6 for random letters and digits, 0.45 for hexadecimal, 0.1 to 0.2 for names and words.
    """
    kinds = value.translate(_CLASSES)
    turns = sum(one != other for one, other in pairwise(kinds))
    return turns / max(1, len(value) - 1)


def is_random(value: str) -> bool:
    """Whether letters and digits follow each other as they do by chance: at least 16 of them, digits among them."""
    body = value.rstrip("=")
    if body.isalpha():
        return _is_random_letters(body)
    if len(body) < 16 or not any(one.isdigit() for one in body):
        return False
    if len(set(body)) < 8:
        return False
    if body.islower() or body.isupper():
        return changes(body) >= 0.22
    words = sum(map(len, _CAMEL.findall(body)))
    return changes(body) >= 0.3 and words < len(body) * 0.6


def _is_random_letters(value: str) -> bool:
    if not value.isascii():
        return False
    if not value.islower() and not value.isupper():
        return len(value) >= 12 and changes(value) >= 0.38
    return len(value) >= 16 and sum(one in _VOWELS for one in value) / len(value) < 0.2


def is_word(value: str) -> bool:
    """Whether it reads as words, a name in a program, a path, a number or a date."""
    if _NUMBERS.match(value) or _WORD_AND_NUMBER.match(value) or _PATH.match(value):
        return not is_random(value)
    if _DOTTED.match(value) or _WORDS.match(value) or _CONSTANT.match(value) or _SLUG.match(value):
        return not is_random(value.replace("_", "").replace("-", "").replace(".", ""))
    return False


def is_reference(value: str) -> bool:
    """Whether it says where to find the secret: a variable, a call, an entry of a vault, a file."""
    return _REFERENCE.match(value) is not None or _CALL.match(value) is not None


def is_code(value: str) -> bool:
    """Whether a value without quotes begins as an expression does: a call, an index, a bracket."""
    return _CODE.match(value) is not None


def is_password(value: str, *, shortest: int = 8) -> bool:
    """Whether ``value``, which stands where a password does, is one and not a word in its place."""
    if len(value) < shortest or " " in value or is_reference(value) or is_placeholder(value) or is_word(value):
        return False
    letters = sum(one in ascii_letters for one in value)
    others = len(value) - letters
    if letters == len(value):
        return is_random(value)
    return 0 < others < len(value) and not _MAIL.match(value)
