"""A newcomer's way, in an empty folder, with the wheel and nothing of the checkout on the path."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import warm_program
from distributions import CHECKOUT
from shell_walk import ShellReader, free_port
from warm_program import WarmProgram

HOUR = sorted((CHECKOUT / "docs" / "tutorial" / "hour").glob("*.md"))


_QUICK = '#!/bin/sh\nexec {python} -S {client} {place} "$@"\n'


@pytest.fixture
def warmed(outside: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a ``provider-runtime`` that is forked from one of the wheel that has imported everything."""
    folder = tmp_path_factory.mktemp("warmed")
    program = WarmProgram(str(outside), {})
    command = folder / "provider-runtime"
    command.write_text(_QUICK.format(python=outside, client=warm_program.__file__, place=program.place))
    command.chmod(0o755)
    yield folder
    program.end()


def a_reader(folder: Path, programs: Path, **others: object) -> ShellReader:
    ports = {"8765": free_port(), "8080": free_port()}
    return ShellReader(folder=folder, programs=programs, ports=ports, **others)  # type: ignore[arg-type]


def walk_the_hour(reader: ShellReader) -> None:
    for page in HOUR:
        reader.follow(page)
    shown = (reader.folder / "acme.html").read_text("utf-8")
    assert "<title>Acme</title>" in shown
    kept = [file.read_text("utf-8", "ignore") for file in (reader.folder / "kept").rglob("*.*")]
    assert "ghp_Zk4" not in "".join(kept)


@pytest.mark.timeout(300)
def test_the_hour_goes_as_its_pages_say(outside: Path, warmed: Path, tmp_path: Path) -> None:
    with a_reader(tmp_path, outside.parent, first=(warmed,)) as reader:
        walk_the_hour(reader)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_hour_goes_with_every_command_started_anew(outside: Path, tmp_path: Path) -> None:
    with a_reader(tmp_path, outside.parent) as reader:
        walk_the_hour(reader)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_hour_goes_from_its_first_line_with_an_index(built: Path, tmp_path: Path) -> None:
    """Everything as the page says, the installation too: needs a package index."""
    around = {name: text for name, text in os.environ.items() if name.startswith("PIP_")}
    programs = tmp_path / "desk" / ".venv" / "bin"
    programs.parents[1].mkdir()
    environment = {**around, "PIP_FIND_LINKS": str(built), "VIRTUAL_ENV": ""}
    with a_reader(programs.parents[1], programs, installs=True, environment=environment) as reader:
        for page in HOUR:
            reader.follow(page)
    code = "import provider_runtime; print(provider_runtime.__file__)"
    done = subprocess.run([str(programs / "python"), "-c", code], capture_output=True, text=True, cwd=tmp_path, env={})
    assert str(programs.parent) in done.stdout
    assert Path(sys.prefix) not in Path(done.stdout.strip()).parents
