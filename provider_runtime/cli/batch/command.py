"""``batch``: many requests from a file, a bounded number at a time, each answered once."""

import asyncio
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import click
from attrs import evolve

from provider_runtime.adapters.batches.files.store import folder_of
from provider_runtime.application.batch.asking import LABEL
from provider_runtime.application.batch.plan import BatchEnd, BatchPlan, BatchReport
from provider_runtime.application.batch.running import BatchRun
from provider_runtime.cli.batch.consent import BatchConsent
from provider_runtime.cli.batch.progress import Shown, progress_shown
from provider_runtime.cli.batch.summary import show_report
from provider_runtime.cli.consent.place import ConsentPlace
from provider_runtime.cli.failures import INTERRUPTED, run_or_exit, usage_error
from provider_runtime.cli.families import exit_code, show_error
from provider_runtime.cli.inputs import asked_first, command_settings, runtime_options
from provider_runtime.cli.records.recording import keep_option, recording
from provider_runtime.cli.workspace.opening import CommandSettings, opened
from provider_runtime.composition.batches.running import FORMS, open_batch
from provider_runtime.composition.settings import MemoryLedger, RuntimeSettings, SqliteLedger
from provider_runtime.domain.batches.head import Interrupted
from provider_runtime.domain.batches.lines import LineCall
from provider_runtime.domain.errors import ConsentRefused, ProviderRuntimeError
from provider_runtime.domain.policy.budgets.limits import Amount, Budget
from provider_runtime.domain.policy.resilience.rate_limits import RateLimits

UNANSWERED: Final = 9
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_EXIT_CODES: Final = (
    "Exit codes: 0 every line is answered, 2 usage, 3 configuration, 5 a budget is spent or consent is wanting, "
    "6 the provider cannot be asked, 7 a store failed, 9 every line was asked and some have an error instead of an "
    "answer, 130 interrupted. After 3, 5, 6, 7 and 130, --resume goes on."
)


def _dollars(_context: click.Context, _option: click.Parameter, value: str | None) -> Amount | None:
    if value is None:
        return None
    try:
        return Amount.usd(Decimal(value.strip().removeprefix("$")))
    except (InvalidOperation, ValueError):
        raise click.BadParameter("give dollars, such as 2.50") from None


@click.command(epilog=_EXIT_CODES)
@click.argument("source", metavar="IN", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--output", "-o", required=True, type=click.Path(path_type=Path), help="File of the answers.")
@click.option("--resume", is_flag=True, help="Go on where an earlier run ended; begin where there was none.")
@click.option("--model", "-m", help="Ask this model, whatever the lines name.")
@click.option("--form", type=click.Choice(list(FORMS)), help="Of the lines; default: as the first one looks.")
@click.option("--concurrency", type=int, default=16, show_default=True, help="Lines under way at once.")
@click.option("--in-order", is_flag=True, help="Keep answers in the order of the lines, not as they come.")
@click.option("--max-cost", callback=_dollars, metavar="USD", help="Most that the whole batch may cost.")
@click.option("--stop-on-budget", is_flag=True, help="End at the first line that no budget has room for.")
@click.option("--requests-per-minute", type=int, help="Most requests a minute, of each provider.")
@click.option("--tokens-per-minute", type=int, help="Most tokens a minute, of each provider.")
@click.option(
    "--interrupted",
    type=click.Choice([choice.value for choice in Interrupted]),
    default=Interrupted.AGAIN.value,
    show_default=True,
    help="What becomes of lines that were under way when an earlier run was ended, and may have been billed.",
)
@click.option("--patience", type=float, default=600.0, show_default=True, help="Seconds to wait for a provider.")
@keep_option
@runtime_options
def batch(**options: Any) -> None:
    """Ask every line of the file IN, and keep each answer as a line.

    Lines are requests in canonical form, or those of OpenAI's batch files; answers have the same form.
    A run that is ended, by Ctrl-C or by force, is gone on with by --resume: no line is answered twice. Before
    lines leave this machine, a person at the terminal is asked once; where there is none, see `consent`.

    \b
    provider-runtime batch questions.jsonl -o answers.jsonl
    provider-runtime batch questions.jsonl -o answers.jsonl --resume --max-cost 5
    provider-runtime batch openai.jsonl -o answers.jsonl -m anthropic:claude-haiku-4-5
    """
    plan = _plan(options)
    ended: list[BatchReport] = []

    async def work() -> None:
        made = await _made(options, plan)
        async with recording(options["folder"], made.settings, wanted=options["keep"]) as kept:
            ended.append(await _run_with_consent(evolve(made, settings=kept.settings), kept.parts, options, plan))

    run_or_exit(work)
    report = ended[0]
    show_report(report, options)
    if report.error is not None:
        show_error(report.error)
    raise SystemExit(_exit_code(report))


async def _run_with_consent(
    made: CommandSettings, parts: Mapping[str, Any], options: dict[str, Any], plan: BatchPlan
) -> BatchReport:
    """A run; where lines wait for a person's consent, that is asked for, and the run goes on."""
    consent, resume = BatchConsent(ConsentPlace.of(options["folder"])), options["resume"]
    while True:
        report, unconsented = await _run(made, parts, options, plan, resume=resume)
        if unconsented is None or consent.place.path is None or not isinstance(report.error, ConsentRefused):
            return report
        try:
            await consent.ask(made, unconsented, report.error)
        except ProviderRuntimeError as refused:
            return evolve(report, error=refused.with_traceback(None))
        made, resume = consent.kept_in(made), True


async def _run(
    made: CommandSettings, parts: Mapping[str, Any], options: dict[str, Any], plan: BatchPlan, *, resume: bool
) -> tuple[BatchReport, LineCall | None]:
    files, form = (options["source"], options["output"]), options["form"]
    async with (
        opened(made, **parts) as runtime,
        open_batch(runtime, *files, plan, form=form, resume=resume) as run,
    ):
        with progress_shown(run) as shown, _stopped_by_signals(run, shown):
            run.heard = shown.heard
            return await run.run(), run.unconsented


def _plan(options: dict[str, Any]) -> BatchPlan:
    if options["base_url"] is not None and options["model"] is None:
        usage_error("--base-url needs --model: name what is to be asked there, for example --model local:llama3.2")
    try:
        return BatchPlan(
            concurrency=options["concurrency"],
            model=options["model"],
            in_order=options["in_order"],
            stop_on_budget=options["stop_on_budget"],
            interrupted=options["interrupted"],
            patience_s=options["patience"],
        )
    except (TypeError, ValueError) as fault:
        usage_error(str(fault))


async def _made(options: dict[str, Any], plan: BatchPlan) -> CommandSettings:
    made = await command_settings(options, plan.model)
    made = asked_first(made)
    return evolve(made, settings=_with_limits(made.settings, options))


def _with_limits(settings: RuntimeSettings, options: dict[str, Any]) -> RuntimeSettings:
    """The settings, with the limits and the budget that the options give this batch."""
    requests, tokens = options["requests_per_minute"], options["tokens_per_minute"]
    if requests is not None or tokens is not None:
        limits = RateLimits(requests_per_minute=requests, tokens_per_minute=tokens)
        settings = evolve(settings, limits={config.provider_id: limits for config in settings.providers})
    if options["max_cost"] is None:
        return settings
    # Named by the batch, so that each has its own, in whatever ledger it stands.
    budget = Budget(name="batch-cost", limit=options["max_cost"], scope=LABEL)
    own = isinstance(settings.ledger, MemoryLedger)
    ledger = SqliteLedger(path=folder_of(options["output"]) / "ledger.sqlite") if own else settings.ledger
    return evolve(settings, budgets=(*settings.budgets, budget), ledger=ledger)


@contextmanager
def _stopped_by_signals(run: BatchRun, shown: Shown) -> Iterator[None]:
    """The first Ctrl-C ends the run when what is under way has come to its end; the second ends it at once."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    asked: list[int] = []

    def stop() -> None:
        if asked and task is not None:
            task.cancel()
            return
        asked.append(1)
        run.stop()
        shown.say(f"Waiting for {run.progress().running} lines under way; Ctrl-C again leaves them behind.")

    with suppress(NotImplementedError):  # Windows has no such handlers: there Ctrl-C ends the run at once
        for number in _SIGNALS:
            loop.add_signal_handler(number, stop)
    try:
        yield
    except asyncio.CancelledError:
        if not asked:
            raise
        raise KeyboardInterrupt from None
    finally:
        with suppress(NotImplementedError):
            for number in _SIGNALS:
                loop.remove_signal_handler(number)


def _exit_code(report: BatchReport) -> int:
    if report.end is BatchEnd.STOPPED:
        return INTERRUPTED
    if report.error is not None:
        return exit_code(report.error)
    return UNANSWERED if report.tally.unanswered else 0
