"""WorkProfileStore: the work profiles that operators keep, every edition of them, and which one is chosen."""

from typing import Protocol, runtime_checkable

from provider_runtime.domain.identity import ProfileId, ProfileName
from provider_runtime.domain.profiles.editions import ProfileChoice, ProfileEdition
from provider_runtime.domain.profiles.profile import WorkProfile


@runtime_checkable
class WorkProfileStore(Protocol):
    """Keeps work profiles under their names. An edition that was kept once is never changed.

    An edit keeps another edition beside the others, under the id of its own contents: what a receipt
    names can be looked up for good, also after the name was taken out. Two who edit at once do not
    lose each other's change: the later one gets ``RecordConflict`` and looks again. Every method
    raises ``BackendError`` when the medium fails, and ``RecordCorrupt`` for what does not read back.
    Source: semantics C.8.
    """

    async def keep(self, profile: WorkProfile, *, instead_of: ProfileId | None = None) -> ProfileEdition:
        """Make ``profile`` the current edition under its name.

        ``instead_of`` is the current edition as its editor saw it; ``None``: the name is new. Raises
        ``RecordConflict`` when something else stands there.
        """
        ...

    async def current(self, name: ProfileName) -> ProfileEdition | None:
        """The current edition of this name, or ``None``."""
        ...

    async def edition(self, profile_id: ProfileId) -> ProfileEdition | None:
        """The edition of this id, current or not, or ``None``."""
        ...

    async def list(self) -> tuple[ProfileEdition, ...]:
        """The current edition of each name, sorted by name."""
        ...

    async def editions(self, name: ProfileName) -> tuple[ProfileEdition, ...]:
        """Every edition of this name that was ever kept, in the order in which they were."""
        ...

    async def remove(self, name: ProfileName) -> bool:
        """Take the name out of the list; whether it was there. Its editions can still be looked up."""
        ...

    async def choose(self, choice: ProfileChoice | None) -> ProfileChoice | None:
        """Have this profile chosen from now on, or none; returns what was chosen before."""
        ...

    async def chosen(self) -> ProfileChoice | None:
        """What is chosen, or ``None``. The profile may have been removed since."""
        ...

    async def aclose(self) -> None:
        """Let go of files and threads, for good; may be called twice."""
        ...
