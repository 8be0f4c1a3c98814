"""The command group, and what is common to all commands."""

import click

from provider_runtime.cli.batch.command import batch
from provider_runtime.cli.calls import explain, run
from provider_runtime.cli.demo import demo
from provider_runtime.cli.failures import EXIT_CODES_HELP
from provider_runtime.cli.models.commands import models
from provider_runtime.cli.records.receipts import receipts
from provider_runtime.cli.records.sessions import sessions
from provider_runtime.cli.records.snapshots import snapshots
from provider_runtime.cli.records.traces import traces
from provider_runtime.cli.registry.providers import providers
from provider_runtime.cli.registry.secrets import secrets
from provider_runtime.cli.reports.command import report


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXIT_CODES_HELP,
)
@click.version_option(package_name="provider-runtime")
def app() -> None:
    """Talk to any language model: routed, judged, priced, recorded.

    \b
    provider-runtime run "Why is the sky blue?" --model anthropic:claude-sonnet-4-5
    provider-runtime explain "Why is the sky blue?" --model openai:gpt-5-mini --body
    provider-runtime demo
    """


for command in (run, explain, batch, models, providers, secrets, receipts, traces, sessions, snapshots, report, demo):
    app.add_command(command)
