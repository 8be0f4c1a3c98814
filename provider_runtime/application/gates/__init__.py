"""The gates: one question each, asked of the exact bytes before anything is sent."""

from collections.abc import Coroutine
from typing import Any, Protocol, TypeAlias

from provider_runtime.application.call import PreparedCall
from provider_runtime.domain.policy.verdict import Verdict

Judgement: TypeAlias = Verdict | Coroutine[Any, Any, Verdict]


class Gate(Protocol):
    """Answers one question about a prepared call.

    ``rehearsal``: say what the verdict would be, but reserve nothing and use nothing up. An
    exception counts as a refusal: gates fail closed. A gate that has to wait for somebody is
    ``async``; one that knows its verdict at once just returns it, which costs far less.
    """

    def judge(self, prepared: PreparedCall, *, rehearsal: bool) -> Judgement: ...


async def verdict_of(gate: Gate, prepared: PreparedCall, *, rehearsal: bool) -> Verdict:
    """What ``gate`` says, whether it has to wait or not."""
    judged = gate.judge(prepared, rehearsal=rehearsal)
    return await judged if isinstance(judged, Coroutine) else judged
