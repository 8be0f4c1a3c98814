"""What an event says: its fields without those that are not set."""

from typing import Any, Final

from attrs import fields

from provider_runtime.domain.records.events import LifecycleEvent

FIELD_NAMES: Final = tuple(field.name for field in fields(LifecycleEvent))
"""The names of all fields, in the order in which every sink writes them."""


def set_fields(event: LifecycleEvent) -> dict[str, Any]:
    """The fields that are set, in order. ``0`` is a value; ``None`` and an empty tuple are not."""
    values = ((name, getattr(event, name)) for name in FIELD_NAMES)
    return {name: value for name, value in values if value is not None and value != ()}
