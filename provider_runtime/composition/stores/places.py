"""StoreSettings: where the families of records are kept."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

from attrs import field, frozen
from attrs.validators import optional

from provider_runtime.domain.errors import InvalidSettings

if TYPE_CHECKING:
    from attrs import Attribute


@frozen(kw_only=True)
class MemoryStores:
    """In this process, gone at exit."""


@frozen(kw_only=True)
class FileStores:
    """In the folder ``path``: a file for each record, for the owner's eyes only."""

    path: Path = field(converter=Path)


@frozen(kw_only=True)
class SqliteStores:
    """In the SQLite file ``path``, for the owner's eyes only. What is written at once waits for the disk once."""

    path: Path = field(converter=Path)


StorePlace: TypeAlias = MemoryStores | FileStores | SqliteStores


def is_a_place(_instance: object, attribute: "Attribute[Any]", value: object) -> None:
    """Raise ``InvalidSettings`` for what is no place; quotes nothing of it."""
    if not isinstance(value, MemoryStores | FileStores | SqliteStores):
        raise InvalidSettings(
            field=attribute.name,
            message=f"{attribute.name} must be a place for stores, not {type(value).__name__}",
            remedy="Give MemoryStores(), FileStores(path=…) or SqliteStores(path=…).",
        )


def _bound(_instance: object, attribute: "Attribute[Any]", value: object) -> None:
    if type(value) is not int or value < 1:
        raise InvalidSettings(
            field=attribute.name,
            message=f"{attribute.name} must be a whole number, 1 or more",
            remedy="Give a positive whole number.",
        )


def _bound_or_none(instance: object, attribute: "Attribute[Any]", value: object) -> None:
    if value is not None:
        _bound(instance, attribute, value)


_PLACE: Final = optional(is_a_place)


@frozen(kw_only=True)
class StoreSettings:
    """Where each family of records is kept: all at ``place``, but for those that have a place of their own.

    One place is one medium: families in one SQLite file share it, its thread and its waits for the
    disk. ``history``: how many steps a trace shows. ``artifact_capacity`` and ``artifact_bytes``
    bound what is memoized; whoever was not used for longest goes (``None``: no bound). Streams,
    effect handlers, facts and experts live in the process alone. Raises ``InvalidSettings``.
    """

    place: StorePlace = field(factory=MemoryStores, validator=is_a_place)
    states: StorePlace | None = field(default=None, validator=_PLACE)
    sessions: StorePlace | None = field(default=None, validator=_PLACE)
    snapshots: StorePlace | None = field(default=None, validator=_PLACE)
    receipts: StorePlace | None = field(default=None, validator=_PLACE)
    traces: StorePlace | None = field(default=None, validator=_PLACE)
    artifacts: StorePlace | None = field(default=None, validator=_PLACE)
    provenance: StorePlace | None = field(default=None, validator=_PLACE)
    history: int = field(default=1000, validator=_bound)
    artifact_capacity: int | None = field(default=10_000, validator=_bound_or_none)
    artifact_bytes: int | None = field(default=256 * 1024 * 1024, validator=_bound_or_none)

    @classmethod
    def usual(cls, folder: Path | str) -> Self:
        """Sessions in files under ``folder``, everything else in memory: the defaults of the source document.

        Source: semantics B.15.
        """
        return cls(sessions=FileStores(path=folder))
