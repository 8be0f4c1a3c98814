"""report_page: a report as one file of HTML, without a script, a font or a picture from anywhere else."""

from collections.abc import Callable, Mapping
from importlib.resources import files
from itertools import count
from typing import Any, Final

from attrs import define, field

from provider_runtime.adapters.report_page import charts
from provider_runtime.adapters.report_page.drawing import NARROW, WIDE, Drawing
from provider_runtime.adapters.report_page.markup import Markup, tag, together, trusted
from provider_runtime.adapters.report_page.tables import counts_table, figures, steps_table, sums_table, table
from provider_runtime.adapters.report_page.timelines import call_details
from provider_runtime.adapters.report_page.words import counted, dollars, duration, moment, share, span
from provider_runtime.domain.policy.budgets.limits import Amount
from provider_runtime.domain.records.receipts import CallOutcome, ChainVerdict
from provider_runtime.domain.reports.report import BudgetState, Report
from provider_runtime.domain.reports.sums import Sums

# The page asks nobody for anything, and says so to the browser: no script runs, nothing is loaded or sent.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def report_page(report: Report, *, title: str = "Calls") -> str:
    """The whole page. Raises ``InvalidSettings`` without the extra ``report``."""
    return _Page(report=report, title=title).whole()


@define
class _Page:
    report: Report = field(kw_only=True)
    title: str = field(kw_only=True)
    _drawing: Drawing = field(factory=Drawing, init=False)
    _ids: "count[int]" = field(factory=lambda: count(1), init=False)

    def whole(self) -> str:
        """The document."""
        sections = [
            ("sums", "In short", self._numbers()),
            ("time", "Over time", self._over_time()),
            ("cost", "Cost", self._cost()),
            ("latency", "How long answers took", self._latency()),
            ("refusals", "Refusals and failures", self._refusals()),
            ("budgets", "Budgets", self._budgets()),
            ("calls", "Calls, one by one", self._calls()),
        ]
        there = [(name, words, content) for name, words, content in sections if content is not None]
        links = [tag("li", tag("a", words, href=f"#{name}")) for name, words, _ in there]
        body = tag(
            "body",
            tag("a", "Skip to the figures", href="#main", class_="skip"),
            tag("header", tag("h1", self.title), *self._about(), tag("nav", tag("ul", links), aria_label="Sections")),
            tag("main", *(_section(*one) for one in there), id="main"),
            tag("footer", tag("p", self._footer())),
        )
        return f"<!doctype html>\n{tag('html', self._head(), body, lang='en')}\n"

    def _head(self) -> Markup:
        style = files(__package__).joinpath("page.css").read_text("utf-8")
        return tag(
            "head",
            tag("meta", charset="utf-8"),
            tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("meta", name="color-scheme", content="light dark"),
            tag("meta", name="referrer", content="no-referrer"),
            tag("title", self.title),
            tag("style", trusted(style)),
        )

    def _about(self) -> list[Markup]:
        found, report = self.report.figures, self.report
        if not found.total.calls:
            since = "" if report.since is None else f" since {moment(report.since)}"
            until = "" if report.until is None else f" until {moment(report.until)}"
            return [tag("p", f"No calls{since}{until}.")]
        calls = f"{counted(found.total.calls)} {'call' if found.total.calls == 1 else 'calls'}"
        return [tag("p", f"{calls}, begun {moment(found.first)} to {moment(found.last)} (UTC).", class_="soft")]

    def _footer(self) -> str:
        verdict = "" if self.report.verdict is None else f" {_chain(self.report.verdict)}"
        made = f"Made {moment(self.report.made_at)} (UTC) by provider-runtime, from receipts."
        return f"{made} Nothing of what was said is in it.{verdict}"

    # ── sections ────────────────────────────────────────────────────────────────────────────

    def _numbers(self) -> Markup | None:
        total = self.report.figures.total
        if not total.calls:
            return None
        answered, refused, failed = (
            total.outcomes[outcome] for outcome in (CallOutcome.ANSWERED, CallOutcome.REFUSED, CallOutcome.FAILED)
        )
        numbers = (
            ("calls", counted(total.calls), None),
            ("answered", share(answered, total.calls), counted(answered)),
            ("refused", share(refused, total.calls), counted(refused)),
            ("failed", share(failed, total.calls), counted(failed)),
            ("cost", dollars(total.cost_nano_usd), f"{total.unpriced:,} unpriced" if total.unpriced else None),
            ("tokens in", counted(total.input_tokens), None),
            ("tokens out", counted(total.output_tokens), None),
            ("median answer", duration(total.latencies.percentile_ms(50)), None),
            ("95 of 100 within", duration(total.latencies.percentile_ms(95)), None),
            ("sent more than once", counted(total.retried), share(total.retried, total.calls)),
        )
        return tag("dl", *(_number(*number) for number in numbers), class_="numbers")

    def _over_time(self) -> Markup | None:
        steps = self.report.figures.steps
        if not self.report.figures.total.calls:
            return None
        every = f"a bar for each {span(steps.span)}"
        tokens = self.report.figures.total.input_tokens + self.report.figures.total.output_tokens
        return together(
            self._wide("Calls", f"by how they ended; {every}", charts.calls_over_time(steps)),
            self._wide("Tokens", f"read and written; {every}", charts.tokens_over_time(steps)) if tokens else None,
            figures(steps_table("Calls, tokens, cost and latency over time", steps)),
        )

    def _cost(self) -> Markup | None:
        found = self.report.figures
        if not found.total.calls:
            return None
        ways = (
            ("provider", found.providers),
            ("model", found.models),
            ("role", found.roles),
            (found.label, found.tenants),
        )
        there = [(what, sums) for what, sums in ways if sums]
        missing = [what for what, sums in ways if not sums]
        by = [self._bars(f"By {what}", self._whose(sums), _costs(sums), "$,.2f") for what, sums in there]
        over_time = charts.cost_over_time(found.steps)
        spent = bool(found.total.cost_nano_usd)
        return together(
            self._wide("Cost", f"a bar for each {span(found.steps.span)}", over_time) if spent else None,
            tag("div", *by, class_="pair") if spent else tag("p", "No call has a cost."),
            *(figures_named(f"The figures by {what}", sums_table(f"By {what}", what, sums)) for what, sums in there),
            tag("p", f"No call names a {' or a '.join(missing)}.", class_="soft") if missing else None,
        )

    def _whose(self, sums: Mapping[str, Sums]) -> str:
        named = sum(one.calls for one in sums.values()) == self.report.figures.total.calls
        return "US dollars" if named else "US dollars; calls that name none are left out"

    def _latency(self) -> Markup | None:
        found = self.report.figures
        if not found.total.latencies.count:
            return None
        models = {name: one for name, one in found.models.items() if one.latencies.count}
        percents = (*charts.PERCENTILES[:1], 75, 90, *charts.PERCENTILES[1:])
        rows = (
            (name, counted(one.latencies.count), *(duration(one.latencies.percentile_ms(p)) for p in percents))
            for name, one in sorted(models.items(), key=lambda item: -item[1].latencies.count)
        )
        head = ("model", "answers", "median", *(f"p{percent}" for percent in percents[1:]))
        return together(
            self._wide(
                "Percentiles",
                "of how long answers took, all attempts and waits included",
                charts.latency_over_time(found.steps),
            ),
            table("Percentiles by model", head, rows),
        )

    def _refusals(self) -> Markup | None:
        found = self.report.figures
        if not found.refused_by and not found.failed_with:
            return None if not found.total.calls else tag("p", "No call was refused, and none failed.")
        pair = [
            self._bars(title, words, dict(counts), ",d", colour)
            for title, words, counts, colour in (
                ("Refused by", "gate", found.refused_by, "refused"),
                ("Failed with", "code", found.failed_with, "failed"),
            )
            if counts
        ]
        return together(
            tag("div", *pair, class_="pair"),
            figures(
                together(
                    counts_table("Refusals by gate", "gate", found.refused_by) if found.refused_by else None,
                    counts_table("Failures by code", "code", found.failed_with) if found.failed_with else None,
                )
            ),
        )

    def _budgets(self) -> Markup | None:
        if not self.report.budgets:
            return None
        named = {_account(state): state for state in self.report.budgets}
        rows = (
            (
                name,
                _amount(state, state.standing.limit),
                _amount(state, state.standing.balance.posted),
                _amount(state, state.standing.balance.held),
                _amount(state, state.standing.remaining),
                share(state.standing.balance.taken, state.standing.limit),
            )
            for name, state in named.items()
        )
        head = ("budget", "limit", "spent", "set aside", "left", "taken")
        return together(
            self._wide("Spent and set aside", "of each limit", charts.budget_bars(named)),
            table("Budgets", head, rows),
        )

    def _calls(self) -> Markup | None:
        if not self.report.calls:
            return None
        asked_for = [call for call in self.report.calls if "asked for" in call.reasons]
        shown_open = (asked_for or list(self.report.calls))[:1]
        return together(
            *(
                call_details(call, self.report.traces.get(call.receipt.record.call_id), is_open=call in shown_open)
                for call in self.report.calls
            )
        )

    # ── pictures ────────────────────────────────────────────────────────────────────────────

    def _wide(self, title: str, words: str, spec: dict[str, Any]) -> Markup:
        """A picture as wide as the page, and another for a phone: the same one, smaller, could not be read."""
        return self._figure(
            title,
            words,
            lambda names: together(
                tag("div", self._drawing.svg(spec, names=names, width=WIDE), class_="wide"),
                tag("div", self._drawing.svg(spec, names=names, width=NARROW), class_="narrow"),
            ),
        )

    def _bars(self, title: str, words: str, amounts: Mapping[str, float], form: str, colour: str = "accent") -> Markup:
        spec = charts.bars(amounts, form=form, colour=colour)
        return self._figure(title, words, lambda names: self._drawing.svg(spec, names=names, width=NARROW))

    def _figure(self, title: str, words: str, draw: Callable[[str], Markup]) -> Markup:
        name = f"figure-{next(self._ids)}"
        caption = tag("figcaption", tag("h3", title), tag("span", words, class_="soft"), id=name)
        return tag("figure", caption, draw(name))


def figures_named(summary: str, content: Markup) -> Markup:
    """Figures under a name of their own, where there are several beside each other."""
    return tag("details", tag("summary", summary), content, class_="figures")


def _section(name: str, words: str, content: Markup) -> Markup:
    return tag("section", tag("h2", words, id=f"{name}-title"), content, id=name, aria_labelledby=f"{name}-title")


def _number(name: str, figure: str, beside: str | None) -> Markup:
    shown = tag("dd", figure, together(trusted(" "), tag("small", beside)) if beside else None)
    return tag("div", tag("dt", name), shown)


def _costs(sums: Mapping[str, Sums]) -> dict[str, float]:
    return {name: one.cost_nano_usd / 1e9 for name, one in sums.items()}


def _account(state: BudgetState) -> str:
    account = state.standing.account
    return account.budget if account.owner == "everyone" else f"{account.budget} of {account.owner}"


def _amount(state: BudgetState, value: int) -> str:
    return counted(value) if state.unit is None else str(Amount(unit=state.unit, value=value))


def _chain(verdict: ChainVerdict) -> str:
    if verdict.valid:
        return f"The chain of {counted(verdict.count)} receipts is whole."
    return f"The chain of receipts is broken at {verdict.broken_at}: {verdict.error}."
