"""Capability: one grant with conditions, and what somebody is about to do, to be held against it."""

import json
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, cast

from attrs import Attribute, asdict, field, frozen
from attrs.validators import optional

from provider_runtime.domain.checks import FILLED, FILLED_TEXTS, is_a, whole
from provider_runtime.domain.identity import CallId
from provider_runtime.domain.json_values import tuple_of
from provider_runtime.domain.policy.grants.caps import cap_name, checked_grant, is_cap_name
from provider_runtime.domain.values import open_twin

_DOMAIN: Final = b"provider_runtime/capability/v1\0"


def _moment(_instance: object, attribute: "Attribute[Any]", value: object) -> None:
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise ValueError(f"{attribute.name} must be a moment with its time zone")


def _maybe_tuple(values: Any) -> tuple[Any, ...] | None:
    return None if values is None else tuple_of(values)


def _upper(values: Any) -> tuple[Any, ...] | None:
    given = _maybe_tuple(values)
    return None if given is None else tuple(one.upper() if isinstance(one, str) else one for one in given)


@frozen(kw_only=True)
class Constraints:
    """The conditions of a grant. ``None``: no such condition.

    ``max_calls``: so many uses in all. ``max_bytes``: so long the body of one call may be.
    ``allowed_methods`` are those of HTTP, ``allowed_providers`` ids of providers, ``allowed_models``
    names of models, or their beginnings followed by ``*``. ``expires_at``: from then on it grants
    nothing. A use that does not say what a condition asks about does not meet it.
    """

    max_calls: int | None = field(default=None, validator=optional(whole(0)))
    max_bytes: int | None = field(default=None, validator=optional(whole(0)))
    allowed_methods: tuple[str, ...] | None = field(default=None, converter=_upper, validator=optional(FILLED_TEXTS))
    allowed_providers: tuple[str, ...] | None = field(
        default=None, converter=_maybe_tuple, validator=optional(FILLED_TEXTS)
    )
    allowed_models: tuple[str, ...] | None = field(
        default=None, converter=_maybe_tuple, validator=optional(FILLED_TEXTS)
    )
    expires_at: datetime | None = field(default=None, validator=optional(_moment))


@frozen(kw_only=True)
class Capability:
    """One thing that may be done, under conditions. A value: two that are equal are the same grant.

    ``type`` is the name of a capability, ``domain.*`` or ``*``. ``scope``: only for calls with this
    label, ``name=value``; ``None``: for all. ``granted_at`` and ``granted_by`` say when and by whom; a
    grant that is given anew at another time has its uses anew. ``capability_id`` is worked out from
    all of that. Raises ``TypeError`` or ``ValueError``. Source: semantics B.11.
    """

    type: str = field(converter=checked_grant)
    scope: str | None = field(default=None, validator=optional(FILLED))
    constraints: Constraints = field(factory=Constraints, validator=is_a(Constraints))
    granted_at: datetime | None = field(default=None, validator=optional(_moment))
    granted_by: str | None = field(default=None, validator=optional(FILLED))
    capability_id: str = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        # After the validators: what is no grant has no id.
        contents = {
            "type": self.type,
            "scope": self.scope,
            "constraints": asdict(self.constraints),
            "granted_at": self.granted_at,
            "granted_by": self.granted_by,
        }
        canonical = json.dumps(contents, sort_keys=True, separators=(",", ":"), default=_in_utc)
        object.__setattr__(self, "capability_id", sha256(_DOMAIN + canonical.encode()).hexdigest()[:16])


def _in_utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _as_compared(caps: Any) -> tuple[Any, ...]:
    return tuple([cap_name(cap) if isinstance(cap, str) else cap for cap in tuple_of(caps)])


def _texts(_instance: object, attribute: "Attribute[Any]", caps: tuple[object, ...]) -> None:
    for cap in caps:
        if not isinstance(cap, str):
            raise TypeError(f"{attribute.name} are texts")


def _names_alone(caps: Any) -> Any:
    return frozenset(filter(is_cap_name, caps)) if isinstance(caps, frozenset) else caps


@frozen(kw_only=True)
class Use:
    """What somebody is about to do: ``caps`` are the capabilities it takes, all of them or none.

    ``granted`` are those of them that somebody else (a governance profile) grants without conditions; what
    names no capability is not kept of it. ``scopes`` are the labels of the call, ``size`` the bytes of its
    body. Unknown is ``None``.
    """

    caps: tuple[str, ...] = field(converter=_as_compared, validator=_texts)
    granted: frozenset[str] = field(default=frozenset(), converter=_names_alone, validator=is_a(frozenset))
    call_id: CallId | None = None
    scopes: tuple[str, ...] = field(default=(), converter=tuple_of)
    provider: str | None = field(default=None, validator=optional(is_a(str)))
    model: str | None = field(default=None, validator=optional(is_a(str)))
    method: str | None = None
    size: int | None = None


_OpenUse: Final = open_twin(Use)


def use_in_call(
    caps: tuple[str, ...],
    granted: frozenset[str],
    call_id: CallId,
    scopes: tuple[str, ...],
    provider: str,
    model: str,
    method: str,
    size: int,
) -> Use:
    """The use that a call makes, whose facts were all looked at on its way."""
    use = _OpenUse.__new__(_OpenUse)
    use.caps = caps
    use.granted = granted
    use.call_id = call_id
    use.scopes = scopes
    use.provider = provider
    use.model = model
    use.method = method
    use.size = size
    use.__class__ = Use
    return cast("Use", use)


class GrantFault(StrEnum):
    """Why a capability is not there for a use."""

    NOT_GRANTED = "not_granted"
    OUT_OF_SCOPE = "out_of_scope"
    EXPIRED = "expired"
    CALLS_USED_UP = "calls_used_up"
    TOO_MANY_BYTES = "too_many_bytes"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    PROVIDER_NOT_ALLOWED = "provider_not_allowed"
    MODEL_NOT_ALLOWED = "model_not_allowed"


@frozen(kw_only=True)
class Granted:
    """All that the use takes is there. ``counted``: the ids of the grants of which one use is gone."""

    counted: tuple[str, ...] = ()


NOTHING_COUNTED: Final = Granted()


@frozen(kw_only=True)
class Denied:
    """``cap`` is not there, so nothing of the use is. Nothing was counted."""

    cap: str
    fault: GrantFault
    capability_id: str | None = None


Decision = Granted | Denied
