"""How far a batch has come: a bar at a terminal, a line now and then where there is none."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import click
from attrs import frozen
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from provider_runtime.application.batch.pace import BatchProgress
from provider_runtime.application.batch.running import BatchRun

_EVERY_S: Final = 10.0


@frozen(kw_only=True)
class Shown:
    """What is told of a run: ``heard`` after each line, ``say`` in between."""

    heard: Callable[[BatchProgress], None]
    say: Callable[[str], None]


@contextmanager
def progress_shown(run: BatchRun) -> Iterator[Shown]:
    """Show on standard error how far ``run`` has come."""
    if sys.stderr.isatty():
        with _bar() as bar:
            task = bar.add_task("", total=run.total, **_words(run.progress()))
            yield Shown(heard=lambda progress: _move(bar, task, progress), say=bar.console.print)
        return
    clock, begins = run.runtime.clock, run.progress()
    if begins.done:
        _say(f"{begins.done:,} of {begins.total:,} lines are done already.")
    told = [clock.monotonic()]

    def heard(progress: BatchProgress) -> None:
        if clock.monotonic() - told[0] >= _EVERY_S:
            told[0] = clock.monotonic()
            _say(as_line(progress))

    yield Shown(heard=heard, say=_say)


def _say(text: str) -> None:
    click.echo(text, err=True)


def as_line(progress: BatchProgress) -> str:
    """Progress in a line: ``1,200 of 100,000 lines, 41.2 a second, $0.1234, 40 min left``."""
    words = _words(progress)
    facts = (f"{progress.done:,} of {progress.total:,} lines", *words.values())
    return ", ".join(fact for fact in facts if fact)


def _bar() -> Progress:
    return Progress(
        BarColumn(bar_width=None),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
        TextColumn("{task.fields[pace]}", style="cyan"),
        TextColumn("{task.fields[cost]}", style="green"),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.fields[trouble]}", style="yellow"),
        console=Console(stderr=True),
        refresh_per_second=4,
        expand=True,
    )


def _move(bar: Progress, task: TaskID, progress: BatchProgress) -> None:
    bar.update(task, completed=progress.done, **_words(progress))


def _words(progress: BatchProgress) -> dict[str, Any]:
    total = progress.tally.total
    unanswered = progress.tally.unanswered
    waits = f"waits: {progress.waits_for.code}" if progress.waits_for is not None else ""
    return {
        "pace": "" if progress.lines_per_s is None else f"{progress.lines_per_s:.1f}/s",
        "cost": f"${total.cost_usd:.4f}",
        "left": f"{_duration(progress.seconds_left)} left" if progress.seconds_left else "",
        "trouble": waits or (f"{unanswered:,} unanswered" if unanswered else ""),
    }


def _duration(seconds: float) -> str:
    minutes = int(seconds) // 60
    if minutes >= 120:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes} min" if minutes >= 2 else f"{int(seconds)} s"
