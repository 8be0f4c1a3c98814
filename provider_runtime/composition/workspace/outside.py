"""What is said of settings outside of a file: in variables of the environment, and as ``KEY=VALUE``."""

import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from provider_runtime.composition.workspace.keys import Key, keys
from provider_runtime.composition.workspace.layers import Layer, Origin, OriginKind
from provider_runtime.domain.errors import InvalidSettings

PREFIX: Final = "PROVIDER_RUNTIME__"
_STEP: Final = "__"


def from_environment(environment: Mapping[str, str]) -> Layer:
    """What variables such as ``PROVIDER_RUNTIME__RETRY__MAX_ATTEMPTS`` say; others are not looked at.

    A blank one says nothing. Raises ``InvalidSettings`` for a name that is no key.
    """
    said = (
        (name, name.removeprefix(PREFIX).replace(_STEP, ".").lower(), text)
        for name, text in sorted(environment.items())
        if name.startswith(PREFIX) and text.strip()
    )
    return _layer((path, text, Origin(OriginKind.ENVIRONMENT, name)) for name, path, text in said)


def from_pairs(pairs: Iterable[str], option: str = "--set") -> Layer:
    """What ``KEY=VALUE`` says. Raises ``InvalidSettings`` for another form, and for what is no key."""
    said: list[tuple[str, str, Origin]] = []
    for pair in pairs:
        path, sign, text = pair.partition("=")
        if not sign:
            raise InvalidSettings(
                field=option, message=f"{option} takes KEY=VALUE", remedy=f"Write {option} retry.max_attempts=5."
            )
        said.append((path.strip(), text, Origin(OriginKind.OPTION, option)))
    return _layer(said)


def variable_of(key: Key) -> str:
    """The variable that says ``key``."""
    return PREFIX + key.path.replace(".", _STEP).upper()


def _layer(said: Iterable[tuple[str, str, Origin]]) -> Layer:
    known: dict[str, Key] = {}
    tree: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for path, text, origin in said:
        known = known or {key.path: key for key in keys() if key.is_one}
        key = known.get(path)
        if key is None:
            raise _unknown(path, origin, known)
        table = tree
        *above, last = path.split(".")
        for step in above:
            table = table.setdefault(step, {})
        table[last] = _value(key, text, origin)
        origins[path] = origin
    return Layer(tree=tree, origins=origins)


def _value(key: Key, text: str, origin: Origin) -> object:
    if key.takes_text:
        return text.strip()
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        pass
    raise InvalidSettings(
        field=key.path,
        message=f"{origin}: this is no value for {key.path}",
        remedy='Write it as in a TOML file: 3, 0.5, true, ["a", "b"].',
    )


def _unknown(path: str, origin: Origin, known: Iterable[str]) -> InvalidSettings:
    near = next(iter(get_close_matches(path[:80], list(known), n=1)), None)
    said = f"{origin}: " + ("there is no such setting" if origin.kind is OriginKind.ENVIRONMENT else "there is no key")
    return InvalidSettings(
        field=str(origin),
        message=f"{said} {path!r:.60}",
        remedy=f"Did you mean {near}?" if near else "`provider-runtime config show --all` lists the keys.",
    )
