"""What every ``OutcomeStore`` and every ``AnswerStore`` promise."""

from datetime import UTC, datetime

import pytest
from attrs import evolve
from hypothesis import given

from provider_runtime.domain.calls.answers import AnswerKey, KeptAnswer, KeptFailure
from provider_runtime.domain.errors import Delivery, TransportError
from provider_runtime.domain.identity import OPENAI, CallId
from provider_runtime.ports.stores.answers import AnswerStore
from provider_runtime.ports.stores.outcomes import Claimed, OtherRequest, OutcomeStore, UnderWay
from provider_runtime.testing.builders import a_response
from provider_runtime.testing.contracts.stores.drawn import DRAWN
from provider_runtime.testing.strategies.domain.answers import kept_answers, kept_failures

ONE, TWO = CallId("call_one"), CallId("call_two")
_KEY = AnswerKey(body_sha256="a" * 64, asked="b" * 64, terms="c" * 64)
_OTHERS = (
    evolve(_KEY, body_sha256="d" * 64),
    evolve(_KEY, asked="d" * 64),
    evolve(_KEY, terms="d" * 64),
    evolve(_KEY, occurrence=0),
    evolve(_KEY, occurrence=1),
)


class OutcomeStoreContract:
    """Subclass it, and give it a fixture ``store``: an empty one."""

    @pytest.fixture
    def store(self) -> OutcomeStore:
        raise NotImplementedError

    async def test_a_new_call_is_claimed_and_then_under_way(self, store: OutcomeStore) -> None:
        assert await store.claim(ONE, "digest") == Claimed()
        assert await store.claim(ONE, "digest") == UnderWay()

    async def test_the_outcome_kept_is_the_outcome_found(self, store: OutcomeStore) -> None:
        await store.claim(ONE, "digest")
        await store.keep_outcome(ONE, a_response("forty-two"))
        assert await store.claim(ONE, "digest") == a_response("forty-two")

    async def test_a_failure_is_an_outcome_too(self, store: OutcomeStore) -> None:
        await store.claim(ONE, "digest")
        await store.keep_outcome(ONE, TransportError(provider=OPENAI, delivery=Delivery.AMBIGUOUS, message="lost"))
        known = await store.claim(ONE, "digest")
        assert isinstance(known, TransportError)
        assert (known.message, known.delivery, known.__traceback__) == ("lost", Delivery.AMBIGUOUS, None)

    async def test_another_request_under_the_same_name_is_told_apart(self, store: OutcomeStore) -> None:
        await store.claim(ONE, "digest")
        assert await store.claim(ONE, "another") == OtherRequest()
        await store.keep_outcome(ONE, a_response())
        assert await store.claim(ONE, "another") == OtherRequest()

    async def test_a_claim_given_back_can_be_claimed_again(self, store: OutcomeStore) -> None:
        await store.claim(ONE, "digest")
        await store.release(ONE)
        await store.release(ONE)
        assert await store.claim(ONE, "another") == Claimed()

    async def test_an_outcome_cannot_be_given_back(self, store: OutcomeStore) -> None:
        await store.claim(ONE, "digest")
        await store.keep_outcome(ONE, a_response())
        await store.release(ONE)
        assert await store.claim(ONE, "digest") == a_response()

    async def test_what_nobody_claimed_is_not_kept(self, store: OutcomeStore) -> None:
        await store.keep_outcome(ONE, a_response())
        assert await store.claim(ONE, "digest") == Claimed()

    async def test_calls_do_not_answer_for_each_other(self, store: OutcomeStore) -> None:
        await store.claim(ONE, "digest")
        await store.keep_outcome(ONE, a_response())
        assert await store.claim(TWO, "digest") == Claimed()


class AnswerStoreContract:
    """Subclass it, and give it a fixture ``answers``: an empty one, without bounds."""

    @pytest.fixture
    def answers(self) -> AnswerStore:
        raise NotImplementedError

    def test_it_is_an_answer_store(self, answers: AnswerStore) -> None:
        assert isinstance(answers, AnswerStore)

    @DRAWN
    @given(kept=kept_answers())
    async def test_an_answer_comes_back_exactly_as_it_was_kept(self, answers: AnswerStore, kept: KeptAnswer) -> None:
        await answers.keep(_KEY, kept)
        assert await answers.find(_KEY) == kept

    @DRAWN
    @given(kept=kept_failures())
    async def test_a_failure_comes_back_with_all_its_facts(self, answers: AnswerStore, kept: KeptFailure) -> None:
        await answers.keep(_KEY, kept)
        found = await answers.find(_KEY)
        assert isinstance(found, KeptFailure)
        assert (found.kept_at, found.call_id, found.attempts) == (kept.kept_at, kept.call_id, kept.attempts)
        assert found.error is not kept.error
        assert found.error.__reduce__()[1] == kept.error.__reduce__()[1]

    async def test_every_part_of_a_key_counts(self, answers: AnswerStore) -> None:
        await answers.keep(_KEY, _saying("first"))
        for number, key in enumerate(_OTHERS):
            assert await answers.find(key) is None
            await answers.keep(key, _saying(str(number)))
        found = [await answers.find(key) for key in (_KEY, *_OTHERS)]
        assert found == [_saying("first"), *(_saying(str(number)) for number in range(len(_OTHERS)))]

    async def test_the_last_one_kept_counts(self, answers: AnswerStore) -> None:
        await answers.keep(_KEY, _saying("old"))
        await answers.keep(_KEY, _saying("new"))
        assert await answers.find(_KEY) == _saying("new")

    async def test_it_says_whether_anything_is_kept(self, answers: AnswerStore) -> None:
        assert await answers.is_empty()
        assert await answers.find(_KEY) is None
        await answers.keep(_KEY, _saying("something"))
        assert not await answers.is_empty()


def _saying(text: str) -> KeptAnswer:
    return KeptAnswer(response=a_response(text), kept_at=datetime(2026, 1, 31, tzinfo=UTC), call_id="call_1")
