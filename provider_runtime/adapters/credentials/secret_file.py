"""The form of a secret file: JSON with a version, and for each name the key and the origin it is bound to."""

import os
from collections.abc import Mapping
from typing import Final

import msgspec

from provider_runtime.adapters.credentials.names import checked_key_name
from provider_runtime.domain.errors import BackendError
from provider_runtime.domain.origins import origin_of
from provider_runtime.domain.secrets import secret_in
from provider_runtime.ports.secrets import StoredSecret

_VERSION: Final = 1
_LARGEST: Final = 4 * 1024 * 1024  # bytes; thousands of keys


class _KeyShape(msgspec.Struct, forbid_unknown_fields=True):
    origin: str
    secret: str


class _FileShape(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    keys: dict[str, _KeyShape]


_DECODER: Final = msgspec.json.Decoder(_FileShape)
_ENCODER: Final = msgspec.json.Encoder(order="deterministic")


def written(keys: Mapping[str, StoredSecret]) -> bytes:
    """The content of a secret file that holds ``keys``."""
    shapes = {name: _KeyShape(origin=str(kept.bound_to), secret=kept.secret.reveal()) for name, kept in keys.items()}
    return msgspec.json.format(_ENCODER.encode(_FileShape(version=_VERSION, keys=shapes)), indent=2) + b"\n"


def parsed(descriptor: int) -> dict[str, StoredSecret] | str:
    """The keys in the open file ``descriptor``, or what is wrong with it: the place, and nothing that stands there.

    A value and not an exception, so that no traceback leads through frames that hold the content.
    """
    try:
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            return "it is larger than any secret file"
        shape = _DECODER.decode(content)
    except (msgspec.MsgspecError, UnicodeError, OSError, RecursionError):
        return "it is not the JSON of a secret file"
    if shape.version != _VERSION:
        return f"it has version {shape.version}, and this one is {_VERSION}"
    keys: dict[str, StoredSecret] = {}
    for place, (name, key) in enumerate(shape.keys.items(), start=1):
        origin, secret = origin_of(key.origin), secret_in(key.secret)
        if not _is_name(name) or origin is None or secret is None:
            return f"key number {place} has no name, no origin, or no secret"
        keys[name] = StoredSecret(secret=secret, bound_to=origin)
    return keys


def _is_name(name: str) -> bool:
    try:
        return bool(checked_key_name(name))
    except BackendError:
        return False
