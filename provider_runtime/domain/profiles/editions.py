"""ProfileEdition: a work profile as a store keeps it, and which edition it was made from."""

from datetime import UTC, datetime
from typing import Any

from attrs import Attribute, field, frozen
from attrs.converters import optional as optional_converter

from provider_runtime.domain.identity import ProfileId, ProfileName
from provider_runtime.domain.profiles.profile import WorkProfile


def _to_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if isinstance(moment, datetime) and moment.tzinfo is not None else moment


def _in_utc(_instance: object, attribute: "Attribute[Any]", moment: datetime) -> None:
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ValueError(f"{attribute.name} must be a time with its time zone")


@frozen(kw_only=True)
class ProfileEdition:
    """One edition of a work profile. It never changes: a change of the profile is another edition.

    ``previous`` is the edition that this one was made from. Times are UTC, by the clock of the store.
    """

    profile: WorkProfile
    kept_at: datetime = field(converter=_to_utc, validator=_in_utc)
    previous: ProfileId | None = field(default=None, converter=optional_converter(ProfileId))

    @property
    def profile_id(self) -> ProfileId:
        """The id of this very edition, which follows from what the profile says."""
        return self.profile.profile_id

    @property
    def name(self) -> ProfileName:
        """What the profile is called through all its editions."""
        return self.profile.name


@frozen(kw_only=True)
class ProfileChoice:
    """Which profile to work under: the current edition of ``name``, or the one edition ``pinned``."""

    name: ProfileName
    pinned: ProfileId | None = None

    @classmethod
    def parse(cls, text: str) -> "ProfileChoice":
        """``team``, or ``team@0123456789abcdef``. Raises ``ValueError``."""
        name, at, _ = text.partition("@")
        return cls(name=ProfileName(name), pinned=ProfileId(text) if at else None)

    def __str__(self) -> str:
        return self.pinned or self.name
