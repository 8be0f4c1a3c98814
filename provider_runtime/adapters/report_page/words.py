"""Amounts, times and counts, as people read them."""

from datetime import datetime, timedelta


def dollars(nano_usd: int) -> str:
    """Dollars with as many digits as it takes to see them."""
    amount = nano_usd / 1e9
    if amount == 0 or amount >= 100:
        return f"${amount:,.0f}"
    return f"${amount:,.2f}" if amount >= 1 else f"${amount:.4f}" if amount >= 0.001 else f"${amount:.6f}"


def counted(number: int) -> str:
    """A whole number with its thousands set apart."""
    return f"{number:,}"


def share(part: int, whole: int) -> str:
    """Per cent, never rounded to none or all of it."""
    if not whole:
        return "-"
    percent = 100 * part / whole
    if 0 < percent < 0.1 or 99.9 < percent < 100:
        return "< 0.1 %" if percent < 1 else "> 99.9 %"
    return f"{percent:.1f} %".replace(".0 %", " %")


def duration(milliseconds: float | None) -> str:
    """A duration with three digits or so."""
    if milliseconds is None:
        return "-"
    if milliseconds < 10:
        return f"{milliseconds:.1f} ms"
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:.1f} s" if milliseconds < 120_000 else f"{milliseconds / 60_000:.0f} min"


def moment(when: datetime | None) -> str:
    """A time of day in UTC, to the second."""
    return "-" if when is None else f"{when:%Y-%m-%d %H:%M:%S}"


def span(length: timedelta) -> str:
    """How long a step of time is."""
    seconds = int(length.total_seconds())
    for size, name in ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds % size == 0:
            count = seconds // size
            return f"{count} {name}s" if count > 1 else name
    return f"{seconds} seconds"
