"""``run`` and ``explain``: one call, made or only described."""

import sys
from typing import Any

import click

from provider_runtime.adapters.serialization import make_converter, response_to_json, to_json
from provider_runtime.cli.consent.asking import run_with_consent
from provider_runtime.cli.consent.place import ConsentPlace
from provider_runtime.cli.failures import EXIT_CODES_HELP, run_or_exit
from provider_runtime.cli.inputs import call_input, call_options
from provider_runtime.cli.rendering import show_plan, show_response
from provider_runtime.composition.lifecycle import open_runtime


@click.command(epilog=EXIT_CODES_HELP)
@call_options
@click.option("--quiet", "-q", is_flag=True, help="Print the answer alone.")
def run(quiet: bool, **options: Any) -> None:  # noqa: FBT001 - click passes flags by name
    """Ask a model, and print its answer.

    The answer goes to standard output; cost, tokens and warnings to standard error. Before a call leaves
    this machine, a person at the terminal is asked; where there is none, see `consent`.

    \b
    provider-runtime run "Why is the sky blue?" --model anthropic:claude-sonnet-4-5
    git diff | provider-runtime run --system "Review this." --model openai:gpt-5-mini
    provider-runtime run --request request.json --json
    """

    async def work() -> None:
        given = await call_input(options)
        response = await run_with_consent(given, ConsentPlace.of(options["folder"]))
        if options["as_json"]:
            click.echo(response_to_json(make_converter(), response))
        else:
            show_response(response, quiet=quiet)

    run_or_exit(work)


@click.command(epilog=EXIT_CODES_HELP)
@call_options
@click.option("--body", is_flag=True, help="Print the exact bytes that would be sent, and nothing else.")
def explain(body: bool, **options: Any) -> None:  # noqa: FBT001 - click passes flags by name
    """Show what a call would be: route, bytes, verdict of each gate, worst cost. Sends nothing.

    \b
    provider-runtime explain "Why is the sky blue?" --model openai:gpt-5-mini
    provider-runtime explain --request request.json --body | sha256sum
    """

    async def work() -> None:
        given = await call_input(options)
        async with open_runtime(given.settings) as runtime:
            plan = await runtime.explain(given.request, given.options)
        if body:
            sys.stdout.buffer.write(plan.body)
            sys.stdout.buffer.flush()
        elif options["as_json"]:
            click.echo(to_json(make_converter(), plan))
        else:
            show_plan(plan)

    run_or_exit(work)
