"""``demo``: the main job, end to end, so that a newcomer sees in a minute what this is."""

import os
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click
from attrs import evolve
from rich.console import Console
from rich.table import Table
from rich.text import Text

from provider_runtime.adapters.serialization import make_converter, to_json
from provider_runtime.application.runtime import CallRuntime
from provider_runtime.cli.failures import run_or_exit
from provider_runtime.cli.main_job import FOLLOW_UP, LAST_WORD, QUESTION, Models, Step, kept, main_job
from provider_runtime.cli.rendering import console as standard_output
from provider_runtime.cli.rendering import dollars
from provider_runtime.composition.lifecycle import open_runtime
from provider_runtime.composition.presets import PRESETS
from provider_runtime.composition.settings import FileReceipts, RuntimeSettings
from provider_runtime.domain.catalog.credentials import EnvCredential
from provider_runtime.domain.catalog.providers import ProviderConfig, Tier
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.records.receipts import ChainVerdict
from provider_runtime.domain.secrets import Secret

_MODELS: Final = Models(
    first="anthropic:claude-sonnet-4-5", second="openai:gpt-5-mini", third="openrouter:anthropic/claude-haiku-4.5"
)
_SAID: Final = (QUESTION, None, FOLLOW_UP, LAST_WORD)


@click.command()
@click.option("--live", is_flag=True, help="Ask the real service of each provider whose key is set. Costs money.")
@click.option("--receipts", "receipts_file", type=click.Path(path_type=Path), help="Keep the receipts in this file.")
@click.option("--json", "as_json", is_flag=True, help="Print the responses as JSON.")
def demo(live: bool, receipts_file: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Run one conversation across three providers, on this machine.

    A sandbox server on loopback stands in for the vendors: real HTTP, their real protocols,
    made-up answers. With --live, providers whose key is set are asked for real.

    \b
    provider-runtime demo
    """

    async def work() -> None:
        # The sandbox brings aiohttp's server, which nothing else of the command line needs.
        from provider_runtime.testing.sandbox import Sandbox  # noqa: PLC0415 - see above

        console = standard_output()
        async with AsyncExitStack() as stack:
            sandbox = await stack.enter_async_context(Sandbox())
            folder = Path(stack.enter_context(TemporaryDirectory()))
            settings = _settings(sandbox.url, live=live, receipts=receipts_file or folder / "receipts.jsonl")
            runtime = await stack.enter_async_context(open_runtime(settings))
            if not as_json:
                _introduce(console, settings, sandbox.url)
            steps: list[Step] = []
            async for step in main_job(runtime, _MODELS, _document()):
                steps.append(step)
                if not as_json:
                    _tell(console, step, len(steps))
            if as_json:
                click.echo(to_json(make_converter(), tuple(step.response for step in steps)))
                return
            await _sum_up(console, runtime, steps, settings)

    run_or_exit(work)


def _settings(sandbox_url: str, *, live: bool, receipts: Path) -> RuntimeSettings:
    configs: list[ProviderConfig] = []
    keys: dict[str, Secret] = {}
    taking_part = {model.partition(":")[0] for model in (_MODELS.first, _MODELS.second, _MODELS.third)}
    for config in PRESETS:
        if config.provider_id not in taking_part:
            continue
        reference = config.credential
        if live and isinstance(reference, EnvCredential) and os.environ.get(reference.name, "").strip():
            configs.append(config)
        else:
            configs.append(evolve(config, base_url=sandbox_url, tier=Tier.LOCAL, credential=None))
            keys[config.provider_id] = Secret(f"sandbox-key-of-{config.provider_id}")
    return RuntimeSettings(providers=configs, credentials=keys, receipts=FileReceipts(path=receipts))


def _document() -> Path:
    """The project's front page where this is a checkout, else this package's own first module."""
    package = Path(__file__).resolve().parents[1]
    readme = package.parent / "README.md"
    return readme if readme.exists() else package / "__init__.py"


def _introduce(console: Console, settings: RuntimeSettings, url: str) -> None:
    console.print("[bold]One conversation, three providers.[/bold]")
    local = [str(config.provider_id) for config in settings.providers if config.tier is Tier.LOCAL]
    if local:
        console.print(f"A sandbox plays {', '.join(local)}: real HTTP, made-up answers.")
        console.print(f"It listens on {url}.")
    real = [str(config.provider_id) for config in settings.providers if config.tier is Tier.CLOUD]
    if real:
        console.print(f"Asked for real, with your keys: {', '.join(real)}.")
    console.print()


def _tell(console: Console, step: Step, number: int) -> None:
    said = _SAID[number - 1] if number <= len(_SAID) else None
    if said:
        _line(console, "user", said, "bold")
    response = step.response
    _line(console, str(response.provider), step.title, "dim")
    if response.thinking:
        _line(console, "  thought", _short(response.thinking), "italic")
    for call in response.tool_calls:
        _line(console, "  calls", f"{call.name}({', '.join(_arguments(call.arguments_json))})", "cyan")
    if response.text:
        _line(console, "  says", _short(response.text), "")


def _line(console: Console, who: str, text: str, style: str) -> None:
    line = Table.grid(padding=0)
    line.add_column(width=11, no_wrap=True, style=style)
    line.add_column(overflow="fold")
    line.add_row(who, Text(text, style=style))
    console.print(line)


def _arguments(arguments: object) -> list[str]:
    return [f"{name}={value!r}" for name, value in arguments.items()] if isinstance(arguments, dict) else []


def _short(text: str, width: int = 160) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 1]}…"


async def _sum_up(console: Console, runtime: CallRuntime, steps: list[Step], settings: RuntimeSettings) -> None:
    console.print()
    console.print(_table(steps, settings))
    for number, step in enumerate(steps, 1):
        for warning in step.response.warnings:
            console.print(Text(f"  ⚠ {number} {warning.code}: {warning.message}", style="yellow"), soft_wrap=True)
    console.print()
    for step in steps[1:]:
        plan = await runtime.explain(step.request)
        calls, thoughts = kept(step, plan.body)
        console.print(
            f"Handed to {step.response.provider:<10}  tool call {_mark(yes=calls)}, "
            f"reasoning {_mark(yes=thoughts)}  ({plan.body_size:,} bytes went out)"
        )
    total = sum(cost.total_cost for step in steps if (cost := step.response.cost))
    console.print(f"The whole conversation cost ${total:.6f} at list prices.")
    console.print(_chain(await runtime.receipts.verify()))


def _table(steps: list[Step], settings: RuntimeSettings) -> Table:
    tiers = {config.provider_id: config.tier for config in settings.providers}
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("#", "provider", "model", "tier", "in", "out", "cost", "time", "⚠"):
        table.add_column(name, justify="left" if name in {"provider", "model", "tier"} else "right", no_wrap=True)
    for number, step in enumerate(steps, 1):
        response: ProviderResponse = step.response
        table.add_row(
            str(number),
            str(response.provider),
            response.model,
            tiers[response.provider].value,
            str(response.usage.input_tokens),
            str(response.usage.output_tokens),
            dollars(response.cost),
            f"{(response.duration_s or 0) * 1000:.0f} ms",
            str(len(response.warnings)),
        )
    return table


def _mark(*, yes: bool) -> str:
    return "[green]kept[/green]" if yes else "[red]lost[/red]"


def _chain(verdict: ChainVerdict) -> Text:
    if verdict.valid:
        return Text(
            f"{verdict.count} receipts, one for each call; their chain is whole ({(verdict.head or '')[:19]}…).",
            style="green",
        )
    return Text(f"The chain of receipts is broken at {verdict.broken_at}: {verdict.error}.", style="red")
