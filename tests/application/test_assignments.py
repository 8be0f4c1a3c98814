"""A request names a role; the work profile says who plays it, and how far the call may go."""

from typing import Any

import msgspec
import pytest
from attrs import evolve
from working_team import CLOUD, HERE, TEAM, THERE, Team, down

from provider_runtime import (
    DEFAULT_EXPERTS,
    AssignmentInvalid,
    CallOptions,
    CallOutcome,
    CallRecord,
    ErrorCode,
    EventKind,
    ExpertRole,
    FallbackPolicy,
    GovernanceLocked,
    GovernancePolicy,
    InvalidSettings,
    ModelAssignment,
    ModelNotAllowed,
    ModelParameters,
    ProfileGovernance,
    ProfileId,
    ProviderRuntime,
    ProviderRuntimeNormalizationError,
    ProviderStatusError,
    TierRefused,
    WorkProfile,
    system,
)
from provider_runtime.testing.builders import a_request, a_response

NO_CLOUD = evolve(TEAM, governance=ProfileGovernance())


async def the_receipt(runtime: ProviderRuntime) -> CallRecord:
    (receipt,) = await runtime.receipts.list()
    return receipt.record


# ── who is asked ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("role", "model"),
    [
        ("frontend", "there:chat"),
        ("orchestrator", "cloud:large"),
        ("worker", "here:small"),
        ("validator", "here:strict"),
    ],
)
async def test_the_four_roles_are_played_by_their_models(role: str, model: str) -> None:  # T-PROFILE-003
    team = Team()
    async with team.opening as runtime:
        response = await runtime.run(a_request(model=f"role:{role}"))
        record = await the_receipt(runtime)
    assert team.asked == [model]
    assert f"{response.provider}:{response.model}" == model
    assert (record.role, record.profile_id, record.route_rule) == (role, TEAM.profile_id, "role")
    assert f"{record.provider}:{record.model_asked}" == model


async def test_a_call_without_a_role_is_what_it_was() -> None:
    team = Team()
    async with team.opening as runtime:
        await runtime.run(a_request(model="here:small"))
        record = await the_receipt(runtime)
    assert (record.role, record.profile_id, record.route_rule) == (None, None, "hint")


async def test_a_request_may_choose_another_model_for_the_role_if_the_role_allows_it() -> None:
    team = Team()
    async with team.opening as runtime:
        await runtime.run(a_request(model="role:orchestrator=cloud:huge"))
        with pytest.raises(ModelNotAllowed):
            await runtime.run(a_request(model="role:orchestrator=here:small"))
        answered, refused = await runtime.receipts.list()
    assert team.asked == ["cloud:huge"]
    assert (answered.record.role, answered.record.route_rule) == ("orchestrator", "hint")
    assert (refused.record.outcome, refused.record.role) == (CallOutcome.REFUSED, "orchestrator")
    assert refused.record.gates == ("assignment:refused",)


async def test_a_role_of_nobody_is_an_error_with_a_receipt_and_asks_nobody() -> None:
    team = Team()
    async with team.opening as runtime:
        with pytest.raises(AssignmentInvalid) as unknown:
            await runtime.run(a_request(model="role:critic"))
        record = await the_receipt(runtime)
    assert team.asked == []
    assert unknown.value.call_id == record.call_id
    assert (record.model_asked, record.role, record.error_code) == ("role:critic", "critic", "assignment_invalid")


async def test_without_a_profile_no_role_is_played() -> None:
    team = Team(None)
    async with team.opening as runtime:
        with pytest.raises(AssignmentInvalid, match="no work profile"):
            await runtime.run(a_request(model="role:worker"))


async def test_a_named_call_in_a_role_is_made_once() -> None:
    from provider_runtime.adapters.outcomes import MemoryOutcomes

    team = Team(parts={"outcomes": MemoryOutcomes()})
    async with team.opening as runtime:
        for _ in range(2):
            await runtime.run(a_request(model="role:worker"), CallOptions(call_id="once"))
    assert team.asked == ["here:small"]


# ── instead of a model that cannot be had ───────────────────────────────────────────────────


@pytest.mark.parametrize("code", [ErrorCode.OVERLOADED, ErrorCode.NOT_FOUND, ErrorCode.RATE_LIMITED])
async def test_the_fallback_of_a_role_answers_when_its_model_cannot_be_had_and_that_is_recorded(
    code: ErrorCode,
) -> None:
    team = Team(answers={HERE: [down(HERE, code)]})
    async with team.opening as runtime:
        response = await runtime.run(a_request(model="role:worker"))
        record = await the_receipt(runtime)
    assert team.asked == ["here:small", "there:spare"]
    assert [(one.provider, one.model_id, one.code) for one in response.passed_over] == [("here", "small", code.value)]
    assert record.passed_over == (f"here:small {code.value}",)
    assert (record.role, record.provider, record.route_rule) == ("worker", "there", "role")
    assert EventKind.CALL_PASSED_ON in team.events.kinds


async def test_the_fallback_of_a_role_is_not_asked_when_its_model_turns_the_request_down() -> None:
    team = Team(answers={HERE: [down(HERE, ErrorCode.INVALID_REQUEST)]})
    async with team.opening as runtime:
        with pytest.raises(ProviderStatusError):
            await runtime.run(a_request(model="role:worker"))
    assert team.asked == ["here:small"]


async def test_a_role_that_is_kept_local_stays_local_when_its_model_fails() -> None:
    team = Team(answers={HERE: [down(HERE)]}, fallback=FallbackPolicy(alternatives=["cloud:any", "there:any"]))
    async with team.opening as runtime:
        response = await runtime.run(a_request(model="role:validator"))
    assert team.asked == ["here:strict", "there:any"]
    assert [(one.model_id, one.code) for one in response.passed_over] == [
        ("strict", "overloaded"),
        ("large", "tier_denied"),
        ("any", "tier_denied"),
    ]


async def test_a_fallback_that_the_role_does_not_allow_is_passed_over() -> None:
    team = Team(answers={CLOUD: [down(CLOUD), a_response(provider=CLOUD)]})
    options = CallOptions(fallback=FallbackPolicy(alternatives=["there:spare", "cloud:huge"]))
    async with team.opening as runtime:
        response = await runtime.run(a_request(model="role:orchestrator"), options)
    assert team.asked == ["cloud:large", "cloud:huge"]
    assert [one.code for one in response.passed_over] == ["overloaded", "model_not_allowed"]


async def test_the_fallback_of_a_call_stands_in_the_place_of_that_of_the_role() -> None:
    team = Team(answers={HERE: [down(HERE), a_response(provider=HERE)]})
    options = CallOptions(fallback=FallbackPolicy(alternatives=["here:tiny"]))
    async with team.opening as runtime:
        await runtime.run(a_request(model="role:worker"), options)
    assert team.asked == ["here:small", "here:tiny"]


def test_a_role_cannot_stand_in_a_fallback() -> None:
    with pytest.raises(InvalidSettings, match="no role"):
        FallbackPolicy(alternatives=["role:worker"])


# ── how far a call may go ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("model", ["role:validator=cloud:large", "role:orchestrator", "cloud:large"])
async def test_where_profile_or_role_keep_calls_here_nothing_is_sent(model: str) -> None:  # T-PROFILE-004, 005
    team = Team(TEAM if "validator" in model else NO_CLOUD)
    async with team.opening as runtime:
        with pytest.raises(TierRefused) as refused:
            await runtime.run(a_request(model=model))
        record = await the_receipt(runtime)
        plan = await runtime.explain(a_request(model=model))
    assert team.asked == []
    assert (refused.value.hsk_code, refused.value.provider) == ("HSK-403-CLOUD-ESCALATION-DENIED", "cloud")
    assert record.gates == ("tier:refused",)
    assert not plan.allowed
    assert [verdict.code for verdict in plan.verdicts if verdict.gate == "tier"] == ["tier_denied"]


async def test_a_chain_of_fallbacks_ends_before_the_cloud_where_escalation_is_off() -> None:  # T-PROFILE-005
    assignment = ModelAssignment(primary="here:small", fallback="cloud:large")
    profile = WorkProfile(name="careful", assignments={"worker": assignment})
    team = Team(profile, answers={HERE: [down(HERE)]})
    async with team.opening as runtime:
        with pytest.raises(ProviderStatusError) as failed:
            await runtime.run(a_request(model="role:worker"))
    assert team.asked == ["here:small"]
    assert [(one.provider, one.code) for one in failed.value.passed_over] == [
        ("here", "overloaded"),
        ("cloud", "tier_denied"),
    ]


async def test_a_locked_profile_keeps_every_call_on_the_machine() -> None:
    locked = evolve(TEAM, governance=ProfileGovernance(automation="locked", allow_cloud_escalation=True))
    team = Team(locked)
    async with team.opening as runtime:
        with pytest.raises(GovernanceLocked):
            await runtime.run(a_request(model="cloud:large"))
        assert (await runtime.run(a_request(model="role:worker"))).text


async def test_a_profile_that_allows_the_cloud_does_not_allow_what_policy_forbids() -> None:
    team = Team(policy=GovernancePolicy.preset("locked"))
    async with team.opening as runtime:
        with pytest.raises(GovernanceLocked):
            await runtime.run(a_request(model="role:orchestrator"))


async def test_models_are_not_asked_for_outside_either_where_the_profile_keeps_calls_here() -> None:
    from provider_runtime import DiscoveryOptions

    options = DiscoveryOptions(remote=True, refresh_cache=True, include_provider=["cloud"])
    team = Team(NO_CLOUD)
    async with team.opening as runtime:
        with pytest.raises(TierRefused):
            await runtime.discover_models(options)
    assert team.adapters[CLOUD].discoveries == []


# ── experts ─────────────────────────────────────────────────────────────────────────────────

CODER = next(expert for expert in DEFAULT_EXPERTS if expert.role == "coder")
CODING = WorkProfile(
    name="coding", assignments={"coder": ModelAssignment(primary="here:small", fallback="there:spare")}
)


def sent_to(team: Team, provider: Any) -> dict[str, Any]:
    return msgspec.json.decode(team.adapters[provider].sent[-1][0].body)  # type: ignore[no-any-return]  # an object


async def test_the_prompt_of_an_expert_stands_in_front_of_what_the_request_says() -> None:
    team = Team(CODING, CODER)
    async with team.opening as runtime:
        await runtime.run(a_request(system("Be brief."), "Sort a list.", model="role:coder"))
    said = [(one["role"], one["content"][0]["text"]) for one in sent_to(team, HERE)["messages"]]
    assert said == [("system", CODER.system_prompt), ("system", "Be brief."), ("user", "Sort a list.")]


async def test_the_prompt_of_an_expert_goes_with_the_fallback_and_only_once() -> None:
    team = Team(CODING, CODER, answers={HERE: [down(HERE)]})
    async with team.opening as runtime:
        await runtime.run(a_request(model="role:coder"))
    assert [one["role"] for one in sent_to(team, THERE)["messages"]] == ["system", "user"]


@pytest.mark.parametrize(
    ("by_request", "by_call", "expected"), [(None, None, 0.2), (None, 0.7, 0.7), (1.5, 0.7, 1.5), (1.5, None, 1.5)]
)
async def test_the_manners_of_an_expert_stand_below_the_call_and_above_the_runtime(
    by_request: float | None, by_call: float | None, expected: float
) -> None:
    team = Team(CODING, CODER, parameters=ModelParameters(temperature=1.9, seed=7))
    options = CallOptions(parameters=ModelParameters(temperature=by_call))
    async with team.opening as runtime:
        await runtime.run(a_request(model="role:coder", temperature=by_request), options)
        await runtime.run(a_request(model="here:small"))
    of_expert, of_nobody = (msgspec.json.decode(prepared.body) for prepared, _ in team.adapters[HERE].sent)
    assert (of_expert["temperature"], of_expert["seed"]) == (expected, 7)
    assert of_nobody["temperature"] == 1.9


async def test_an_expert_with_a_model_of_its_own_needs_no_profile() -> None:
    expert = ExpertRole(role="critic", assignment=ModelAssignment(primary="here:sharp"))
    team = Team(WorkProfile(name="empty", assignments={}), expert)
    async with team.opening as runtime:
        await runtime.run(a_request(model="role:critic"))
        record = await the_receipt(runtime)
    assert team.asked == ["here:sharp"]
    assert (record.role, record.profile_id) == ("critic", None)
    assert [one["role"] for one in sent_to(team, HERE)["messages"]] == ["user"]  # it has no prompt


async def test_of_two_experts_for_a_role_the_later_one_counts() -> None:
    one, other = (ExpertRole(role="coder", system_prompt=text) for text in ("one", "other"))
    team = Team(CODING, one, other)
    async with team.opening as runtime:
        await runtime.run(a_request(model="role:coder"))
    assert sent_to(team, HERE)["messages"][0]["content"][0]["text"] == "other"


# ── told beforehand and afterwards ──────────────────────────────────────────────────────────


async def test_a_plan_says_who_plays_the_role_why_and_who_would_be_asked_next() -> None:
    team = Team()
    async with team.opening as runtime:
        plan = await runtime.explain(a_request(model="role:worker"))
        resolution = runtime.resolve("role:worker")
        await runtime.run(a_request(model="role:worker"))
    assert (plan.provider, plan.model_id, plan.role, plan.profile_id) == ("here", "small", "worker", TEAM.profile_id)
    assert plan.route_rule == "role"
    assert [finding.rule.value for finding in plan.findings if finding.decides] == ["role"]
    assert [str(model) for model in plan.alternatives] == ["there:spare"]
    assert plan.findings == resolution.findings
    assert team.adapters[HERE].sent[0][0].body == plan.body


async def test_resolving_asks_nobody_and_tells_nobody() -> None:
    team = Team()
    async with team.opening as runtime:
        told = len(team.events.events)
        found = runtime.resolve("role:orchestrator")
        assert len(team.events.events) == told
    assert (found.provider_id, found.tier.value, found.base_url, found.model_id) == (
        "cloud",
        "cloud",
        "https://api.vendor.com",
        "large",
    )
    assert team.asked == []


async def test_events_of_a_call_name_role_and_profile() -> None:
    team = Team()
    async with team.opening as runtime:
        await runtime.run(a_request(model="role:worker"))
    by_kind = {event.kind: event for event in team.events.events}
    started, cleared, ended = (
        by_kind[kind] for kind in (EventKind.CALL_STARTED, EventKind.CALL_CLEARED, EventKind.CALL_ANSWERED)
    )
    assert (started.role, started.model_asked, started.profile_id) == ("worker", "role:worker", None)
    assert (cleared.role, cleared.model_asked, cleared.profile_id) == ("worker", "small", TEAM.profile_id)
    assert (ended.role, ended.model_asked, ended.profile_id) == ("worker", "small", TEAM.profile_id)


# ── a profile that was pinned ───────────────────────────────────────────────────────────────


async def test_work_that_pinned_its_profile_is_not_done_under_another() -> None:  # T-PROFILE-002
    team = Team()
    pinned = CallOptions(profile_id=TEAM.profile_id)
    async with team.opening as runtime:
        await runtime.run(a_request(model="role:worker"), pinned)
        await runtime.run(a_request(model="here:small"), pinned)
    edited = Team(evolve(TEAM, description="edited"))
    async with edited.opening as runtime:
        for model in ("role:worker", "here:small"):
            with pytest.raises(ProviderRuntimeNormalizationError, match="is in force") as refused:
                await runtime.run(a_request(model=model), pinned)
            assert refused.value.field == "profile_id"
    assert edited.asked == []
    async with Team(None).opening as runtime:
        with pytest.raises(ProviderRuntimeNormalizationError, match="has none"):
            await runtime.run(a_request(model="here:small"), pinned)
    with pytest.raises(ValueError, match=ProfileId.__name__):
        CallOptions(profile_id="team")
