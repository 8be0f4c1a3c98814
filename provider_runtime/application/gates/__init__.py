"""The gates: one question each, asked of the exact bytes before anything is sent."""

from typing import Protocol

from provider_runtime.application.call import PreparedCall
from provider_runtime.domain.policy.verdict import Verdict


class Gate(Protocol):
    """Answers one question about a prepared call.

    ``rehearsal``: say what the verdict would be, but reserve nothing and use nothing up. An
    exception counts as a refusal: gates fail closed.
    """

    async def judge(self, prepared: PreparedCall, *, rehearsal: bool) -> Verdict: ...
