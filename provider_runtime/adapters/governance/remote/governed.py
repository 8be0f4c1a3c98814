"""GovernedWork: the server's side of governance, for each body of work whose owner a client may answer for."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from attrs import define, field

from provider_runtime.adapters.governance.local import LedgerGovernance
from provider_runtime.adapters.governance.remote import messages as said
from provider_runtime.domain.errors import LedgerDenied
from provider_runtime.domain.identity import OrderId, RuntimeId
from provider_runtime.domain.policy.budgets.access import LedgerClient
from provider_runtime.domain.policy.budgets.holds import Account
from provider_runtime.domain.policy.budgets.resources import Quantities, Resource
from provider_runtime.domain.policy.grants.profiles import GovernanceProfile, ProfileBudgets

GOVERNANCE: Final = "governance"
"""Whoever may answer for the work of ``acme`` has the account ``governance:acme``."""
_KEPT: Final = 1000
_SEPARATOR: Final = "/"


@define(kw_only=True, eq=False)
class GovernedWork:
    """Answers for the governance of many owners, each made by ``make`` when it is first asked about."""

    make: Callable[[RuntimeId], LedgerGovernance] = field(repr=False)
    _known: "OrderedDict[str, LedgerGovernance]" = field(factory=OrderedDict, init=False, repr=False)

    async def told(self, client: LedgerClient, question: said.Sync | said.AskGranted) -> said.Answer:
        """What is asked without changing anything."""
        governance = self._of(client, question.owner)
        if isinstance(question, said.AskGranted):
            return said.GrantedCaps(caps=tuple(sorted(await governance.granted(question.caps))))
        report = await governance.report()
        return said.Synced(
            profile=profile_out(await governance.get_profile()),
            limits=amounts_out(report.limits),
            consumed=amounts_out(report.consumed),
            remaining=amounts_out(report.remaining),
        )

    async def granted(self, client: LedgerClient, wish: said.Consume | said.ResetGovernance) -> said.Answer:
        """What is consumed or reset."""
        governance = self._of(client, wish.owner)
        if isinstance(wish, said.Consume):
            order_id = order_of(client, wish.order)
            return said.Consumed(taken=await governance.consume_once(wish.resource, _decimal(wish.amount), order_id))
        keeper(client)
        await governance.reset()
        return said.Done()

    def _of(self, client: LedgerClient, owner: str) -> LedgerGovernance:
        within_reach(client, [Account(budget=GOVERNANCE, owner=owner)])
        known = self._known.get(owner)
        if known is None:
            known = self._known[owner] = self.make(RuntimeId(owner))
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)  # what it counted is in the ledger
        self._known.move_to_end(owner)
        return known


def amounts_out(quantities: Quantities) -> said.Amounts:
    """Quantities as they are sent."""
    return said.Amounts(**{resource.value: _text(quantities.of(resource)) for resource in Resource})


def amounts_in(message: said.Amounts) -> Quantities:
    """Quantities as they came. Raises ``ValueError``."""
    texts = {resource.value: getattr(message, resource.value) for resource in Resource}
    return Quantities(**{name: None if text is None else _decimal(text) for name, text in texts.items()})


def profile_out(profile: GovernanceProfile) -> said.ProfileMessage:
    """A profile as it is sent."""
    amounts = profile.budgets
    return said.ProfileMessage(
        name=profile.name,
        caps=tuple(profile.allowed_caps),
        ops=profile.allowed_ops,
        requests=tuple(sorted(profile.allowed_oracle_req_tags)),
        budgets=(
            amounts.max_oracle_turns,
            amounts.max_eval_steps,
            amounts.max_tool_calls,
            amounts.max_nested_depth,
            amounts.max_oracle_reqs,
            amounts.max_commits,
        ),
        truth=profile.truth_regime,
        deterministic=profile.deterministic_envelope,
    )


def profile_in(message: said.ProfileMessage) -> GovernanceProfile:
    """A profile as it came. Raises ``TypeError`` or ``ValueError``."""
    turns, steps, tools, depth, requests, commits = message.budgets
    return GovernanceProfile(
        name=message.name,
        allowed_caps=message.caps,
        allowed_ops=message.ops,
        allowed_oracle_req_tags=message.requests,
        budgets=ProfileBudgets(
            max_oracle_turns=turns,
            max_eval_steps=steps,
            max_tool_calls=tools,
            max_nested_depth=depth,
            max_oracle_reqs=requests,
            max_commits=commits,
        ),
        truth_regime=message.truth,
        deterministic_envelope=message.deterministic,
    )


def order_of(client: LedgerClient, order: str) -> OrderId:
    """The order as the ledger knows it: no client gives, settles or withdraws the orders of another."""
    return OrderId(f"{client.name}{_SEPARATOR}{order}")


def within_reach(client: LedgerClient, accounts: Iterable[Account]) -> None:
    """Raises ``LedgerDenied`` unless ``client`` may use each of ``accounts``."""
    for account in accounts:
        if not client.may_use(account):
            raise LedgerDenied(
                key=f"{account.budget}:{account.owner}",
                message=f"the client {client.name} may not use {account.budget} of {account.owner}",
                remedy="Widen the accounts of this client at the server, or claim others.",
            )


def keeper(client: LedgerClient) -> None:
    """Raises ``LedgerDenied`` unless ``client`` looks after the ledger."""
    if not client.keeper:
        raise LedgerDenied(
            message=f"the client {client.name} may spend, and not keep the ledger",
            remedy="Make it a keeper at the server, or ask with the token of one.",
        )


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise ValueError("amount must be a decimal number") from None
