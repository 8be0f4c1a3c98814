"""HttpService: questions taken in over HTTP, within limits, and handed to whoever answers them."""

import asyncio
import logging
from ssl import SSLContext
from typing import TYPE_CHECKING, Final

from attrs import define, field

from provider_runtime.domain.errors import InvalidSettings
from provider_runtime.domain.secrets import Secret, secret_in
from provider_runtime.ports.serving import Answerer, HttpAnswer, HttpAsked

if TYPE_CHECKING:
    from aiohttp import web

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_SCHEME: Final = "bearer "
_TOO_LARGE: Final = HttpAnswer(status=413, body=b'{"code":"request_too_large","message":"the question is too large"}')
_TOO_SLOW: Final = HttpAnswer(status=408, body=b'{"code":"timed_out","message":"the question did not come in time"}')
_PACKED: Final = HttpAnswer(status=415, body=b'{"code":"request_invalid","message":"the question is packed"}')
_FAILED: Final = HttpAnswer(status=500, body=b'{"code":"server_error","message":"the server failed to answer"}')


@define(kw_only=True, eq=False)
class HttpService:
    """Listens at ``host`` and ``port`` (0 takes any that is free) once it is started.

    A question of more than ``max_bytes``, or one that takes longer than ``patience_s`` to come in, is
    not read on. Nothing is logged: who asks shows a token. Without ``ssl_context`` it listens on
    this machine alone, for a token would travel in clear text; ``behind_proxy`` says that
    something in front of it speaks TLS. Imports aiohttp when it is started.
    Raises ``InvalidSettings``; ``start`` raises ``OSError`` where it cannot listen.
    """

    answerer: Answerer = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 0
    ssl_context: SSLContext | None = field(default=None, repr=False)
    behind_proxy: bool = False
    max_bytes: int = 256 * 1024
    patience_s: float = 10.0
    ending_s: float = 5.0
    _runner: "web.AppRunner | None" = field(default=None, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.host not in LOOPBACK and self.ssl_context is None and not self.behind_proxy:
            raise InvalidSettings(
                field="host",
                message=f"at {self.host:.80} tokens would travel in clear text",
                remedy="Give a certificate and its key, or listen at 127.0.0.1 behind a proxy that speaks TLS.",
            )

    @property
    def url(self) -> str:
        """Where it listens."""
        scheme = "http" if self.ssl_context is None else "https"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"

    async def start(self) -> None:
        """Listen from now on."""
        from aiohttp import web  # noqa: PLC0415 - only who starts a server pays for it

        app = web.Application(client_max_size=self.max_bytes)
        app.router.add_route("*", "/{path:.*}", self._handle)
        # aiohttp would log what is no HTTP, header lines included. Nobody else gets at this logger.
        silent = logging.Logger(__name__)  # noqa: LOG001 - as above
        silent.disabled = True
        runner = web.AppRunner(
            app, access_log=None, logger=silent, auto_decompress=False, shutdown_timeout=self.ending_s
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self.host, self.port, ssl_context=self.ssl_context).start()
        except BaseException:
            await runner.cleanup()
            raise
        self._runner, self.port = runner, runner.addresses[0][1]

    async def stop(self) -> None:
        """Take in nothing more, answer what is under way, and end."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _handle(self, request: "web.Request") -> "web.StreamResponse":
        from aiohttp import web  # noqa: PLC0415 - loaded since the start

        try:
            answer = await self._answered(request)
        except Exception:  # noqa: BLE001 - whatever it is, aiohttp would log it, with what was asked
            answer = _FAILED
        return web.Response(
            status=answer.status,
            body=answer.body,
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    async def _answered(self, request: "web.Request") -> HttpAnswer:
        from aiohttp.web import HTTPRequestEntityTooLarge  # noqa: PLC0415 - as above

        if request.headers.get("Content-Encoding", "identity") != "identity":
            return _PACKED
        try:
            async with asyncio.timeout(self.patience_s):
                body = await request.read()
        except HTTPRequestEntityTooLarge:
            return _TOO_LARGE
        except TimeoutError:
            return _TOO_SLOW
        bearer = _bearer(request.headers.get("Authorization", ""))
        return await self.answerer.answer(HttpAsked(method=request.method, path=request.path, bearer=bearer, body=body))


def _bearer(header: str) -> Secret | None:
    return secret_in(header[len(_SCHEME) :]) if header.lower().startswith(_SCHEME) else None
