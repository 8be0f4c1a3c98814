"""A search that finds nothing proves something only if it would find: one leak is planted in each place it looks."""

import asyncio
import base64
import gc
import gzip
import json
import logging
import os
import sqlite3
import sys
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from canary.bird import Canary
from canary.sinks import INSIDE, LOCALS

from provider_runtime import CallOptions, EventKind, RuntimeId, RuntimeSettings, Secret
from provider_runtime.domain.records.events import LifecycleEvent
from provider_runtime.testing.stages import a_record

LOG: Final = logging.getLogger("planted")
OUR_FILE: Final = str(Path(__file__).parents[2] / "provider_runtime" / "planted.py")


def _raised(canary: Canary, error: BaseException) -> None:
    try:
        raise error  # noqa: TRY301 - so that it has a traceback
    except BaseException as caught:  # noqa: BLE001 - any kind may be planted
        canary.sinks.raised(caught)


def _in_log_message(canary: Canary) -> None:
    LOG.debug("sent %s", canary.key)


def _in_log_arguments(canary: Canary) -> None:
    LOG.debug("sent %.3s", canary.key)


def _in_log_extra(canary: Canary) -> None:
    LOG.debug("sent", extra={"auth": {"bearer": [canary.key]}})


def _in_logged_exception(canary: Canary) -> None:
    try:
        raise LookupError(canary.key)  # noqa: TRY301 - so that it is logged as they are
    except LookupError:
        LOG.debug("failed", exc_info=True)


async def _in_a_task_nobody_waited_for(canary: Canary) -> None:
    async def fail() -> None:
        raise LookupError(canary.key)

    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    del task
    gc.collect()


async def _in_a_slow_callback(canary: Canary) -> None:
    asyncio.get_running_loop().call_soon(len, canary.key)
    await asyncio.sleep(0)


def _in_warning(canary: Canary) -> None:
    warnings.warn(f"careful with {canary.key}", stacklevel=1)


def _on_stdout(canary: Canary) -> None:
    sys.stdout.write(base64.b64encode(b"key " + canary.key.encode()).decode())


def _on_stderr(canary: Canary) -> None:
    sys.stderr.write(canary.key[::-1])


def _in_exception(canary: Canary) -> None:
    _raised(canary, LookupError("wrong key", canary.key.encode().hex()))


def _in_note(canary: Canary) -> None:
    error = LookupError("wrong key")
    error.add_note(canary.key)
    _raised(canary, error)


def _in_attribute(canary: Canary) -> None:
    error = LookupError("wrong key")
    error.request_headers = {"authorization": canary.key}  # type: ignore[attr-defined]  # as libraries do
    _raised(canary, error)


def _in_group(canary: Canary) -> None:
    _raised(canary, ExceptionGroup("several", [LookupError(canary.key)]))


def _in_hidden_context(canary: Canary) -> None:
    try:
        raise LookupError(canary.key)  # noqa: TRY301 - so that it is the context of the next
    except LookupError:
        try:
            raise ValueError("wrong key") from None  # noqa: TRY301 - as above
        except ValueError as error:
            canary.sinks.raised(error)


def _in_local_of_our_frame(canary: Canary) -> None:
    """A frame as of a module of ours, which holds the key when it fails."""
    source = "def send(key):\n    header = 'Bearer ' + key\n    raise LookupError('no answer')\n"
    module: dict[str, Any] = {}
    exec(compile(source, OUR_FILE, "exec"), module)  # noqa: S102 - the source stands above
    try:
        module["send"](canary.key)
    except LookupError as error:
        canary.sinks.raised(error)


def _inside_an_object_of_our_frame(canary: Canary) -> None:
    """The same, within an object that does not print it."""
    source = "def send(options):\n    raise LookupError('no answer')\n"
    module: dict[str, Any] = {}
    exec(compile(source, OUR_FILE, "exec"), module)  # noqa: S102 - the source stands above
    try:
        module["send"](CallOptions(headers={"x-key": canary.key}))
    except LookupError as error:
        canary.sinks.raised(error)


def _in_event(canary: Canary) -> None:
    canary.events.emit(
        LifecycleEvent(kind=EventKind.CALL_STARTED, runtime_id=RuntimeId("rt"), labels=(f"key={quote(canary.key)}",))
    )


def _in_receipt(canary: Canary) -> None:
    record = a_record()
    object.__setattr__(record, "labels", (canary.key[3:20],))
    canary.sinks.kept([record])


def _in_file(canary: Canary) -> None:
    (canary.folder / "kept" / "receipts.jsonl").write_text(json.dumps({"key": canary.key}))


def _in_name_of_file(canary: Canary) -> None:
    (canary.folder / "kept" / canary.key).touch()


def _in_packed_file(canary: Canary) -> None:
    (canary.folder / "kept" / "events.gz").write_bytes(gzip.compress(canary.key.encode()))


def _in_database(canary: Canary) -> None:
    with closing(sqlite3.connect(canary.folder / "kept" / "state.db")) as database:
        database.execute("CREATE TABLE calls (said TEXT)")
        database.execute("INSERT INTO calls VALUES (?)", (f"{'x' * 5000}{canary.key}",))
        database.commit()


def _in_environment(canary: Canary) -> None:
    os.environ["PLANTED"] = canary.key
    try:
        canary.sinks.inherited()
    finally:
        del os.environ["PLANTED"]


def _in_repr(canary: Canary) -> None:
    canary.sinks.shown({"key": canary.key}, "settings")


def _in_attribute_that_does_not_print(canary: Canary) -> None:
    canary.sinks.shown(CallOptions(headers={"x-key": canary.key}), "options")


def _in_pickle(canary: Canary) -> None:
    canary.sinks.pickled(CallOptions(headers={"x-key": canary.key}))


LEAKS: Final[dict[Callable[[Canary], Any], str]] = {
    _in_log_message: "log",
    _in_log_arguments: "log",
    _in_log_extra: "log",
    _in_logged_exception: "log",
    _in_a_task_nobody_waited_for: "log",
    _in_a_slow_callback: "log",
    _in_warning: "warnings",
    _on_stdout: "streams",
    _on_stderr: "streams",
    _in_exception: "exceptions",
    _in_note: "exceptions",
    _in_attribute: "exceptions",
    _in_group: "exceptions",
    _in_hidden_context: "exceptions",
    _in_local_of_our_frame: LOCALS,
    _inside_an_object_of_our_frame: INSIDE,
    _in_event: "events",
    _in_receipt: "receipts",
    _in_file: "files",
    _in_name_of_file: "files",
    _in_packed_file: "files",
    _in_database: "files",
    _in_environment: "children",
    _in_repr: "shown",
    _in_attribute_that_does_not_print: INSIDE,
    _in_pickle: "pickles",
}


@pytest.mark.parametrize(("leak", "sink"), LEAKS.items(), ids=lambda leak: getattr(leak, "__name__", leak).strip("_"))
async def test_a_leak_is_seen_where_it_is_planted(
    leak: Callable[[Canary], Any], sink: str, canary: Canary, capfd: pytest.CaptureFixture[str]
) -> None:
    with canary.sinks.listening():
        leaking = leak(canary)
        if leaking is not None:
            await leaking
    found = canary.look_everywhere(capfd)
    assert any(f"in {sink}:" in one and one.startswith("the key") for one in found), found


async def test_where_nothing_leaks_nothing_is_seen(canary: Canary, capfd: pytest.CaptureFixture[str]) -> None:
    with canary.sinks.listening():
        LOG.debug("all is well")
        canary.sinks.shown(Secret(canary.key), "secret")
        canary.sinks.shown(RuntimeSettings(receipt_key=Secret(canary.key)), "settings")
        canary.sinks.pickled(Secret(canary.key))
    assert canary.look_everywhere(capfd) == []


async def test_what_was_said_is_seen_where_it_prints_and_in_the_locals_of_our_frames(canary: Canary) -> None:
    source = "def send(prompt):\n    raise LookupError('no answer')\n"
    module: dict[str, Any] = {}
    exec(compile(source, OUR_FILE, "exec"), module)  # noqa: S102 - the source stands above
    try:
        module["send"](canary.prompt)
    except LookupError as error:
        canary.sinks.raised(error)
    assert canary.sinks.found_in_locals(canary.said)
    assert canary.sinks.found({}, canary.said) == []
    _raised(canary, LookupError(canary.prompt))
    assert canary.sinks.found({}, canary.said)
