"""Where a command looks for records: in the data folder, or in a file or folder that it is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import click

from provider_runtime.adapters.backends.filesystem.media import FilesystemMedia
from provider_runtime.adapters.backends.medium import Media
from provider_runtime.adapters.backends.receipts import FilesystemReceiptProvider, SqliteReceiptProvider
from provider_runtime.adapters.backends.sqlite.media import SqliteMedia
from provider_runtime.adapters.call_traces.store import SqliteCallTraces
from provider_runtime.cli.failures import usage_error
from provider_runtime.cli.registry.folder import DataFolder
from provider_runtime.domain.errors import RecordMissing
from provider_runtime.ports.stores.call_traces import CallTraceProvider
from provider_runtime.ports.stores.journals import ReceiptProvider

_SQLITE: Final = b"SQLite format 3\0"

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
file_argument = click.argument(
    "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False, default=None
)
store_option = click.option(
    "--store",
    type=click.Path(path_type=Path, exists=True),
    help="A SQLite file or a folder of such records, instead of the data folder's.",
)


@asynccontextmanager
async def receipts_at(file: Path | None, folder: DataFolder) -> AsyncIterator[ReceiptProvider]:
    """The receipts in ``file``, whichever kind of file it is; by default those of the data folder."""
    path = file or folder.file("receipts.sqlite")
    is_sqlite = path.suffix == ".sqlite" if not path.exists() else _is_sqlite(path)
    opened = SqliteReceiptProvider(path=path) if is_sqlite else FilesystemReceiptProvider(path=path)
    try:
        yield opened
    finally:
        await opened.aclose()


@asynccontextmanager
async def traces_in(folder: DataFolder) -> AsyncIterator[CallTraceProvider]:
    """The traces of calls in the data folder."""
    opened = SqliteCallTraces(path=folder.file("traces.sqlite"))
    try:
        yield opened
    finally:
        await opened.aclose()


@asynccontextmanager
async def media_at(store: Path | None, folder: DataFolder) -> AsyncIterator[Media]:
    """The medium in ``store``, a file or a folder; by default that of the data folder."""
    path = store or folder.file("stores.sqlite")
    if path.is_file() and not _is_sqlite(path):
        usage_error(f"{path.name} is neither a folder nor a SQLite file")
    opened: Media = FilesystemMedia(root=path) if path.is_dir() else SqliteMedia(path=path)
    try:
        yield opened
    finally:
        await opened.aclose()


def nothing_called(kind: str, name: str, command: str) -> RecordMissing:
    """What is raised where somebody asks for a record that is not kept."""
    return RecordMissing(
        kind=kind,
        key=name[:80],
        message=f"there is no {kind} {name:.80}",
        remedy=f"`provider-runtime {command}` shows what there is.",
    )


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as opened:
        return opened.read(len(_SQLITE)) == _SQLITE
