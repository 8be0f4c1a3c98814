"""GovernanceProfile: what work may do at all, and how much of it; five profiles, by name."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from attrs import evolve, field, frozen
from attrs.validators import optional

from provider_runtime.domain.checks import FILLED, FILLED_TEXTS, FLAG, is_a, whole
from provider_runtime.domain.json_values import tuple_of
from provider_runtime.domain.policy.budgets.resources import Quantities
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
_COMMITS: Final = 100


def _requests(names: object) -> frozenset[OracleRequest]:
    return frozenset(map(OracleRequest, tuple_of(names)))  # type: ignore[arg-type]  # tuple_of says what is wrong


@frozen(kw_only=True)
class ProfileBudgets:
    """How much a profile allows of each thing. Whole numbers from 0.

    Left out, requests are as many as turns, calls nest eight deep, and commits are 100 where the profile
    allows any.
    """

    max_oracle_turns: int = field(validator=_COUNT)
    max_eval_steps: int = field(validator=_COUNT)
    max_tool_calls: int = field(default=0, validator=_COUNT)
    max_nested_depth: int = field(default=8, validator=_COUNT)
    max_oracle_reqs: int = field(validator=_COUNT)
    max_commits: int | None = field(default=None, validator=optional(_COUNT))

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

    @property
    def limits(self) -> Quantities:
        """What a budget under this profile is limited to: as many calls as the profile has turns."""
        return Quantities(iterations=Decimal(self.budgets.max_oracle_turns))

    def __attrs_post_init__(self) -> None:
        if self.budgets.max_commits is None:
            commits = _COMMITS if OracleRequest.COMMIT in self.allowed_oracle_req_tags else 0
            object.__setattr__(self, "budgets", evolve(self.budgets, max_commits=commits))


_READING: Final = (OracleRequest.EVAL, OracleRequest.APPLY, OracleRequest.OBSERVE)
_THINKING: Final = ("eval", "apply", "observe", "infer")
_CALLING: Final = ("model.*", "provider.*", "media.*")
"""What calls of models take in this package, but for tools: see ``needs``."""

EXPLORE: Final = GovernanceProfile(
    name="explore",
    allowed_caps=CapSet((*_THINKING, *_CALLING)),
    allowed_oracle_req_tags=_READING[:2],
    budgets=ProfileBudgets(max_oracle_turns=1000, max_eval_steps=100_000, max_oracle_reqs=500),
)
PRAGMATIC: Final = GovernanceProfile(
    name="pragmatic",
    allowed_caps=CapSet(
        (
            *(*_THINKING, *_CALLING, "tools.*"),
            *("test", "commit.rewrite", "commit.method", "generic.autofill", "shell", "file.read", "file.write"),
        )
    ),
    allowed_oracle_req_tags=(*_READING, OracleRequest.TEST, OracleRequest.COMMIT),
    budgets=ProfileBudgets(
        max_oracle_turns=10_000,
        max_eval_steps=500_000,
        max_tool_calls=100,
        max_nested_depth=16,
        max_oracle_reqs=5000,
        max_commits=50,
    ),
    truth_regime=TruthRegime.TEST_CERTIFIED,
)
STRICT: Final = GovernanceProfile(
    name="strict",
    allowed_caps=CapSet(("observe", "test", "commit.rewrite", "commit.method", *_CALLING, "tools.*")),
    allowed_oracle_req_tags=(OracleRequest.OBSERVE, OracleRequest.TEST),
    budgets=ProfileBudgets(
        max_oracle_turns=100,
        max_eval_steps=50_000,
        max_tool_calls=10,
        max_nested_depth=4,
        max_oracle_reqs=50,
        max_commits=10,
    ),
    truth_regime=TruthRegime.TEST_CERTIFIED,
    deterministic_envelope=True,
)
AIRGAP: Final = GovernanceProfile(
    name="airgap",
    allowed_caps=CapSet(("observe", "infer", "model.call", "provider.*")),
    allowed_oracle_req_tags=(OracleRequest.OBSERVE,),
    budgets=ProfileBudgets(max_oracle_turns=50, max_eval_steps=10_000, max_nested_depth=4, max_oracle_reqs=25),
    deterministic_envelope=True,
)
PROOF_CERTIFIED: Final = GovernanceProfile(
    name="proof-certified",
    allowed_caps=CapSet(("*",)),
    allowed_oracle_req_tags=tuple(OracleRequest),
    budgets=ProfileBudgets(
        max_oracle_turns=100_000,
        max_eval_steps=5_000_000,
        max_tool_calls=10_000,
        max_nested_depth=32,
        max_oracle_reqs=50_000,
        max_commits=1000,
    ),
    truth_regime=TruthRegime.PROOF_CERTIFIED,
)
GOVERNANCE_PROFILES: Final[Mapping[str, GovernanceProfile]] = MappingProxyType(
    {
        **{profile.name: profile for profile in (EXPLORE, PRAGMATIC, STRICT, AIRGAP, PROOF_CERTIFIED)},
        "speculative": EXPLORE,
        "test-certified": PRAGMATIC,
    }
)
"""The five profiles by their names, and by the aliases of two."""


def governance_profile(name: str) -> GovernanceProfile:
    """The profile of this name or alias; ``pragmatic`` for a name that nobody knows, as the source has it.

    Where a mistyped name must not widen anything, look it up in ``GOVERNANCE_PROFILES`` instead, as
    settings do.
    """
    return GOVERNANCE_PROFILES.get(name, PRAGMATIC)
