"""NoTransport: for a runtime that sends nothing, whatever it is asked for."""

from attrs import frozen

from provider_runtime.domain.errors import Delivery, ErrorCode
from provider_runtime.ports.http import HttpFailure, HttpRequest


@frozen
class NoTransport:
    """Fails every exchange before anything is sent. See ``HttpTransport``."""

    async def exchange(self, request: HttpRequest) -> HttpFailure:  # noqa: ARG002 - wherever it leads
        return HttpFailure(
            code=ErrorCode.CONNECT_FAILED,
            delivery=Delivery.NOT_SENT,
            detail="this runtime replays a recording, and sends nothing",
            remedy="Ask through a runtime that does not replay.",
        )

    async def aclose(self) -> None:
        """Nothing is ever open."""
