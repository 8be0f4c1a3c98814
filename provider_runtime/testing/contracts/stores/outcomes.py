"""What every ``OutcomeStore`` promises."""

import pytest

from provider_runtime.domain.errors import Delivery, TransportError
from provider_runtime.domain.identity import OPENAI, CallId
from provider_runtime.ports.stores.outcomes import Claimed, OtherRequest, OutcomeStore, UnderWay
from provider_runtime.testing.builders import a_response

ONE, TWO = CallId("call_one"), CallId("call_two")


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
