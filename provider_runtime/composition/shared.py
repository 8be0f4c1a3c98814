"""SharedParts: what the runtimes of one process may have in common, because it never changes."""

from collections.abc import Callable
from ssl import SSLContext
from typing import Any

from attrs import Attribute, field, frozen

from provider_runtime.domain.catalog.models import ModelCatalog
from provider_runtime.domain.catalog.pricing import PricingTable
from provider_runtime.domain.errors import InvalidSettings


def _is_a(kind: type) -> Callable[[object, "Attribute[Any]", object], None]:
    """Nothing of another kind is let in: what can change would tie runtimes together."""

    def check(_instance: object, attribute: "Attribute[Any]", value: object) -> None:
        if value is not None and not isinstance(value, kind):
            raise InvalidSettings(
                field=f"shared.{attribute.name}",
                message=f"{attribute.name} must be {kind.__name__}, not {type(value).__name__}",
                remedy=f"Give a {kind.__name__}, or leave it out.",
            )

    return check


@frozen(kw_only=True)
class SharedParts:
    """Made once by the host, handed to each runtime on purpose: ``open_runtime(settings, shared=…)``.

    ``catalog`` and ``prices`` stand in for the shipped ones; what a runtime's own settings say goes
    first. ``ssl_context`` saves each runtime the tens of milliseconds and the memory that one takes
    (``tls_context()`` makes a strict one). Python would let you change it: finish it before you
    share it. Raises ``InvalidSettings`` for anything of another kind.
    """

    ssl_context: SSLContext | None = field(default=None, validator=_is_a(SSLContext), repr=False)
    catalog: ModelCatalog | None = field(default=None, validator=_is_a(ModelCatalog), repr=False)
    prices: PricingTable | None = field(default=None, validator=_is_a(PricingTable), repr=False)
