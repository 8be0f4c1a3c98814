"""Every sample of the documentation, run as a reader would run it.

The blocks of one page share a namespace and may use ``await`` at the top, as in ``python -m
asyncio``. A page that speaks of the sandbox at 127.0.0.1:8765 gets one at a free port. Blocks
after ``<!-- sample: needs a key -->`` are compiled, or parsed, and not run.
"""

import asyncio
import contextlib
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from doc_pages import CHECKOUT, Reader, anchors, blocks, commands, links, pages, pytest_source, python_of, says_the_same

from provider_runtime.testing.sandbox import Sandbox

PAGES = pages()
# The parts of the hour go on from each other: they are followed in a shell, by tests/release/test_walk.py.
ALONE = [page for page in PAGES if page.parent.name != "hour"]
RUNNABLE = [page for page in ALONE if any(block.language in {"python", "console"} for block in blocks(page))]
TESTS = [page for page in ALONE if pytest_source(page)]


def name_of(page: Path) -> str:
    return str(page.relative_to(CHECKOUT))


@pytest.fixture(scope="module")
def sandbox_url() -> Iterator[str]:
    """A sandbox in a thread of its own: samples bring their own event loops."""
    started, url = threading.Event(), []
    loop = asyncio.new_event_loop()
    finished = asyncio.Event()

    async def serve() -> None:
        async with Sandbox() as sandbox:
            url.append(sandbox.url)
            started.set()
            await finished.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert started.wait(10)
    yield url[0]
    loop.call_soon_threadsafe(finished.set)
    thread.join(10)
    loop.close()


@pytest.mark.parametrize("page", RUNNABLE, ids=name_of)
def test_the_samples_of_a_page_do_what_the_page_says(page: Path, sandbox_url: str, tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path), contextlib.closing(Reader(sandbox_url)) as reader:
        reader.follow(page)


@pytest.mark.parametrize("page", TESTS, ids=name_of)
def test_the_tests_of_a_page_pass(page: Path, tmp_path: Path) -> None:
    (tmp_path / "test_page.py").write_text(pytest_source(page), encoding="utf-8")
    # Whatever a page says pytest needs, it has: what is shown must pass as it is shown.
    settings = next(block.text for block in blocks(page) if block.language == "ini")
    (tmp_path / "pytest.ini").write_text(settings.replace("[pytest]\n", "[pytest]\nfilterwarnings = error\n"))
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly", "test_page.py"]
    done = subprocess.run([*python_of("pytest"), *options], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in links(page):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{name_of(page)} links to {target}"
        if anchor:
            assert anchor in anchors(linked), f"{name_of(page)} links to {target}"


def test_every_page_can_be_reached_from_the_front_page() -> None:
    reached, waiting = set(), [CHECKOUT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        targets = (target.partition("#")[0] for target in links(page) if "://" not in target)
        waiting.extend((page.parent / target).resolve() for target in targets if target)
    assert {name_of(page) for page in PAGES} <= {name_of(page) for page in reached}


def test_every_block_says_what_it_is() -> None:
    known = {"python", "console", "output", "json", "text", "mermaid", "toml", "ini"}
    assert {
        block.place: block.language for page in PAGES for block in blocks(page) if block.language not in known
    } == {}


def test_an_ellipsis_stands_for_anything_and_nothing_else_does() -> None:
    assert says_the_same("a … z", "a b\nc z")
    assert says_the_same("same", "same\n")
    assert not says_the_same("a … z", "a b c")
    assert not says_the_same("another", "same")


def test_the_commands_of_a_block_come_with_their_output() -> None:
    text = "$ make demo\nOne\n$ provider-runtime a\nTwo\nThree\n$ provider-runtime b | wc\n4\n"
    assert commands(text) == [("provider-runtime a", "Two\nThree"), ("provider-runtime b", "")]
