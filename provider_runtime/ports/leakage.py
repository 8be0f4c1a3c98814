"""LeakScanner: secrets in what is about to be sent."""

from collections.abc import Mapping
from typing import Any, Final, Protocol, cast, runtime_checkable

from attrs import field, frozen

from provider_runtime.domain.policy.leakage.findings import Finding, FindingKind
from provider_runtime.domain.secrets import Secret
from provider_runtime.domain.values import open_twin


@frozen(kw_only=True)
class OutboundContent:
    """What would leave: the frozen ``body``, the ``url``, and the ``headers`` that a caller added.

    ``secrets`` are those of this call alone.
    """

    body: bytes = field(repr=False)
    url: str = ""
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    secrets: tuple[Secret, ...] = ()


_OpenContent: Final = open_twin(OutboundContent)


def outbound(body: bytes, url: str, headers: Mapping[str, Any], secrets: tuple[Secret, ...]) -> OutboundContent:
    """What one call would send; what its ``headers`` say are texts."""
    content = _OpenContent.__new__(_OpenContent)
    content.body = body
    content.url = url
    content.headers = headers
    content.secrets = secrets
    content.__class__ = OutboundContent
    return cast("OutboundContent", content)


@frozen
class MaskedText:
    """A text with labels where secrets stood, and the kind of each that was masked."""

    text: str
    kinds: tuple[FindingKind, ...] = ()


@runtime_checkable
class LeakScanner(Protocol):
    """Looks for secrets. The guard refuses a call for which this raises, takes too long, or answers nonsense.

    Equal content gives equal findings, in the same order. No finding holds anything of the content.
    What takes more than a few milliseconds is done in a thread.
    """

    async def scan(self, content: OutboundContent) -> tuple[Finding, ...]:
        """Everything found in ``content``; empty where it is clean."""
        ...

    def masked(self, text: str, kinds: frozenset[FindingKind], secrets: tuple[Secret, ...] = ()) -> MaskedText:
        """``text`` with every finding of these kinds masked that can be masked exactly; the rest as it was."""
        ...
