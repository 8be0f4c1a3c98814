"""A configuration, read: from the text of a file, and from what is said outside of it."""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from provider_runtime.adapters.leakage.scanner import PatternLeakScanner
from provider_runtime.adapters.serialization import DocumentFault, make_converter, structure
from provider_runtime.composition.presets import PRESETS
from provider_runtime.composition.workspace.config import NAMED_BY_KEY, WorkspaceConfig
from provider_runtime.composition.workspace.layers import (
    Layer,
    Origin,
    OriginKind,
    is_inside,
    layered,
    leaves,
    origin_of_path,
    path_of,
)
from provider_runtime.composition.workspace.lines import lines_of
from provider_runtime.domain.catalog.credentials import EnvCredential
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.errors import InvalidSettings
from provider_runtime.domain.policy.governance import GovernanceMode, GovernancePolicy
from provider_runtime.domain.policy.leakage.findings import FindingKind
from provider_runtime.domain.policy.leakage.policy import LeakagePolicy

_LARGEST: Final = 1024 * 1024
_REMEDY: Final = "What each key takes: the reference, page Configuration."


@frozen(kw_only=True)
class ReadConfig:
    """A configuration, and where each value of it was said. ``folder`` is where its paths begin."""

    config: WorkspaceConfig
    folder: Path
    file: Path | None = None
    origins: Mapping[str, Origin] = field(factory=dict)


def read_config(file: Path | None = None, outside: Iterable[Layer] = (), *, folder: Path | None = None) -> ReadConfig:
    """What ``file`` and the layers ``outside`` say, the later going first. Paths begin at the folder of the file.

    Raises ``InvalidSettings`` naming the key and where it was said: for what cannot be read, for keys
    that are not known, for values that cannot be right, and for what looks like a secret.
    """
    layers = tuple(outside) if file is None else (_layer_of(file), *outside)
    said = layered(_begun_anew(layers))
    begin = file.parent if file is not None else folder or Path()
    return ReadConfig(config=_typed(said), folder=begin, file=file, origins=said.origins)


def _begun_anew(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """``layers``, without what an earlier one says of a policy whose mode a later one says.

    ``--policy strict`` is strict, whatever single keys of the file would loosen.
    """
    kept: list[Layer] = []
    for layer in layers:
        policy = layer.tree.get("policy")
        if isinstance(policy, Mapping) and "mode" in policy:
            kept = [_without(earlier, "policy") for earlier in kept]
        kept.append(layer)
    return tuple(kept)


def _without(layer: Layer, table: str) -> Layer:
    return Layer(
        tree={key: value for key, value in layer.tree.items() if key != table},
        origins={path: origin for path, origin in layer.origins.items() if not is_inside(path, table)},
    )


def caller_layer(tree: Mapping[str, Any]) -> Layer:
    """What a caller says, as plain values."""
    said = Origin(OriginKind.CALLER, "the mapping")
    return Layer(tree=dict(tree), origins={path: said for path, _ in leaves(tree)})


def _layer_of(file: Path) -> Layer:
    text = _text_of(file)
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as fault:
        # The parser names a line, and now and then a key.
        why = str(fault) if isinstance(fault, tomllib.TOMLDecodeError) else "it is nested too deeply"
        invalid = InvalidSettings(field=file.name, message=f"{file} is no TOML: {why}", remedy="Mend the file.")
    else:
        where = {path_of(path): Origin(OriginKind.FILE, f"{file.name}:{line}") for path, line in lines_of(text).items()}
        return Layer(tree=tree, origins=where)
    raise invalid


def _text_of(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST + 1)
        if len(content) <= _LARGEST:
            return content.decode("utf-8").replace("\r\n", "\n")
        why = f"it is larger than {_LARGEST} bytes"
    except OSError as failure:
        why = failure.strerror or "it cannot be read"
    except UnicodeDecodeError:
        why = "it is no UTF-8"
    raise InvalidSettings(field=file.name, message=f"{file} cannot be read: {why}", remedy="Mend the file.")


def _typed(said: Layer) -> WorkspaceConfig:
    _refuse_secrets(said)
    try:
        config = structure(make_converter(), WorkspaceConfig, _completed(said.tree))
        _refuse_well_known_keys_elsewhere(config)
    except DocumentFault as fault:
        invalid = fault_at(fault.field, fault.message, fault.remedy, said.origins)
    else:
        return config
    raise invalid


def fault_at(path: str, message: str, remedy: str, origins: Mapping[str, Origin]) -> InvalidSettings:
    """What is wrong with the value at ``path``, with where it was said."""
    origin = origin_of_path(path, origins)
    where = "" if origin is None else f"{origin}: "
    return InvalidSettings(field=path, message=f"{where}{message}", remedy=remedy or _REMEDY)


def _refuse_secrets(said: Layer) -> None:
    """A configuration is shared and committed: what looks like a key in it is refused, and not repeated."""
    scanner, kinds = PatternLeakScanner(), frozenset(FindingKind)
    for path, value in leaves(said.tree):
        for text in _texts(value):
            if scanner.masked(text, kinds).text != text:
                raise fault_at(
                    path,
                    "this looks like a secret",
                    "Keep the key in the secret store, a file or a variable, and say where it is found.",
                    said.origins,
                )


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)


def _completed(tree: Mapping[str, Any]) -> dict[str, Any]:
    """``tree`` with what follows from it: the names that stand as keys, presets, and what the mode means."""
    whole = dict(tree)
    for table, name in NAMED_BY_KEY.items():
        if isinstance(entries := whole.get(table), Mapping):
            whole[table] = {key: _named(table, name, key, entry) for key, entry in entries.items()}
    _follow_mode(whole)
    return whole


def _named(table: str, field_name: str, key: str, entry: object) -> object:
    if not isinstance(entry, Mapping):
        return entry
    if field_name in entry:
        raise DocumentFault(
            field=f"{table}.{key}.{field_name}",
            message="what stands under this key is called by the key",
            remedy=f"Take {field_name} out.",
        )
    return {**_preset(table, key, entry), **entry, field_name: key}


def _preset(table: str, name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """What a well-known provider is. Its key stays bound to its own address, unless the entry names another key."""
    known = next((config for config in PRESETS if table == "providers" and config.provider_id == name), None)
    written: dict[str, Any] = {} if known is None else make_converter().unstructure(known)
    if "credential" in entry:
        written.pop("bound_to", None)
    return written


def _refuse_well_known_keys_elsewhere(config: WorkspaceConfig) -> None:
    """Nobody's file leads the key of a well-known service away: a file may come with somebody else's work."""
    usual = {name: preset.bound_to for preset in PRESETS for name in _variables(preset)}
    for provider in config.providers.values():
        for name in _variables(provider):
            if provider.bound_to != usual.get(name, provider.bound_to):
                raise DocumentFault(
                    field=f"providers.{provider.provider_id}.credential",
                    message=f"{name} goes to {usual[name]}, and a file cannot lead it elsewhere",
                    remedy="Put the key for this address into a variable of another name.",
                )


def _variables(config: ProviderConfig) -> tuple[str, ...]:
    return config.credential.names if isinstance(config.credential, EnvCredential) else ()


def _follow_mode(whole: dict[str, Any]) -> None:
    policy, leakage = whole.get("policy", {}), whole.get("leakage", {})
    mode = policy.get("mode", GovernanceMode.STANDARD.value) if isinstance(policy, Mapping) else None
    if mode not in set(GovernanceMode) or not isinstance(leakage, Mapping):
        return  # it is told of where it is structured
    converter = make_converter()
    strict = mode == GovernanceMode.STRICT
    whole["policy"] = {**converter.unstructure(GovernancePolicy.preset(mode)), **policy}
    whole["leakage"] = {**converter.unstructure(LeakagePolicy.strict() if strict else LeakagePolicy()), **leakage}
