"""What a command that makes calls keeps of them in the data folder: receipts, traces, and the key of digests."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, Final

import click
from attrs import evolve, field, frozen

from provider_runtime.adapters.call_traces.sink import CallTraceSink
from provider_runtime.adapters.credentials.key_files import key_made_once
from provider_runtime.cli.records.places import traces_in
from provider_runtime.cli.registry.folder import DataFolder
from provider_runtime.composition.settings import MemoryReceipts, RuntimeSettings, SqliteReceipts

KEY_NAME: Final = "receipt.key"
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})

keep_option = click.option(
    "--keep/--no-keep", default=True, show_default=True, help="Keep receipt and trace in the data folder."
)


@frozen(kw_only=True)
class Recording:
    """Settings and parts of a runtime whose calls are kept."""

    settings: RuntimeSettings
    parts: Mapping[str, Any] = field(default=_NOTHING)


@asynccontextmanager
async def recording(folder: DataFolder, settings: RuntimeSettings, *, wanted: bool = True) -> AsyncIterator[Recording]:
    """A recording in ``folder``; of nothing where it is not wanted, or where the platform knows of no folder.

    Receipts that the settings keep elsewhere stay there. Open the runtime inside: what its calls left is
    kept at the end.
    """
    if not wanted or folder.path is None:
        yield Recording(settings=settings)
        return
    changes: dict[str, Any] = {}
    if isinstance(settings.receipts, MemoryReceipts):
        changes["receipts"] = SqliteReceipts(path=folder.file("receipts.sqlite"))
    if settings.receipt_key is None:
        changes["receipt_key"] = key_made_once(folder.file(KEY_NAME))
    async with traces_in(folder) as traces:
        sink = CallTraceSink(traces)
        try:
            yield Recording(settings=evolve(settings, **changes), parts={"event_sink": sink})
        finally:
            await sink.aclose()
            if sink.dropped:
                click.secho("⚠ the trace of a call could not be kept in the data folder", fg="yellow", err=True)
