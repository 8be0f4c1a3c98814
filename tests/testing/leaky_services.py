"""A small service, and others that differ from it by one leak each."""

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
from pathlib import Path
from typing import Final

import aiohttp
from attrs import define, field

from provider_runtime.testing.isolation import Tenant

LAST_SAID: Final = contextvars.ContextVar("LAST_SAID", default="")
CACHE: Final[dict[str, object]] = {}
SECOND_CACHE: Final[list[object]] = []


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
