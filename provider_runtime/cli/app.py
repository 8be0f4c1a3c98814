"""The command line: which commands there are, and where each is found."""

from typing import Final

import click

from provider_runtime.cli.failures import EXIT_CODES_HELP
from provider_runtime.cli.grammar import Commands, Listed, Section

_HERE: Final = "provider_runtime.cli"
SECTIONS: Final = (
    Section(
        "Calls",
        (
            Listed("run", f"{_HERE}.calls:run", "Ask a model, and print its answer."),
            Listed(
                "explain",
                f"{_HERE}.calls:explain",
                "Show what a call would be: route, bytes, verdict of each gate, worst cost.",
            ),
            Listed(
                "batch",
                f"{_HERE}.batch.command:batch",
                "Ask every line of the file IN, and keep each answer as a line.",
            ),
            Listed(
                "swap", f"{_HERE}.swapping.command:swap", "Have another model go on with a job, from its kept state."
            ),
            Listed("demo", f"{_HERE}.demo:demo", "Run one conversation across three providers, on this machine."),
        ),
    ),
    Section(
        "Who answers",
        (
            Listed(
                "models",
                f"{_HERE}.models.commands:models",
                "The models of a catalog: the shipped one, a file, or what providers list.",
            ),
            Listed(
                "providers",
                f"{_HERE}.registry.providers:providers",
                "Registered providers: where they are, and where their keys are found.",
            ),
            Listed(
                "secrets",
                f"{_HERE}.registry.secrets:secrets",
                "Keys, kept under names in a file for your eyes only.",
            ),
            Listed(
                "profiles",
                f"{_HERE}.profiles.commands:profiles",
                "Work profiles: which model plays which role, and how far the work may go without a person.",
            ),
        ),
    ),
    Section(
        "What was done",
        (
            Listed(
                "receipts",
                f"{_HERE}.records.receipts:receipts",
                "Receipts: one of each call, in a chain that shows any change.",
            ),
            Listed(
                "report",
                f"{_HERE}.reports.command:report",
                "Make one page of HTML from receipts: calls, cost, tokens, latency, refusals, budgets, timelines.",
            ),
            Listed("traces", f"{_HERE}.records.traces:traces", "Traces: how each call went, attempt by attempt."),
            Listed(
                "sessions",
                f"{_HERE}.records.sessions:sessions",
                "Sessions that programs keep in the data folder, or in a store of their own.",
            ),
            Listed(
                "snapshots",
                f"{_HERE}.records.snapshots:snapshots",
                "Snapshots that programs keep in the data folder, or in a store of their own.",
            ),
        ),
    ),
    Section(
        "What it may do, and cost",
        (
            Listed(
                "consent",
                f"{_HERE}.consent.commands:consent",
                "Consent to calls that leave this machine: who may be sent which bytes, for how long, how often.",
            ),
            Listed(
                "budget",
                f"{_HERE}.budgets.commands:budget",
                "Budgets: what calls may come to, what they came to, and putting it right.",
            ),
            Listed(
                "governance",
                f"{_HERE}.governance.commands:governance",
                "A server that keeps budgets for processes on several machines.",
            ),
        ),
    ),
    Section(
        "The workspace",
        (
            Listed("init", f"{_HERE}.workspace.init:init", "Make a workspace in FOLDER."),
            Listed(
                "doctor",
                f"{_HERE}.doctor.command:doctor",
                "Look at everything that calls depend on, and say what to do where it is not as it should be.",
            ),
            Listed("config", f"{_HERE}.workspace.config:config", "Settings: what they are, and where each was said."),
            Listed(
                "completion",
                f"{_HERE}.completion:completion",
                "Print the script with which SHELL completes commands and options.",
            ),
        ),
    ),
)
"""A command that is added stands here, with the first sentence of its help."""


@click.group(
    cls=Commands,
    sections=SECTIONS,
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
