"""What one encoding carries along: for whom it is, and what was remarked on the way."""

from typing import Final

from attrs import field

from provider_runtime.domain.conversation.markers import CacheBoundary
from provider_runtime.domain.conversation.response import CallWarning
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.domain.errors import IntentUnsupported, RequestInvalid
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.values import sealed

WIRE: Final = "ollama"


@sealed(kw_only=True)
class Encoding:
    """One request on its way to the wire."""

    provider: ProviderId
    model_id: str
    warnings: list[CallWarning] = field(factory=list)

    def remark(self, code: WarningCode, message: str) -> None:
        """Remember a warning."""
        self.warnings.append(warn(code, message))

    def dropped(self, control: str, why: str) -> None:
        """Remember that a control was left out."""
        self.remark(WarningCode.DROPPED_CONTROL, f"{control} was left out: {why}")

    def dropped_boundary(self, cache: CacheBoundary | None, place: str) -> None:
        """Remember that a cache boundary, if there is one, was left out: the server caches on its own."""
        if cache is not None:
            self.remark(WarningCode.DROPPED_CACHE_BOUNDARY, f"{place}: this wire takes no cache boundaries")

    def cannot(self, place: str, message: str, remedy: str) -> IntentUnsupported:
        """The refusal of what the wire cannot express."""
        return IntentUnsupported(
            provider=self.provider, model=self.model_id, field=place, message=message, remedy=remedy
        )

    def wrong(self, place: str, message: str, remedy: str) -> RequestInvalid:
        """The refusal of what contradicts itself or the protocol."""
        return RequestInvalid(provider=self.provider, model=self.model_id, field=place, message=message, remedy=remedy)
