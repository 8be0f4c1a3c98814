"""GovernanceProfile: what work may do at all, and how much of it; five profiles, by name."""

from enum import StrEnum
from typing import Final

from attrs import field, frozen

from provider_runtime.domain.checks import FILLED, FILLED_TEXTS, FLAG, is_a, whole
from provider_runtime.domain.json_values import tuple_of
from provider_runtime.domain.policy.grants.caps import CapSet, caps_of


class TruthRegime(StrEnum):
    """What a result has to have behind it."""

    SPECULATIVE = "speculative"
    TEST_CERTIFIED = "test-certified"
    PROOF_CERTIFIED = "proof-certified"
    CONSENSUS_CERTIFIED = "consensus-certified"


class OracleRequest(StrEnum):
    """What a model may ask of whoever runs it."""

    EVAL = "ReqEval"
    APPLY = "ReqApply"
    OBSERVE = "ReqObserve"
    TOOL = "ReqTool"
    TEST = "ReqTest"
    COMMIT = "ReqCommit"


_COUNT: Final = whole(0)


def _requests(names: object) -> frozenset[OracleRequest]:
    return frozenset(map(OracleRequest, tuple_of(names)))  # type: ignore[arg-type]  # tuple_of says what is wrong


@frozen(kw_only=True)
class ProfileBudgets:
    """How much a profile allows of each thing. Whole numbers from 0.

    Left out, the requests are as many as the turns, commits are none, and calls nest eight deep.
    """

    max_oracle_turns: int = field(validator=_COUNT)
    max_eval_steps: int = field(validator=_COUNT)
    max_tool_calls: int = field(default=0, validator=_COUNT)
    max_nested_depth: int = field(default=8, validator=_COUNT)
    max_oracle_reqs: int = field(validator=_COUNT)
    max_commits: int = field(default=0, validator=_COUNT)

    @max_oracle_reqs.default
    def _as_many_as_turns(self) -> int:
        return self.max_oracle_turns


@frozen(kw_only=True)
class GovernanceProfile:
    """What work under this profile may do: its capabilities, operations, requests and amounts.

    Not a ``WorkProfile``, which says which model plays which role.
    ``allowed_ops`` empty: any operation that a capability allows. Raises ``TypeError`` or
    ``ValueError``. Source: semantics B.7.
    """

    name: str = field(validator=FILLED)
    allowed_caps: CapSet = field(converter=caps_of, validator=is_a(CapSet))
    allowed_ops: tuple[str, ...] = field(default=(), converter=tuple_of, validator=FILLED_TEXTS)
    allowed_oracle_req_tags: frozenset[OracleRequest] = field(default=frozenset(), converter=_requests)
    budgets: ProfileBudgets = field(validator=is_a(ProfileBudgets))
    truth_regime: TruthRegime = field(default=TruthRegime.SPECULATIVE, converter=TruthRegime)
    deterministic_envelope: bool = field(default=False, validator=FLAG)
