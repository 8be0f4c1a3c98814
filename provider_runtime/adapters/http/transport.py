"""AiohttpTransport: HTTP for one runtime."""

import asyncio
from ssl import SSLContext
from typing import TYPE_CHECKING, Final

from attrs import define, field

from provider_runtime.adapters.http.limits import HttpLimits
from provider_runtime.adapters.http.tls import LazyTls
from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.errors import Delivery, ErrorCode, RuntimeClosed
from provider_runtime.ports.http import HttpFailure, HttpReply, HttpRequest
from provider_runtime.ports.system import HostResolver

if TYPE_CHECKING:
    from provider_runtime.adapters.http.pool import Pool

_DEFAULTS: Final = HttpLimits()
_OTHER_LOOP: Final = HttpFailure(
    code=ErrorCode.CONNECT_FAILED,
    delivery=Delivery.NOT_SENT,
    detail="this runtime is in use by another event loop",
    remedy="Open one runtime for each event loop.",
)


@define(kw_only=True, eq=False)
class AiohttpTransport:
    """HTTP over aiohttp, as ``HttpTransport`` promises it. Imports aiohttp and connects on first use.

    Limits are explained at ``HttpLimits``. ``ssl_context`` replaces the one made when https is first
    spoken, and may be shared between runtimes (see ``tls_context``); ``resolver`` replaces the
    machine's. Connections are pooled for each tier and list of allowed networks apart: what one
    provider may reach never comes within reach of another. ``one_write=False`` leaves the writing
    of requests to aiohttp, which is slower, tells less of how far a lost request got, and knows no
    request that has to have a fresh connection.

    For one event loop at a time. Raises ``RuntimeClosed`` for an exchange after ``aclose``.
    """

    connect_timeout_s: float = _DEFAULTS.connect_timeout_s
    pool_timeout_s: float = _DEFAULTS.pool_timeout_s
    max_connections: int = _DEFAULTS.max_connections
    max_response_bytes: int = _DEFAULTS.max_response_bytes
    max_error_bytes: int = _DEFAULTS.max_error_bytes
    max_header_bytes: int = _DEFAULTS.max_header_bytes
    max_headers: int = _DEFAULTS.max_headers
    ssl_context: SSLContext | None = field(default=None, repr=False)
    resolver: HostResolver | None = field(default=None, repr=False)
    user_agent: str = "provider-runtime"
    one_write: bool = True
    _limits: HttpLimits = field(init=False, repr=False)
    _tls: LazyTls | None = field(default=None, init=False, repr=False)
    _pools: "dict[tuple[Tier, tuple[str, ...]], Pool]" = field(factory=dict, init=False, repr=False)
    _closed: bool = field(default=False, init=False, repr=False)

    @_limits.default
    def _checked_limits(self) -> HttpLimits:
        return HttpLimits(
            connect_timeout_s=self.connect_timeout_s,
            pool_timeout_s=self.pool_timeout_s,
            max_connections=self.max_connections,
            max_response_bytes=self.max_response_bytes,
            max_error_bytes=self.max_error_bytes,
            max_header_bytes=self.max_header_bytes,
            max_headers=self.max_headers,
        )

    async def exchange(self, request: HttpRequest) -> HttpReply | HttpFailure:
        """See ``HttpTransport``."""
        pool = self._pools.get((request.tier, request.allowed_networks))
        if pool is None or pool.loop is not asyncio.get_running_loop():
            if self._closed:
                raise RuntimeClosed(message="the transport of this runtime was closed", remedy="Open a fresh runtime.")
            if pool is not None:
                if not pool.loop.is_closed():
                    return _OTHER_LOOP
                await self._start_over()
            pool = self._open_pool(request)
        return await pool.exchange(request)

    def _open_pool(self, request: HttpRequest) -> "Pool":
        # aiohttp costs more to import than all the rest together: the first exchange pays, not the import.
        from provider_runtime.adapters.http.dialing import DialRule, SystemResolver  # noqa: PLC0415 - see above
        from provider_runtime.adapters.http.pool import open_pool  # noqa: PLC0415 - see above

        if self._tls is None:
            self._tls = LazyTls(self.ssl_context)
        rule = DialRule(tier=request.tier, allowed_networks=request.allowed_networks)
        pool = open_pool(
            rule,
            limits=self._limits,
            resolver=self.resolver or SystemResolver(),
            tls=self._tls,
            user_agent=self.user_agent,
            one_write=self.one_write,
        )
        self._pools[rule.tier, rule.allowed_networks] = pool
        return pool

    async def _start_over(self) -> None:
        """Drop what belonged to an event loop that is closed, as after each of several ``asyncio.run``."""
        pools, self._pools = tuple(self._pools.values()), {}
        self._tls = None if self._tls is None else LazyTls(self._tls.made)
        for pool in pools:
            await pool.aclose()

    async def aclose(self) -> None:
        """Close every connection. Exchanges under way fail; later ones raise ``RuntimeClosed``."""
        self._closed = True
        await self._start_over()
