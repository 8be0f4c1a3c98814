"""The system clock, fresh names, and chance."""

import asyncio
import secrets
import time
from datetime import UTC, datetime
from os import urandom

from attrs import frozen

from provider_runtime.domain.identity import CallId, RuntimeId


@frozen
class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@frozen
class RandomIds:
    """Names made of 128 random bits: ``call_…``, ``rt_…``."""

    def next_call_id(self) -> CallId:
        return CallId(f"call_{urandom(16).hex()}")

    def next_runtime_id(self) -> RuntimeId:
        return RuntimeId(f"rt_{urandom(16).hex()}")


@frozen
class SystemRandomness:
    """Chance from the operating system."""

    def fraction(self) -> float:
        return secrets.randbits(53) / (1 << 53)

    def token(self, size: int) -> bytes:
        return secrets.token_bytes(size)
