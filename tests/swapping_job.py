"""A job that can swap its model, and the state that it has come to."""

from typing import Any

from working_team import TEAM, Team

from provider_runtime import (
    GovernancePolicy,
    ModelSwap,
    ModelSwapRequest,
    State,
    SwapFailed,
    SwapFault,
    SwapPolicy,
    SwapRefused,
    SwapRequester,
    WorkProfile,
    hash_of_states,
)
from provider_runtime.domain.profiles.swap_records import id_of_job, id_of_swap, job_in
from provider_runtime.testing.fakes import FakeContextCompiler
from provider_runtime.testing.mocks import MockContextCompiler, MockStateProvider

STATE = State(control="step 3", env={"seen": 7})
HASH = hash_of_states({"job/1": STATE})
WORDS = "the patient is called Wilhelmina"


def a_swap(number: int = 1, **changes: Any) -> ModelSwapRequest:
    fields: dict[str, Any] = {
        "request_id": f"swap-{number}",
        "current": "here:small",
        "target": "there:spare",
        "role": "worker",
        "reason": "context_too_long",
        "state_refs": ["job/1"],
        "state_hash": HASH,
        "context_ref": "resume",
        "requester": SwapRequester(subsystem="orchestrator", job_id="job-1"),
    }
    return ModelSwapRequest(**{**fields, **changes})


class Working:
    """A team that can swap; ``states`` holds what the job has come to."""

    def __init__(
        self,
        profile: WorkProfile | None = TEAM,
        *,
        compiler: FakeContextCompiler | None = None,
        policy: GovernancePolicy | None = None,
        **swaps: Any,
    ) -> None:
        self.states = MockStateProvider()
        self.compiler = compiler or MockContextCompiler()
        self.team = Team(
            profile,
            policy=policy,
            parts={"states": self.states, "context_compiler": self.compiler},
            swaps=SwapPolicy(**swaps),
        )

    async def swap(self, *requests: ModelSwapRequest) -> list[ModelSwap | Exception]:
        """What becomes of each, one after the other, on one runtime."""
        await self.states.save_state("job/1", STATE)
        results: list[ModelSwap | Exception] = []
        async with self.team.opening as runtime:
            for request in requests:
                try:
                    results.append(await runtime.swap_model(request))
                except Exception as error:  # noqa: BLE001 - whatever it is, it is the result
                    results.append(error)
        return results

    async def fault(self, request: ModelSwapRequest) -> SwapFault:
        """Why the swap was refused or failed."""
        (error,) = await self.swap(request)
        assert isinstance(error, SwapRefused | SwapFailed), error
        return error.fault

    async def current(self) -> dict[str, str]:
        """Who plays what by what is kept of the job."""
        job = job_in(await self.states.load_state(id_of_job("job-1")))
        assert job is not None
        return {str(role): str(model) for role, model in job.current.items()}

    async def kept_of(self, request_id: str = "swap-1") -> str:
        """How the record of a swap says that it ended."""
        record = await self.states.load_state(id_of_swap(request_id))
        assert record is not None
        return str(record.env["state"])

    @property
    def told(self) -> list[str]:
        return [event.kind.value for event in self.team.events.events if event.kind.value.startswith("swap_")]


ALL_THE_WAY_BACK = ["swap_requested", "swap_failed", "swap_rolled_back"]
