"""``completion``: what a shell needs to complete commands and options."""

from typing import Final

import click
from click.shell_completion import get_completion_class

_PROGRAM: Final = "provider-runtime"
_VARIABLE: Final = "_PROVIDER_RUNTIME_COMPLETE"
_SHELLS: Final = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script with which SHELL completes commands and options.

    \b
    eval "$(provider-runtime completion bash)"      # in ~/.bashrc
    eval "$(provider-runtime completion zsh)"       # in ~/.zshrc
    provider-runtime completion fish | source       # in ~/.config/fish/config.fish
    """
    found = get_completion_class(shell)
    if found is None:  # a later click may know fewer
        raise AssertionError(f"click completes nothing for {shell}")
    click.echo(found(context.find_root().command, {}, _PROGRAM, _VARIABLE).source())
