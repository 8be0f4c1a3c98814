"""Recorded: calls remembered, failures on request."""

import functools
import inspect
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

from attrs import define, field, frozen

_NOTHING: Final = object()


@frozen(kw_only=True)
class RecordedCall:
    """One call of a method, as it was made."""

    method: str
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()


@define
class Recording:
    """What was called, and what shall happen at the next calls."""

    calls: list[RecordedCall] = field(factory=list)
    failures: dict[str, deque[Exception]] = field(factory=dict)
    answers: dict[str, deque[Any]] = field(factory=dict)


class Recorded:
    """Put before a real implementation, remembers each call of its methods.

    ``class MockReceiptProvider(Recorded, InMemoryReceiptProvider)`` is a whole mock: it behaves as
    the real one until told otherwise, so it passes the contract of the port.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._recording = Recording()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in dir(cls):
            method = inspect.getattr_static(cls, name)
            is_ours = method is inspect.getattr_static(Recorded, name, None)
            if name.startswith("_") or is_ours or hasattr(method, "is_recorded"):
                continue
            if inspect.iscoroutinefunction(method):
                setattr(cls, name, _recorded(name, method))
            elif inspect.isfunction(method):
                setattr(cls, name, _recorded_at_once(name, method))

    @property
    def calls(self) -> tuple[RecordedCall, ...]:
        """Every call so far, oldest first."""
        return tuple(self._recording.calls)

    def calls_of(self, method: str) -> tuple[RecordedCall, ...]:
        """The calls of one method."""
        return tuple(call for call in self._recording.calls if call.method == method)

    def fail(self, method: str, error: Exception, *, times: int = 1) -> None:
        """Raise ``error`` at the next calls of ``method`` instead of doing anything."""
        self._recording.failures.setdefault(method, deque()).extend([error] * times)

    def answer(self, method: str, value: object) -> None:
        """Return ``value`` from the next call of ``method`` instead of doing anything."""
        self._recording.answers.setdefault(method, deque()).append(value)

    def reset(self) -> None:
        """Forget the calls, and whatever was to happen at the next. What is stored stays."""
        self._recording = Recording()


def _recorded(name: str, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(method)
    async def recorded(self: Recorded, *args: Any, **kwargs: Any) -> Any:
        told = _noted(self._recording, name, args, kwargs)
        return await method(self, *args, **kwargs) if told is _NOTHING else told

    recorded.is_recorded = True  # type: ignore[attr-defined]  # so that a subclass of a mock records once
    return recorded


def _recorded_at_once(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def recorded(self: Recorded, *args: Any, **kwargs: Any) -> Any:
        told = _noted(self._recording, name, args, kwargs)
        return method(self, *args, **kwargs) if told is _NOTHING else told

    recorded.is_recorded = True  # type: ignore[attr-defined]  # as above
    return recorded


def _noted(recording: Recording, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What the call was told to return, ``_NOTHING`` if nothing; raises what it was told to raise."""
    recording.calls.append(RecordedCall(method=name, args=args, kwargs=tuple(kwargs.items())))
    if recording.failures.get(name):
        raise recording.failures[name].popleft()
    return recording.answers[name].popleft() if recording.answers.get(name) else _NOTHING
