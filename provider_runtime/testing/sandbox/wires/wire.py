"""Wire: one vendor's protocol, from the vendor's side."""

from typing import Final, Protocol

from provider_runtime.domain.catalog.providers import ProviderKind
from provider_runtime.testing.sandbox.stamps import HEX, Stamps
from provider_runtime.testing.sandbox.traffic import Answer, Arrival, Refused

WRONG_KEY: Final = "wrong-key"  # the one credential that no vendor accepts
NO_SUCH_MODEL: Final = "no-such-model"  # the one model that no vendor has


class Wire(Protocol):
    """Answers requests as one vendor would. Keeps nothing: equal bodies get equal answers but for the time."""

    @property
    def kind(self) -> ProviderKind: ...

    def serves(self, arrival: Arrival) -> bool:
        """Whether this vendor is the one addressed."""
        ...

    def answer(self, arrival: Arrival, stamps: Stamps) -> Answer:
        """The answer to ``arrival``. Raises ``Refused`` for what the vendor would turn down."""
        ...

    def refusal(self, refused: Refused, arrival: Arrival, stamps: Stamps) -> Answer:
        """``refused`` in the vendor's own words and envelope."""
        ...

    def failure(self, status: int) -> Refused:
        """What this vendor says with a status that has nothing to do with the request."""
        ...


def words(text: str) -> frozenset[str]:
    """The words of ``text``: a long list of names, short to write."""
    return frozenset(text.split())


def request_id(arrival: Arrival, stamps: Stamps) -> str:
    """A name for one request, unlike any other of this sandbox."""
    return "req_" + stamps.name(32, HEX, "request", str(arrival.number))
