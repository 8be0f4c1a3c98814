"""The settings of a command: what the workspace says, what the options say, and what is kept."""

import os
from collections.abc import AsyncIterator, Iterable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import click
from attrs import frozen

from provider_runtime.adapters.system import SystemClock
from provider_runtime.application.accounting.telemetry import Telemetry
from provider_runtime.application.profiles.choosing import WorkProfiles
from provider_runtime.cli.registry.folder import DataFolder
from provider_runtime.composition.lifecycle import open_runtime
from provider_runtime.composition.runtime import ProviderRuntime
from provider_runtime.composition.settings import MemoryLedger, MemoryReceipts, RuntimeSettings
from provider_runtime.composition.workspace.layers import Layer, is_inside
from provider_runtime.composition.workspace.outside import from_pairs
from provider_runtime.composition.workspace.reading import ReadConfig, fault_at
from provider_runtime.composition.workspace.settings import profile_of, settings_of
from provider_runtime.domain.identity import RuntimeId
from provider_runtime.domain.profiles.editions import ProfileChoice
from provider_runtime.domain.profiles.profile import WorkProfile
from provider_runtime.ports.stores.profiles import WorkProfileStore
from provider_runtime.ports.telemetry import EventSink

set_option = click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="Another value for a setting, such as retry.max_attempts=5.",
)


def said_by(options: dict[str, Any]) -> tuple[Layer, ...]:
    """What the options of a command say of settings: ``--set``, and those with a name of their own, which go first."""
    named = {"policy": "policy.mode", "deadline": "deadline_s", "profile": "profile"}
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
    if "budgets" not in others:
        others["budgets"] = await folder.declared(read)
    if "ledger" not in others and (place := await folder.ledger_place(read)) is not None:
        others["ledger"] = place
    if "providers" not in others:
        others["providers"] = await folder.providers(read)
    if "profile" not in others:
        others["profile"] = await profile_in_force(folder, read)
    return CommandSettings(read=read, settings=settings_of(read, os.environ, data=folder.path, **others))


def _is_said(table: str, read: ReadConfig) -> bool:
    return any(is_inside(path, table) for path in read.origins)


async def profile_in_force(folder: DataFolder, read: ReadConfig) -> WorkProfile | None:
    """The work profile that is named, in the file or by an option; else the one that was chosen.

    Profiles of the file go before those that are kept. Raises ``InvalidSettings`` for one that is
    nowhere, and ``RecordMissing`` for a chosen one that is gone.
    """
    wanted, written = read.config.profile, tuple(read.config.profiles.values())
    if any(wanted in {profile.name, profile.profile_id} for profile in written):
        return profile_of(read, written)
    if not folder.keeps_records:
        return profile_of(read, written)
    async with folder.profiles() as store:
        if wanted is None:
            return await _profiles(store).chosen()
        try:
            choice = ProfileChoice.parse(wanted)
        except ValueError as fault:
            invalid = fault_at("profile", str(fault), "Write a name, or an id.", read.origins)
        else:
            found = await (store.edition(choice.pinned) if choice.pinned else store.current(choice.name))
            if found is not None:
                return found.profile
            kept = tuple(edition.profile for edition in await store.list())
            return profile_of(read, (*written, *kept))
    raise invalid


def _profiles(store: WorkProfileStore) -> WorkProfiles:
    return WorkProfiles(store=store, telemetry=Telemetry(), clock=SystemClock(), runtime_id=RuntimeId("command-line"))


@asynccontextmanager
async def opened(made: CommandSettings, **parts: object) -> AsyncIterator[ProviderRuntime]:
    """A runtime with ``made.settings`` and with whatever else the workspace has for it; closed at the end."""
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
