"""A call that may need consent: made, or a person is asked first where one is there."""

from typing import TYPE_CHECKING, Final

from attrs import evolve

from provider_runtime.cli.consent.panel import show_question
from provider_runtime.cli.consent.place import ConsentPlace
from provider_runtime.cli.consent.terminal import asked, has_terminal, user_name
from provider_runtime.cli.inputs import CallInput
from provider_runtime.cli.records.recording import recording
from provider_runtime.cli.registry.folder import DataFolder
from provider_runtime.cli.workspace.opening import opened
from provider_runtime.domain.conversation.response import ProviderResponse
from provider_runtime.domain.errors import ConsentRefused, GuardFailed, consent_refusal
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.policy.consent.deciding import ConsentTerms
from provider_runtime.domain.policy.consent.faults import ConsentFault
from provider_runtime.domain.policy.consent.plans import ConsentRequest
from provider_runtime.domain.policy.consent.subject import ConsentScope
from provider_runtime.domain.policy.credentials import NoCredential, missing

if TYPE_CHECKING:
    from provider_runtime.composition.runtime import ProviderRuntime

_ANSWERS: Final = {"o": ConsentScope.SINGLE_CALL, "s": ConsentScope.SESSION}


async def run_with_consent(given: CallInput, folder: DataFolder, *, keep: bool) -> ProviderResponse:
    """The answer to the call. Where consent is wanting, a person at the terminal is asked, and the call made.

    Where nobody is there, the question is left waiting, and the refusal says how to answer it.
    """
    place = ConsentPlace.of(folder)
    async with recording(folder, given.made.settings, wanted=keep) as kept:
        made = evolve(given.made, settings=kept.settings)
        try:
            async with opened(made, **kept.parts) as runtime:
                return await runtime.run(given.request, given.options)
        except ConsentRefused as refused:
            refusal = refused.with_traceback(None)
        if isinstance(refusal, GuardFailed) or place.path is None:
            raise refusal
        lasting = evolve(made, settings=evolve(made.settings, consents=place.lasting()))
        async with opened(lasting, consent_signer=place.signer(), **kept.parts) as runtime:
            await refuse_without_key(runtime, refusal.provider)
            question = await runtime.request_consent(given.request, given.options)
            if not has_terminal():
                name = question.request_id
                refusal.remedy = f"Look at it and decide: provider-runtime consent show {name}, then grant."
                raise refusal
            await _decide(runtime, question)
            return await runtime.run(given.request, given.options)


async def refuse_without_key(runtime: "ProviderRuntime", provider: ProviderId | None) -> None:
    """Raise ``CredentialMissing`` for a call that could not be made anyway: nobody need be asked about it."""
    if provider is None:
        return
    record = runtime.routing.providers.get(provider).config
    report = await runtime.credential_report(provider)
    if record.credential is not None and report.source is None:
        raise missing(record, NoCredential())


async def _decide(runtime: "ProviderRuntime", question: ConsentRequest) -> None:
    """Ask, and record the answer, whichever it is. Raises the refusal for a no."""
    show_question(question, on_errors=True)
    may_last = question.plan.subject.session is not None
    offered = "[o]nce, for this [s]ession, [n]o" if may_last else "[o]nce, [n]o"
    scope = _ANSWERS.get(asked(f"Send it? {offered}", "osn" if may_last else "on"))
    if scope is None:
        receipt = await runtime.consents.deny(question.request_id, user_id=user_name())
        raise consent_refusal(ConsentFault.DENIED, receipt.consent_id)
    await runtime.consents.approve(question.request_id, user_id=user_name(), terms=ConsentTerms(scope=scope))
