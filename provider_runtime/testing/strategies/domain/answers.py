"""Strategies for answers that are kept, and for calls that want one."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from provider_runtime.domain.calls.answers import AnswerKey, KeptAnswer, KeptFailure
from provider_runtime.domain.calls.memo import Memo
from provider_runtime.testing.strategies.domain.failures import provider_errors
from provider_runtime.testing.strategies.responses import attempts, responses
from provider_runtime.testing.strategies.values import call_ids, few, floats, moments, perhaps


def memos() -> SearchStrategy[Memo]:
    """Wishes for an answer from memory."""
    return st.builds(
        Memo,
        apart_by=few(st.sampled_from(("tenant", "user", "job"))),
        max_age_s=perhaps(floats(0, 10**6)),
        refresh=st.booleans(),
        single_flight=st.booleans(),
    )


def answer_keys() -> SearchStrategy[AnswerKey]:
    """Keys that often differ in one part alone."""
    digests = st.sampled_from(("ab" * 32, "cd" * 32))
    occurrence = perhaps(st.integers(0, 2))
    return st.builds(AnswerKey, body_sha256=digests, asked=digests, terms=digests, occurrence=occurrence)


def kept_answers() -> SearchStrategy[KeptAnswer]:
    """Answers of any contents."""
    return st.builds(
        KeptAnswer, response=responses(), kept_at=moments(), call_id=call_ids(), attempts=few(attempts(), most=2)
    )


def kept_failures() -> SearchStrategy[KeptFailure]:
    """Failures of any class."""
    return st.builds(
        KeptFailure, error=provider_errors(), kept_at=moments(), call_id=call_ids(), attempts=few(attempts(), most=2)
    )
