"""The data folder: where provider records and secrets are kept from one command to the next."""

import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import click
from attrs import frozen

from provider_runtime.adapters.backends.provider_configs import SqliteProviderConfigStore
from provider_runtime.adapters.credentials.filesystem import FilesystemSecretStore
from provider_runtime.cli.failures import usage_error
from provider_runtime.composition.presets import PRESETS
from provider_runtime.composition.settings import SecretFile
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.ports.secrets import SecretStore
from provider_runtime.ports.stores.providers import ProviderConfigStore

VARIABLE: Final = "PROVIDER_RUNTIME_DATA"
_NAME: Final = "provider-runtime"
_SECRETS: Final = "secrets.json"


@frozen
class DataFolder:
    """Records and secrets below ``path``. Nothing is created before something is kept.

    ``path`` is ``None`` where the platform knows of no home: then nothing is registered, and
    nothing can be until a folder is named.
    """

    path: Path | None

    @asynccontextmanager
    async def records(self) -> AsyncIterator[ProviderConfigStore]:
        """The store of provider records, closed at the end."""
        store = SqliteProviderConfigStore(path=self._named / "records.sqlite")
        try:
            yield store
        finally:
            await store.aclose()

    def secrets(self) -> SecretStore:
        """The store of named keys."""
        return FilesystemSecretStore(path=self._named / _SECRETS)

    def file(self, name: str) -> Path:
        """Where the file ``name`` of this folder is, or would be."""
        return self._named / name

    @property
    def secret_file(self) -> SecretFile | None:
        """Where a runtime finds the named keys; ``None`` while none was kept."""
        file = None if self.path is None else self.path / _SECRETS
        return SecretFile(path=file) if file is not None and file.exists() else None

    async def registered(self) -> tuple[ProviderConfig, ...]:
        """What was registered, sorted by id."""
        if self.path is None:
            return ()
        async with self.records() as store:
            return tuple(record.config for record in await store.list())

    async def providers(self) -> tuple[ProviderConfig, ...]:
        """The well-known providers, and what was registered, which goes first under the same id."""
        own = await self.registered()
        ids = {config.provider_id for config in own}
        return (*(config for config in PRESETS if config.provider_id not in ids), *own)

    @property
    def _named(self) -> Path:
        return self.path or usage_error(f"this machine names no home: name a folder with --data, or {VARIABLE}")


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:  # a user without a name, as some containers have
        return None


def usual_folder(environment: Mapping[str, str], platform: str, home: Path | None) -> Path | None:
    """Where the platform wants programs to keep data. Its standard says: a relative ``XDG_DATA_HOME`` is none."""
    if home is None:
        return None
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
    default=lambda: usual_folder(os.environ, sys.platform, _home()),
    callback=lambda _context, _option, path: DataFolder(path),
    help=f"Folder of registered providers and secrets (or {VARIABLE}; default: that of the platform).",
)
