"""Where a family of records is kept: in memory, in a folder, in one SQLite file."""

from pathlib import Path

from attrs import define, field

from provider_runtime.adapters.backends.filesystem.media import FilesystemMedia
from provider_runtime.adapters.backends.medium import Media
from provider_runtime.adapters.backends.memory import MemoryMedia
from provider_runtime.adapters.backends.sqlite.media import SqliteMedia


@define(kw_only=True, slots=False)
class OverMedia:
    """Keeps what it is given in ``media``. Several families may share one: each has a collection of its own."""

    media: Media = field(repr=False)

    async def flush(self) -> None:
        """Wait for what was asked for, and let go of threads and files until the next use."""
        await self.media.flush()

    async def aclose(self) -> None:
        """Flush for good. Safe to call twice; using it afterwards is an error."""
        await self.media.aclose()


@define(kw_only=True, slots=False)
class InMemory(OverMedia):
    """In this process, gone at exit."""

    media: Media = field(factory=MemoryMedia, repr=False)


@define(kw_only=True, slots=False)
class InFiles(OverMedia):
    """In the folder ``root``; durable once a method has returned."""

    root: Path = field(converter=Path)
    media: Media = field(init=False, repr=False)

    @media.default
    def _make_media(self) -> Media:
        return FilesystemMedia(root=self.root)


@define(kw_only=True, slots=False)
class InSqlite(OverMedia):
    """In the SQLite file at ``path``; durable once a method has returned."""

    path: Path = field(converter=Path)
    media: Media = field(init=False, repr=False)

    @media.default
    def _make_media(self) -> Media:
        return SqliteMedia(path=self.path)
