"""Names of providers, roles, profiles, runtimes and calls: text that has been checked once and stays right."""

import re
from typing import Final, Self

_SHORT_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}\Z")
_PROFILE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}@[0-9a-f]{16}\Z")
_OPAQUE_ID: Final = re.compile(r"[\x21-\x7e]{1,128}\Z")
_KEY_ID: Final = re.compile(r"(?:ed25519|hmac-sha256):[0-9a-f]{16}\Z")


class _Name(str):
    """A checked text. It is a ``str``, so it prints, compares and hashes as one."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if type(text) is cls:
            return text  # checked when it was made
        if not isinstance(text, str) or not cls._allowed().match(text):
            raise ValueError(f"{cls.__name__}: {text!r:.80} is not {cls._meaning()}")
        return super().__new__(cls, text)

    @classmethod
    def _allowed(cls) -> re.Pattern[str]:
        return _OPAQUE_ID

    @classmethod
    def _meaning(cls) -> str:
        return "1 to 128 printable ASCII characters without spaces"


class _ShortName(_Name):
    """A name that people write, and that is a key in files, events and receipts as well."""

    __slots__ = ()

    @classmethod
    def _allowed(cls) -> re.Pattern[str]:
        return _SHORT_NAME

    @classmethod
    def _meaning(cls) -> str:
        return "1 to 64 letters, digits, '_', '.' or '-', beginning with a letter or digit"


class ProviderId(_ShortName):
    """The stable, human-readable name of a provider record: ``openai``, ``acme-vllm``.

    Raises ``ValueError`` for anything but 1 to 64 letters, digits, ``_``, ``.`` and ``-``
    that begin with a letter or digit: the name is also a key in files, events and receipts.
    """

    __slots__ = ()


class Role(_ShortName):
    """A part that models play, whichever model plays it: ``frontend``, ``worker``, ``critic``.

    Raises ``ValueError`` like ``ProviderId``: the same letters, for the same reasons.
    """

    __slots__ = ()


class ProfileName(_ShortName):
    """What a work profile is called through all its editions. Raises ``ValueError`` like ``ProviderId``."""

    __slots__ = ()


class ProfileId(_Name):
    """The id of a work profile: its name, ``@``, and 16 hexadecimal digits of its contents. Raises ``ValueError``."""

    __slots__ = ()

    @classmethod
    def _allowed(cls) -> re.Pattern[str]:
        return _PROFILE_ID

    @classmethod
    def _meaning(cls) -> str:
        return "the id of a work profile, such as team@0123456789abcdef"


class KeyId(_Name):
    """The name of a key that seals, worked out from the key: ``ed25519:0123456789abcdef``. Raises ``ValueError``."""

    __slots__ = ()

    @classmethod
    def _allowed(cls) -> re.Pattern[str]:
        return _KEY_ID

    @classmethod
    def _meaning(cls) -> str:
        return "the id of a key, such as ed25519:0123456789abcdef"


class RuntimeId(_Name):
    """The name of one runtime in a process. Raises ``ValueError`` for text that is not printable ASCII."""

    __slots__ = ()


class CallId(_Name):
    """The name of one call, made before anything else happens to it."""

    __slots__ = ()


class OrderId(_Name):
    """The name of one order for a hold. Whoever gives the order makes it, so that it can be given twice."""

    __slots__ = ()


OPENAI: Final = ProviderId("openai")
ANTHROPIC: Final = ProviderId("anthropic")
GEMINI: Final = ProviderId("gemini")
OPENROUTER: Final = ProviderId("openrouter")
ROLE_HINT: Final = ProviderId("role")
"""Stands where a provider would, in ``role:worker``: so no provider can be called that."""
