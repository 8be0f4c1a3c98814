"""``run`` and ``explain``: one call, made or only described."""

import sys
from typing import Any

import click
from attrs import evolve

from provider_runtime.adapters.serialization import make_converter, response_to_json, to_json
from provider_runtime.cli.consent.asking import run_with_consent
from provider_runtime.cli.failures import EXIT_CODES_HELP, PROVIDER_FAILED, run_or_exit, usage_error
from provider_runtime.cli.inputs import call_input, call_options
from provider_runtime.cli.recall import recall_options, recalled_call, with_recall
from provider_runtime.cli.records.recording import keep_option
from provider_runtime.cli.rendering import show_plan, show_response
from provider_runtime.cli.workspace.opening import opened


@click.command(epilog=EXIT_CODES_HELP)
@call_options
@recall_options
@keep_option
@click.option("--quiet", "-q", is_flag=True, help="Print the answer alone.")
@click.option("--verbose", "-v", is_flag=True, help="Say also who was asked, how often, and under which ids.")
def run(quiet: bool, verbose: bool, keep: bool, **options: Any) -> None:  # noqa: FBT001 - click passes flags by name
    """Ask a model, and print its answer.

    The answer goes to standard output; cost, tokens and warnings to standard error. With --schema the
    answer is the JSON value, and exit code 6 says that there is none. Before a call leaves this machine, a
    person at the terminal is asked; where there is none, see `consent`. What became of the call is kept in
    the data folder: see `receipts show` and `traces show`.

    \b
    provider-runtime run "Why is the sky blue?" --model anthropic:claude-sonnet-4-5
    git diff | provider-runtime run --system "Review this." --role reviewer
    provider-runtime run "What is it?" --file photo.png --model openai:gpt-5-mini
    provider-runtime run "Author?" --file book.pdf --schema author.json --role reader
    provider-runtime run --request request.json --json
    provider-runtime run "Why is the sky blue?" -m openai:gpt-5-mini --memo answers
    """
    if quiet and verbose:
        usage_error("give --quiet or --verbose, not both")

    async def work() -> None:
        given = await call_input(options)
        made = evolve(given.made, settings=with_recall(given.made.settings, options))
        response = await run_with_consent(
            evolve(given, made=made, options=recalled_call(given.options, options)), options["folder"], keep=keep
        )
        if options["as_json"]:
            click.echo(response_to_json(make_converter(), response))
        else:
            show_response(response, quiet=quiet, verbose=verbose, structured=options["schema"] is not None)
        if options["schema"] is not None and response.output.structured_output is None:
            raise SystemExit(PROVIDER_FAILED)

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
        async with opened(given.made) as runtime:
            plan = await runtime.explain(given.request, given.options)
        if body:
            sys.stdout.buffer.write(plan.body)
            sys.stdout.buffer.flush()
        elif options["as_json"]:
            click.echo(to_json(make_converter(), plan))
        else:
            show_plan(plan)

    run_or_exit(work)
