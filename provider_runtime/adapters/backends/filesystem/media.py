"""FilesystemMedia: a folder with documents and journals."""

from pathlib import Path

from attrs import define, field

from provider_runtime.adapters.backends.filesystem.calls import FileSystemCalls, SystemFiles
from provider_runtime.adapters.backends.filesystem.documents import FilesystemDocuments
from provider_runtime.adapters.backends.filesystem.journal import FilesystemJournal
from provider_runtime.adapters.backends.filesystem.names import file_name
from provider_runtime.adapters.backends.names import checked_name


@define(kw_only=True)
class FilesystemMedia:
    """Documents and journals in the folder ``root``. See ``Media``."""

    root: Path = field(converter=Path)
    files: FileSystemCalls = field(factory=SystemFiles, repr=False)
    _documents: FilesystemDocuments = field(init=False, repr=False)
    _journals: dict[str, FilesystemJournal] = field(factory=dict, init=False, repr=False)

    @_documents.default
    def _make_documents(self) -> FilesystemDocuments:
        return FilesystemDocuments(root=self.root / "documents", files=self.files)

    def documents(self) -> FilesystemDocuments:
        return self._documents

    def journal(self, name: str) -> FilesystemJournal:
        known = self._journals.get(name)
        if known is None:
            path = self.root / "journals" / f"{file_name(checked_name('journal', name))}.journal"
            known = self._journals[name] = FilesystemJournal(path=path, files=self.files)
        return known

    async def flush(self) -> None:
        await self._documents.flush()
        for journal in self._journals.values():
            await journal.flush()

    async def aclose(self) -> None:
        await self._documents.aclose()
        for journal in self._journals.values():
            await journal.aclose()
