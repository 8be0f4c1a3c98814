"""Which workspace a command works in, and where what it keeps is then kept."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from provider_runtime.cli.workspace.finding import FILE_NAME, found_above

Command = Callable[..., Result]
REGISTER = ("providers", "add", "acme", "--base-url", "https://llm.example.com/v1")
depths = st.integers(0, 6)


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """For each depth, a chain of folders with a file at that depth, named after how deep each folder lies."""
    made = []
    for depth in range(7):
        root = tmp_path_factory.mktemp(f"depth-{depth}")
        folder = root
        for level in range(7):
            if level == depth:
                (folder / FILE_NAME).touch()
            folder /= str(level)
            folder.mkdir()
        made.append(root)
    return made


def at(root: Path, depth: int) -> Path:
    return root.joinpath(*map(str, range(depth)))


@given(file_at=depths, start=depths, home=depths)
def test_the_nearest_file_from_here_up_to_home_is_found(trees: list[Path], file_at: int, start: int, home: int) -> None:
    root = trees[file_at]
    found = found_above(at(root, start), at(root, home))
    is_above = file_at <= start
    passes_home = file_at < home <= start
    assert found == (at(root, file_at) / FILE_NAME if is_above and not passes_home else None)


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder deep in a workspace, and no data folder named."""
    monkeypatch.delenv("PROVIDER_RUNTIME_DATA")
    deep = tmp_path / "project" / "src" / "deep"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    return deep


def test_what_is_kept_below_a_workspace_is_kept_in_its_folder(command: Command, inside: Path, tmp_path: Path) -> None:
    (tmp_path / "project" / FILE_NAME).write_text("")
    assert command(*REGISTER).exit_code == 0
    assert (tmp_path / "project" / ".provider-runtime" / "records.sqlite").is_file()
    assert "acme" in command("providers", "list").stdout


def test_the_file_says_where_the_folder_is(command: Command, inside: Path, tmp_path: Path) -> None:
    (tmp_path / "project" / FILE_NAME).write_text('data = "../kept"\n')
    assert command(*REGISTER).exit_code == 0
    assert (tmp_path / "kept" / "records.sqlite").is_file()


@pytest.mark.parametrize("named", ["project", f"project/{FILE_NAME}"])
def test_a_workspace_can_be_named_from_anywhere(
    command: Command, inside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    (tmp_path / "project" / FILE_NAME).write_text("")
    monkeypatch.chdir(tmp_path)
    assert command(*REGISTER, "--workspace", named).exit_code == 0
    assert "acme" in command("providers", "list", env={"PROVIDER_RUNTIME_WORKSPACE": named}).stdout
    assert (tmp_path / "project" / ".provider-runtime" / "records.sqlite").is_file()


def test_a_data_folder_that_is_named_goes_first(command: Command, inside: Path, tmp_path: Path) -> None:
    (tmp_path / "project" / FILE_NAME).write_text("")
    assert command(*REGISTER, "--data", str(tmp_path / "elsewhere")).exit_code == 0
    assert (tmp_path / "elsewhere" / "records.sqlite").is_file()


@pytest.mark.parametrize("text", ["data = [", "data = 3\n", 'data = ""\n'])
def test_a_file_that_cannot_be_read_is_an_error_in_the_configuration(
    command: Command, inside: Path, tmp_path: Path, text: str
) -> None:
    (tmp_path / "project" / FILE_NAME).write_text(text)
    result = command("providers", "list")
    assert result.exit_code == 3
    assert FILE_NAME in result.stderr
    assert "invalid_settings" in result.stderr


def test_a_workspace_that_is_not_there_is_an_error_with_the_way_out(command: Command, tmp_path: Path) -> None:
    result = command("providers", "list", "--workspace", str(tmp_path / "nowhere"))
    assert result.exit_code == 3
    assert "provider-runtime init" in result.stderr
