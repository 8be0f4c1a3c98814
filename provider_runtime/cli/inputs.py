"""What a call command is given: a prompt, a file or standard input, and options, as request and settings."""

import sys
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any, Final

import click
from attrs import evolve, frozen

from provider_runtime.adapters.serialization import make_converter, request_from_json
from provider_runtime.cli.calling.files import parts_of
from provider_runtime.cli.calling.schemas import format_of
from provider_runtime.cli.consent.place import NAME, ConsentPlace
from provider_runtime.cli.consent.terminal import terminal_session
from provider_runtime.cli.failures import usage_error
from provider_runtime.cli.options import kind_option, tier_at
from provider_runtime.cli.registry.folder import DataFolder, data_option
from provider_runtime.cli.swapping.jobs import checked_job, model_of_job
from provider_runtime.cli.workspace.opening import CommandSettings, said_by, set_option, settings_for
from provider_runtime.composition.presets import PRESETS
from provider_runtime.composition.settings import FileReceipts
from provider_runtime.domain.calls.options import CallOptions
from provider_runtime.domain.catalog.credentials import EnvCredential
from provider_runtime.domain.catalog.providers import ProviderConfig, ProviderKind
from provider_runtime.domain.conversation.messages import Message, system, user
from provider_runtime.domain.conversation.request import Effort, ModelRef, ProviderRequest, ReasoningEffort, TextFormat
from provider_runtime.domain.identity import ProviderId, Role
from provider_runtime.domain.policy.governance import ConsentRule, GovernanceMode

_REQUEST_OPTIONS: Final = (
    click.option("--model", "-m", help="provider:model, or a model of the catalog."),
    click.option("--role", help="Whoever plays this role by the work profile; with --model, that model in it."),
    click.option("--job", help="With --role: the model that the last swap of this job led to."),
    click.option("--system", "system_text", help="System message."),
    click.option(
        "--file",
        "-f",
        "files",
        multiple=True,
        type=click.Path(path_type=Path, dir_okay=False),
        help="A picture, PDF, recording or text to go with the prompt; may be repeated.",
    ),
    click.option(
        "--schema",
        type=click.Path(path_type=Path, dir_okay=False),
        help="A JSON schema in a file: the answer is JSON that keeps to it.",
    ),
    click.option("--request", "request_file", help="A canonical request as JSON, from a file or - for stdin."),
    click.option("--temperature", type=float, help="0 to 2."),
    click.option("--max-output-tokens", type=int, help="Longest answer, in tokens."),
    click.option("--session", help="Name of the conversation; at a terminal, that of the terminal."),
    click.option("--reasoning", type=click.Choice([effort.value for effort in Effort]), help="How hard to think."),
)
_RUNTIME_OPTIONS: Final = (
    click.option("--base-url", help="Ask this server instead; its key must be named with --api-key-env."),
    kind_option("--base-url speaks (default: the provider's, else openai_compatible)"),
    click.option("--api-key-env", help="Environment variable with the key for --base-url."),
    click.option(
        "--policy",
        type=click.Choice([mode.value for mode in GovernanceMode]),
        help="strict: nothing unjudged or lossy leaves this machine; locked: nothing at all does.",
    ),
    click.option(
        "--consent",
        type=click.Choice([rule.value for rule in ConsentRule]),
        envvar="PROVIDER_RUNTIME_CONSENT",
        help="Which calls a person has to consent to (or PROVIDER_RUNTIME_CONSENT; by default what the workspace "
        "says, and for single calls: cloud).",
    ),
    click.option("--profile", help="The work profile to work under, by its name or its id."),
    click.option("--deadline", type=float, help="Seconds for the whole call (default: 600)."),
    click.option("--receipts", "receipts_file", type=click.Path(path_type=Path), help="Append the receipt to a file."),
    set_option,
    data_option,
    click.option("--json", "as_json", is_flag=True, help="Print JSON."),
)

_WITHOUT_REQUEST: Final = {
    "prompt": "a prompt",
    "model": "--model",
    "role": "--role",
    "job": "--job",
    "system_text": "--system",
    "files": "--file",
    "schema": "--schema",
    "temperature": "--temperature",
    "max_output_tokens": "--max-output-tokens",
    "reasoning": "--reasoning",
}


def call_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the prompt argument and the options that describe a call."""
    return click.argument("prompt", required=False)(_with(_REQUEST_OPTIONS, runtime_options(command)))


def runtime_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that describe a runtime: whom it may ask, by which policy, and what it records."""
    return _with(_RUNTIME_OPTIONS, command)


def _with(options: tuple[Callable[..., Any], ...], command: Callable[..., None]) -> Callable[..., None]:
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)


@frozen(kw_only=True)
class CallInput:
    """A call as the command line describes it."""

    request: ProviderRequest
    made: CommandSettings
    options: CallOptions


async def call_input(options: dict[str, Any]) -> CallInput:
    """The request and the settings that ``options`` describe. Raises ``RequestInvalid`` or a ``ConfigError``."""
    request = _request(options)
    if options["job"] is not None:
        request = evolve(request, model=await _model_of_job(options, options["folder"]))
    made = await command_settings(options, request.model)
    return CallInput(request=request, made=asked_first(made), options=_call_options(options))


def asked_first(made: CommandSettings) -> CommandSettings:
    """Whatever leaves this machine needs consent, unless somebody said otherwise."""
    policy = made.settings.policy
    if policy.consent is not ConsentRule.NEVER or "policy.consent" in made.read.origins:
        return made
    return evolve(made, settings=evolve(made.settings, policy=evolve(policy, consent=ConsentRule.CLOUD)))


async def command_settings(options: dict[str, Any], model: ModelRef | None) -> CommandSettings:
    """The settings that ``options`` describe, for calls of ``model``; ``None``: of any. Raises a ``ConfigError``."""
    return await settings_for(options["folder"], said_by(options), **await _others(options, model))


def _call_options(options: dict[str, Any]) -> CallOptions:
    try:
        return CallOptions(conversation_id=options["session"] or terminal_session())
    except ValueError as fault:
        usage_error(str(fault).replace("conversation_id", "--session"))


def _request(options: dict[str, Any]) -> ProviderRequest:
    source = options["request_file"]
    if source is not None:
        said = [name for name in _WITHOUT_REQUEST if options[name] not in {None, ()}]
        if said:
            usage_error(f"give {_WITHOUT_REQUEST[said[0]]} or --request, not both: the request says it all")
        return request_from_json(make_converter(), _read(source))
    try:
        effort, schema = options["reasoning"], options["schema"]
        return ProviderRequest(
            model=_model(options),
            messages=_messages(options),
            temperature=options["temperature"],
            max_output_tokens=options["max_output_tokens"],
            reasoning=ReasoningEffort(effort) if effort else None,
            response_format=TextFormat() if schema is None else format_of(schema),
        )
    except (ValueError, TypeError) as fault:
        usage_error(str(fault))


def _model(options: dict[str, Any]) -> ModelRef:
    """Whom the request asks. Raises ``ValueError``."""
    named = None if options["model"] is None else ModelRef.parse(options["model"])
    if options["role"] is not None:
        if options["base_url"] is not None:
            usage_error("--role is played by a registered provider: give --role or --base-url, not both")
        return ModelRef.for_role(options["role"], named)
    return named or usage_error(
        "name a model: --model provider:model, for example --model openai:gpt-5-mini; or a role of your work profile"
    )


async def _model_of_job(options: dict[str, Any], folder: DataFolder) -> ModelRef:
    if options["role"] is None or options["model"] is not None:
        usage_error("--job goes with --role, and without --model: the last swap says which")
    return await model_of_job(folder, checked_job(options["job"]), Role(options["role"]))


def _messages(options: dict[str, Any]) -> list[Message]:
    prompt = options["prompt"]
    if prompt in {None, "-"}:
        if sys.stdin.isatty():
            usage_error("give a prompt, as an argument or on standard input")
        prompt = _read("-").decode(errors="replace").strip()
    if not prompt:
        usage_error("the prompt is empty")
    # Files first: models read what they are asked about before they read the question.
    messages = [user(*parts_of(options["files"]), prompt)]
    return [system(options["system_text"]), *messages] if options["system_text"] else messages


def _read(source: str) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(source).read_bytes()
    except OSError as failure:
        usage_error(f"cannot read {source}: {failure.strerror}")


async def _others(options: dict[str, Any], model: ModelRef | None) -> dict[str, Any]:
    """What this call has otherwise than its workspace."""
    read = options["folder"].configuration(said_by(options))
    others: dict[str, Any] = {"consents": ConsentPlace.of(options["folder"]).found()}
    if read.config.name is None:
        others["name"] = NAME
    if options["receipts_file"]:
        others["receipts"] = FileReceipts(path=options["receipts_file"])
    if options["base_url"]:
        others["providers"] = _providers(options, model, await options["folder"].providers(read))
        others["default_provider"] = _asked_at(model)
    return others


def _providers(
    options: dict[str, Any], model: ModelRef | None, known: tuple[ProviderConfig, ...]
) -> tuple[ProviderConfig, ...]:
    base_url = options["base_url"]
    hint = _asked_at(model)
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
        tier=tier_at(base_url),
        # A key is bound to the address it was registered for: the usual variables never go elsewhere.
        credential=EnvCredential(name=key_name) if key_name else None,
    )


def _asked_at(model: ModelRef | None) -> ProviderId:
    """What the server of ``--base-url`` is called."""
    return ProviderId("local") if model is None or model.provider_hint is None else model.provider_hint
