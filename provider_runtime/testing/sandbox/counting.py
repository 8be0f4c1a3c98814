"""How the sandbox counts tokens: by the length of what was said, so that anybody can check it.

One token is four characters, rounded up. Counted are all texts and names in a part of the request
(messages, system prompt, tools), numbers as they print; what is opaque (media, addresses,
signatures, encrypted reasoning) counts nothing. Reasoning counts as output.

Caching follows from the request alone, so that equal requests are billed alike whoever else calls:
a conversation in which the assistant has already spoken must have had its beginning sent before.
"""

from typing import Final

_OPAQUE: Final = frozenset(
    {
        "data",
        "image_url",
        "file_url",
        "file_data",
        "url",
        "signature",
        "thoughtSignature",
        "fileUri",
        "encrypted_content",
        "cache_control",
    }
)
_CHARACTERS_PER_TOKEN: Final = 4
_SMALLEST_PREFIX: Final = 1024  # tokens; vendors that cache unasked keep no shorter beginning
_STEP: Final = 128


def tokens_in(*values: object) -> int:
    """The tokens of these JSON values together."""
    return tokens_of(sum(_characters(value) for value in values))


def tokens_of(characters: int) -> int:
    """The tokens of that many characters."""
    return -(-characters // _CHARACTERS_PER_TOKEN)


def characters_of(tokens: int) -> int:
    """The most characters that ``tokens`` can hold."""
    return tokens * _CHARACTERS_PER_TOKEN


def cached_unasked(prefix_tokens: int) -> int:
    """The tokens that a vendor which caches on its own reads from its cache, of a beginning sent before."""
    return prefix_tokens // _STEP * _STEP if prefix_tokens >= _SMALLEST_PREFIX else 0


def _characters(value: object) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(len(key) + _characters(item) for key, item in value.items() if key not in _OPAQUE)
    if isinstance(value, list):
        return sum(_characters(item) for item in value)
    return 0 if value is None else len(str(value))
