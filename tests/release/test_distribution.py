"""The wheel and the source archive: the same twice, complete, typed, and nothing beside what belongs there."""

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from distributions import CHECKOUT, build, wheel_of

OUTSIDER = """
import asyncio
from provider_runtime import Amount, Budget, CallOptions, ProviderRequest, ProviderResponse, RuntimeSettings
from provider_runtime import open_runtime, user

async def ask(settings: RuntimeSettings) -> ProviderResponse:
    async with open_runtime(settings) as runtime:
        request = ProviderRequest(model="openai:gpt-5-mini", messages=[user("hello")])
        return await runtime.run(request, CallOptions(deadline_s=5))

settings = RuntimeSettings(budgets=[Budget(name="month", limit=Amount.usd("1"))])
text: str = asyncio.run(ask(settings)).text
"""
WRONG = "from provider_runtime import CallOptions\nCallOptions(deadline_s='soon')\n"


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def test_building_twice_gives_the_same_bytes(built: Path, tmp_path: Path) -> None:
    assert digests(built) == digests(build(tmp_path))
    assert len(digests(built)) == 2


def test_the_wheel_holds_the_package_and_nothing_that_runs_by_itself(built: Path) -> None:
    with zipfile.ZipFile(wheel_of(built)) as wheel:
        names = wheel.namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"provider_runtime"}
    assert "provider_runtime/py.typed" in names
    assert "provider_runtime/__init__.pyi" in names
    assert not [name for name in names if name.endswith((".pth", ".so", ".pyc"))]
    in_checkout = {
        file.relative_to(CHECKOUT).as_posix()
        for file in (CHECKOUT / "provider_runtime").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert in_checkout == {name for name in names if name.startswith("provider_runtime/")}


def test_the_source_archive_can_run_its_own_tests(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        tops = {name.split("/")[1] for name in archive.getnames()}
    assert {"provider_runtime", "tests", "docs", "scripts", "Makefile", "pyproject.toml", "LICENSE", ".ci"} <= tops
    assert not tops & {".venv", "build", "dist", ".git"}


def test_a_type_checker_outside_knows_every_public_name_and_finds_a_mistake(outside: Path, tmp_path: Path) -> None:
    (tmp_path / "service.py").write_text(OUTSIDER, encoding="utf-8")
    (tmp_path / "wrong.py").write_text(WRONG, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        "--python-executable",
        str(outside),
        "service.py",
        "wrong.py",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    mistakes = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert mistakes, done.stderr
    assert all(line.startswith("wrong.py:") for line in mistakes), done.stdout
    assert any('incompatible type "str"' in line for line in mistakes), done.stdout


@pytest.mark.long
@pytest.mark.skipif(shutil.which("pyright") is None, reason="pyright is not installed: npm install -g pyright")
def test_the_other_type_checker_agrees(outside: Path, tmp_path: Path) -> None:
    for text, mistakes in ((OUTSIDER, 0), (WRONG, 1)):
        (tmp_path / "service.py").write_text(text, encoding="utf-8")
        command = ["pyright", "--pythonpath", str(outside), "--outputjson", "service.py"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert json.loads(done.stdout)["summary"]["errorCount"] == mistakes, done.stdout


def test_the_wheel_runs_outside_of_the_checkout(outside: Path, tmp_path: Path) -> None:
    code = "import provider_runtime as p; print(p.__file__); [getattr(p, name) for name in p.__all__]"
    done = subprocess.run([str(outside), "-c", code], cwd=tmp_path, capture_output=True, text=True, env={})
    assert done.returncode == 0, done.stderr
    assert "env/lib" in done.stdout


def extras() -> list[str]:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    return ["", *sorted(set(project["optional-dependencies"]) - {"dev", "docs", "sdks"})]


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("extra", extras())
def test_the_wheel_installs_into_an_empty_environment_with_each_extra(extra: str, built: Path, tmp_path: Path) -> None:
    """Needs a package index."""
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "env")], check=True)
    python = tmp_path / "env" / "bin" / "python"
    wanted = f"{wheel_of(built)}[{extra}]" if extra else str(wheel_of(built))
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wanted]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    code = "import provider_runtime as p; [getattr(p, name) for name in p.__all__]; print('ready')"
    done = subprocess.run([str(python), "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == "ready", done.stderr
    if extra == "cli":
        subprocess.run([str(python), "-m", "provider_runtime", "demo"], cwd=tmp_path, check=True, capture_output=True)
