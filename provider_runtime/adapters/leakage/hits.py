"""Hit: something found in one reading of a text, at a place in that reading."""

from typing import NamedTuple

from provider_runtime.domain.policy.leakage.findings import FindingKind


class Hit(NamedTuple):
    """What, whose, and from where to where in the reading; ``hidden_by`` is what was taken off to read it so."""

    kind: FindingKind
    source: str
    start: int
    end: int
    hidden_by: tuple[str, ...] = ()


class TooMany(Exception):
    """More to look at than anybody has to say; the text counts as unreadable."""
