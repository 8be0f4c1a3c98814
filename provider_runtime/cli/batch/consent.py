"""A batch that may need consent: it is asked for once, for all lines that go the same way."""

from attrs import evolve, frozen

from provider_runtime.cli.consent.asking import refuse_without_key
from provider_runtime.cli.consent.panel import show_question
from provider_runtime.cli.consent.place import ConsentPlace
from provider_runtime.cli.consent.terminal import asked, has_terminal, user_name
from provider_runtime.cli.workspace.opening import CommandSettings, opened
from provider_runtime.domain.batches.lines import LineCall
from provider_runtime.domain.errors import ConsentRefused, consent_refusal
from provider_runtime.domain.policy.consent.deciding import ConsentTerms
from provider_runtime.domain.policy.consent.faults import ConsentFault
from provider_runtime.domain.policy.consent.subject import ConsentScope


@frozen
class BatchConsent:
    """Asks whether the lines of a batch may leave the machine, and keeps the answer at ``place``."""

    place: ConsentPlace

    def kept_in(self, made: CommandSettings) -> CommandSettings:
        """The settings, with the ledger where the answer is found."""
        return evolve(made, settings=evolve(made.settings, consents=self.place.lasting()))

    async def ask(self, made: CommandSettings, call: LineCall, refused: ConsentRefused) -> None:
        """Have somebody consent to ``call`` and to its like in the same batch. Raises the refusal for a no.

        Where nobody sits at a terminal, the question is left waiting, and the refusal says how to answer it.
        """
        async with opened(self.kept_in(made), consent_signer=self.place.signer()) as runtime:
            await refuse_without_key(runtime, refused.provider)
            question = await runtime.request_consent(call.request, call.options, scope=ConsentScope.SESSION)
            if not has_terminal():
                name = question.request_id
                refused.remedy = (
                    f"Look at it and decide: provider-runtime consent show {name}, then grant; then --resume."
                )
                raise refused
            show_question(question, on_errors=True, title="The lines of this batch would leave your machine; the first")
            if asked("Send them? [y]es, all of them, [n]o", "yn") == "n":
                receipt = await runtime.consents.deny(question.request_id, user_id=user_name())
                raise consent_refusal(ConsentFault.DENIED, receipt.consent_id)
            terms = ConsentTerms(scope=ConsentScope.SESSION)
            await runtime.consents.approve(question.request_id, user_id=user_name(), terms=terms)
