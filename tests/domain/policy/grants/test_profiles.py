"""The five profiles and their numbers. Source: semantics B.7."""

import pytest

from provider_runtime.domain.catalog.providers import Tier
from provider_runtime.domain.identity import OPENAI
from provider_runtime.domain.policy.grants.needs import caps_needed, caps_of_any_call
from provider_runtime.domain.policy.grants.profiles import (
    GOVERNANCE_PROFILES,
    GovernanceProfile,
    OracleRequest,
    ProfileBudgets,
    TruthRegime,
    governance_profile,
)
from provider_runtime.testing.builders import a_request

THINKING = {"eval", "apply", "observe", "infer"}
COMMITS = {"commit.rewrite", "commit.method"}


@pytest.mark.parametrize(
    ("name", "numbers", "truth", "deterministic"),
    [
        ("explore", (1000, 100_000, 0, 8, 500, 0), "speculative", False),
        ("pragmatic", (10_000, 500_000, 100, 16, 5000, 50), "test-certified", False),
        ("strict", (100, 50_000, 10, 4, 50, 10), "test-certified", True),
        ("airgap", (50, 10_000, 0, 4, 25, 0), "speculative", True),
        ("proof-certified", (100_000, 5_000_000, 10_000, 32, 50_000, 1000), "proof-certified", False),
    ],
)
def test_a_profile_has_its_numbers(name: str, numbers: tuple[int, ...], truth: str, *, deterministic: bool) -> None:
    profile, budgets = governance_profile(name), governance_profile(name).budgets
    assert profile.name == name
    assert (
        budgets.max_oracle_turns,
        budgets.max_eval_steps,
        budgets.max_tool_calls,
        budgets.max_nested_depth,
        budgets.max_oracle_reqs,
        budgets.max_commits,
    ) == numbers
    assert (profile.truth_regime, profile.deterministic_envelope) == (TruthRegime(truth), deterministic)


@pytest.mark.parametrize(
    ("name", "caps"),
    [
        ("explore", THINKING),
        ("pragmatic", THINKING | COMMITS | {"test", "generic.autofill", "shell", "file.read", "file.write"}),
        ("strict", {"observe", "test"} | COMMITS),
        ("airgap", {"observe", "infer"}),
    ],
)
def test_a_profile_has_its_capabilities_and_besides_them_those_of_calls(name: str, caps: set[str]) -> None:
    ours = ("model", "provider", "media", "tools")
    assert {cap for cap in governance_profile(name).allowed_caps if cap.split(".")[0] not in ours} == caps


def test_what_is_proven_may_do_anything() -> None:
    assert governance_profile("proof-certified").allowed_caps.grants("whatever.it.is")


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("explore", "Eval Apply"),
        ("pragmatic", "Eval Apply Observe Test Commit"),
        ("strict", "Observe Test"),
        ("airgap", "Observe"),
        ("proof-certified", "Eval Apply Observe Tool Test Commit"),
    ],
)
def test_a_profile_says_what_a_model_may_ask_for(name: str, tags: str) -> None:
    assert governance_profile(name).allowed_oracle_req_tags == {OracleRequest(f"Req{tag}") for tag in tags.split()}


def test_two_have_another_name_as_well_and_unknown_names_are_the_default() -> None:
    assert governance_profile("speculative").name == "explore"
    assert governance_profile("test-certified").name == "pragmatic"
    assert governance_profile("no such profile").name == "pragmatic"
    assert "no such profile" not in GOVERNANCE_PROFILES


def test_what_a_profile_leaves_out_is_made_up_for() -> None:
    sparse = GovernanceProfile(
        name="mine", allowed_caps=["infer"], budgets=ProfileBudgets(max_oracle_turns=7, max_eval_steps=1)
    )
    assert (sparse.budgets.max_nested_depth, sparse.budgets.max_oracle_reqs, sparse.budgets.max_commits) == (8, 7, 0)
    assert (sparse.truth_regime, sparse.deterministic_envelope) == (TruthRegime.SPECULATIVE, False)
    committing = GovernanceProfile(
        name="mine",
        allowed_caps=["infer"],
        allowed_oracle_req_tags=["ReqCommit"],
        budgets=ProfileBudgets(max_oracle_turns=7, max_eval_steps=1),
    )
    assert committing.budgets.max_commits == 100


@pytest.mark.parametrize("name", ["explore", "pragmatic", "strict", "proof-certified"])
def test_the_profiles_that_may_ask_a_model_may_call_one_in_the_cloud(name: str) -> None:
    needed = caps_needed(a_request(), caps_of_any_call(OPENAI, Tier.CLOUD))
    assert all(governance_profile(name).allowed_caps.grants(cap) for cap in needed)


def test_an_airgap_calls_models_of_this_machine_and_no_others() -> None:
    caps = governance_profile("airgap").allowed_caps
    assert all(caps.grants(cap) for cap in caps_needed(a_request(), caps_of_any_call(OPENAI, Tier.LOCAL)))
    assert not caps.grants("model.cloud")
    assert not caps.grants("tools.offer")
    assert not caps.grants("media.send")
