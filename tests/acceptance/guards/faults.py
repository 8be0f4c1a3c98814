"""What a guard may do wrong: raise, hang, or answer with what is no answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from attrs import frozen

from provider_runtime.domain.errors import BackendError, CallRefused
from provider_runtime.domain.identity import CallId
from provider_runtime.domain.policy.budgets.holds import Account, Admitted, Hold, Line
from provider_runtime.domain.policy.verdict import Pass, Refusal

SECRET_DETAIL: Final = "the customer said: sell everything"  # what a guard knows, and nobody else may hear
Behaviour = Callable[..., Awaitable[Any]]


class Boom(BaseException):
    """No ``Exception``, and no cancellation either."""


@frozen(kw_only=True)
class Fault:
    """One way to fail. ``hangs``: it is given up after a while."""

    name: str
    behave: Behaviour
    hangs: bool = False

    def __str__(self) -> str:
        return self.name


def raising(error: BaseException) -> Fault:
    async def behave(*_args: Any, **_kwargs: Any) -> Any:
        raise error

    return Fault(name=f"raises {type(error).__name__}", behave=behave)


def raising_later(error: BaseException) -> Fault:
    async def behave(*_args: Any, **_kwargs: Any) -> Any:
        await asyncio.sleep(0)
        raise error

    return Fault(name=f"waits and raises {type(error).__name__}", behave=behave)


def answering(name: str, answer: object) -> Fault:
    async def behave(*_args: Any, **_kwargs: Any) -> Any:
        return answer

    return Fault(name=f"answers {name}", behave=behave)


async def _hang(*_args: Any, **_kwargs: Any) -> Any:
    await asyncio.Event().wait()


async def _sleep_on(*_args: Any, **_kwargs: Any) -> Any:
    await asyncio.sleep(10_000)


def _not_even_a_coroutine(*_args: Any, **_kwargs: Any) -> Any:
    return None


FOR_ALL: Final = (
    raising(RuntimeError(SECRET_DETAIL)),
    raising(BackendError(message="no disk")),
    raising(TimeoutError()),
    raising(Boom(SECRET_DETAIL)),
    raising(ExceptionGroup("several", [ValueError(SECRET_DETAIL)])),
    raising(asyncio.CancelledError()),  # its own: nobody cancels the call
    raising_later(RuntimeError(SECRET_DETAIL)),
    raising_later(Boom(SECRET_DETAIL)),
    raising_later(asyncio.CancelledError()),
    Fault(name="hangs", behave=_hang, hangs=True),
    Fault(name="sleeps for hours", behave=_sleep_on, hangs=True),
    Fault(name="answers at once and not to await", behave=_not_even_a_coroutine),
    answering("None", None),
    answering("0", 0),
    answering("a text", SECRET_DETAIL),
    answering("an object of another class", object()),
    answering("a list of many", [object(), object()]),
)
YES: Final = answering("True", True)
NO: Final = answering("False", False)


def for_gate(name: str) -> tuple[Fault, ...]:
    """Answers of a gate that are no verdict of its own."""
    other = "tier" if name != "tier" else "budget"
    mine = Pass(gate=name)
    junk = Pass(gate=name, hold=object())  # type: ignore[arg-type]  # that is the fault
    odd = Pass(gate=name, warnings=(SECRET_DETAIL,))  # type: ignore[arg-type]  # as above
    return (
        YES,
        answering("with the verdict of another gate", Pass(gate=other)),
        answering("with several verdicts", (mine, mine)),
        answering("with the class of a verdict", Pass),
        answering("with a hold that is none", junk),
        answering("with warnings that are none", odd),
        answering("with a refusal of another gate", Refusal(gate=other, error=CallRefused(gate=other))),
        answering("with a refusal without an error", Refusal(gate=name, error=ValueError("no"))),  # type: ignore[arg-type]  # as above
    )


def for_ledger() -> tuple[Fault, ...]:
    """Answers of a ledger that are no hold for the call."""
    lines = (Line(account=Account(budget="calls", owner="everyone"), window=0, amount=1, limit=10),)
    other = Hold(number=1, call_id=CallId("call_of_another"), attempt=1, lines=lines, lease_until_ms=10**15)
    return (
        YES,
        answering("with a hold of another call", Admitted(hold=other)),
        answering("with a hold that is none", Admitted(hold=object())),  # type: ignore[arg-type]  # that is the fault
        answering("with a bare hold", other),
    )
