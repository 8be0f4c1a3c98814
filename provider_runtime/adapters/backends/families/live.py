"""What lives in a process and cannot be stored: streams, effect handlers; and the roles of experts."""

from typing import Any

from attrs import define, field

from provider_runtime.adapters.backends.names import checked_name
from provider_runtime.domain.errors import RecordMissing
from provider_runtime.domain.identity import Role
from provider_runtime.domain.json_values import JsonValue
from provider_runtime.domain.profiles.experts import DEFAULT_EXPERTS, ExpertRole
from provider_runtime.domain.records.effects import (
    EffectContext,
    EffectError,
    EffectHandler,
    EffectResult,
    EffectResume,
    EffectValue,
)
from provider_runtime.domain.records.streams import Stream


@define(kw_only=True, slots=False)
class MemoryStreamProvider:
    """Streams in this process. See ``StreamProvider``."""

    _streams: dict[str, Stream[Any]] = field(factory=dict, init=False, repr=False)

    def store(self, stream_id: str, stream: Stream[Any]) -> None:
        self._streams[checked_name("stream", stream_id)] = stream

    def get(self, stream_id: str) -> Stream[Any] | None:
        return self._streams.get(checked_name("stream", stream_id))

    def invalidate(self, stream_id: str) -> None:
        self._streams.pop(checked_name("stream", stream_id), None)


@define(kw_only=True, slots=False)
class DefaultEffectHandlerRegistry:
    """Handlers in this process. See ``EffectHandlerRegistry``."""

    _handlers: dict[str, EffectHandler] = field(factory=dict, init=False, repr=False)

    def register(self, op: str, handler: EffectHandler) -> None:
        self._handlers[checked_name("operation", op)] = handler

    def unregister(self, op: str) -> None:
        self._handlers.pop(checked_name("operation", op), None)

    def get(self, op: str) -> EffectHandler | None:
        return self._handlers.get(checked_name("operation", op))

    def list(self) -> tuple[str, ...]:
        return tuple(sorted(self._handlers))

    def has(self, op: str) -> bool:
        return self.get(op) is not None

    async def perform(self, context: EffectContext, *args: JsonValue) -> EffectResult:
        handler = self.get(context.op)
        if handler is None:
            message = "no handler is registered for this operation"
            raise RecordMissing(kind="effect handler", key=context.op, message=message, remedy="Register one first.")
        try:
            result: object = await handler(context, *args)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is what its operation came to
            name = type(error).__name__
            return EffectError(code="handler_failed", message=f"the handler of {context.op} failed: {name}")
        if not isinstance(result, EffectValue | EffectError | EffectResume):
            return EffectError(code="handler_failed", message=f"the handler of {context.op} returned no effect result")
        return result


@define(kw_only=True, slots=False)
class DefaultExpertProvider:
    """The seven default experts, and whoever is registered. See ``ExpertProvider``."""

    _roles: dict[Role, ExpertRole] = field(
        factory=lambda: {expert.role: expert for expert in DEFAULT_EXPERTS}, init=False, repr=False
    )

    def register_role(self, expert: ExpertRole) -> None:
        self._roles[expert.role] = expert

    def get_role(self, role: str) -> ExpertRole | None:
        return self._roles.get(Role(role))

    def list_roles(self) -> tuple[ExpertRole, ...]:
        return tuple(self._roles.values())
