"""The command group, and what is common to all commands."""

from typing import Any

import click

from provider_runtime.cli.calls import explain, run
from provider_runtime.cli.demo import demo
from provider_runtime.cli.failures import EXIT_CODES_HELP, shown_and_left
from provider_runtime.cli.models.commands import models
from provider_runtime.cli.records import receipts
from provider_runtime.cli.registry.providers import providers
from provider_runtime.cli.registry.secrets import secrets


class Commands(click.Group):
    """A group whose commands may fail while their options are read, too, and never with a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        with shown_and_left():
            return super().invoke(ctx)


@click.group(
    cls=Commands,
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


for command in (run, explain, models, providers, secrets, receipts, demo):
    app.add_command(command)
