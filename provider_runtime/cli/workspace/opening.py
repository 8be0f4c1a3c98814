"""The settings of a command: what the workspace says, what the options say, and what is kept."""

import os
from collections.abc import AsyncIterator, Iterable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import frozen

from provider_runtime.cli.registry.folder import DataFolder
from provider_runtime.composition.settings import MemoryLedger, MemoryReceipts, RuntimeSettings
from provider_runtime.composition.workspace.declared import spending_in
from provider_runtime.composition.workspace.kept import profile_in_force
from provider_runtime.composition.workspace.layers import Layer, is_inside
from provider_runtime.composition.workspace.outside import from_pairs
from provider_runtime.composition.workspace.reading import ReadConfig
from provider_runtime.composition.workspace.settings import settings_of
from provider_runtime.ports.telemetry import EventSink

if TYPE_CHECKING:
    from provider_runtime.composition.runtime import ProviderRuntime

set_option = click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="Another value for a setting, such as retry.max_attempts=5.",
)


def said_by(options: dict[str, Any]) -> tuple[Layer, ...]:
    """What the options of a command say of settings: ``--set``, and those with a name of their own, which go first."""
    named = {"policy": "policy.mode", "consent": "policy.consent", "deadline": "deadline_s", "profile": "profile"}
    layers = [from_pairs(options.get("pairs") or ())]
    for option, path in named.items():
        if (value := options.get(option)) is not None:
            layers.append(from_pairs([f"{path}={value}"], option=f"--{option}"))
    return tuple(layers)


@frozen(kw_only=True)
class CommandSettings:
    """What one command works with: the settings, and the configuration that they were made of."""

    read: ReadConfig
    settings: RuntimeSettings


async def settings_for(folder: DataFolder, outside: Iterable[Layer] = (), **others: Any) -> CommandSettings:
    """The settings of a command in ``folder``; ``others`` go before what is written. Raises a ``ConfigError``.

    Outside a workspace receipts are kept in memory, unless it is said otherwise.
    """
    read = folder.configuration(outside)
    if folder.path is None:
        others = {"secrets": None, "receipts": MemoryReceipts(), "ledger": MemoryLedger(), **others}
    elif folder.workspace is None and not _is_said("receipts", read):
        others = {"receipts": MemoryReceipts(), **others}
    others = {**await spending_in(read, folder.path), **others}
    if "providers" not in others:
        others["providers"] = await folder.providers(read)
    if "profile" not in others:
        others["profile"] = await profile_in_force(read, folder.path)
    return CommandSettings(read=read, settings=settings_of(read, os.environ, data=folder.path, **others))


def _is_said(table: str, read: ReadConfig) -> bool:
    return any(is_inside(path, table) for path in read.origins)


@asynccontextmanager
async def opened(made: CommandSettings, **parts: object) -> AsyncIterator["ProviderRuntime"]:
    """A runtime with ``made.settings`` and with whatever else the workspace has for it; closed at the end."""
    from provider_runtime.composition.lifecycle import open_runtime  # noqa: PLC0415 - most commands open no runtime

    with ExitStack() as stack:
        own: Any = parts.get("event_sink")
        sinks: list[EventSink] = [sink for sink in (events_of(made.read, stack), own) if sink is not None]
        if sinks:
            from provider_runtime.adapters.telemetry.fan_out import FanOut  # noqa: PLC0415 - few have two

            parts = {**parts, "event_sink": sinks[0] if len(sinks) == 1 else FanOut(sinks)}
        async with open_runtime(made.settings, **parts) as runtime:
            yield runtime


def events_of(read: ReadConfig, stack: ExitStack) -> EventSink | None:
    """Where the workspace has its events go, if anywhere; closed with ``stack``."""
    if read.config.events is None:
        return None
    from provider_runtime.adapters.telemetry.json_lines import JsonLinesEventSink  # noqa: PLC0415 - few have events

    place = read.folder / Path(read.config.events).expanduser()
    sink: EventSink = stack.enter_context(JsonLinesEventSink(place))
    return sink
