"""Memo: how a call may be answered with what was answered before."""

from typing import Final

from attrs import field, frozen
from attrs.validators import optional

from provider_runtime.domain.checks import FILLED_TEXTS, FLAG, number
from provider_runtime.domain.json_values import tuple_of

_TENANT: Final = ("tenant",)


@frozen(kw_only=True)
class Memo:
    """Take the answer that these very bytes had before; ``CallOptions(memo=True)`` means ``Memo()``.

    ``apart_by`` names labels of the call (``CallOptions.metadata``): calls whose values there differ
    never get each other's answers. ``max_age_s``: an older answer does not count. ``refresh``: ask
    anew, and keep the new answer in place of the old. ``single_flight``: while the same is being
    asked by this runtime, wait for that answer instead of asking too.
    Raises ``ValueError`` or ``TypeError`` naming the field.
    """

    apart_by: tuple[str, ...] = field(default=_TENANT, converter=tuple_of, validator=FILLED_TEXTS)
    max_age_s: float | None = field(default=None, validator=optional(number(0)))
    refresh: bool = field(default=False, validator=FLAG)
    single_flight: bool = field(default=False, validator=FLAG)


def memo_of(wanted: "Memo | bool | None") -> object:
    """``True`` and ``False`` as what they mean; anything else as it is."""
    if wanted is True:
        return Memo()
    return None if wanted is False else wanted
