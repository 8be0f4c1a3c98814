"""What a call consumed, and what that cost."""

from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Literal, cast

from attrs import Attribute, field, frozen
from attrs.validators import in_, optional

from provider_runtime.domain.checks import OPTIONAL_TEXT, count
from provider_runtime.domain.values import open_twin


def _amount(_instance: object, attribute: "Attribute[Any]", value: object) -> None:
    if not isinstance(value, Decimal) or not value.is_finite() or value < 0:
        raise ValueError(f"{attribute.name} must be a finite Decimal from 0")


@frozen(kw_only=True)
class Usage:
    """Tokens one call consumed, as the provider counted them.

    Whole tokens. ``None``: the provider did not say; ``0``: it said zero. Input and output are
    the whole counts: ``cached_input_tokens``, ``cache_write_tokens`` and ``input_audio_tokens``
    are parts of ``input_tokens``; ``reasoning_tokens`` and ``output_audio_tokens`` are parts of
    ``output_tokens``; ``cache_write_1h_tokens`` is the part of ``cache_write_tokens`` that is
    kept for an hour. Nothing is ever added on top.
    Raises ``ValueError`` for a negative count. Source: specification, "Canonical types".
    """

    input_tokens: int | None = field(default=None, validator=count)
    output_tokens: int | None = field(default=None, validator=count)
    cached_input_tokens: int | None = field(default=None, validator=count)
    cache_write_tokens: int | None = field(default=None, validator=count)
    cache_write_1h_tokens: int | None = field(default=None, validator=count)
    reasoning_tokens: int | None = field(default=None, validator=count)
    input_audio_tokens: int | None = field(default=None, validator=count)
    output_audio_tokens: int | None = field(default=None, validator=count)
    total_tokens: int | None = field(default=None, validator=count)

    @property
    def total(self) -> int:
        """The total the provider gave, else input plus output; parts never change it."""
        if self.total_tokens is not None:
            return self.total_tokens
        return (self.input_tokens or 0) + (self.output_tokens or 0)


_OpenUsage: Final = open_twin(Usage)


def counted(  # noqa: PLR0913 - one for each counter
    *,
    input_tokens: int | None = None,
    output_tokens: int | None = None,
    cached_input_tokens: int | None = None,
    cache_write_tokens: int | None = None,
    cache_write_1h_tokens: int | None = None,
    reasoning_tokens: int | None = None,
    input_audio_tokens: int | None = None,
    output_audio_tokens: int | None = None,
    total_tokens: int | None = None,
) -> Usage:
    """The usage of a decoder, which looked at every count when it read it."""
    usage = _OpenUsage.__new__(_OpenUsage)
    usage.input_tokens = input_tokens
    usage.output_tokens = output_tokens
    usage.cached_input_tokens = cached_input_tokens
    usage.cache_write_tokens = cache_write_tokens
    usage.cache_write_1h_tokens = cache_write_1h_tokens
    usage.reasoning_tokens = reasoning_tokens
    usage.input_audio_tokens = input_audio_tokens
    usage.output_audio_tokens = output_audio_tokens
    usage.total_tokens = total_tokens
    usage.__class__ = Usage
    return cast("Usage", usage)


class PricingSource(StrEnum):
    """Who named the price."""

    CONFIGURED = "configured"
    PROVIDER_REPORTED = "provider_reported"
    MIXED = "mixed"


@frozen(kw_only=True)
class CostBreakdown:
    """What one call cost, in US dollars, exactly.

    ``total_cost`` is what counts; the others say how it comes about and are parts of it.
    ``input_cost`` leaves out cached input and cache writes where these have a rate of their own.
    ``price_version`` names the price table that answered. ``mixed``: the total, or a fee in it, is
    what the provider reports, and the rest is by the price table; a mixed total and its parts may
    then be up to 1 % apart.
    """

    input_cost: Decimal = field(validator=_amount)
    output_cost: Decimal = field(validator=_amount)
    total_cost: Decimal = field(validator=_amount)
    pricing_source: PricingSource = field(converter=PricingSource)
    cached_input_cost: Decimal | None = field(default=None, validator=optional(_amount))
    cache_write_cost: Decimal | None = field(default=None, validator=optional(_amount))
    reasoning_cost: Decimal | None = field(default=None, validator=optional(_amount))
    request_cost: Decimal | None = field(default=None, validator=optional(_amount))
    price_version: str | None = field(default=None, validator=OPTIONAL_TEXT)
    currency: Literal["USD"] = field(default="USD", validator=in_(("USD",)))


_CONFIGURED: Final = PricingSource.CONFIGURED
_OpenCost: Final = open_twin(CostBreakdown)
_new: Final = object.__new__


def costing(
    input_cost: Decimal,
    output_cost: Decimal,
    total_cost: Decimal,
    cached_input_cost: Decimal | None,
    cache_write_cost: Decimal | None,
    reasoning_cost: Decimal | None,
    request_cost: Decimal | None,
    price_version: str | None,
) -> CostBreakdown:
    """The cost by a price table: sound rates and whole counts, so no amount has to be looked at once more."""
    cost = _new(_OpenCost)
    cost.input_cost = input_cost
    cost.output_cost = output_cost
    cost.total_cost = total_cost
    cost.pricing_source = _CONFIGURED
    cost.cached_input_cost = cached_input_cost
    cost.cache_write_cost = cache_write_cost
    cost.reasoning_cost = reasoning_cost
    cost.request_cost = request_cost
    cost.price_version = price_version
    cost.currency = "USD"
    cost.__class__ = CostBreakdown
    closed: CostBreakdown = cost
    return closed
