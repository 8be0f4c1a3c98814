"""Effects: what an operation is asked with, and what it can come to."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from attrs import field, frozen
from attrs.validators import optional

from provider_runtime.domain.calls.labels import check_trace_id
from provider_runtime.domain.checks import FILLED, OPTIONAL_TEXT, TEXT, whole
from provider_runtime.domain.json_values import EMPTY_OBJECT, JsonObject, JsonValue, freeze, freeze_object


@frozen(kw_only=True)
class EffectContext:
    """Under what circumstances an operation is asked for. ``ctx_digest`` stands for the machine's context.

    ``governance`` is what the machine may do, in its own words.
    """

    op: str = field(validator=FILLED)
    ctx_digest: str = field(default="", validator=TEXT)
    session_id: str | None = field(default=None, validator=OPTIONAL_TEXT)
    trace_id: str | None = field(default=None, validator=optional(check_trace_id))
    step: int = field(default=0, validator=whole(0))
    governance: JsonObject = field(default=EMPTY_OBJECT, converter=freeze_object, repr=False)


@frozen(kw_only=True)
class EffectValue:
    """The operation came to a value."""

    value: JsonValue = field(default=None, converter=freeze, repr=False)


@frozen(kw_only=True)
class EffectError:
    """The operation failed. ``code`` is for programs, ``message`` for people."""

    code: str = field(validator=FILLED)
    message: str = field(default="", validator=TEXT)


@frozen(kw_only=True)
class EffectResume:
    """The machine goes on at the resumption ``rid``, with ``value``."""

    rid: str = field(validator=FILLED)
    value: JsonValue = field(default=None, converter=freeze, repr=False)


EffectResult: TypeAlias = EffectValue | EffectError | EffectResume
EffectHandler: TypeAlias = Callable[..., Awaitable[EffectResult]]
"""``async def handler(context, *args)``."""
