"""A request on its way to this wire: for whom it is written, and what was lost so far."""

from typing import Final, TypeAlias

from attrs import field, frozen

from provider_runtime.adapters.wire.openai_responses.families import Family
from provider_runtime.domain.conversation.markers import CacheBoundary
from provider_runtime.domain.conversation.response import CallWarning
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.domain.identity import ProviderId

Place: TypeAlias = tuple[int, ...]
"""Where a part stands: the message's number, the part's, and that of a part inside a tool result."""

_STEPS: Final = ("messages[{}]", ".content[{}]", ".parts[{}]")


@frozen(kw_only=True)
class Draft:
    """What encoding one request knows. Lives as long as one ``encode``, and is shared by its steps."""

    provider: ProviderId
    family: Family
    warnings: list[CallWarning] = field(factory=list)

    def warn(self, code: WarningCode, message: str) -> None:
        """Add a warning; one that is there already is not repeated."""
        warning = warn(code, message)
        if warning not in self.warnings:
            self.warnings.append(warning)

    def drop_cache_mark(self, cache: CacheBoundary | None, place: str) -> None:
        """Announce that a cache boundary cannot stand on ``place``, if there is one."""
        if cache is not None:
            self.warn(WarningCode.DROPPED_CACHE_BOUNDARY, f"this API takes no cache boundary on {place}")


def path_of(place: Place) -> str:
    """The place as text: ``messages[0].content[2]``."""
    return "".join(step.format(number) for step, number in zip(_STEPS, place, strict=False))
