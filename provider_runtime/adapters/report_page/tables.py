"""Tables: the figures behind a picture, for whoever reads, copies or listens."""

from collections.abc import Iterable, Mapping, Sequence

from provider_runtime.adapters.report_page.charts import OUTCOMES, PERCENTILES
from provider_runtime.adapters.report_page.markup import Child, Markup, tag
from provider_runtime.adapters.report_page.words import counted, dollars, duration, moment
from provider_runtime.domain.reports.moments import Steps
from provider_runtime.domain.reports.sums import Sums


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[Child]]) -> Markup:
    """A table whose first column names its rows; the others are figures, unless the head ends with a ``<``."""
    at_left = [number == 0 or name.endswith("<") for number, name in enumerate(head)]
    cells = [
        tag("th", name.removesuffix("<"), scope="col", class_=None if left else "number")
        for name, left in zip(head, at_left, strict=True)
    ]
    body = [
        tag("tr", *(_cell(child, number, left=at_left[number]) for number, child in enumerate(row))) for row in rows
    ]
    whole = tag("table", tag("caption", caption), tag("thead", tag("tr", cells)), tag("tbody", body))
    # Wider than a phone: it scrolls by itself, also by keyboard.
    return tag("div", whole, class_="scroll", tabindex=0, role="region", aria_label=caption)


def figures(content: Markup) -> Markup:
    """A table that is there when it is asked for."""
    return tag("details", tag("summary", "The figures"), content, class_="figures")


def sums_table(caption: str, what: str, sums: Mapping[str, Sums]) -> Markup:
    """What each of several came to, the dearest first."""
    head = (what, "calls", "answered", "refused", "failed", "tokens in", "out", "cost", "median", "p95")
    ordered = sorted(sums.items(), key=lambda item: (-item[1].cost_nano_usd, -item[1].calls, item[0]))
    return table(caption, head, ((name, *_row(one)) for name, one in ordered))


def steps_table(caption: str, steps: Steps[Sums]) -> Markup:
    """What each step of time came to; those in which nothing happened are left out."""
    names = [outcome.value for outcome in OUTCOMES]
    head = ("begins (UTC)", *names, "tokens in", "out", "cost", *(f"p{percent}" for percent in PERCENTILES))
    rows = (
        (
            moment(at),
            *(counted(one.outcomes[outcome]) for outcome in OUTCOMES),
            counted(one.input_tokens),
            counted(one.output_tokens),
            dollars(one.cost_nano_usd),
            *(duration(one.latencies.percentile_ms(percent)) for percent in PERCENTILES),
        )
        for at, one in steps
        if one.calls
    )
    return table(caption, head, rows)


def counts_table(caption: str, what: str, counts: Mapping[str, int]) -> Markup:
    """How often each of several happened, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return table(caption, (what, "calls"), ((name, counted(count)) for name, count in ordered))


def _row(one: Sums) -> tuple[str, ...]:
    answered, refused, failed, _ = (counted(one.outcomes[outcome]) for outcome in OUTCOMES)
    tokens = (counted(one.input_tokens), counted(one.output_tokens))
    cost = dollars(one.cost_nano_usd) + (" +" if one.unpriced else "")
    times = (duration(one.latencies.percentile_ms(percent)) for percent in (50, 95))
    return (counted(one.calls), answered, refused, failed, *tokens, cost, *times)


def _cell(child: Child, number: int, *, left: bool) -> Markup:
    if number == 0:
        return tag("th", child, scope="row")
    return tag("td", child, class_=None if left else "number")
