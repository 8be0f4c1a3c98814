"""``init``: a workspace, made where there was none."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
from attrs import frozen

from provider_runtime.cli.failures import EXIT_CODES_HELP, run_or_exit, usage_error
from provider_runtime.cli.workspace.template import template
from provider_runtime.composition.presets import PRESETS
from provider_runtime.composition.workspace.config import DATA_NAME, FILE_NAME
from provider_runtime.composition.workspace.reading import read_config
from provider_runtime.composition.workspace.settings import data_folder_of
from provider_runtime.domain.catalog.credentials import EnvCredential
from provider_runtime.domain.errors import BackendError, ErrorCode, InvalidSettings
from provider_runtime.domain.secrets import secret_in

_IGNORED: Final = "# Records, receipts and keys: of this machine, and not to be shared.\n*\n"
_OWNER_ONLY: Final = 0o700


@frozen(kw_only=True)
class Made:
    """What ``init`` made."""

    file: Path
    data: Path


@click.command("init", epilog=EXIT_CODES_HELP)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".")
@click.option("--data-folder", default=DATA_NAME, show_default=True, help="Folder of what is kept, from FOLDER on.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def init(folder: Path, data_folder: str, quiet: bool, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Make a workspace in FOLDER: a configuration file, and a folder of what is kept.

    Asks nothing, and overwrites nothing.

    \b
    provider-runtime init
    provider-runtime init team --data-folder ../team-data
    """

    async def work() -> None:
        made = make_workspace(folder, data_folder)
        if as_json:
            click.echo(json.dumps({"file": str(made.file), "data": str(made.data)}, indent=2))
        elif not quiet:
            _tell(made)

    run_or_exit(work)


def make_workspace(folder: Path, data: str) -> Made:
    """A configuration file in ``folder``, and its data folder, for its owner's eyes only. Overwrites nothing.

    Raises ``InvalidSettings`` where there is a file already, and ``BackendError`` where nothing can be made.
    """
    if not data.strip():
        usage_error("--data-folder needs a name")
    file = folder / FILE_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(template(data))
        made = Made(file=file, data=data_folder_of(read_config(file)))
        made.data.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
        if not (made.data / ".gitignore").exists():
            (made.data / ".gitignore").write_text(_IGNORED, encoding="utf-8")
    except FileExistsError:
        there = file.exists()
    except OSError as failure:
        raise _failed(folder, failure) from None
    else:
        return made
    if not there:
        raise _failed(folder, FileExistsError(0, "a file stands where a folder is needed"))
    raise InvalidSettings(
        field="folder",
        message=f"there is a workspace already: {file}",
        remedy="Change that file, or make another workspace in another folder.",
    )


def _failed(folder: Path, failure: OSError) -> BackendError:
    return BackendError(
        code=ErrorCode.STORE_UNAVAILABLE,
        kind="workspace",
        key=str(folder),
        message=f"no workspace can be made there: {failure.strerror}",
        remedy="Name a folder that you may write to.",
    )


def _tell(made: Made) -> None:
    click.echo(f"Made {made.file}: settings, for you to change and to commit.")
    click.echo(f"Made {made.data}: records, receipts and keys, for your eyes only.")
    click.secho(f"→ {_next_step(os.environ)}", fg="cyan", err=True)


def _next_step(environment: Mapping[str, str]) -> str:
    """What to do next: ask somebody whose key is there, or find somebody to ask."""
    for config in PRESETS:
        reference = config.credential
        if isinstance(reference, EnvCredential) and secret_in(environment.get(reference.name)) is not None:
            return f"A key of {config.provider_id} is set. Look around: provider-runtime doctor"
    return "Find a model server on this machine, or see what is missing: provider-runtime doctor"
