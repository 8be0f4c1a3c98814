"""How servers prove who they are: certificate chain and host name, never less."""

import asyncio
import ssl
from typing import Final

from attrs import define, field

_ALPN: Final = ("http/1.1",)


def tls_context() -> ssl.SSLContext:
    """A context that trusts the machine's certificate authorities and checks the host name.

    Takes tens of milliseconds, for it reads every authority: make one and share it between
    runtimes. Unlike ``ssl.create_default_context`` it writes no key log, whatever the environment says.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies chain and host name by default
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs()
    context.set_alpn_protocols(list(_ALPN))
    return context


@define(eq=False)
class LazyTls:
    """The context of one transport: the one handed in, or one made when https is first spoken."""

    made: ssl.SSLContext | None
    _making: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    async def context(self) -> ssl.SSLContext:
        """The context; made once, in a thread, while the event loop goes on."""
        async with self._making:
            if self.made is None:
                self.made = await asyncio.to_thread(tls_context)
            return self.made
