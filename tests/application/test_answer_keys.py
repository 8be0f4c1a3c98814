"""The key of an answer: one for each question, whoever asks it when."""

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from provider_runtime import CallOptions, GovernancePolicy, ProviderRequest
from provider_runtime.application.call import PreparedCall
from provider_runtime.application.sending.answer_keys import answer_key_of
from provider_runtime.domain.calls.answers import AnswerKey
from provider_runtime.testing.fakes import FakeAdapter
from provider_runtime.testing.stages import a_prepared_call
from provider_runtime.testing.strategies import requests, values_of

VERSION = GovernancePolicy().version


def prepared(
    request: ProviderRequest, options: CallOptions | None = None, base_url: str = "https://a.com"
) -> PreparedCall:
    made = a_prepared_call(request, adapter=FakeAdapter(base_url=base_url), base_url=base_url)
    call = made.routed.call
    told = evolve(call, terms=call.terms.for_call(options))
    return evolve(made, routed=evolve(made.routed, call=told))


def key(request: ProviderRequest, options: CallOptions | None = None, *apart_by: str) -> AnswerKey:
    return answer_key_of(prepared(request, options), VERSION, apart_by)


@settings(max_examples=25)
@given(one=requests(), other=requests())
def test_two_requests_have_one_key_if_and_only_if_they_are_the_same(
    one: ProviderRequest, other: ProviderRequest
) -> None:
    assert key(one) == key(one)
    assert (key(one) == key(other)) is (one == other)


@settings(max_examples=25)
@given(request_=requests(), options=values_of(CallOptions), version=st.sampled_from(("1", "2", "")))
def test_of_the_options_only_the_wish_for_raw_words_and_the_labels_that_keep_apart_are_in_the_key(
    request_: ProviderRequest, options: CallOptions, version: str
) -> None:
    plain = CallOptions(include_raw_response=options.include_raw_response, metadata=options.metadata)
    assert key(request_, options, "tenant") == key(request_, plain, "tenant")
    assert (key(request_, options) == key(request_)) is not options.include_raw_response
    labelled = "tenant" in options.metadata
    assert (key(request_, plain, "tenant") == key(request_, evolve(plain, metadata={}), "tenant")) is not labelled
    other = answer_key_of(prepared(request_, options), version, ("tenant",))
    assert (other == key(request_, options, "tenant")) is (version == VERSION)


@settings(max_examples=10)
@given(request_=requests())
def test_the_same_bytes_at_another_address_are_another_question(request_: ProviderRequest) -> None:
    here, there = prepared(request_), prepared(request_, base_url="https://b.com")
    assert here.exchange.body_sha256 == there.exchange.body_sha256
    assert answer_key_of(here, VERSION) != answer_key_of(there, VERSION)
