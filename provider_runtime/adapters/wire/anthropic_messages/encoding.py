"""Encoding: one request on its way to the wire, and what was lost so far."""

from typing import Any, Final

from attrs import define, field

from provider_runtime.adapters.wire.anthropic_messages.families import ModelFamily
from provider_runtime.domain.conversation.markers import CacheBoundary, CacheTtl
from provider_runtime.domain.conversation.response import CallWarning
from provider_runtime.domain.conversation.warnings import WarningCode, warn
from provider_runtime.domain.errors import IntentUnsupported, RequestInvalid
from provider_runtime.domain.identity import ProviderId

WIRE: Final = "anthropic_messages"
MAX_BOUNDARIES: Final = 4  # more than four cache_control marks are refused

Block = dict[str, Any]


@define(kw_only=True)
class Encoding:
    """For whom a request is written, for which kind of model, and the warnings and cache marks so far.

    Lives for one ``encode``. ``index``, ``number`` and ``inner`` tell which part is being written;
    ``marked`` are the blocks that carry a cache mark, in wire order.
    """

    provider: ProviderId
    model: str
    family: ModelFamily
    index: int = 0
    number: int = 0
    inner: int | None = None
    warnings: list[CallWarning] = field(factory=list)
    marked: list[Block] = field(factory=list)

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

    def unsupported(self, place: str, message: str, remedy: str = "") -> IntentUnsupported:
        """The error to raise when the wire or the model cannot express what stands at ``place``."""
        return IntentUnsupported(field=place, message=message, remedy=remedy, provider=self.provider, model=self.model)

    def invalid(self, place: str, message: str, remedy: str = "") -> RequestInvalid:
        """The error to raise when the request contradicts itself at ``place``."""
        return RequestInvalid(field=place, message=message, remedy=remedy, provider=self.provider, model=self.model)

    def mark(self, block: Block, boundary: CacheBoundary | None) -> Block:
        """``block``, with a cache mark if there is a boundary after it."""
        if boundary is not None:
            hour = boundary.ttl is CacheTtl.ONE_HOUR
            block["cache_control"] = {"type": "ephemeral", "ttl": "1h"} if hour else {"type": "ephemeral"}
            self.marked.append(block)
        return block

    def settle_marks(self) -> None:
        """Take back what the API would refuse: more than four marks, an hour after five minutes."""
        surplus = len(self.marked) - MAX_BOUNDARIES
        for block in self.marked[: max(surplus, 0)]:
            # The later ones stay: each covers everything before it.
            del block["cache_control"]
        if surplus > 0:
            self.warn(WarningCode.DROPPED_CACHE_BOUNDARY, f"the first {surplus} cache boundaries: four are the most")
        short = False
        for block in self.marked[max(surplus, 0) :]:
            if "ttl" not in block["cache_control"]:
                short = True
            elif short:
                block["cache_control"] = {"type": "ephemeral"}
                self.warn(
                    WarningCode.DROPPED_CACHE_BOUNDARY,
                    "a cache boundary of one hour after one of five minutes is kept for five minutes only",
                )
