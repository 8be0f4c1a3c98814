"""The page about the command line, from the help texts of the commands."""

import click
from markdown_tables import code, table

from provider_runtime.cli.app import app
from provider_runtime.cli.failures import EXIT_CODES_HELP
from provider_runtime.composition.presets import PRESETS
from provider_runtime.domain.catalog.credentials import EnvCredential


def command_line_page() -> str:
    """Every command, with its arguments, options and examples."""
    exits = [part.split(" ", 1) for part in EXIT_CODES_HELP.removeprefix("Exit codes: ").rstrip(".").split(", ")]
    return f"""# Command line

`provider-runtime` comes with the extra `cli`. The answer goes to standard output; tokens, cost and warnings go to
standard error, so that pipes stay clean. Keys are read from the variables below, or from the one that `--api-key-env`
names. In practice: [Call from the command line](../how-to/call-from-the-command-line.md).

{table(("provider", "variable"), _keys())}
{"".join(_sections(app, "provider-runtime"))}
## Exit codes

{table(("code", "meaning"), ((code(number), said) for number, said in exits))}"""


def _keys() -> list[tuple[str, str]]:
    named = ((config.provider_id, config.credential) for config in PRESETS)
    return [(code(provider), code(key.name)) for provider, key in named if isinstance(key, EnvCredential)]


def _sections(group: click.Group, path: str) -> list[str]:
    sections: list[str] = []
    for name in sorted(group.commands):
        command = group.commands[name]
        whole = f"{path} {name}"
        sections.append(_section(command, whole))
        if isinstance(command, click.Group):
            sections.extend(_sections(command, whole))
    return sections


def _section(command: click.Command, path: str) -> str:
    # A command remembers the help option of the first context it meets: it has to be the one people meet.
    context = click.Context(command, info_name=path, **app.context_settings)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    said, _, examples = (command.help or "").partition("\b\n")
    paragraphs = [" ".join(paragraph.split()) for paragraph in said.strip().split("\n\n")]
    text = f"\n## {path}\n\n```text\n{usage}\n```\n\n" + "\n\n".join(paragraphs) + "\n"
    if examples:
        text += "\n```text\n" + "\n".join(line.strip() for line in examples.strip().splitlines()) + "\n```\n"
    options = [option for option in command.params if isinstance(option, click.Option)]
    if options:
        text += "\n" + table(("option", "value", "meaning"), (_row(option, context) for option in options))
    if command.epilog and command.epilog != EXIT_CODES_HELP:
        text += f"\n{command.epilog}\n"
    return text


def _row(option: click.Option, context: click.Context) -> tuple[str, str, str]:
    names = ", ".join(code(name) for name in sorted(option.opts, key=lambda name: (-len(name), name)))
    value = "" if option.is_flag else code(option.make_metavar(context))
    default = option.default
    # An unset default is a marker of click's own.
    shown = f" Default: {default}." if isinstance(default, str | int | float) and not option.is_flag else ""
    return names, value, f"{option.help or ''}{shown}"
