"""What is common to all commands: a group that loads a command when it is wanted, and fails in a few lines."""

import os
from collections.abc import Iterable, Iterator, MutableMapping
from importlib import import_module
from typing import Any, NamedTuple

import click

from provider_runtime.cli.failures import EXIT_CODES_HELP, is_plain, shown_and_left

# Named tuples, not attrs classes: the list of commands is all that `--help` loads, and attrs would be half of it.


class Listed(NamedTuple):
    """A command that is known by its name, its first sentence and its place, and not loaded yet."""

    name: str
    place: str
    sentence: str

    def load(self) -> click.Command:
        """The command itself."""
        module, _, attribute = self.place.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        _tell_exit_codes(command)
        return command


def _tell_exit_codes(command: click.Command) -> None:
    """The help of every command ends with the exit codes, unless it has some of its own to tell."""
    if isinstance(command, click.Group):
        for below in command.commands.values():
            _tell_exit_codes(below)
    elif command.epilog is None:
        command.epilog = EXIT_CODES_HELP


class Section(NamedTuple):
    """Commands that stand together in the help."""

    title: str
    commands: tuple[Listed, ...]


class _Loading(MutableMapping[str, click.Command]):
    """Commands by name, each loaded when it is looked at: the help of all need not load any."""

    def __init__(self, listed: Iterable[Listed]) -> None:
        self._known: dict[str, Listed | click.Command] = {one.name: one for one in listed}

    def __getitem__(self, name: str) -> click.Command:
        known = self._known[name]
        if isinstance(known, Listed):
            known = self._known[name] = known.load()
        return known

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._known[name] = command

    def __delitem__(self, name: str) -> None:
        del self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


class Commands(click.Group):
    """The top of the command line. Whatever fails below it is told in a few lines, never by a traceback."""

    def __init__(self, *args: Any, sections: tuple[Section, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sections = sections
        self.commands = _Loading(one for section in sections for one in section.commands)

    def invoke(self, ctx: click.Context) -> Any:
        if is_plain(os.environ):
            ctx.color = False
        with shown_and_left():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands in their sections, by the sentences of the table."""
        for section in self.sections:
            with formatter.section(section.title):
                formatter.write_dl([(one.name, one.sentence) for one in section.commands])
        others = [name for name in self.list_commands(ctx) if name not in self._listed_names()]
        if others:
            with formatter.section("Others"):
                formatter.write_dl([(name, self.commands[name].get_short_help_str()) for name in others])

    def _listed_names(self) -> set[str]:
        return {one.name for section in self.sections for one in section.commands}
