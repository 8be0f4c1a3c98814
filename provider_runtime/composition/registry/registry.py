"""RuntimeRegistry: many isolated runtimes by name, and which of them a piece of code speaks through."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Self

from attrs import define, field

from provider_runtime.adapters.system import RandomIds, SystemRandomness
from provider_runtime.composition.registry.handle import RuntimeHandle
from provider_runtime.composition.registry.missing import no_providers, no_runtime_active, not_registered
from provider_runtime.composition.settings import RuntimeSettings
from provider_runtime.domain.errors import (
    InvalidSettings,
    MissingProviderRuntimeError,
    ProviderRuntimeScopeError,
    RuntimeClosed,
)
from provider_runtime.domain.identity import RuntimeId
from provider_runtime.ports.system import IdSource, Randomness


@define(eq=False, kw_only=True, repr=False)
class RuntimeRegistry:
    """Many isolated runtimes in one process and one event loop.

    ``async with RuntimeRegistry() as registry`` closes every runtime at the end, the last one
    first. Which runtime a piece of code speaks through is a context variable of this registry
    alone: a task sees the scopes that were entered where it was started, and no others. There is
    no fallback: what is not registered, not active or disposed of is a typed error.
    Source: semantics D.5.
    """

    ids: IdSource = field(factory=RandomIds)
    randomness: Randomness = field(factory=SystemRandomness)
    _handles: dict[RuntimeId, RuntimeHandle] = field(factory=dict, init=False)
    _default: RuntimeId | None = field(default=None, init=False)
    _changing: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _closed: bool = field(default=False, init=False)
    _active: ContextVar[RuntimeId | None] = field(init=False)

    @_active.default
    def _own_variable(self) -> "ContextVar[RuntimeId | None]":
        # An interpreter never forgets a context variable; a process has few registries.
        return ContextVar("active_runtime", default=None)

    # ── which runtime ────────────────────────────────────────────────────────────────────────

    def current(self) -> RuntimeHandle:
        """The runtime of the scope that this code runs in, else the default one.

        Raises ``MissingProviderRuntimeError`` when there is neither, and when the scope names a
        runtime that is not registered: the default does not stand in for it.
        """
        name = self._active.get() or self._default
        if name is None:
            raise no_runtime_active()
        return self.get(name)

    def get(self, name: str) -> RuntimeHandle:
        """The runtime of that name. Raises ``MissingProviderRuntimeError`` when it is not registered."""
        handle = self._handles.get(RuntimeId(name))
        if handle is None:
            raise not_registered(name)
        return handle

    def ensure_ready(self) -> RuntimeHandle:
        """``current``, and sure that a call could be made. Raises ``MissingProviderRuntimeError``."""
        handle = self.current()
        if not handle.present.runtime.routing.providers.ids:
            raise no_providers(handle.name)
        return handle

    @property
    def names(self) -> tuple[RuntimeId, ...]:
        """The registered runtimes, in the order in which they came."""
        return tuple(self._handles)

    @property
    def default(self) -> RuntimeId | None:
        """The runtime for code outside every scope, if one was chosen."""
        return self._default

    def set_default(self, name: str, *, hand_over: bool = False) -> None:
        """Choose the runtime for code outside every scope: once, unless it is handed over on purpose.

        Raises ``InvalidSettings`` when another one was chosen before, and
        ``MissingProviderRuntimeError`` when the name is not registered.
        """
        chosen = self.get(name).name
        if self._default not in {None, chosen} and not hand_over:
            raise InvalidSettings(
                field="default",
                message=f"the default runtime is {self._default} already",
                remedy="Pass hand_over=True to replace it.",
            )
        self._default = chosen

    # ── scopes ───────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Code inside speaks through the runtime of that name, whoever else is active elsewhere.

        Raises ``ProviderRuntimeScopeError`` when the scope is left in another task than the one
        that entered it, or before one that was entered inside it.
        """
        entered = RuntimeId(name)
        token = self._active.set(entered)
        try:
            yield
        finally:
            inside = self._active.get()
            try:
                self._active.reset(token)
            except ValueError:
                raise _scope_error(f"the scope of {entered} was entered in another task") from None
            if inside != entered:
                self._active.set(None)  # whoever goes on without asking shall find no runtime, not the wrong one
                raise _scope_error(f"the scope of {entered} was left while that of {inside} was open")

    @asynccontextmanager
    async def activate(
        self, name: str, settings: RuntimeSettings | None = None, **parts: object
    ) -> AsyncIterator[RuntimeHandle]:
        """Speak through the runtime of that name inside the ``async with``; it stays registered afterwards.

        With ``settings`` it is registered, or told the new settings if it was. Without, it must be
        registered; one that was reset is built afresh.
        """
        if settings is not None or parts:
            handle = await self.register(name, settings, **parts)
        else:
            handle = self.get(name)
            async with self._changing:
                await handle.open()
        with self.scope(name):
            yield handle

    # ── changes, one at a time ───────────────────────────────────────────────────────────────

    async def register(self, name: str, settings: RuntimeSettings | None, **parts: object) -> RuntimeHandle:
        """A runtime of that name, open. ``parts`` as in ``open_runtime``, for all its life.

        A name that is registered keeps its handle and gets the new settings; its parts cannot be
        exchanged. Raises what ``open_runtime`` raises; then nothing has changed.
        """
        if settings is None:
            raise MissingProviderRuntimeError(
                provider_key="RuntimeRegistry",
                missing_fields=("settings",),
                stage="register",
                message=f"runtime {name} was given no settings, and borrows none",
                remediation=("Hand over RuntimeSettings(providers=…, credentials=…).",),
            )
        runtime_id = RuntimeId(name)
        async with self._changing:
            self._refuse_if_closed()
            known = self._handles.get(runtime_id)
            if known is not None:
                if parts:
                    raise InvalidSettings(
                        field=min(parts),
                        message=f"runtime {name} is registered, and its parts cannot be exchanged",
                        remedy="Dispose of it first, or register another name.",
                    )
                await known.reconfigure(settings)
                return known
            handle = RuntimeHandle(
                name=runtime_id, ids=self.ids, randomness=self.randomness, settings=settings, parts=parts
            )
            await handle.open()
            try:
                self._refuse_if_closed()  # meanwhile
            except RuntimeClosed:
                await handle.dispose(0.0)
                raise
            self._handles[runtime_id] = handle
            return handle

    async def reconfigure(self, name: str, settings: RuntimeSettings) -> RuntimeHandle:
        """Tell a runtime new settings. They hold from its next call on; calls under way keep theirs.

        Raises what ``open_runtime`` raises for settings that cannot work; then nothing has changed.
        """
        handle = self.get(name)
        async with self._changing:
            await handle.reconfigure(settings)
        return handle

    async def reset(self, name: str) -> None:
        """Drop all that a runtime holds: connections, receipts in memory, models it discovered.

        Its settings stay; it must be activated again before the next call, and has a new
        ``runtime_id`` then. Touches no other runtime; does nothing for a name nobody registered.
        """
        handle = self._handles.get(RuntimeId(name))
        if handle is not None:
            async with self._changing:
                await handle.reset()

    async def dispose(self, name: str, *, drain_s: float = 0.0) -> None:
        """End a runtime: it takes no more calls, those under way have ``drain_s`` seconds, then it is closed.

        Does nothing for a name nobody registered. A scope that still names it is an error from now on.
        """
        handle = self._handles.pop(RuntimeId(name), None)
        if self._default == name:
            self._default = None
        if handle is not None:
            await handle.dispose(drain_s)

    async def aclose(self, *, drain_s: float = 0.0) -> None:
        """Dispose of every runtime, the last one registered first, all of them even if one fails. Idempotent."""
        self._closed = True
        failures: list[Exception] = []
        cancelled: asyncio.CancelledError | None = None
        for name in reversed(self.names):
            try:
                await self.dispose(name, drain_s=drain_s)
            except asyncio.CancelledError as reason:
                cancelled, drain_s = reason, 0.0  # whoever is in such a hurry waits for nobody
            except Exception as failure:  # noqa: BLE001 - the others must be closed, too
                failures.append(failure)
        if cancelled is not None:
            raise cancelled
        if failures:
            raise ExceptionGroup("runtimes could not be closed", failures)

    def __repr__(self) -> str:
        return f"<RuntimeRegistry of {', '.join(self.names) or 'no runtimes'}>"

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise RuntimeClosed(kind="registry", message="this registry was closed", remedy="Make a fresh one.")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        await self.aclose()


def _scope_error(message: str) -> ProviderRuntimeScopeError:
    return ProviderRuntimeScopeError(
        message=message, remedy="Enter and leave scopes with `with`, one inside the other, in one task."
    )
