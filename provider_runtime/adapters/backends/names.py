"""Names that every medium can keep, and the errors of a store that is closed."""

from typing import Final

from provider_runtime.domain.errors import BackendError, ErrorCode, RecordCorrupt

_LONGEST: Final = 1000


def checked_name(kind: str, name: str) -> str:
    """``name``, if a store can keep it. Raises ``BackendError``, code ``name_invalid``.

    ``kind`` says what it names: collection, key or journal. The error does not repeat the name.
    """
    fault = _fault(name)
    if fault:
        raise BackendError(
            code=ErrorCode.NAME_INVALID,
            kind=kind,
            message=f"a {kind} {fault}",
            remedy=f"Give the {kind} a name of 1 to {_LONGEST} characters.",
        )
    return name


def _fault(name: object) -> str | None:
    if not isinstance(name, str):
        return f"must be named by text, not {type(name).__name__}"
    if not name:
        return "cannot be named by empty text"
    if len(name) > _LONGEST:
        return f"cannot have a name of {len(name)} characters"
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        return "cannot have half a character in its name"
    return None


def closed(kind: str) -> BackendError:
    """What using a store after its end raises."""
    return BackendError(kind=kind, message=f"the {kind} was closed", remedy="Open it anew.")


def lost_position(key: str) -> RecordCorrupt:
    """What reading on from a position that is no longer in a journal raises."""
    return RecordCorrupt(
        kind="journal",
        key=key,
        message=f"the noted position is not in the journal {key}: it was cleared, cut or replaced since",
        remedy="Read it from the start.",
    )
