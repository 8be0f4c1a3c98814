"""A small service that leaks in one way at a time: a trial finds each leak and names it, and none in the clean one."""

import asyncio
import base64
import contextvars
import logging
import os
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from attrs import define, field

from provider_runtime.testing.isolation import Isolation, IsolationBroken, Tenant, Trial
from provider_runtime.testing.isolation.checks import Heap, ModuleGlobals, default_checks
from provider_runtime.testing.isolation.trial import TrialOptions

HERE: Final = (__name__,)
LAST_SAID: Final = contextvars.ContextVar("LAST_SAID", default="")
CACHE: Final[dict[str, object]] = {}
SECOND_CACHE: Final[list[object]] = []


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    CACHE.clear()
    SECOND_CACHE.clear()
    Cached.seen.clear()


@define(kw_only=True)
class Service:
    """Keeps each tenant's settings and session apart. What its children do differently is their leak."""

    folder: Path
    settings: dict[str, Tenant] = field(factory=dict)
    sessions: dict[str, aiohttp.ClientSession] = field(factory=dict)
    closed: bool = False

    def configure(self, tenant: Tenant) -> None:
        self.settings[tenant.name] = tenant

    async def answer(self, name: str, prompt: str) -> object:
        if self.closed:
            raise RuntimeError("the service is closed")
        tenant = self.settings[name]
        if tenant.key is None:
            raise PermissionError("this tenant has no key")
        return await self.ask(tenant, prompt)

    async def ask(self, tenant: Tenant, prompt: str) -> object:
        return await self.post(tenant, tenant.base_url, {"authorization": f"Bearer {tenant.key}"}, prompt)

    async def post(self, tenant: Tenant, base_url: str, headers: dict[str, str], prompt: str) -> object:
        session = self.session_of(tenant)
        body = {"model": tenant.model, "prompt": prompt, **tenant.metadata}
        for attempt in (1, 2):
            try:
                url = f"{base_url}/ask"
                async with session.post(url, json=body, headers={**tenant.headers, **headers}) as reply:
                    if reply.status == 200:
                        return (await reply.json())["text"]
            except aiohttp.ClientError:
                if attempt == 2:
                    raise
        raise RuntimeError("the vendor failed twice")

    def session_of(self, tenant: Tenant) -> aiohttp.ClientSession:
        if tenant.name not in self.sessions:
            self.sessions[tenant.name] = aiohttp.ClientSession()
        return self.sessions[tenant.name]

    async def close(self) -> None:
        self.closed = True
        for session in self.sessions.values():
            await session.close()


async def tried(kind: type[Service], folder: Path, *, count: int = 4, **options: Any) -> Trial:
    """Let ``count`` tenants use a service of that kind. Raises ``IsolationBroken``."""
    more: TrialOptions = {"calls": 2, "settle_s": 0.2, "paths": (folder,), **options}  # type: ignore[typeddict-item]
    async with Isolation("seed", scope=kind.__name__).tenants(count, **more) as check:
        await use(kind(folder=folder), check)
    return check


async def use(service: Service, check: Trial) -> None:
    for tenant in check.tenants:
        service.configure(tenant)
    await check.interleave(lambda tenant, prompt: service.answer(tenant.name, prompt))
    await service.close()
    await check.refuses(lambda tenant, prompt: service.answer(tenant.name, prompt))


# ── the clean one ───────────────────────────────────────────────────────────────────────────


async def test_a_service_that_keeps_its_tenants_apart_passes(tmp_path: Path) -> None:
    check = await tried(Service, tmp_path, count=20)
    assert len(check.evidence.received) == 40
    assert len({request.owner for request in check.evidence.received}) == 20


async def test_it_passes_when_requests_fail_and_are_sent_again_and_when_tenants_without_a_key_are_refused(
    tmp_path: Path,
) -> None:
    check = await tried(Service, tmp_path, faults=0.5, keyless=1)
    faults = [request.fault for request in check.evidence.received if request.fault]
    assert len(faults) > 1
    assert sum(outcome.error is None for outcome in check.outcomes) == 6
    assert "tenant-03" not in {request.owner for request in check.evidence.received}


async def test_it_leaves_nothing_in_memory_either(tmp_path: Path) -> None:
    await tried(Service, tmp_path, count=2, checks=(Heap(),))


# ── the leaks ───────────────────────────────────────────────────────────────────────────────


class GlobalKey(Service):
    """Remembers the first key for good, as a module-level client would."""

    async def ask(self, tenant: Tenant, prompt: str) -> object:
        key = CACHE.setdefault("key", tenant.key)
        return await self.post(tenant, tenant.base_url, {"authorization": f"Bearer {key}"}, prompt)


class SharedSession(Service):
    """One session for all; the default headers are the first tenant's."""

    def session_of(self, tenant: Tenant) -> aiohttp.ClientSession:
        if not self.sessions:
            headers = {"x-organisation": tenant.headers["x-isolation-tenant"]}
            self.sessions["all"] = aiohttp.ClientSession(headers=headers, cookie_jar=aiohttp.DummyCookieJar())
        return self.sessions["all"]


class SharedCookies(Service):
    """A session for each, but one jar."""

    def session_of(self, tenant: Tenant) -> aiohttp.ClientSession:
        if tenant.name not in self.sessions:
            first = next(iter(self.sessions.values()), None)
            jar = first.cookie_jar if first else aiohttp.CookieJar(unsafe=True)
            self.sessions[tenant.name] = aiohttp.ClientSession(cookie_jar=jar)
        return self.sessions[tenant.name]


class OneAddress(Service):
    """Sends every tenant's requests to the first one's address."""

    async def ask(self, tenant: Tenant, prompt: str) -> object:
        url = next(iter(self.settings.values())).base_url
        return await self.post(tenant, url, {"authorization": f"Bearer {tenant.key}"}, prompt)


class StickyPrompt(Service):
    """Appends what it is asked to a history that is everybody's."""

    async def ask(self, tenant: Tenant, prompt: str) -> object:
        SECOND_CACHE.append(prompt)
        return await self.post(
            tenant, tenant.base_url, {"authorization": f"Bearer {tenant.key}"}, " ".join(map(str, SECOND_CACHE))
        )


class NoKey(Service):
    """Forgets to send the key."""

    async def ask(self, tenant: Tenant, prompt: str) -> object:
        return await self.post(tenant, tenant.base_url, {}, prompt)


class Mixed(Service):
    """Hands each answer to whoever asked before."""

    last: object = "nothing"

    async def ask(self, tenant: Tenant, prompt: str) -> object:
        answer = await Service.ask(self, tenant, prompt)
        last = CACHE.pop("answer", answer)
        CACHE["answer"] = answer
        return {"answers": [last]}


class Merged(Service):
    """Answers a caller together with somebody else."""

    async def ask(self, tenant: Tenant, prompt: str) -> object:
        CACHE["answer"] = f"{CACHE.get('answer', '')} {await Service.ask(self, tenant, prompt)}"
        return CACHE["answer"]

    async def close(self) -> None:
        CACHE.clear()
        await Service.close(self)


class Telling(Service):
    """Says in its failures which key it used."""

    async def ask(self, tenant: Tenant, prompt: str) -> object:
        hidden = ConnectionError(base64.b64encode(f"x{tenant.key}".encode()))
        failure = RuntimeError("failed")
        failure.__context__ = hidden  # as ``raise … from None`` leaves it
        raise failure


class Environ(Service):
    """Hands the key to a library through the environment, and tidies up after itself."""

    async def ask(self, tenant: Tenant, prompt: str) -> object:
        os.environ["LIBRARY_KEY"] = str(tenant.key)
        try:
            return await Service.ask(self, tenant, prompt)
        finally:
            os.environ.pop("LIBRARY_KEY", None)


class EnvironForGood(Service):
    """Leaves a variable behind."""

    async def ask(self, tenant: Tenant, prompt: str) -> object:
        os.environ["LEFT_BY_A_TEST"] = str(tenant.key)
        return await Service.ask(self, tenant, prompt)


class Fallback(Service):
    """Takes the key of the environment where a tenant has none."""

    async def answer(self, name: str, prompt: str) -> object:
        tenant = self.settings[name]
        key = tenant.key or os.environ["OPENAI_API_KEY"]
        return await self.post(tenant, tenant.base_url, {"authorization": f"Bearer {key}"}, prompt)


class FallbackAddress(Service):
    """Prefers the address of the environment."""

    async def ask(self, tenant: Tenant, prompt: str) -> object:
        return await self.post(tenant, os.environ["OPENAI_BASE_URL"], {"authorization": f"Bearer {tenant.key}"}, prompt)


class Logging(Service):
    """Logs the headers at a level that nobody looks at."""

    async def ask(self, tenant: Tenant, prompt: str) -> object:
        logging.getLogger("service.http").debug("sending", extra={"headers": {"authorization": f"Bearer {tenant.key}"}})
        return await Service.ask(self, tenant, prompt)


class LoggingPieces(Service):
    """Logs a key that it believes to have masked."""

    async def ask(self, tenant: Tenant, prompt: str) -> object:
        logging.getLogger("service.http").warning("sending with %s…", str(tenant.key)[-13:-1])
        return await Service.ask(self, tenant, prompt)


class KeyInArguments(Service):
    """Schedules a callback with the key as its argument: asyncio prints those in debug mode."""

    async def ask(self, tenant: Tenant, prompt: str) -> object:
        asyncio.get_running_loop().call_soon(len, str(tenant.key))
        return await Service.ask(self, tenant, prompt)


class Printing(Service):
    """Prints."""

    async def ask(self, tenant: Tenant, prompt: str) -> object:
        print(f"calling with {tenant.key}", file=sys.stderr)  # noqa: T201 - the leak
        return await Service.ask(self, tenant, prompt)


class Warning_(Service):  # noqa: N801 - Warning is taken
    """Warns."""

    async def ask(self, tenant: Tenant, prompt: str) -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(f"the key {tenant.key} is old", stacklevel=1)
        return await Service.ask(self, tenant, prompt)


class FileInClear(Service):
    """Keeps keys in a file."""

    async def ask(self, tenant: Tenant, prompt: str) -> object:
        (self.folder / "keys.json").write_text(f'{{"key": "{tenant.key}"}}')
        return await Service.ask(self, tenant, prompt)


class FileInBase64(Service):
    """Keeps keys in a file, and thinks that base64 is a cipher."""

    async def ask(self, tenant: Tenant, prompt: str) -> object:
        (self.folder / "keys").write_bytes(base64.b64encode(f"key={tenant.key};".encode()))
        return await Service.ask(self, tenant, prompt)


class Cached(Service):
    """Remembers on its class what was said."""

    seen: dict[object, object] = {}  # noqa: RUF012 - the leak

    async def ask(self, tenant: Tenant, prompt: str) -> object:
        answer = await Service.ask(self, tenant, prompt)
        self.seen[len(self.seen)] = (answer, None)
        return answer


class Context(Service):
    """Sets a context variable where the caller can see it."""

    async def close(self) -> None:
        LAST_SAID.set(next(iter(self.settings.values())).prompt(0))
        await Service.close(self)


class TaskLeft(Service):
    """Starts something in the background and forgets it."""

    async def close(self) -> None:
        CACHE["task"] = asyncio.create_task(asyncio.sleep(3600), name="refresher")
        await Service.close(self)


class SocketLeft(Service):
    """Leaves a connection open."""

    async def close(self) -> None:
        upstream = next(iter(self.settings.values())).base_url.split("/")[2]
        CACHE["socket"] = socket.create_connection(("127.0.0.1", int(upstream.split(":")[1])))
        await Service.close(self)


class FileLeft(Service):
    """Leaves a file open."""

    async def close(self) -> None:
        CACHE["file"] = (self.folder / "journal").open("a")
        await Service.close(self)


class ThreadLeft(Service):
    """Leaves a thread behind."""

    async def close(self) -> None:
        CACHE["done"] = done = threading.Event()
        CACHE["thread"] = thread = threading.Thread(target=done.wait, name="flusher", daemon=True)
        thread.start()
        await Service.close(self)


class ProcessLeft(Service):
    """Leaves a process behind."""

    async def close(self) -> None:
        CACHE["process"] = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE)
        await Service.close(self)


class OpenAfterClose(Service):
    """Answers after its end."""

    async def close(self) -> None:
        for session in self.sessions.values():
            await session.close()
        self.sessions.clear()
        CACHE["service"] = None

    async def answer(self, name: str, prompt: str) -> object:
        answer = await Service.answer(self, name, prompt)
        if "service" in CACHE:
            await Service.close(self)
            self.closed = False
            self.sessions.clear()
        return answer


class Failing(Service):
    """Fails for one tenant, out of its own fault."""

    async def ask(self, tenant: Tenant, prompt: str) -> object:
        if tenant.name == "tenant-01":
            raise KeyError("no such session")
        return await Service.ask(self, tenant, prompt)


class OneAtATime(Service):
    """Serves one call at a time, so that nothing is shown by a trial."""

    async def ask(self, tenant: Tenant, prompt: str) -> object:
        async with CACHE.setdefault("lock", asyncio.Lock()):  # type: ignore[attr-defined]
            return await Service.ask(self, tenant, prompt)


class Idle(Service):
    """Answers without asking anybody."""

    async def answer(self, name: str, prompt: str) -> object:
        if self.closed:
            raise RuntimeError("the service is closed")
        return prompt


LEAKS: Final[list[tuple[type[Service], str, str]]] = [
    (GlobalKey, "requests", "carries the key of tenant-"),
    (GlobalKey, "module globals", "test_isolation_leaks.CACHE.key holds the key of tenant-"),
    (SharedSession, "requests", "carries the header value of tenant-"),
    (SharedCookies, "requests", "carries the cookie of tenant-"),
    (OneAddress, "requests", "to the address of tenant-00 carries the key of tenant-03 in header Authorization"),
    (OneAddress, "vacuity", "no request of tenant-01, tenant-02, tenant-03 reached the upstream"),
    (StickyPrompt, "requests", "in its body"),
    (NoKey, "requests", "does not carry the key of tenant-02"),
    (Mixed, "answers", "got an answer that holds the prompt of tenant-"),
    (Mixed, "answers", "got an answer that does not repeat what it asked"),
    (Merged, "answers", "got an answer that holds the prompt of tenant-"),
    (Telling, "answers", "raised an exception that holds the key of tenant-01"),
    (Telling, "answers", "__context__ of exception RuntimeError ConnectionError; base64 at offset 1"),
    (Environ, "environment", "os.environ[LIBRARY_KEY] held the key of tenant-"),
    (EnvironForGood, "environment", "os.environ[LEFT_BY_A_TEST] was added and holds the key of tenant-"),
    (Fallback, "requests", "carries the value of the environment variable OPENAI_API_KEY in header Authorization"),
    (Fallback, "refusals", "of tenant-03 was answered, though tenant-03 has no key"),
    (Fallback, "refusals", "of tenant-03 was sent, though tenant-03 has no key"),
    (FallbackAddress, "requests", "carries the value of the environment variable OPENAI_BASE_URL in its path"),
    (FallbackAddress, "requests", "went where no tenant's requests go, with what belongs to tenant-"),
    (Logging, "logs", "a record of logger service.http holds the key of tenant-00 (plain; DEBUG, extra[headers][…])"),
    (LoggingPieces, "logs", "holds the key of tenant-00 (a piece; WARNING, message)"),
    (KeyInArguments, "logs", "a record of logger asyncio holds the key of tenant-00 (a piece; WARNING, message)"),
    (Printing, "output", "stderr holds the key of tenant-00"),
    (Warning_, "warnings", "a UserWarning holds the key of tenant-00"),
    (FileInClear, "files", "keys.json holds the key of tenant-"),
    (FileInBase64, "files", "(base64 at offset 1)"),
    (Cached, "module globals", "test_isolation_leaks.Cached.seen"),
    (Context, "context", "context variable LAST_SAID[…] holds the prompt of tenant-00"),
    (TaskLeft, "tasks", "the task refresher is still running sleep"),
    (SocketLeft, "descriptors", "a socket connected to ('127.0.0.1', "),
    (FileLeft, "descriptors", "journal is still open"),
    (ThreadLeft, "threads", "the thread flusher is still alive"),
    (ProcessLeft, "processes", "a child process is left"),
    (OpenAfterClose, "refusals", "was answered, though the service was closed"),
    (OpenAfterClose, "refusals", "was sent, though the service was closed"),
    (Failing, "answers", "of tenant-01 was not answered: it raised KeyError"),
    (OneAtATime, "vacuity", "were never in flight together"),
    (Idle, "vacuity", "no request of tenant-00"),
]
KINDS: Final = list(dict.fromkeys(kind for kind, _, _ in LEAKS))


async def clear_up() -> None:
    """What the leaks left behind, put away."""
    os.environ.pop("LEFT_BY_A_TEST", None)
    for name, left in CACHE.items():
        match name:
            case "task":
                left.cancel()  # type: ignore[attr-defined]
            case "socket" | "file":
                left.close()  # type: ignore[attr-defined]
            case "done":
                left.set()  # type: ignore[attr-defined]
            case "process":
                left.communicate()  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
async def test_a_trial_finds_the_leak_and_says_where_it_is_without_showing_the_value(
    kind: type[Service], tmp_path: Path
) -> None:
    checks = (
        *(check for check in default_checks() if not isinstance(check, ModuleGlobals)),
        ModuleGlobals(within=HERE),
    )
    with warnings.catch_warnings(record=True), pytest.raises(IsolationBroken) as broken:
        await tried(kind, tmp_path, checks=checks, **MORE.get(kind, {}))
    await clear_up()

    found = [(finding.check, finding.text) for finding in broken.value.findings]
    for check, text in [(check, text) for leaking, check, text in LEAKS if leaking is kind]:
        assert [said for name, said in found if name == check and text in said], (check, text, found)
    assert {name for name, _ in found} == {check for leaking, check, _ in LEAKS if leaking is kind} | ALSO.get(
        kind, set()
    )
    assert Trial(seed="seed", scope=f"{kind.__name__}/1").evidence.marks.token not in str(broken.value)


# A leak that shows in later calls alone, or in tenants of a kind.
MORE: Final[dict[type[Service], dict[str, int]]] = {SharedCookies: {"calls": 6}, Fallback: {"keyless": 1}}
# What a leak brings about besides: a global that holds a task is a task left over and a global.
ALSO: Final[dict[type[Service], set[str]]] = {
    StickyPrompt: {"answers", "module globals"},
    Mixed: {"module globals"},
    Telling: {"vacuity"},
    Failing: {"vacuity"},
    ProcessLeft: {"descriptors"},
    FallbackAddress: {"answers", "vacuity"},
}


async def test_an_address_from_before_a_change_of_settings_is_found(tmp_path: Path) -> None:
    with pytest.raises(IsolationBroken) as broken:
        await renewed(Service(folder=tmp_path), "stale", tell=False)
    texts = [finding.text for finding in broken.value.findings if finding.check == "requests"]
    assert texts
    assert all("of tenant-01 from before its settings changed, in" in text for text in texts)
    assert {text.split(" carries ")[1].split(" of ")[0] for text in texts} >= {"the key", "the address"}


async def test_a_service_that_follows_a_change_of_settings_passes(tmp_path: Path) -> None:
    await renewed(Service(folder=tmp_path), "fresh", tell=True)


async def renewed(service: Service, scope: str, *, tell: bool) -> None:
    async with Isolation("seed", scope=scope).tenants(3, calls=2) as check:
        for tenant in check.tenants:
            service.configure(tenant)
        await check.interleave(lambda tenant, prompt: service.answer(tenant.name, prompt))
        fresh = check.renew(check.tenants[1])
        if tell:
            service.configure(fresh)
        await check.interleave(lambda tenant, prompt: service.answer(tenant.name, prompt))
        await service.close()


async def test_what_stays_in_memory_alone_is_found_by_the_strict_check(tmp_path: Path) -> None:
    class Hidden:
        def __init__(self, key: object) -> None:
            self.key = key

    kept: list[Hidden] = []

    async def keeping() -> None:
        async with Isolation("seed", scope="kept").tenants(2, calls=2, checks=(Heap(),)) as check:
            kept.append(Hidden(check.tenants[0].key))
            await use(Service(folder=tmp_path), check)

    with pytest.raises(IsolationBroken) as broken:
        await keeping()
    assert [str(finding) for finding in broken.value.findings] == [
        f"[heap] an object of type {__name__}.{Hidden.__qualname__} holds the key of tenant-00"
    ]
