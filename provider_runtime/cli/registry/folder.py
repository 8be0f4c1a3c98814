"""The data folder: where provider records and secrets are kept from one command to the next."""

import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import click
from attrs import field, frozen

from provider_runtime.adapters.backends.provider_configs import SqliteProviderConfigStore
from provider_runtime.adapters.credentials.filesystem import FilesystemSecretStore
from provider_runtime.composition.presets import PRESETS
from provider_runtime.composition.settings import SecretFile
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.ports.secrets import SecretStore
from provider_runtime.ports.stores.providers import ProviderConfigStore

VARIABLE: Final = "PROVIDER_RUNTIME_DATA"
_NAME: Final = "provider-runtime"


@frozen
class DataFolder:
    """Records and secrets below ``path``. Nothing is created before something is kept."""

    path: Path = field(converter=Path)

    @asynccontextmanager
    async def records(self) -> AsyncIterator[ProviderConfigStore]:
        """The store of provider records, closed at the end."""
        store = SqliteProviderConfigStore(path=self.path / "records.sqlite")
        try:
            yield store
        finally:
            await store.aclose()

    def secrets(self) -> SecretStore:
        """The store of named keys."""
        return FilesystemSecretStore(path=self._secret_file)

    @property
    def secret_file(self) -> SecretFile | None:
        """Where a runtime finds the named keys; ``None`` while none was kept."""
        return SecretFile(path=self._secret_file) if self._secret_file.exists() else None

    async def registered(self) -> tuple[ProviderConfig, ...]:
        """What was registered, sorted by id."""
        async with self.records() as store:
            return tuple(record.config for record in await store.list())

    async def providers(self) -> tuple[ProviderConfig, ...]:
        """The well-known providers, and what was registered, which goes first under the same id."""
        own = await self.registered()
        ids = {config.provider_id for config in own}
        return (*(config for config in PRESETS if config.provider_id not in ids), *own)

    @property
    def _secret_file(self) -> Path:
        return self.path / "secrets.json"


def usual_folder(environment: Mapping[str, str], platform: str, home: Path) -> Path:
    """Where the platform wants programs to keep data. Its standard says: a relative ``XDG_DATA_HOME`` is none."""
    if platform == "darwin":
        return home / "Library" / "Application Support" / _NAME
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local") / _NAME
    named = Path(environment.get("XDG_DATA_HOME", ""))
    return (named if named.is_absolute() else home / ".local" / "share") / _NAME


data_option = click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    envvar=VARIABLE,
    default=lambda: usual_folder(os.environ, sys.platform, Path.home()),
    callback=lambda _context, _option, path: DataFolder(path),
    help=f"Folder of registered providers and secrets (or {VARIABLE}; default: that of the platform).",
)
