"""A provider record from the options of a command: made anew, or an old one with some fields changed."""

import json
import re
from collections.abc import Callable
from functools import reduce
from typing import Any, Final

import click
from attrs import evolve

from provider_runtime.cli.failures import usage_error
from provider_runtime.cli.options import kind_option, tier_at
from provider_runtime.composition.presets import PRESETS
from provider_runtime.domain.catalog.credentials import (
    CredentialRef,
    EnvCredential,
    KeyFileCredential,
    KeyringCredential,
    NamedKeyCredential,
)
from provider_runtime.domain.catalog.models import ModelCatalog
from provider_runtime.domain.catalog.providers import ProviderConfig, ProviderKind, Tier
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.policy.endpoints import fault_of_base_url
from provider_runtime.domain.secrets import safe_text

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_OPTIONS: Final = (
    kind_option("it speaks"),
    click.option("--base-url", help="Its address, up to the path that the wire adds."),
    click.option("--tier", type=click.Choice([tier.value for tier in Tier]), help="local: on this machine."),
    click.option("--default-model", help="The model to ask where a request names none."),
    click.option("--api-key-env", multiple=True, metavar="NAME", help="The key is in this variable; may be repeated."),
    click.option("--key-file", metavar="PATH", help="The key is the content of this file."),
    click.option("--secret", metavar="NAME", help="The key is kept under this name: see `secrets set`."),
    click.option("--keyring", metavar="SERVICE:NAME", help="The key is in the keyring of the operating system."),
    click.option("--network", multiple=True, metavar="CIDR", help="A private network that its address may lie in."),
    click.option("--option", multiple=True, metavar="NAME=JSON", help="A setting of its kind, such as vendor=vllm."),
    click.option("--header", multiple=True, metavar="NAME=TEXT", help="Sent with every request. Never a key."),
)


def record_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that describe a provider record."""
    return reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)


def checked_id(text: str) -> ProviderId:
    """``text`` as the id of a provider; leaves with a usage error where it is none."""
    try:
        return ProviderId(text)
    except ValueError as fault:
        usage_error(safe_text(fault))


def new_config(provider_id: str, options: dict[str, Any]) -> ProviderConfig:
    """The record that ``options`` describe; a well-known id brings what they leave out. Raises what ``judged`` does.

    An address on this machine is local, unless ``options`` say otherwise.
    """
    if options["tier"] is None and options["base_url"] is not None:
        options = {**options, "tier": tier_at(options["base_url"]).value}
    preset = next((config for config in PRESETS if config.provider_id == provider_id), None)
    if preset is not None and options["kind"] in {None, preset.kind.value}:
        return judged(_changed(preset, options))
    if options["base_url"] is None:
        usage_error("say where it is: --base-url, with --kind unless it speaks Chat Completions")
    kind = options["kind"] or ProviderKind.OPENAI_COMPATIBLE
    try:
        fresh = ProviderConfig(provider_id=provider_id, kind=kind, base_url=options["base_url"])
    except ValueError as fault:
        usage_error(safe_text(fault))
    return judged(_changed(fresh, options))


def changed_config(known: ProviderConfig, options: dict[str, Any]) -> ProviderConfig:
    """``known`` with the fields that ``options`` name. A credential that is not named stays bound where it was."""
    changed = _changed(known, options)
    if options["no_key"]:
        changed = evolve(changed, credential=None)
    return judged(changed.rebound() if options["rebind"] else changed)


def judged(config: ProviderConfig) -> ProviderConfig:
    """``config``, if an adapter can be made of it and it leads where its tier may go.

    Raises ``InvalidProviderConfig``, ``EndpointInvalid`` or ``EndpointBlocked``.
    """
    from provider_runtime.composition.wires import codec_for  # noqa: PLC0415 - every wire, which `--help` need not load

    fault = fault_of_base_url(config.base_url, config.tier, config.allowed_networks)
    if fault is not None:
        fault.provider = config.provider_id
        raise fault
    codec_for(config, ModelCatalog())
    return config


def _changed(config: ProviderConfig, options: dict[str, Any]) -> ProviderConfig:
    fields: dict[str, Any] = {
        name: options[name] for name in ("kind", "base_url", "tier", "default_model") if options[name] is not None
    }
    if options["network"]:
        fields["allowed_networks"] = options["network"]
    if options["option"]:
        fields["options"] = {**config.options, **dict(map(_setting, options["option"]))}
    if options["header"]:
        fields["headers"] = {**config.headers, **dict(map(_header, options["header"]))}
    reference = _reference(options)
    if reference is not None:
        fields |= {"credential": reference, "bound_to": None}  # given now, for where it is now
    try:
        return evolve(config, **fields)
    except ValueError as fault:
        usage_error(safe_text(fault))


def _reference(options: dict[str, Any]) -> CredentialRef | None:
    given = [name for name in ("api_key_env", "key_file", "secret", "keyring") if options[name]]
    if len(given) > 1:
        usage_error("a record has one credential: give one of --api-key-env, --key-file, --secret and --keyring")
    if not given:
        return None
    match given[0]:
        case "api_key_env":
            names = options["api_key_env"]
            if not all(map(_VARIABLE.match, names)):
                usage_error(
                    "--api-key-env takes the name of a variable, never a key: your shell has noted what was given"
                )
            return EnvCredential(name=names[0], alternatives=names[1:])
        case "key_file":
            return KeyFileCredential(path=options["key_file"])
        case "secret":
            return NamedKeyCredential(name=options["secret"])
    service, colon, name = options["keyring"].partition(":")
    if not (service and colon and name):
        usage_error("--keyring takes SERVICE:NAME")
    return KeyringCredential(service=service, name=name)


def _setting(text: str) -> tuple[str, Any]:
    name, value = _pair(text, "--option")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _header(text: str) -> tuple[str, str]:
    return _pair(text, "--header")


def _pair(text: str, option: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign):
        usage_error(f"{option} takes NAME=VALUE")
    return name, value
