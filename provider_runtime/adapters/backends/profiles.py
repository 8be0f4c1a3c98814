"""Work profiles over any medium: every edition a document of its own, and each name the id of its current one."""

from operator import attrgetter
from typing import Final

from attrs import define, field, frozen

from provider_runtime.adapters.backends.families.codec import RecordCodec
from provider_runtime.adapters.backends.families.places import InFiles, InMemory, InSqlite, OverMedia
from provider_runtime.adapters.system import SystemClock
from provider_runtime.domain.errors import RecordConflict, RecordCorrupt
from provider_runtime.domain.identity import ProfileId, ProfileName
from provider_runtime.domain.profiles.editions import ProfileChoice, ProfileEdition
from provider_runtime.domain.profiles.profile import WorkProfile
from provider_runtime.ports.system import Clock

_EDITIONS: Final = "profile-editions"
_NAMES: Final = "profiles"
_CHOICE: Final = "profile-choice"
_CHOSEN: Final = "chosen"


@frozen(kw_only=True)
class _Current:
    """What stands under a name: the id of its current edition."""

    profile_id: ProfileId


@define(kw_only=True, slots=False)
class MediaWorkProfiles(OverMedia):
    """Work profiles in the documents of ``media``. See ``WorkProfileStore``."""

    clock: Clock = field(factory=SystemClock, repr=False)
    _edition: RecordCodec[ProfileEdition] = field(
        factory=lambda: RecordCodec(kind="profile", of=ProfileEdition), init=False, repr=False
    )
    _current: RecordCodec[_Current] = field(
        factory=lambda: RecordCodec(kind="profile name", of=_Current), init=False, repr=False
    )
    _choice: RecordCodec[ProfileChoice] = field(
        factory=lambda: RecordCodec(kind="profile choice", of=ProfileChoice), init=False, repr=False
    )

    async def keep(self, profile: WorkProfile, *, instead_of: ProfileId | None = None) -> ProfileEdition:
        documents = self.media.documents()
        known = await documents.get(_NAMES, str(profile.name))
        standing = None if known is None else self._current.read(known.content, profile.name).profile_id
        if standing != instead_of:
            raise _conflict(profile.name, standing)
        # The edition first: a name never leads to one that is not there.
        edition = await self._kept(ProfileEdition(profile=profile, kept_at=self.clock.now(), previous=instead_of))
        content = self._current.write(_Current(profile_id=profile.profile_id))
        version = None if known is None else known.version
        if await documents.put_if(_NAMES, str(profile.name), content, version=version) is None:
            raise _conflict(profile.name, standing)
        return edition

    async def current(self, name: ProfileName) -> ProfileEdition | None:
        found = await self.media.documents().get(_NAMES, str(name))
        if found is None:
            return None
        profile_id = self._current.read(found.content, name).profile_id
        edition = await self.edition(profile_id)
        if edition is None:
            raise RecordCorrupt(
                kind="profile",
                key=profile_id,
                message=f"the name {name} leads to an edition that is not there",
                remedy="Restore the store from a copy, or keep the profile anew.",
            )
        return edition

    async def edition(self, profile_id: ProfileId) -> ProfileEdition | None:
        found = await self.media.documents().get(_EDITIONS, str(profile_id))
        if found is None:
            return None
        edition = self._edition.read(found.content, profile_id)
        if edition.profile_id != profile_id:
            raise RecordCorrupt(
                kind="profile",
                key=profile_id,
                message="what is kept under this id is another profile: it was changed",
                remedy="Restore the store from a copy.",
            )
        return edition

    async def list(self) -> tuple[ProfileEdition, ...]:
        names = await self.media.documents().keys(_NAMES)
        found = [await self.current(ProfileName(name)) for name in names]
        return tuple(edition for edition in found if edition is not None)

    async def editions(self, name: ProfileName) -> tuple[ProfileEdition, ...]:
        ids = await self.media.documents().keys(_EDITIONS, prefix=f"{name}@")
        found = [await self.edition(ProfileId(profile_id)) for profile_id in ids]
        return tuple(sorted((edition for edition in found if edition is not None), key=attrgetter("kept_at")))

    async def remove(self, name: ProfileName) -> bool:
        return await self.media.documents().delete(_NAMES, str(name))

    async def choose(self, choice: ProfileChoice | None) -> ProfileChoice | None:
        before = await self.chosen()
        if choice is None:
            await self.media.documents().delete(_CHOICE, _CHOSEN)
        else:
            await self.media.documents().put(_CHOICE, _CHOSEN, self._choice.write(choice))
        return before

    async def chosen(self) -> ProfileChoice | None:
        found = await self.media.documents().get(_CHOICE, _CHOSEN)
        return None if found is None else self._choice.read(found.content, _CHOSEN)

    async def _kept(self, edition: ProfileEdition) -> ProfileEdition:
        """``edition``, or the one of the same contents that was kept before."""
        key = str(edition.profile_id)
        if await self.media.documents().put_if(_EDITIONS, key, self._edition.write(edition), version=None) is not None:
            return edition
        return await self.edition(edition.profile_id) or edition


@define(kw_only=True, slots=False)
class MemoryWorkProfileStore(InMemory, MediaWorkProfiles):
    """Work profiles in memory, gone at exit."""


@define(kw_only=True, slots=False)
class FilesystemWorkProfileStore(InFiles, MediaWorkProfiles):
    """Work profiles below the folder ``root``, a file for each edition."""


@define(kw_only=True, slots=False)
class SqliteWorkProfileStore(InSqlite, MediaWorkProfiles):
    """Work profiles in the SQLite file at ``path``."""


def _conflict(name: ProfileName, standing: ProfileId | None) -> RecordConflict:
    message = "no profile is kept under this name any more" if standing is None else "the name is taken"
    return RecordConflict(
        kind="profile",
        key=name,
        message=f"{name}: {message}" + ("" if standing is None else f", by {standing}"),
        remedy="Look at what stands there now, and make the change again; or choose another name.",
    )
