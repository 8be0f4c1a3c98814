"""The site builds offline, without a warning, and holds every page and every public name."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from doc_pages import CHECKOUT

import provider_runtime

BUILD = """
import socket, sys

class NoSocket(socket.socket):
    def connect(self, address):
        raise AssertionError(f"the build dials {address}")

socket.socket = NoSocket
from mkdocs.__main__ import cli
cli(["build", "--strict", "--quiet", "--site-dir", sys.argv[1]])
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)], cwd=CHECKOUT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr, done.stderr
    return folder


def test_every_page_is_in_the_site(site: Path) -> None:
    for page in (CHECKOUT / "docs").rglob("*.md"):
        name = page.relative_to(CHECKOUT / "docs").with_suffix(".html")
        shown = name.with_name("index.html") if name.stem == "README" else name
        assert (site / shown).is_file(), name
    for name in ("front-page", "changelog", "security", "contributing"):
        assert (site / f"{name}.html").is_file(), name


def test_every_public_name_is_explained(site: Path) -> None:
    explained = "".join(page.read_text("utf-8") for page in (site / "reference" / "api").glob("*.html"))
    for name in provider_runtime.__all__:
        assert re.search(rf'<h2 id="{name.lower()}(_\d+)?"', explained), name


def test_no_page_fetches_anything_from_elsewhere(site: Path) -> None:
    fetches = re.compile(r'<(?:script|img|iframe)[^>]+src="https?:|<link[^>]+"(?:stylesheet|preconnect)"[^>]+https?:')
    for page in site.rglob("*.html"):
        assert not fetches.search(page.read_text("utf-8")), page
