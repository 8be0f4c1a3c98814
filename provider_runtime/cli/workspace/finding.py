"""Which workspace a command works in: the one it is told, else the nearest one above where it runs."""

import tomllib
from pathlib import Path

from attrs import frozen

from provider_runtime.composition.workspace.config import DATA_NAME, FILE_NAME
from provider_runtime.domain.errors import InvalidSettings


@frozen(kw_only=True)
class Workspace:
    """A configuration file, and the folder of what is kept: by default ``.provider-runtime`` beside the file."""

    file: Path
    data: Path


def found_above(start: Path, home: Path | None) -> Path | None:
    """The configuration file in ``start`` or the nearest folder above it; not looked for above ``home``."""
    for folder in (start, *start.parents):
        file = folder / FILE_NAME
        if file.is_file():
            return file
        if folder == home:
            return None
    return None


def workspace_at(named: Path) -> Workspace:
    """The workspace that somebody named: its folder, or its file. Raises ``InvalidSettings`` where there is none."""
    file = named / FILE_NAME if named.is_dir() else named
    if not file.is_file():
        raise InvalidSettings(
            field="workspace",
            message=f"there is no {FILE_NAME} at {named}",
            remedy=f"Make one: provider-runtime init {named}",
        )
    return workspace_of(file)


def workspace_of(file: Path) -> Workspace:
    """The workspace that ``file`` makes. Raises ``InvalidSettings`` where the file is unreadable."""
    try:
        data = tomllib.loads(file.read_text("utf-8")).get("data", DATA_NAME)
    except (OSError, ValueError) as failure:
        raise InvalidSettings(
            field=FILE_NAME, message=f"{file} cannot be read: {failure}", remedy="Mend the file."
        ) from None
    if not isinstance(data, str) or not data.strip():
        raise InvalidSettings(
            field="data", message=f"data in {file} is no folder", remedy=f'Write data = "{DATA_NAME}".'
        )
    return Workspace(file=file, data=file.parent / Path(data).expanduser())
