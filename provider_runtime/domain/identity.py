"""Names of providers, runtimes and calls: text that has been checked once and stays right."""

import re
from typing import Final, Self

_PROVIDER_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}\Z")
_OPAQUE_ID: Final = re.compile(r"[\x21-\x7e]{1,128}\Z")


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


class ProviderId(_Name):
    """The stable, human-readable name of a provider record: ``openai``, ``acme-vllm``.

    Raises ``ValueError`` for anything but 1 to 64 letters, digits, ``_``, ``.`` and ``-``
    that begin with a letter or digit: the name is also a key in files, events and receipts.
    """

    __slots__ = ()

    @classmethod
    def _allowed(cls) -> re.Pattern[str]:
        return _PROVIDER_ID

    @classmethod
    def _meaning(cls) -> str:
        return "1 to 64 letters, digits, '_', '.' or '-', beginning with a letter or digit"


class RuntimeId(_Name):
    """The name of one runtime in a process. Raises ``ValueError`` for text that is not printable ASCII."""

    __slots__ = ()


class CallId(_Name):
    """The name of one call, made before anything else happens to it."""

    __slots__ = ()


OPENAI: Final = ProviderId("openai")
ANTHROPIC: Final = ProviderId("anthropic")
GEMINI: Final = ProviderId("gemini")
OPENROUTER: Final = ProviderId("openrouter")
