"""Strategies for what callers wish: options of a call, budgets, swaps, rules."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from provider_runtime.domain.calls.options import CallOptions
from provider_runtime.domain.calls.parameters import ModelParameters
from provider_runtime.domain.identity import ProfileId, ProviderId
from provider_runtime.domain.logic.facts import Rule
from provider_runtime.domain.policy.budgets.limits import Amount, Budget, Unit
from provider_runtime.domain.policy.fallback import FallbackPolicy
from provider_runtime.domain.policy.leakage.classification import ContentClassification, Sensitivity
from provider_runtime.domain.policy.retrying import RetryPolicy
from provider_runtime.domain.profiles.swapping import ModelSwapRequest, SwapRequester, SwapSubsystem
from provider_runtime.domain.secrets import Secret
from provider_runtime.testing.strategies.domain.answers import memos
from provider_runtime.testing.strategies.profiles import models_with_provider, roles
from provider_runtime.testing.strategies.values import call_ids, few, floats, perhaps, texts


def secrets() -> SearchStrategy[Secret]:
    """Credentials that are none."""
    return st.text("abcdef0123456789-_.", min_size=1, max_size=40).map(Secret)


def labels() -> SearchStrategy[dict[str, str]]:
    """Labels of calls."""
    names, values = st.sampled_from(("tenant", "user", "job.id")), st.sampled_from(("acme", "7", "a/b@c"))
    return st.dictionaries(names, values, max_size=2)


def call_options() -> SearchStrategy[CallOptions]:
    """What a call wants differently, much of it or nothing."""
    parameters = st.builds(ModelParameters, temperature=perhaps(floats(0, 2)), seed=perhaps(st.integers(0, 9)))
    content = st.builds(
        ContentClassification, ref=st.sampled_from(("doc/1", "mail")), sensitivity=st.sampled_from(Sensitivity)
    )
    return st.builds(
        CallOptions,
        credential=perhaps(secrets()),
        deadline_s=perhaps(floats(0.001, 86_400)),
        retry=perhaps(st.builds(RetryPolicy, max_attempts=st.integers(1, 5))),
        fallback=perhaps(st.just(FallbackPolicy(alternatives=["anthropic:claude-sonnet-4-5"]))),
        parameters=parameters,
        headers=st.dictionaries(st.sampled_from(("x-beta", "x-team")), st.sampled_from(("on", "a, b")), max_size=2),
        metadata=labels(),
        content=few(content, most=1),
        trace_id=perhaps(st.sampled_from(("ab" * 16, "0123456789abcdef" * 2))),
        conversation_id=perhaps(st.sampled_from(("chat/7", "c"))),
        call_id=perhaps(call_ids()),
        include_raw_response=st.booleans(),
        profile_id=perhaps(st.just(ProfileId("team@0123456789abcdef"))),
        memo=perhaps(memos()),
    )


def amounts() -> SearchStrategy[Amount]:
    """So much of any unit."""
    return st.builds(Amount, unit=st.sampled_from(Unit), value=st.integers(0, 10**12))


def budgets() -> SearchStrategy[Budget]:
    """Budgets of any scope and window."""
    return st.builds(
        Budget,
        name=st.sampled_from(("month", "team.tokens", "a")),
        limit=amounts(),
        window_s=perhaps(st.integers(1, 366 * 86_400)),
        scope=st.sampled_from(("everyone", "runtime", "profile", "tenant")),
    )


def swap_requests() -> SearchStrategy[ModelSwapRequest]:
    """Wishes for another model."""
    jobs = st.sampled_from(("job-1", "job-2"))
    return st.builds(
        ModelSwapRequest,
        request_id=st.sampled_from(("swap-1", "swap-2")),
        current=models_with_provider(st.just(ProviderId("here"))),
        target=models_with_provider(st.just(ProviderId("there"))),
        role=roles(),
        reason=texts().filter(str.strip),
        state_refs=st.lists(st.sampled_from(("job/1", "job/2")), min_size=1, max_size=2),
        state_hash=st.sampled_from(("0" * 64, "ab" * 32)),
        context_ref=st.just("resume"),
        requester=st.builds(SwapRequester, subsystem=st.sampled_from(SwapSubsystem), job_id=perhaps(jobs)),
        metadata=labels(),
    )


def rules() -> SearchStrategy[Rule]:
    """Rules with one condition or two, and variables that both sides know."""
    sentence = st.sampled_from(("?x is a parent of ?y", "?y likes ?x", "ann sees ?x"))
    condition = st.lists(sentence, min_size=1, max_size=2).map(" & ".join)
    return st.builds(Rule, condition=condition, conclusion=st.sampled_from(("?x is known", "somebody knows ?x")))
