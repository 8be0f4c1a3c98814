"""The data folder: where provider records and secrets are kept from one command to the next."""

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from attrs import frozen

from provider_runtime.cli.failures import usage_error
from provider_runtime.cli.workspace.finding import Workspace, found_above, workspace_at, workspace_of
from provider_runtime.composition.presets import PRESETS
from provider_runtime.composition.settings import KeyringSecrets, SecretFile
from provider_runtime.composition.workspace.config import FILE_NAME, RECORDS_NAME
from provider_runtime.composition.workspace.declared import budgets_of
from provider_runtime.composition.workspace.kept import own_providers, profiles_of, records_of, registered_in
from provider_runtime.composition.workspace.layers import Layer
from provider_runtime.composition.workspace.outside import from_environment
from provider_runtime.composition.workspace.reading import ReadConfig, read_config
from provider_runtime.composition.workspace.settings import secrets_place
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.errors import ProviderRuntimeError
from provider_runtime.ports.registry.profiles import WorkProfileStore
from provider_runtime.ports.registry.providers import ProviderConfigStore
from provider_runtime.ports.secrets import SecretStore

if TYPE_CHECKING:  # few commands open them
    from provider_runtime.adapters.backends.budget_declarations import SqliteBudgetDeclarations
    from provider_runtime.adapters.backends.families.snapshots import SqliteSnapshotProvider
    from provider_runtime.adapters.backends.families.states import SqliteStateProvider

VARIABLE: Final = "PROVIDER_RUNTIME_DATA"
WORKSPACE_VARIABLE: Final = "PROVIDER_RUNTIME_WORKSPACE"
_NAME: Final = "provider-runtime"
_STATES: Final = "states.sqlite"
_SNAPSHOTS: Final = "snapshots.sqlite"


@frozen
class DataFolder:
    """Records and secrets below ``path``. Nothing is created before something is kept.

    ``path`` is ``None`` where the platform knows of no home: then nothing is registered, and
    nothing can be until a folder is named. ``workspace`` is the one that the command works in, if
    it works in any; ``path`` is its data folder then, unless another was named. ``fault`` is why there
    is none although there is a file, where a command can do with that.
    """

    path: Path | None
    workspace: Workspace | None = None
    fault: ProviderRuntimeError | None = None

    def configuration(self, outside: Iterable[Layer] = ()) -> ReadConfig:
        """What the workspace's file, the variables and the layers ``outside`` say. Raises ``InvalidSettings``."""
        file = None if self.workspace is None else self.workspace.file
        return read_config(file, [from_environment(os.environ), *outside], folder=_here())

    def records(self) -> AbstractAsyncContextManager[ProviderConfigStore]:
        """The store of provider records, closed at the end."""
        return records_of(self._named)

    def profiles(self) -> AbstractAsyncContextManager[WorkProfileStore]:
        """The store of work profiles, closed at the end."""
        return profiles_of(self._named)

    def budgets(self) -> AbstractAsyncContextManager["SqliteBudgetDeclarations"]:
        """The budgets that were declared, and where their ledger is; closed at the end."""
        return budgets_of(self._named)

    @asynccontextmanager
    async def states(self) -> AsyncIterator["SqliteStateProvider"]:
        """The states of jobs, closed at the end."""
        from provider_runtime.adapters.backends.families.states import SqliteStateProvider  # noqa: PLC0415 - see above

        store = SqliteStateProvider(path=self._named / _STATES)
        try:
            yield store
        finally:
            await store.aclose()

    @asynccontextmanager
    async def snapshots(self) -> AsyncIterator["SqliteSnapshotProvider"]:
        """The snapshots of jobs, closed at the end."""
        from provider_runtime.adapters.backends.families.snapshots import SqliteSnapshotProvider  # noqa: PLC0415 - as above

        store = SqliteSnapshotProvider(path=self._named / _SNAPSHOTS)
        try:
            yield store
        finally:
            await store.aclose()

    def secrets(self) -> SecretStore:
        """The store of named keys: where the configuration wants it, by default a file of this folder."""
        from provider_runtime.composition.choices import secret_store_at  # noqa: PLC0415 - every adapter there is

        store = secret_store_at(secrets_place(self.configuration().config.secrets, self._named))
        if store is None:
            raise AssertionError("a place of secrets without a store")
        return store

    def file(self, name: str) -> Path:
        """Where the file ``name`` of this folder is, or would be."""
        return self._named / name

    @property
    def secret_file(self) -> SecretFile | KeyringSecrets | None:
        """Where a runtime finds the named keys; ``None`` while none was kept. A keyring may always hold some."""
        if self.path is None:
            return None
        place = secrets_place(self.configuration().config.secrets, self.path)
        return None if isinstance(place, SecretFile) and not place.path.exists() else place

    @property
    def keeps_records(self) -> bool:
        """Whether anything was ever registered here, or a profile kept."""
        return self.path is not None and (self.path / RECORDS_NAME).exists()

    @property
    def keeps_states(self) -> bool:
        """Whether the state of any job was ever kept here."""
        return self.path is not None and (self.path / _STATES).exists()

    async def registered(self) -> tuple[ProviderConfig, ...]:
        """What was registered, sorted by id."""
        return await registered_in(self.path)

    async def own(self, read: ReadConfig | None = None) -> tuple[ProviderConfig, ...]:
        """What was registered and what the workspace's file names. Raises ``InvalidSettings`` for what is both."""
        return own_providers(read or self.configuration(), await self.registered())

    async def providers(self, read: ReadConfig | None = None) -> tuple[ProviderConfig, ...]:
        """The well-known providers, and those of one's own, which go first under the same id."""
        own = await self.own(read)
        ids = {config.provider_id for config in own}
        return (*(config for config in PRESETS if config.provider_id not in ids), *own)

    @property
    def _named(self) -> Path:
        return self.path or usage_error(f"this machine names no home: name a folder with --data, or {VARIABLE}")


def _here() -> Path:
    try:
        return Path.cwd()
    except OSError:  # it was removed under us
        return Path()


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


def data_option(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``folder``, a ``DataFolder``: that of its workspace, of the platform, or the one it is told."""
    for option in (_DATA, _workspace_option(_keep_workspace)):
        command = option(command)
    return command


def tolerant_data_option(command: Callable[..., None]) -> Callable[..., None]:
    """As ``data_option``, for a command that looks at a workspace which cannot be read as well: it gets ``fault``."""
    for option in (_DATA, _workspace_option(_keep_workspace_or_fault)):
        command = option(command)
    return command


def _workspace(named: Path | None) -> Workspace | None:
    if named is not None:
        return workspace_at(named)
    file = found_above(_here(), _home())
    return None if file is None else workspace_of(file)


def _keep_workspace(context: click.Context, _option: click.Parameter, named: Path | None) -> None:
    context.meta[_KEPT] = _workspace(named)


def _keep_workspace_or_fault(context: click.Context, _option: click.Parameter, named: Path | None) -> None:
    try:
        context.meta[_KEPT] = _workspace(named)
    except ProviderRuntimeError as fault:
        context.meta[_FAULT] = fault


def _data_folder(context: click.Context, _option: click.Parameter, named: Path | None) -> DataFolder:
    workspace: Workspace | None = context.meta.get(_KEPT)
    if named is None:
        named = usual_folder(os.environ, sys.platform, _home()) if workspace is None else workspace.data
    return DataFolder(named, workspace, context.meta.get(_FAULT))


def _workspace_option(keep: Callable[[click.Context, click.Parameter, Path | None], None]) -> Callable[..., Any]:
    return click.option(
        "--workspace",
        type=click.Path(path_type=Path),
        envvar=WORKSPACE_VARIABLE,
        is_eager=True,  # --data asks for what it found
        expose_value=False,
        callback=keep,
        help=f"Folder with the {FILE_NAME} to go by (or {WORKSPACE_VARIABLE}; default: the nearest one from here up).",
    )


_KEPT: Final = "provider_runtime.workspace"
_FAULT: Final = "provider_runtime.workspace_fault"
_DATA: Final = click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    envvar=VARIABLE,
    callback=_data_folder,
    help=f"Folder of what is kept (or {VARIABLE}; default: that of the workspace, else that of the platform).",
)
