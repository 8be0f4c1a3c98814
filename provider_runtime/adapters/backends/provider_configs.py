"""Provider records over any documents: written once, chosen a medium by two-line subclasses."""

from pathlib import Path
from typing import Final

from attrs import define, field
from cattrs import Converter

from provider_runtime.adapters.backends.filesystem.documents import FilesystemDocuments
from provider_runtime.adapters.backends.medium import Document, Documents
from provider_runtime.adapters.backends.memory import MemoryDocuments
from provider_runtime.adapters.backends.sqlite.media import SqliteMedia
from provider_runtime.adapters.leakage.scanner import PatternLeakScanner
from provider_runtime.adapters.serialization import DocumentFault, make_converter, read_json, structure, to_json
from provider_runtime.adapters.system import SystemClock
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.catalog.records import ProviderRecord
from provider_runtime.domain.errors import InvalidProviderConfig, RecordConflict, RecordCorrupt
from provider_runtime.domain.identity import ProviderId
from provider_runtime.ports.leakage import LeakScanner, OutboundContent
from provider_runtime.ports.system import Clock

_COLLECTION: Final = "providers"


@define(kw_only=True)
class DocumentProviderConfigs:
    """Provider records in ``documents``, one document each. See ``ProviderConfigStore``."""

    documents: Documents = field(repr=False)
    clock: Clock = field(factory=SystemClock, repr=False)
    scanner: LeakScanner = field(factory=PatternLeakScanner, repr=False)
    converter: Converter = field(factory=make_converter, repr=False)

    async def add(self, config: ProviderConfig) -> ProviderRecord:
        now = self.clock.now()
        record = ProviderRecord(config=config, created_at=now, updated_at=now)
        if await self._put(record, version=None) is None:
            raise _conflict(
                config.provider_id,
                "a provider is registered under this id",
                "Choose another id, or edit the record that is there.",
            )
        return record

    async def get(self, provider_id: ProviderId) -> ProviderRecord | None:
        document = await self.documents.get(_COLLECTION, str(provider_id))
        return None if document is None else self._read(document, provider_id)

    async def list(self) -> tuple[ProviderRecord, ...]:
        found = [await self.get(_known_id(key)) for key in await self.documents.keys(_COLLECTION)]
        return tuple(record for record in found if record is not None)  # None: removed since the keys were read

    async def update(self, seen: ProviderRecord, config: ProviderConfig) -> ProviderRecord:
        changed = seen.changed(config, self.clock.now())
        document = await self.documents.get(_COLLECTION, str(seen.provider_id))
        if document is None:
            raise _conflict(seen.provider_id, "the provider was removed meanwhile", "Register it anew.")
        if self._read(document, seen.provider_id) != seen or await self._put(changed, version=document.version) is None:
            raise _conflict(
                seen.provider_id,
                "somebody else changed the provider meanwhile",
                "Look at what stands there now, and make the change again.",
            )
        return changed

    async def remove(self, provider_id: ProviderId) -> bool:
        return await self.documents.delete(_COLLECTION, str(provider_id))

    async def aclose(self) -> None:
        await self.documents.aclose()

    async def _put(self, record: ProviderRecord, *, version: str | None) -> str | None:
        content = to_json(self.converter, record)
        await self._refuse_secrets(record.config)
        return await self.documents.put_if(_COLLECTION, str(record.provider_id), content, version=version)

    async def _refuse_secrets(self, config: ProviderConfig) -> None:
        content = OutboundContent(body=to_json(self.converter, config))
        found = await self.scanner.scan(content)
        if found:
            raise InvalidProviderConfig(
                provider=config.provider_id,
                field=str(found[0].where),
                message=f"the record holds what looks like a secret ({found[0].kind.value})",
                remedy="Keep the key in the secret store, a file or a variable, and let `credential` refer to it.",
            )

    def _read(self, document: Document, provider_id: ProviderId) -> ProviderRecord:
        try:
            record = structure(self.converter, ProviderRecord, read_json(document.content))
        except DocumentFault as fault:
            corrupt = _corrupt(f"{provider_id}: {fault.field or '$'}", fault.message)
        else:
            if record.provider_id == provider_id:
                return record
            corrupt = _corrupt(provider_id, "the record is that of another provider")
        raise corrupt


@define(kw_only=True)
class MemoryProviderConfigStore(DocumentProviderConfigs):
    """Provider records in memory, gone at exit."""

    documents: Documents = field(factory=MemoryDocuments, repr=False)


@define(kw_only=True)
class FilesystemProviderConfigStore(DocumentProviderConfigs):
    """Provider records below the folder ``root``, a file each."""

    root: Path = field(converter=Path)
    documents: Documents = field(init=False, repr=False)

    @documents.default
    def _make_documents(self) -> Documents:
        return FilesystemDocuments(root=self.root)


@define(kw_only=True)
class SqliteProviderConfigStore(DocumentProviderConfigs):
    """Provider records in the SQLite file at ``path``."""

    path: Path = field(converter=Path)
    _media: SqliteMedia = field(init=False, repr=False)
    documents: Documents = field(init=False, repr=False)

    @_media.default
    def _make_media(self) -> SqliteMedia:
        return SqliteMedia(path=self.path)

    @documents.default
    def _make_documents(self) -> Documents:
        return self._media.documents()

    async def aclose(self) -> None:
        await self.documents.aclose()
        await self._media.aclose()


def _known_id(key: str) -> ProviderId:
    try:
        return ProviderId(key)
    except ValueError:
        pass  # its text quotes the key
    raise _corrupt("providers", "a record stands under what is no id")


def _conflict(provider_id: ProviderId, message: str, remedy: str) -> RecordConflict:
    return RecordConflict(kind="provider", key=provider_id, message=f"{provider_id}: {message}", remedy=remedy)


def _corrupt(key: str, message: str) -> RecordCorrupt:
    return RecordCorrupt(
        kind="provider",
        key=key,
        message=f"a stored provider record cannot be read: {message}",
        remedy="Remove it and register the provider anew, or restore the store from a copy.",
    )
