"""Resources: the four things that work uses up, and how much of each may go, went, and is left."""

from decimal import ROUND_CEILING, Context, Decimal
from enum import StrEnum
from typing import Any, Final

from attrs import Attribute, field, frozen

from provider_runtime.domain.policy.budgets.limits import LARGEST, Amount, Budget, Unit


class Resource(StrEnum):
    """What a budget of governance counts. Source: semantics B.7."""

    TOKENS = "tokens"
    COST = "cost"  # US dollars
    TIME = "time"  # seconds since the start, whatever was done
    ITERATIONS = "iterations"  # calls

    @property
    def unit(self) -> Unit:
        """What the ledger counts it in."""
        return _UNITS[self]

    @property
    def to_unit(self) -> int:
        """How many of that unit make one."""
        return _TO_UNIT[self]


_UNITS: Final = {
    Resource.TOKENS: Unit.TOKENS,
    Resource.COST: Unit.NANO_USD,
    Resource.TIME: Unit.MILLISECONDS,
    Resource.ITERATIONS: Unit.CALLS,
}
_EXACT: Final = Context(prec=80)  # never the thread's own, which may be coarser
_TO_UNIT: Final = {Resource.TOKENS: 1, Resource.COST: 10**9, Resource.TIME: 1000, Resource.ITERATIONS: 1}


def quantity(amount: object, name: str = "amount") -> Decimal:
    """An exact amount from 0. Raises ``TypeError`` or ``ValueError``; a ``float`` is not exact."""
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
        raise TypeError(f"{name} must be a whole number or a Decimal, not {type(amount).__name__}")
    exact = Decimal(amount)
    if not exact.is_finite() or exact < 0:
        raise ValueError(f"{name} must be a finite number from 0")
    return exact


def account_name(resource: Resource) -> str:
    """The budget in a ledger that governance counts this resource in."""
    return f"governance.{resource.value}"


def in_units(resource: Resource, amount: Decimal) -> int:
    """``amount`` as the ledger counts it, rounded up. Raises ``ValueError`` for a part of a token or a call."""
    scaled = _EXACT.multiply(amount, resource.to_unit)
    units = int(scaled.to_integral_value(rounding=ROUND_CEILING))
    if resource.to_unit == 1 and units != scaled:
        raise ValueError(f"{resource.value} are whole")
    return units


def in_natural_units(resource: Resource, units: int) -> Decimal:
    """What the ledger counted, in tokens, dollars, seconds or calls."""
    return _EXACT.divide(units, resource.to_unit)


def is_nearly(taken: Decimal, limit: Decimal) -> bool:
    """Whether four fifths of the limit are taken."""
    return taken * 5 >= limit * 4


def budgets_of(limits: "Quantities") -> "tuple[Budget, ...]":
    """These limits as budgets of the calls of a runtime. Time is none: it passes whether calls are made or not."""
    return tuple(
        Budget(
            name=account_name(resource),
            limit=Amount(unit=resource.unit, value=min(LARGEST, int(limit * resource.to_unit))),
            scope="runtime",
        )
        for resource in (Resource.TOKENS, Resource.COST, Resource.ITERATIONS)
        if (limit := limits.of(resource)) is not None
    )


def _maybe(value: Any) -> Any:
    return Decimal(value) if type(value) is int else value


def _exact(_instance: object, attribute: "Attribute[Any]", value: object) -> None:
    if value is not None:
        quantity(value, attribute.name)


@frozen(kw_only=True)
class Quantities:
    """So much of each resource: whole tokens, dollars, seconds, whole calls. ``None``: no limit.

    Raises ``TypeError`` or ``ValueError``.
    """

    tokens: Decimal | None = field(default=None, converter=_maybe, validator=_exact)
    cost: Decimal | None = field(default=None, converter=_maybe, validator=_exact)
    time: Decimal | None = field(default=None, converter=_maybe, validator=_exact)
    iterations: Decimal | None = field(default=None, converter=_maybe, validator=_exact)

    def of(self, resource: Resource) -> Decimal | None:
        """That of one resource."""
        found: Decimal | None = getattr(self, Resource(resource).value)
        return found


@frozen(kw_only=True)
class BudgetReport:
    """How the budget of a governance provider stands. ``consumed`` has all four; time is what has passed."""

    limits: Quantities
    consumed: Quantities
    remaining: Quantities
