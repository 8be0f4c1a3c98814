"""State: what a piece of work has come to, kept so that it can be taken up again."""

import json
from hashlib import sha256
from typing import Final

from attrs import field, frozen
from attrs.converters import optional as optional_converter

from provider_runtime.domain.identity import ProfileId
from provider_runtime.domain.json_values import EMPTY_OBJECT, JsonObject, JsonValue, freeze, freeze_object

_DOMAIN: Final = b"provider_runtime/state/v1\0"


def _frozen_items(values: object) -> tuple[JsonValue, ...]:
    items = freeze(values)
    if not isinstance(items, tuple):
        raise ValueError("expected a list of JSON values")
    return items


@frozen(kw_only=True)
class State:
    """The state of an abstract machine: what it works on, what it knows, what it still has to do.

    ``control`` is the expression to be evaluated, or the value reached; ``env`` the bindings,
    ``store`` the heap, ``kont`` the frames that wait, ``handlers`` the effect handlers in force.
    ``profile_id`` is the work profile under which it runs. All of it is frozen JSON: what is kept
    cannot change under whoever kept it, and a copy is the value itself. Raises ``ValueError`` for
    what JSON cannot hold. Source: semantics B.1.
    """

    control: JsonValue = field(default=None, converter=freeze, repr=False)
    env: JsonObject = field(default=EMPTY_OBJECT, converter=freeze_object, repr=False)
    store: JsonObject = field(default=EMPTY_OBJECT, converter=freeze_object, repr=False)
    kont: tuple[JsonValue, ...] = field(default=(), converter=_frozen_items, repr=False)
    handlers: tuple[JsonValue, ...] = field(default=(), converter=_frozen_items, repr=False)
    profile_id: ProfileId | None = field(default=None, converter=optional_converter(ProfileId))
    budget: JsonObject = field(default=EMPTY_OBJECT, converter=freeze_object)
    security: JsonObject = field(default=EMPTY_OBJECT, converter=freeze_object, repr=False)


def digest_of_state(state: State) -> str:
    """SHA-256 in lower-case hex: of the same JSON the same, whatever the order of keys. ``1`` and ``1.0`` are two."""
    contents = {
        "control": state.control,
        "env": state.env,
        "store": state.store,
        "kont": state.kont,
        "handlers": state.handlers,
        "profile_id": state.profile_id,
        "budget": state.budget,
        "security": state.security,
    }
    return sha256(_DOMAIN + json.dumps(contents, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
