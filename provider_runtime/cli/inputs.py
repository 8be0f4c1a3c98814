"""What a call command is given: a prompt, a file or standard input, and options, as request and settings."""

import sys
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click
from attrs import evolve, frozen

from provider_runtime.adapters.serialization import make_converter, request_from_json
from provider_runtime.cli.consent.place import NAME, ConsentPlace
from provider_runtime.cli.consent.terminal import terminal_session
from provider_runtime.cli.failures import usage_error
from provider_runtime.cli.registry.folder import data_option
from provider_runtime.composition.presets import PRESETS
from provider_runtime.composition.settings import FileReceipts, MemoryReceipts, RuntimeSettings
from provider_runtime.domain.calls.options import CallOptions
from provider_runtime.domain.catalog.credentials import EnvCredential
from provider_runtime.domain.catalog.providers import ProviderConfig, ProviderKind, Tier
from provider_runtime.domain.conversation.messages import Message, system, user
from provider_runtime.domain.conversation.request import Effort, ModelRef, ProviderRequest, ReasoningEffort
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.policy.governance import ConsentRule, GovernanceMode, GovernancePolicy

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_OPTIONS: Final = (
    click.option("--model", "-m", help="provider:model, or a model of the catalog."),
    click.option("--system", "system_text", help="System message."),
    click.option("--request", "request_file", help="A canonical request as JSON, from a file or - for stdin."),
    click.option("--temperature", type=float, help="0 to 2."),
    click.option("--max-output-tokens", type=int, help="Longest answer, in tokens."),
    click.option("--reasoning", type=click.Choice([effort.value for effort in Effort]), help="How hard to think."),
    click.option("--base-url", help="Ask this server instead; its key must be named with --api-key-env."),
    click.option(
        "--kind",
        type=click.Choice([kind.value for kind in ProviderKind]),
        default=None,
        help="The wire that --base-url speaks (default: the model's provider, else openai_compatible).",
    ),
    click.option("--api-key-env", help="Environment variable with the key for --base-url."),
    click.option(
        "--policy",
        type=click.Choice([mode.value for mode in GovernanceMode]),
        default="standard",
        show_default=True,
        help="strict: nothing unjudged or lossy leaves this machine; locked: nothing at all does.",
    ),
    click.option(
        "--consent",
        type=click.Choice([rule.value for rule in ConsentRule]),
        envvar="PROVIDER_RUNTIME_CONSENT",
        help="Which calls a person has to consent to (or PROVIDER_RUNTIME_CONSENT; default: cloud).",
    ),
    click.option("--session", help="Name of the conversation; at a terminal, that of the terminal."),
    click.option("--deadline", type=float, default=600.0, show_default=True, help="Seconds for the whole call."),
    click.option("--receipts", "receipts_file", type=click.Path(path_type=Path), help="Append the receipt to a file."),
    data_option,
    click.option("--json", "as_json", is_flag=True, help="Print JSON."),
)


def call_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the prompt argument and the options that describe a call."""
    described = reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS), command)
    return click.argument("prompt", required=False)(described)


@frozen(kw_only=True)
class CallInput:
    """A call as the command line describes it."""

    request: ProviderRequest
    settings: RuntimeSettings
    options: CallOptions


async def call_input(options: dict[str, Any]) -> CallInput:
    """The request and the settings that ``options`` describe. Raises ``RequestInvalid`` or a ``ConfigError``."""
    request = _request(options)
    known = await options["folder"].providers()
    return CallInput(request=request, settings=_settings(options, request.model, known), options=_call_options(options))


def _call_options(options: dict[str, Any]) -> CallOptions:
    try:
        return CallOptions(conversation_id=options["session"] or terminal_session())
    except ValueError as fault:
        usage_error(str(fault).replace("conversation_id", "--session"))


def _request(options: dict[str, Any]) -> ProviderRequest:
    source = options["request_file"]
    if source is not None:
        if options["prompt"] is not None:
            usage_error("give a prompt or --request, not both")
        return request_from_json(make_converter(), _read(source))
    if options["model"] is None:
        usage_error("name a model: --model provider:model, for example --model openai:gpt-5-mini")
    try:
        effort = options["reasoning"]
        return ProviderRequest(
            model=ModelRef.parse(options["model"]),
            messages=_messages(options),
            temperature=options["temperature"],
            max_output_tokens=options["max_output_tokens"],
            reasoning=ReasoningEffort(effort) if effort else None,
        )
    except (ValueError, TypeError) as fault:
        usage_error(str(fault))


def _messages(options: dict[str, Any]) -> list[Message]:
    prompt = options["prompt"]
    if prompt in {None, "-"}:
        if sys.stdin.isatty():
            usage_error("give a prompt, as an argument or on standard input")
        prompt = _read("-").decode(errors="replace").strip()
    if not prompt:
        usage_error("the prompt is empty")
    messages = [user(prompt)]
    return [system(options["system_text"]), *messages] if options["system_text"] else messages


def _read(source: str) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(source).read_bytes()
    except OSError as failure:
        usage_error(f"cannot read {source}: {failure.strerror}")


def _settings(options: dict[str, Any], model: ModelRef, known: tuple[ProviderConfig, ...]) -> RuntimeSettings:
    receipts_file = options["receipts_file"]
    return RuntimeSettings(
        providers=_providers(options, model, known),
        secrets=options["folder"].secret_file,
        default_provider=_default_provider(options, model),
        policy=_policy(options),
        consents=ConsentPlace.of(options["folder"]).found(),
        name=NAME,
        deadline_s=options["deadline"],
        receipts=FileReceipts(path=receipts_file) if receipts_file else MemoryReceipts(),
    )


def _policy(options: dict[str, Any]) -> GovernancePolicy:
    """The preset; and whatever leaves this machine needs consent, unless somebody says that it does not."""
    preset, said = GovernancePolicy.preset(options["policy"]), options["consent"]
    usual = preset.consent if preset.consent is not ConsentRule.NEVER else ConsentRule.CLOUD
    return evolve(preset, consent=said or usual)


def _providers(
    options: dict[str, Any], model: ModelRef, known: tuple[ProviderConfig, ...]
) -> tuple[ProviderConfig, ...]:
    base_url = options["base_url"]
    if base_url is None:
        return known
    hint = model.provider_hint or ProviderId("local")
    usual = next((config.kind.value for config in known if config.provider_id == hint), None)
    named = server_record(hint, base_url, kind=options["kind"] or usual, key_name=options["api_key_env"])
    return (*(config for config in known if config.provider_id != hint), named)


def server_record(name: ProviderId, base_url: str, *, kind: str | None, key_name: str | None) -> ProviderConfig:
    """The record of a server that somebody names on the command line; by default it speaks what ``name`` speaks."""
    usual = next((preset.kind for preset in PRESETS if preset.provider_id == name), ProviderKind.OPENAI_COMPATIBLE)
    return ProviderConfig(
        provider_id=name,
        kind=ProviderKind(kind or usual),
        base_url=base_url,
        tier=Tier.LOCAL if _is_loopback(base_url) else Tier.CLOUD,
        # A key is bound to the address it was registered for: the usual variables never go elsewhere.
        credential=EnvCredential(name=key_name) if key_name else None,
    )


def _default_provider(options: dict[str, Any], model: ModelRef) -> ProviderId | None:
    return (model.provider_hint or ProviderId("local")) if options["base_url"] else None


def _is_loopback(base_url: str) -> bool:
    try:
        return (urlsplit(base_url).hostname or "") in _LOOPBACK
    except ValueError:
        return False
