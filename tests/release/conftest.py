"""What the tests of a release share."""

import sys
import venv
import zipfile
from pathlib import Path

import pytest

# distributions.py stands beside this file, doc_pages.py in a folder of its own; neither is a package.
_CHECKOUT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).parent), str(_CHECKOUT / "tests" / "docs")]

from distributions import build, wheel_of  # noqa: E402 - once it can be found


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source archive of this checkout."""
    return build(tmp_path_factory.mktemp("dist"))


_STARTED_BY_NAME = "#!{python}\nfrom provider_runtime.cli import main\n\nmain()\n"


@pytest.fixture(scope="session")
def outside(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel as a stranger gets it, and the libraries of this one."""
    place = tmp_path_factory.mktemp("outside") / "env"
    venv.create(place, with_pip=False, symlinks=True)
    packages = next(place.glob("lib/python*/site-packages"))
    with zipfile.ZipFile(wheel_of(built)) as wheel:
        wheel.extractall(packages)
    ours = next(Path(path) for path in sys.path if path.endswith("site-packages"))
    (packages / "libraries.pth").write_text(f"{ours}\n", encoding="utf-8")
    python = place / "bin" / "python"
    command = python.with_name("provider-runtime")
    command.write_text(_STARTED_BY_NAME.format(python=python), encoding="utf-8")
    command.chmod(0o755)
    return python
