"""Amounts and windows as people write them: ``5usd``, ``200k tokens``, ``90s``; ``month``, ``day``."""

import re
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Final

import click

from provider_runtime.domain.policy.budgets.limits import Amount, Unit

_AMOUNT: Final = re.compile(
    r"\s*(?P<sign>\$?)\s*(?P<number>[0-9][0-9_]{0,20}(?:\.[0-9]{1,9})?)\s*(?P<scale>[kKmM]?)\s*(?P<unit>[a-zA-Z_]*)\s*"
)
_SCALES: Final = {"": 1, "k": 1000, "m": 1_000_000}
_WORDS: Final = {
    "usd": Unit.NANO_USD,
    "dollar": Unit.NANO_USD,
    "dollars": Unit.NANO_USD,
    "token": Unit.TOKENS,
    "tokens": Unit.TOKENS,
    "call": Unit.CALLS,
    "calls": Unit.CALLS,
}
_SECONDS: Final = {"s": 1, "seconds": 1, "min": 60, "minutes": 60, "h": 3600, "hours": 3600}
WINDOWS: Final = {"hour": 3600, "day": 86_400, "week": 7 * 86_400, "month": 30 * 86_400}
"""A month is thirty days: windows are all of one length, and follow one another from 1970 on."""


def parse_amount(text: str) -> Amount:
    """The amount that ``text`` names. Raises ``BadParameter``."""
    found = _AMOUNT.fullmatch(text)
    try:
        return _amount(found) if found is not None else _unclear(text)
    except (ValueError, OverflowError):
        return _unclear(text)


def _amount(found: re.Match[str]) -> Amount:
    unit, scale = found["unit"].lower(), found["scale"].lower()
    if scale == "m" and not unit and not found["sign"]:
        unit, scale = "min", ""  # 5m: so people write minutes
    number = Decimal(found["number"].replace("_", "")) * _SCALES[scale]
    if found["sign"] or _WORDS.get(unit) is Unit.NANO_USD:
        return Amount.usd(number)
    if unit in _SECONDS:
        return Amount(unit=Unit.MILLISECONDS, value=int(number * _SECONDS[unit] * 1000))
    if number != int(number):
        raise ValueError("no part of it")
    return Amount(unit=_WORDS[unit] if unit in _WORDS else Unit(unit), value=int(number))


def _unclear(text: str) -> Amount:
    raise click.BadParameter(f"{text!r:.40} is no amount: write 5usd, 200ktokens, 500calls or 90s")


def parse_window(text: str) -> int:
    """So many seconds. Raises ``BadParameter``."""
    if text in WINDOWS:
        return WINDOWS[text]
    if text.isascii() and text.isdigit() and 0 < int(text) <= 366 * 86_400:
        return int(text)
    raise click.BadParameter(f"{text!r:.40} is no window: write {', '.join(WINDOWS)}, or a number of seconds")


def shown(value: int, unit: str | None) -> str:
    """So much of a unit, short enough for a table and not rounded up; a bare number where nobody knows the unit."""
    if unit is None:
        return f"{value:,}"
    if unit == Unit.NANO_USD:
        dollars = Decimal(value) / 10**9
        places = 2 if dollars >= 1 or not value or value % 10**7 == 0 else 4 if dollars >= Decimal("0.01") else 6
        return f"${dollars.quantize(Decimal(1).scaleb(-places), ROUND_FLOOR):,}"
    if unit == Unit.MILLISECONDS:
        return _time(value // 1000) if value >= 60_000 else f"{value / 1000:g} s"
    return f"{value:,} {unit.removesuffix('s') if value == 1 else unit}"


def number(value: int, unit: str | None) -> str:
    """The same without the name of a unit that stands in the same row already; nothing for nothing."""
    if not value:
        return ""
    return f"{value:,}" if unit in {Unit.TOKENS, Unit.CALLS} else shown(value, unit)


def window_name(window_s: int | None) -> str:
    """How long a window is, in a word where there is one."""
    if window_s is None:
        return "once and for all"
    return next((f"each {name}" for name, seconds in WINDOWS.items() if seconds == window_s), f"each {_time(window_s)}")


def until(moment: datetime, now: datetime) -> str:
    """How long it is until ``moment``, roughly."""
    return _time(max(0, int((moment - now).total_seconds())))


def end_of(window: int, window_s: int) -> datetime:
    """When a window ends."""
    return datetime.fromtimestamp((window + 1) * window_s, UTC)


def _time(seconds: int) -> str:
    for name, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            rest = f"{seconds / size:.1f}".removesuffix(".0") if seconds < 10 * size else str(seconds // size)
            return f"{rest} {name}"
    return f"{seconds} s"
