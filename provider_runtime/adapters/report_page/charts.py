"""The pictures of a report, as Vega-Lite describes them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from provider_runtime.domain.records.receipts import CallOutcome
from provider_runtime.domain.reports.moments import Steps
from provider_runtime.domain.reports.report import BudgetState
from provider_runtime.domain.reports.sums import Sums

PERCENTILES: Final = (50, 95, 99)
OUTCOMES: Final = (CallOutcome.ANSWERED, CallOutcome.REFUSED, CallOutcome.FAILED, CallOutcome.CANCELLED)
_DASHES: Final = ((1, 0), (6, 3), (2, 3))
_SHORT: Final = {"labelExpr": "datum.value == 0 ? '0' : format(datum.value, '~s')"}
_FEW: Final = 6
_BARS: Final = 10
_HEIGHT: Final = 180
_ROW: Final = 42
_BAR: Final = 12


def calls_over_time(steps: Steps[Sums]) -> dict[str, Any]:
    """Calls in each step, by how they ended."""
    seen = [outcome for outcome in OUTCOMES if any(one.outcomes[outcome] for _, one in steps)]
    stacks = [(at, {outcome.value: float(one.outcomes[outcome]) for outcome in seen}) for at, one in steps]
    return _stacked(stacks, steps.span, title="calls", axis={"tickMinStep": 1, **_SHORT})


def tokens_over_time(steps: Steps[Sums]) -> dict[str, Any]:
    """Tokens in each step, read and written."""
    stacks = [(at, {"input": float(one.input_tokens), "output": float(one.output_tokens)}) for at, one in steps]
    return _stacked(stacks, steps.span, title="tokens", axis=_SHORT)


def cost_over_time(steps: Steps[Sums]) -> dict[str, Any]:
    """Dollars in each step."""
    stacks = [(at, {"cost": one.cost_nano_usd / 1e9}) for at, one in steps]
    return _stacked(stacks, steps.span, title="US dollars", axis={"format": "$,.2~f"})


def latency_over_time(steps: Steps[Sums]) -> dict[str, Any]:
    """Percentiles of how long answers took, in each step; a gap where nothing was answered."""
    rows = [
        {"at": (at + steps.span / 2).isoformat(), "percentile": f"p{percent}", "seconds": found / 1000}
        for at, one in steps
        for percent in PERCENTILES
        if (found := one.latencies.percentile_ms(percent)) is not None
    ]
    names = [f"p{percent}" for percent in PERCENTILES]
    # Told apart by their dashes as well, for whoever sees no colours.
    dashes = {"field": "percentile", "scale": {"domain": names, "range": _DASHES}, "legend": None}
    y = {"field": "seconds", "type": "quantitative", "title": "seconds"}
    return {
        "data": {"values": rows},
        "height": _HEIGHT,
        "mark": {"type": "line", "point": {"size": 25}, "strokeWidth": 2},
        "encoding": {"x": _time(steps.span), "y": y, "color": _colours("percentile", names), "strokeDash": dashes},
    }


def bars(amounts: Mapping[str, float], *, form: str, colour: str = "accent") -> dict[str, Any]:
    """The largest of some amounts, each a bar with its figure behind it; the rest of them together."""
    largest = sorted(amounts.items(), key=lambda item: (-item[1], item[0]))
    shown = largest if len(largest) == _BARS + 1 else largest[:_BARS]  # one more is no longer than "1 more"
    rest = sum(amount for _, amount in largest[len(shown) :])
    rows: list[dict[str, Any]] = [{"name": name, "amount": amount} for name, amount in shown]
    if rest:
        rows.append({"name": f"{len(largest) - len(shown)} more", "amount": rest})
    most = max((row["amount"] for row in rows), default=0)
    y = {"field": "name", "type": "nominal", "sort": [row["name"] for row in rows], "axis": None}
    # Room behind the longest bar for its figure.
    x = {"field": "amount", "type": "quantitative", "axis": None, "scale": {"domain": [0, most * 1.3 or 1]}}
    figure = {"field": "amount", "type": "quantitative", "format": form}
    return {
        "data": {"values": rows},
        "height": {"step": _ROW},
        "encoding": {"y": y},
        "layer": [
            _name_above(),
            {
                "mark": {
                    "type": "bar",
                    "color": f"var(--{colour})",
                    "height": _BAR,
                    "yOffset": 8,
                    "cornerRadiusEnd": 2,
                },
                "encoding": {"x": x},
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 5, "dy": 8},
                "encoding": {"x": x, "text": figure},
            },
        ],
    }


def _name_above() -> dict[str, Any]:
    """The name of a bar above it: beside it there is no room on a phone, and no letter may be cut."""
    return {
        "mark": {"type": "text", "align": "left", "dy": -9, "color": "var(--soft)"},
        "encoding": {"x": {"value": 0}, "text": {"field": "name"}},
    }


def budget_bars(budgets: Mapping[str, BudgetState]) -> dict[str, Any]:
    """Of each limit, what is spent and what is set aside, in per cent."""
    rows: list[dict[str, Any]] = []
    for name, state in budgets.items():
        limit, balance = state.standing.limit or 1, state.standing.balance
        rows += [
            {"name": name, "part": "spent", "share": balance.posted / limit, "order": 0},
            {"name": name, "part": "set aside", "share": balance.held / limit, "order": 1},
        ]
    most = max((row["share"] for row in rows), default=0)
    y = {"field": "name", "type": "nominal", "sort": list(budgets), "axis": None}
    x = {
        "field": "share",
        "type": "quantitative",
        "stack": "zero",
        "title": "of the limit",
        "axis": {"format": ".0%", "tickCount": 5, "grid": False},
        "scale": {"domain": [0, max(1.0, most)]},
    }
    parts = {"x": x, "color": _colours("part", ["spent", "set aside"]), "order": {"field": "order"}}
    edge = {"type": "rule", "color": "var(--ink)", "strokeWidth": 2}
    return {
        "data": {"values": rows},
        "height": {"step": _ROW},
        "layer": [
            {**_name_above(), "encoding": {"y": y, **_name_above()["encoding"]}},
            {"mark": {"type": "bar", "height": _BAR, "yOffset": 8}, "encoding": {"y": y, **parts}},
            {"mark": edge, "encoding": {"x": {"datum": 1}}},
        ],
    }


_COLOURS: Final = {
    **{outcome.value: f"var(--{outcome.value})" for outcome in OUTCOMES},
    "cost": "var(--accent)",
    "input": "var(--accent)",
    "output": "var(--second)",
    "p50": "var(--accent)",
    "p95": "var(--refused)",
    "p99": "var(--failed)",
    "spent": "var(--accent)",
    "set aside": "var(--refused)",
}


def _colours(field: str, names: list[str]) -> dict[str, Any]:
    scale = {"domain": names, "range": [_COLOURS[name] for name in names]}
    return {"field": field, "type": "nominal", "scale": scale, "legend": {"title": None}}


def _stacked(
    stacks: list[tuple[datetime, dict[str, float]]], span: timedelta, *, title: str, axis: dict[str, Any]
) -> dict[str, Any]:
    """A bar for each step, its parts on top of each other."""
    rows: list[dict[str, Any]] = []
    names: list[str] = []
    for at, parts in stacks:
        top = 0.0
        for name, amount in parts.items():
            names += [] if name in names else [name]
            ends = {"at": at.isoformat(), "to": (at + span).isoformat(), "from": top, "top": top + amount}
            rows += [{**ends, "part": name}] if amount else []
            top += amount
    color = _colours("part", names)
    most = max((row["top"] for row in rows), default=0.0)
    if axis.get("tickMinStep") and most < _FEW:
        axis = {**axis, "values": list(range(int(most) + 1))}  # of few whole things there are no halves
    y = {"field": "top", "type": "quantitative", "title": title, "axis": axis, "scale": {"domain": [0, most or 1]}}
    return {
        "data": {"values": rows},
        "height": _HEIGHT,
        "mark": {"type": "rect", "stroke": "var(--card)", "strokeWidth": 1},
        "encoding": {
            "x": _time(span),
            "x2": {"field": "to"},
            "y": y,
            "y2": {"field": "from"},
            "color": color if len(names) > 1 else {"value": "var(--accent)"},
        },
    }


def _time(span: timedelta) -> dict[str, Any]:
    """The axis of time, in UTC; by the hour, midnight is told as its day."""
    seconds = span.total_seconds()
    form = "%H:%M:%S" if seconds < 60 else "%H:%M" if seconds < 86_400 else "%b %d"
    midnight = "utchours(datum.value) == 0 && utcminutes(datum.value) == 0 && utcseconds(datum.value) == 0"
    words = f"{midnight} ? utcFormat(datum.value, '%b %d') : utcFormat(datum.value, '{form}')"
    ticks = {"signal": "max(2, width / 90)"}
    axis = {"labelExpr": words, "labelOverlap": True, "labelFlush": True, "grid": False, "tickCount": ticks}
    axis["tickMinStep"] = seconds * 1000  # ticks within a step would bear the same words
    return {"field": "at", "type": "temporal", "scale": {"type": "utc"}, "title": None, "axis": axis}
