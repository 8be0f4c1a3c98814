"""What is kept in a workspace and bears on its settings: the registered providers, and the chosen profile."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from provider_runtime.composition.settings import RuntimeSettings
from provider_runtime.composition.workspace.config import FILE_NAME, RECORDS_NAME
from provider_runtime.composition.workspace.declared import spending_in
from provider_runtime.composition.workspace.outside import from_environment
from provider_runtime.composition.workspace.reading import ReadConfig, fault_at, read_config
from provider_runtime.composition.workspace.settings import data_folder_of, profile_of, settings_of
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.errors import InvalidSettings, RecordMissing
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.profiles.editions import ProfileChoice, ProfileEdition
from provider_runtime.domain.profiles.profile import WorkProfile
from provider_runtime.ports.registry.profiles import WorkProfileStore
from provider_runtime.ports.registry.providers import ProviderConfigStore


async def workspace_settings(
    place: Path | str, *, environment: Mapping[str, str] | None = None, **others: object
) -> RuntimeSettings:
    """Settings of a workspace, as its commands go by them: what its file says, and what is registered and chosen in it.

    ``place`` is its folder, or its file. ``environment`` and ``others`` as for ``RuntimeSettings.from_file``.
    Raises ``InvalidSettings``, ``RecordMissing`` for a chosen profile that is gone, and ``BackendError``.
    """
    variables = environment or {}
    read = await asyncio.to_thread(_read, Path(place), variables)
    data = data_folder_of(read)
    given: dict[str, Any] = {**await spending_in(read, data), **others}
    if "providers" not in given:
        given["providers"] = own_providers(read, await registered_in(data))
    if "profile" not in given:
        given["profile"] = await profile_in_force(read, data)
    return await asyncio.to_thread(settings_of, read, variables, **given)


def _read(place: Path, variables: Mapping[str, str]) -> ReadConfig:
    file = place / FILE_NAME if place.is_dir() else place
    if not file.is_file():
        raise InvalidSettings(
            field="place", message=f"there is no workspace at {place}", remedy="Make one: provider-runtime init."
        )
    return read_config(file, [from_environment(variables)])


@asynccontextmanager
async def records_of(data: Path) -> AsyncIterator[ProviderConfigStore]:
    """The store of provider records in a data folder, closed at the end. Nothing is made before something is kept."""
    # A workspace in which nothing is kept yet needs no SQLite.
    from provider_runtime.adapters.backends.provider_configs import SqliteProviderConfigStore  # noqa: PLC0415 - see above

    store = SqliteProviderConfigStore(path=data / RECORDS_NAME)
    try:
        yield store
    finally:
        await store.aclose()


@asynccontextmanager
async def profiles_of(data: Path) -> AsyncIterator[WorkProfileStore]:
    """The store of work profiles in a data folder, closed at the end."""
    from provider_runtime.adapters.backends.profiles import SqliteWorkProfileStore  # noqa: PLC0415 - as above

    store = SqliteWorkProfileStore(path=data / RECORDS_NAME)
    try:
        yield store
    finally:
        await store.aclose()


async def registered_in(data: Path | None) -> tuple[ProviderConfig, ...]:
    """What was registered in a data folder, sorted by id."""
    if data is None or not (data / RECORDS_NAME).exists():
        return ()
    async with records_of(data) as store:
        return tuple(record.config for record in await store.list())


def own_providers(read: ReadConfig, registered: tuple[ProviderConfig, ...]) -> tuple[ProviderConfig, ...]:
    """What the file names and what was registered. Raises ``InvalidSettings`` for what is both."""
    written = read.config.providers
    for config in registered:
        if config.provider_id in written:
            raise _both(config.provider_id)
    return (*written.values(), *registered)


async def profile_in_force(read: ReadConfig, data: Path | None) -> WorkProfile | None:
    """The work profile that is named, in the file or outside of it; else the one that was chosen.

    Profiles of the file go before those that are kept. Raises ``InvalidSettings`` for one that is
    nowhere, and ``RecordMissing`` for a chosen one that is gone.
    """
    wanted, written = read.config.profile, tuple(read.config.profiles.values())
    is_written = any(wanted in {profile.name, profile.profile_id} for profile in written)
    if is_written or data is None or not (data / RECORDS_NAME).exists():
        return profile_of(read, written)
    async with profiles_of(data) as store:
        if wanted is None:
            choice = await store.chosen()
            return None if choice is None else (await edition_of(choice, store)).profile
        try:
            choice = ProfileChoice.parse(wanted)
        except ValueError as fault:
            invalid = fault_at("profile", str(fault), "Write a name, or an id.", read.origins)
        else:
            found = await (store.current(choice.name) if choice.pinned is None else store.edition(choice.pinned))
            if found is not None:
                return found.profile
            kept = tuple(edition.profile for edition in await store.list())
            return profile_of(read, (*written, *kept))
    raise invalid


async def edition_of(choice: ProfileChoice, store: WorkProfileStore) -> ProfileEdition:
    """The edition that ``choice`` means. Raises ``RecordMissing``."""
    found = await (store.current(choice.name) if choice.pinned is None else store.edition(choice.pinned))
    if found is None:
        raise RecordMissing(
            kind="profile",
            key=str(choice),
            message=f"the work profile {choice} was chosen, and is not kept any more",
            remedy="Choose another: provider-runtime profiles use NAME, or --none.",
        )
    return found


def _both(provider_id: ProviderId) -> InvalidSettings:
    return InvalidSettings(
        field=f"providers.{provider_id}",
        message=f"{provider_id} stands in {FILE_NAME}, and was registered too: nobody can say which counts",
        remedy=f"Take it out of the file, or: provider-runtime providers remove {provider_id}",
    )
