"""What a provider record may set for every call to an Ollama server."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen

from provider_runtime.domain.errors import InvalidProviderConfig
from provider_runtime.domain.json_values import EMPTY_OBJECT, JsonObject, JsonValue

# Go's way to write a duration; a bare number counts seconds, a negative one means for ever.
_DURATION: Final = re.compile(r"-?(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ns|us|µs|ms|s|m|h))+|-?[0-9]{1,9}")
_MOST: Final = 2**31 - 1
_UNLESS_SAID: Final = JsonObject({"truncate": False})
# Each check says what the value must be, or nothing when it is.
_Check = Callable[[JsonValue], "str | None"]


@frozen(kw_only=True)
class OllamaSettings:
    """Fields that go beside the conversation, and fields that go into its ``options``.

    ``truncate`` is ``false`` unless the record says otherwise: the server's own default cuts a
    prompt that is too long from the front, system message first, and tells nobody.
    """

    fields: JsonObject = _UNLESS_SAID
    model_options: JsonObject = EMPTY_OBJECT


def ollama_options(options: JsonObject) -> OllamaSettings:
    """The settings that the options of a provider record name.

    ``keep_alive`` (seconds, or a text such as ``"10m"``), ``truncate`` and ``shift`` say how the
    server treats the call; the others, such as ``num_ctx``, how it runs the model.
    Raises ``InvalidProviderConfig`` naming the option that is unknown or cannot be right.
    """
    for name, value in options.items():
        check = _FIELDS.get(name) or _MODEL_OPTIONS.get(name)
        fault = "is not an option of Ollama" if check is None else check(value)
        if fault is not None:
            raise InvalidProviderConfig(
                field=f"options.{name:.80}",
                message=f"option {name!r:.80} {fault}",
                remedy=f"The options are: {', '.join((*_FIELDS, *_MODEL_OPTIONS))}.",
            )
    said = {name: value for name, value in options.items() if name in _FIELDS}
    return OllamaSettings(
        fields=JsonObject({**_UNLESS_SAID, **said}),
        model_options=JsonObject((name, value) for name, value in options.items() if name in _MODEL_OPTIONS),
    )


def _whole(low: int, high: int = _MOST) -> _Check:
    def check(value: JsonValue) -> str | None:
        return None if type(value) is int and low <= value <= high else f"must be a whole number from {low} to {high}"

    return check


def _number(low: float, high: float) -> _Check:
    def check(value: JsonValue) -> str | None:
        fits = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
        return None if fits else f"must be a number from {low:g} to {high:g}"

    return check


def _flag(value: JsonValue) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _duration(value: JsonValue) -> str | None:
    seconds = isinstance(value, int | float) and not isinstance(value, bool)
    fits = seconds or (isinstance(value, str) and _DURATION.fullmatch(value))
    return None if fits else "must be a number of seconds or a duration such as '10m'"


_FIELDS: Final[Mapping[str, _Check]] = MappingProxyType({"keep_alive": _duration, "truncate": _flag, "shift": _flag})
_MODEL_OPTIONS: Final[Mapping[str, _Check]] = MappingProxyType(
    {
        "num_ctx": _whole(1),
        "num_keep": _whole(0),
        "num_batch": _whole(1),
        "num_gpu": _whole(-1),
        "main_gpu": _whole(0),
        "num_thread": _whole(0),
        "use_mmap": _flag,
        "min_p": _number(0, 1),
        "typical_p": _number(0, 1),
        "repeat_last_n": _whole(-1),
        "repeat_penalty": _number(0, 10),
    }
)
