"""WorkProfiles: choosing among the profiles that are kept, and editing them, with an event for each change."""

from collections.abc import Collection, Mapping

from attrs import field, frozen

from provider_runtime.application.accounting.profile_events import profile_changed, profile_selected
from provider_runtime.application.accounting.telemetry import Telemetry
from provider_runtime.domain.errors import RecordMissing
from provider_runtime.domain.identity import ProfileId, ProfileName, ProviderId, Role, RuntimeId
from provider_runtime.domain.profiles.assigning import fault_of_assignments
from provider_runtime.domain.profiles.editions import ProfileChoice, ProfileEdition
from provider_runtime.domain.profiles.experts import ExpertRole
from provider_runtime.domain.profiles.profile import WorkProfile
from provider_runtime.ports.registry.profiles import WorkProfileStore
from provider_runtime.ports.system import Clock


@frozen(kw_only=True)
class WorkProfiles:
    """The profiles of ``store`` for whoever operates them. A choice outlives the process.

    ``registered`` are the providers that a profile may name. What is chosen, or changes under the
    choice, is told as an event of ``runtime_id``: the runtimes that open from now on work under it,
    and those that are open keep what they have.
    """

    store: WorkProfileStore
    telemetry: Telemetry
    clock: Clock
    runtime_id: RuntimeId
    registered: Collection[ProviderId] = ()
    experts: Mapping[Role, ExpertRole] = field(factory=dict)

    async def chosen(self) -> WorkProfile | None:
        """The profile that holds, or ``None`` where none was chosen. Raises ``RecordMissing`` for one that is gone."""
        choice = await self.store.chosen()
        return None if choice is None else (await self.found(choice)).profile

    async def found(self, choice: ProfileChoice) -> ProfileEdition:
        """The edition that ``choice`` means: the current one of its name, or the one it pins. Or ``RecordMissing``."""
        if choice.pinned is None:
            edition = await self.store.current(choice.name)
        else:
            edition = await self.store.edition(choice.pinned)
        if edition is None:
            raise _missing(choice)
        return edition

    async def use(self, choice: ProfileChoice | None) -> WorkProfile | None:
        """Have the profile hold from now on, or none.

        Raises ``RecordMissing`` for one that is not kept, and ``AssignmentInvalid`` for one that names a
        provider which is not registered.
        """
        profile = None if choice is None else (await self.found(choice)).profile
        self._refuse_strangers(profile)
        before = await self._profile_of(await self.store.choose(choice))
        self._tell(before, profile)
        return profile

    async def keep(self, profile: WorkProfile, *, instead_of: ProfileId | None = None) -> ProfileEdition:
        """Keep a new profile, or an edit of the one that its editor saw. Errors as those of the store, and ``use``."""
        self._refuse_strangers(profile)
        before = None if instead_of is None else await self.store.edition(instead_of)
        edition = await self.store.keep(profile, instead_of=instead_of)
        if await self._is_chosen(profile.name) and before is not None and before != edition:
            self._tell(before.profile_id, profile)
        return edition

    async def remove(self, name: ProfileName) -> bool:
        """Take the name out of the list, and out of the choice. Its editions can still be looked up."""
        gone = await self.store.current(name)
        removed = await self.store.remove(name)
        if gone is not None and await self._is_chosen(name):
            await self.store.choose(None)
            self._tell(gone.profile_id, None)
        return removed

    async def _is_chosen(self, name: ProfileName) -> bool:
        """Whether the choice follows this name; one that pins an edition does not."""
        choice = await self.store.chosen()
        return choice is not None and choice.pinned is None and choice.name == name

    async def _profile_of(self, choice: ProfileChoice | None) -> ProfileId | None:
        if choice is None or choice.pinned is not None:
            return None if choice is None else choice.pinned
        edition = await self.store.current(choice.name)
        return None if edition is None else edition.profile_id

    def _refuse_strangers(self, profile: WorkProfile | None) -> None:
        if (fault := fault_of_assignments(profile, self.experts, self.registered)) is not None:
            raise fault

    def _tell(self, before: ProfileId | None, profile: WorkProfile | None) -> None:
        after = None if profile is None else profile.profile_id
        if not self.telemetry.listening or before == after:
            return
        now = self.clock.now()
        if before is None and profile is not None:
            self.telemetry.emit(profile_selected(self.runtime_id, profile, now))
        else:
            self.telemetry.emit(profile_changed(self.runtime_id, profile, before, now))


def _missing(choice: ProfileChoice) -> RecordMissing:
    return RecordMissing(
        kind="profile",
        key=str(choice),
        message=f"no work profile is kept as {choice}",
        remedy="`provider-runtime profiles list` shows those that are.",
    )
