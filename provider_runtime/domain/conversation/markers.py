"""What parts and tools may carry besides their content: cache boundaries and signatures."""

from enum import StrEnum

from attrs import field, frozen

from provider_runtime.domain.checks import FILLED, OPTIONAL_TEXT
from provider_runtime.domain.identity import ProviderId


class CacheTtl(StrEnum):
    """How long a provider is asked to keep a cached prefix."""

    FIVE_MINUTES = "5m"
    ONE_HOUR = "1h"


@frozen(kw_only=True)
class CacheBoundary:
    """A mark: everything up to and including what carries it is worth caching."""

    ttl: CacheTtl = field(default=CacheTtl.FIVE_MINUTES, converter=CacheTtl)


@frozen(kw_only=True)
class Signature:
    """Opaque text that a provider attached to a part, and the scope inside which it goes back.

    ``value`` is written and read only by the codec of ``wire``; it is sent to ``provider`` over
    ``wire`` and nowhere else. ``upstream``: who made it, where ``provider`` is a router that asks
    several; only the same one can read it. Source: specification, "Opaque parts carry their scope".
    """

    provider: ProviderId = field(converter=ProviderId)
    wire: str = field(validator=FILLED)
    value: str = field(validator=FILLED, repr=False)
    upstream: str | None = field(default=None, validator=OPTIONAL_TEXT)

    def belongs_to(self, provider: ProviderId, wire: str) -> bool:
        """Whether it may be sent to ``provider`` over ``wire``."""
        return self.provider == provider and self.wire == wire
