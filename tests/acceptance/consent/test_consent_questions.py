"""Who needs consent, and how it is asked for and decided."""

from typing import Any

import pytest
from attrs import evolve
from consenting.asking import TALK, WORDS, consented
from consenting.cloud import CLOUD, LOCAL, opened, settings_in

from provider_runtime import (
    CallOptions,
    CallRefused,
    ConsentFault,
    ConsentMismatch,
    ConsentRefused,
    ConsentRequired,
    ConsentRevoked,
    ConsentScope,
    ConsentTerms,
    GovernancePolicy,
    MissingProviderRuntimeError,
    RecordConflict,
    RecordMissing,
    RequestInvalid,
    Secret,
    Tier,
    local_server,
)
from provider_runtime.testing.builders import a_request
from provider_runtime.testing.fakes import EventRecorder
from provider_runtime.testing.sandbox import Sandbox

# ── who needs consent ───────────────────────────────────────────────────────────────────────


async def test_a_call_on_this_machine_needs_no_consent_unless_policy_always_wants_it(sandbox: Sandbox) -> None:
    request = a_request(WORDS, model=LOCAL)
    async with opened(sandbox) as runtime:
        await runtime.run(request)
    always = settings_in(sandbox, policy=GovernancePolicy(consent="always"))
    async with opened(sandbox, always) as runtime:
        with pytest.raises(ConsentRequired):
            await runtime.run(request)
        await consented(runtime, request)
        await runtime.run(request)
    assert len(sandbox.requests) == 2


async def test_a_host_of_one_s_own_network_is_not_this_machine(sandbox: Sandbox) -> None:
    elsewhere = evolve(local_server("http://10.1.2.3:8000/v1"), allowed_networks=("10.0.0.0/8",))
    async with opened(sandbox, settings_in(sandbox, providers=(elsewhere,), credentials={})) as runtime:
        with pytest.raises(ConsentRequired):
            await runtime.run(a_request(WORDS, model="local:small"))
    assert elsewhere.tier is Tier.LOCAL


async def test_where_policy_never_wants_consent_the_ledger_is_not_asked(sandbox: Sandbox) -> None:
    async with opened(sandbox, settings_in(sandbox, policy=GovernancePolicy())) as runtime:
        await runtime.run(a_request(WORDS, model=CLOUD))
        assert await runtime.consents.consents() == ()
        (receipt,) = await runtime.receipts.list()
    assert receipt.record.consent_id is None


async def test_a_runtime_without_a_ledger_says_what_it_lacks(sandbox: Sandbox) -> None:
    async with opened(sandbox, settings_in(sandbox, consents=None)) as runtime:
        with pytest.raises(CallRefused, match="consent ledger"):
            await runtime.run(a_request(WORDS, model=CLOUD))
        with pytest.raises(MissingProviderRuntimeError) as missing:
            await runtime.request_consent(a_request(WORDS, model=CLOUD))
    assert missing.value.missing_fields == ("consents",)


# ── asking and deciding ─────────────────────────────────────────────────────────────────────


async def test_each_question_is_answered_once_whatever_the_answer(sandbox: Sandbox) -> None:
    async with opened(sandbox) as runtime:
        question = await runtime.request_consent(a_request(WORDS, model=CLOUD))
        await runtime.consents.deny(question.request_id, user_id="ada")
        with pytest.raises(RecordConflict):
            await runtime.consents.approve(question.request_id, user_id="mallory")
        with pytest.raises(RecordMissing):
            await runtime.consents.approve("req_unheard_of", user_id="mallory")
        with pytest.raises(ConsentMismatch) as refused:
            await runtime.run(a_request(WORDS, model=CLOUD))
    assert refused.value.fault is ConsentFault.DENIED
    assert sandbox.requests == ()


async def test_after_a_denial_one_may_ask_anew_and_be_told_yes(sandbox: Sandbox) -> None:
    request = a_request(WORDS, model=CLOUD)
    async with opened(sandbox) as runtime:
        first = await runtime.request_consent(request)
        await runtime.consents.deny(first.request_id, user_id="ada")
        again = await runtime.request_consent(request, reason="tests_failed_twice")
        assert again.request_id != first.request_id
        await runtime.consents.approve(again.request_id, user_id="ada")
        await runtime.run(request)
    assert len(sandbox.requests) == 1


async def test_the_same_question_is_put_once_and_a_changed_one_replaces_it(sandbox: Sandbox) -> None:
    events = EventRecorder()
    async with opened(sandbox, event_sink=events) as runtime:
        first = await runtime.request_consent(a_request(WORDS, model=CLOUD), TALK)
        assert await runtime.request_consent(a_request(WORDS, model=CLOUD), TALK) == first
        changed = await runtime.request_consent(a_request(f"{WORDS}.", model=CLOUD), TALK)
        assert await runtime.consents.waiting() == (changed,)
        with pytest.raises(RecordMissing):
            await runtime.consents.approve(first.request_id, user_id="ada")
    assert events.kinds == ("cloud_requested", "cloud_requested")


@pytest.mark.parametrize("asked", [{"reason": f"because {WORDS}"}, {"scope": "everything"}, {"reason": ""}])
async def test_a_question_that_is_none_names_the_field_and_quotes_nothing(
    sandbox: Sandbox, asked: dict[str, Any]
) -> None:
    async with opened(sandbox) as runtime:
        with pytest.raises(RequestInvalid) as refused:
            await runtime.request_consent(a_request(WORDS, model=CLOUD), **asked)
        assert await runtime.consents.waiting() == ()
    assert refused.value.field == next(iter(asked))
    assert "Wilhelmina" not in str(refused.value)


async def test_a_revoked_consent_is_none(sandbox: Sandbox) -> None:
    request = a_request(WORDS, model=CLOUD)
    async with opened(sandbox) as runtime:
        consent_id = await consented(runtime, request)
        revoked = await runtime.consents.revoke(consent_id, user_id="ada", reason="mistake")
        assert revoked.revoked_at is not None
        with pytest.raises(ConsentRevoked):
            await runtime.run(request)
        with pytest.raises(RecordMissing):
            await runtime.consents.revoke("consent_unheard_of", user_id="ada")
    assert sandbox.requests == ()


async def test_a_consent_for_the_conversation_holds_for_it_and_for_no_other(sandbox: Sandbox) -> None:
    async with opened(sandbox) as runtime:
        terms = ConsentTerms(scope=ConsentScope.SESSION)
        await consented(runtime, a_request(WORDS, model=CLOUD), TALK, terms)
        for words in (WORDS, "And how old is she?"):
            await runtime.run(a_request(words, model=CLOUD), TALK)
        for options in (CallOptions(conversation_id="chat-8"), None):
            with pytest.raises(ConsentRefused):
                await runtime.run(a_request("And how old is she?", model=CLOUD), options)
    assert len(sandbox.requests) == 2


async def test_one_tenant_s_consent_is_not_even_seen_by_another(sandbox: Sandbox) -> None:
    acme, bolt = (CallOptions(metadata={"tenant": name}) for name in ("acme", "bolt"))
    async with opened(sandbox) as runtime:
        wide = ConsentTerms(scope=ConsentScope.BROADCAST)
        await consented(runtime, a_request(WORDS, model=CLOUD), acme, wide)
        await runtime.run(a_request(WORDS, model=CLOUD), acme)
        with pytest.raises(ConsentRequired) as refused:
            await runtime.run(a_request(WORDS, model=CLOUD), bolt)
    assert refused.value.consent_id is None
    assert len(sandbox.requests) == 1


async def test_another_key_is_another_account_and_not_consented_to(sandbox: Sandbox) -> None:
    request = a_request(WORDS, model=CLOUD)
    async with opened(sandbox) as runtime:
        await consented(runtime, request, terms=ConsentTerms(uses=9))
        with pytest.raises(ConsentMismatch) as refused:
            await runtime.run(request, CallOptions(credential=Secret("sk-of-somebody-else")))
        assert refused.value.fault is ConsentFault.RECORD
        await runtime.run(request)
    assert len(sandbox.requests) == 1
