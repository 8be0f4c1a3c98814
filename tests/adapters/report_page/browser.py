"""A real browser without a window, driven over its own protocol."""

import asyncio
import json
import shutil
import subprocess
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
from attrs import define, field, frozen

PROGRAM: Final = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_FLAGS: Final = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--remote-debugging-port=0"),
)


@define(eq=False)
class Tab:
    """One page in the browser. ``requests``: addresses that it asked for; ``complaints``: what its console said."""

    _socket: aiohttp.ClientWebSocketResponse
    requests: list[str] = field(factory=list, init=False)
    complaints: list[str] = field(factory=list, init=False)
    _number: int = field(default=0, init=False)
    _waiting: dict[int, "asyncio.Future[Any]"] = field(factory=dict, init=False)
    _loaded: asyncio.Event = field(factory=asyncio.Event, init=False)

    async def ask(self, method: str, **parameters: Any) -> Any:
        """The result of a command of the protocol."""
        self._number += 1
        answer = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        return await asyncio.wait_for(answer, 60)

    async def listen(self) -> None:
        """Hear what the browser says, until it is closed."""
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                waiting = self._waiting.pop(told["id"])
                if "error" in told:
                    waiting.set_exception(RuntimeError(str(told["error"])))
                else:
                    waiting.set_result(told["result"])
            elif told["method"] == "Network.requestWillBeSent":
                self.requests.append(told["params"]["request"]["url"])
            elif told["method"] == "Log.entryAdded":
                self.complaints.append(told["params"]["entry"]["text"])
            elif told["method"] == "Page.loadEventFired":
                self._loaded.set()

    async def open(self, page: Path) -> None:
        """Show ``page``, and wait until it is there."""
        for domain in ("Page", "Network", "Log", "Runtime", "Accessibility", "DOM"):
            await self.ask(f"{domain}.enable")
        self._loaded.clear()
        await self.ask("Page.navigate", url=page.as_uri())
        await asyncio.wait_for(self._loaded.wait(), 60)

    async def looks(self, *, width: int, height: int = 900, dark: bool = False, media: str = "screen") -> None:
        """Look at it on a screen of this size, by day or by night, or on paper."""
        mobile = width < 600
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        await self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile
        )
        await self.ask("Emulation.setEmulatedMedia", media=media, features=scheme)

    async def value(self, expression: str) -> Any:
        """What ``expression`` comes to in the page."""
        done = await self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    async def press(self, key: str, code: int) -> None:
        """Press and release a key."""
        common = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        text = {"text": "\r"} if key == "Enter" else {}
        await self.ask("Input.dispatchKeyEvent", type="keyDown", **common, **text)
        await self.ask("Input.dispatchKeyEvent", type="keyUp", **common)

    async def picture(self) -> str:
        """What is to be seen of the whole page, as the address of a picture."""
        shot = await self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        return f"data:image/png;base64,{shot['data']}"

    async def printed(self) -> bytes:
        """The page as a PDF."""
        return b64decode((await self.ask("Page.printToPDF", printBackground=False))["data"])


@frozen
class Browser:
    """A browser that runs, and listens here."""

    port: int

    @asynccontextmanager
    async def tab(self) -> AsyncIterator[Tab]:
        """A tab of its own, with nothing in it."""
        here = f"http://127.0.0.1:{self.port}/json"
        async with aiohttp.ClientSession() as session:
            async with session.put(f"{here}/new?about:blank") as answer:
                opened = await answer.json()
            async with session.ws_connect(opened["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                tab = Tab(socket)
                listening = asyncio.ensure_future(tab.listen())
                try:
                    yield tab
                finally:
                    listening.cancel()
            async with session.get(f"{here}/close/{opened['id']}"):
                pass


@contextmanager
def browsing(profile: Path) -> Iterator[Browser]:
    """A fresh browser that keeps its things in ``profile``."""
    assert PROGRAM is not None
    command = [PROGRAM, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as program:
        try:
            yield Browser(_port_of(program))
        finally:
            program.kill()


def _port_of(program: "subprocess.Popen[bytes]") -> int:
    assert program.stderr is not None
    for line in program.stderr:
        if b"DevTools listening on" in line:
            return int(line.split(b"127.0.0.1:")[1].split(b"/")[0])
    raise AssertionError("the browser ended before it listened")
