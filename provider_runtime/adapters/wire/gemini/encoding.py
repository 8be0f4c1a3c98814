"""Encoding: one request on its way to the wire, and what was lost so far."""

from typing import Any, Final

from attrs import define, field

from provider_runtime.adapters.wire.gemini.families import ModelFamily
from provider_runtime.domain.conversation.markers import CacheBoundary, Signature
from provider_runtime.domain.conversation.response import CallWarning
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.domain.errors import IntentUnsupported, RequestInvalid
from provider_runtime.domain.identity import ProviderId

WIRE: Final = "gemini"
# Ids that the decoder gave to calls which came without: they mean nothing to the API and stay here.
OUR_CALL: Final = "gemini-call-"

Part = dict[str, Any]


@define(kw_only=True)
class Encoding:
    """For whom a request is written, for which kind of model, and the warnings so far.

    Lives for one ``encode``. ``index``, ``number`` and ``inner`` tell which part is being written.
    """

    provider: ProviderId
    model: str
    family: ModelFamily
    index: int = 0
    number: int = 0
    inner: int | None = None
    warnings: list[CallWarning] = field(factory=list)

    @property
    def place(self) -> str:
        """The path of the part that is being written; put together only when somebody asks."""
        part = f"messages[{self.index}].content[{self.number}]"
        return part if self.inner is None else f"{part}.tool_result.content.parts[{self.inner}]"

    def warn(self, code: WarningCode, message: str) -> None:
        self.warnings.append(warn(code, message))

    def dropped(self, control: str, reason: str) -> None:
        """``control`` is a hint that is left out."""
        self.warn(WarningCode.DROPPED_CONTROL, f"{control} was left out: {reason}")

    def no_boundary(self, boundary: CacheBoundary | None, place: str) -> None:
        """Say that a cache boundary is lost: what this API caches on request is a resource of its own."""
        if boundary is not None:
            self.warn(WarningCode.DROPPED_CACHE_BOUNDARY, f"{place}: this wire has no cache boundaries")

    def unsupported(self, place: str, message: str, remedy: str = "") -> IntentUnsupported:
        """The error to raise when the wire or the model cannot express what stands at ``place``."""
        return IntentUnsupported(field=place, message=message, remedy=remedy, provider=self.provider, model=self.model)

    def invalid(self, place: str, message: str, remedy: str = "") -> RequestInvalid:
        """The error to raise when the request contradicts itself at ``place``."""
        return RequestInvalid(field=place, message=message, remedy=remedy, provider=self.provider, model=self.model)

    def sign(self, part: Part, signature: Signature | None) -> Part:
        """``part``, with its thought signature if it has one that was made here."""
        if signature is None:
            return part
        if signature.belongs_to(self.provider, WIRE):
            part["thoughtSignature"] = signature.value
        else:
            self.warn(WarningCode.DROPPED_THINKING_ON_ENCODE, f"{self.place}: the signature belongs elsewhere")
        return part
