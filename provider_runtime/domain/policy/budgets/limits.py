"""Budgets: how much of what may be spent, in which time, by whom."""

import re
from decimal import ROUND_FLOOR, Context, Decimal
from enum import StrEnum
from typing import Final, Self

from attrs import Attribute, field, frozen
from attrs.validators import optional

from provider_runtime.domain.checks import is_a, whole

LARGEST: Final = 2**53 - 1
"""The largest amount: receipts and ledgers are JSON, whose whole numbers are the same everywhere up to here."""
EVERYONE: Final = "everyone"
_NAME: Final = re.compile(r"[a-z][a-z0-9_.-]{0,63}\Z")
_EXACT: Final = Context(prec=80, rounding=ROUND_FLOOR)


class Unit(StrEnum):
    """What a budget counts."""

    NANO_USD = "nano_usd"  # billionths of a US dollar
    TOKENS = "tokens"  # input and output together
    CALLS = "calls"  # requests that the provider may have worked on: retries and alternatives count, too
    MILLISECONDS = "milliseconds"  # from sending until the answer, or until it was given up


@frozen(kw_only=True)
class Amount:
    """So much of one unit, in whole numbers. Raises ``TypeError`` or ``ValueError``."""

    unit: Unit = field(converter=Unit)
    value: int = field(validator=whole(0, LARGEST))

    @classmethod
    def usd(cls, dollars: Decimal | int | str) -> Self:
        """US dollars, as text such as ``"0.25"``; fractions below a billionth of a dollar are cut off."""
        if isinstance(dollars, bool) or not isinstance(dollars, Decimal | int | str):
            raise TypeError("dollars are a Decimal, a whole number, or text such as '0.25'")
        try:
            exact = Decimal(dollars)
        except ArithmeticError:
            raise ValueError("dollars must be a decimal number") from None
        if not exact.is_finite():
            raise ValueError("dollars must be a finite number")
        return cls(unit=Unit.NANO_USD, value=int(exact.scaleb(9, _EXACT)))

    @classmethod
    def tokens(cls, count: int) -> Self:
        """Tokens, input and output together."""
        return cls(unit=Unit.TOKENS, value=count)

    @classmethod
    def calls(cls, count: int) -> Self:
        """Requests to providers: each attempt is one, unless it is known that nothing was done for it."""
        return cls(unit=Unit.CALLS, value=count)

    @classmethod
    def seconds(cls, seconds: float) -> Self:
        """Time that requests take, added up."""
        return cls(unit=Unit.MILLISECONDS, value=int(seconds * 1000))

    def __str__(self) -> str:
        if self.unit is Unit.NANO_USD:
            dollars, rest = divmod(self.value, 10**9)
            return f"${dollars}.{rest:09d}".rstrip("0").rstrip(".")
        if self.unit is Unit.MILLISECONDS:
            return f"{self.value / 1000:g} s"
        return f"{self.value} {self.unit.value.removesuffix('s') if self.value == 1 else self.unit.value}"


def _scope(_instance: object, attribute: "Attribute[str]", value: object) -> None:
    if not isinstance(value, str) or not _NAME.match(value):
        raise ValueError(f"{attribute.name} must be 1 to 64 of a-z, 0-9, '_', '.' and '-', beginning with a letter")


@frozen(kw_only=True)
class Budget:
    """A limit on what calls may come to. Money, tokens, requests or time: whatever ``limit`` counts.

    ``name`` is what the ledger, errors and warnings call it. ``scope`` says who shares it:
    ``everyone`` (all calls that are entered in one ledger), ``runtime`` (each runtime has its own,
    by its id), ``profile`` (each work profile, by its name), or a label of calls such as ``tenant``
    (each value has its own; a call without that label is refused). ``window_s``: the limit holds
    anew every so many seconds, counted from 1970 in UTC; ``None``: once and for all.
    Raises ``TypeError`` or ``ValueError``. Source: specification, "Policy and governance".
    """

    name: str = field(validator=_scope)
    limit: Amount = field(validator=is_a(Amount))
    window_s: int | None = field(default=None, validator=optional(whole(1, 366 * 86_400)))
    scope: str = field(default=EVERYONE, validator=_scope)
