"""Access: who may spend from which accounts of a ledger that is kept for many, and who looks after it."""

import re
from collections.abc import Iterable
from typing import Final, Self

from attrs import Attribute, field, frozen

from provider_runtime.domain.checks import all_are, is_a
from provider_runtime.domain.json_values import tuple_of
from provider_runtime.domain.policy.budgets.holds import Account

ANY: Final = "*"
_CLIENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")


def _name_or_any(_instance: object, attribute: "Attribute[str]", value: object) -> None:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError(f"{attribute.name}: a name, or * for any")


@frozen(kw_only=True)
class Reach:
    """The accounts that somebody may take from: a budget and an owner, each by name or ``*`` for any.

    Written ``month:acme``, ``daily:*`` or ``*``. Raises ``ValueError``.
    """

    budget: str = field(default=ANY, validator=_name_or_any)
    owner: str = field(default=ANY, validator=_name_or_any)

    @classmethod
    def parse(cls, text: str) -> Self:
        """What such a text means; the owner left out is any."""
        budget, colon, owner = text.partition(":")
        return cls(budget=budget, owner=owner if colon else ANY)

    def __str__(self) -> str:
        return self.budget if self.budget == self.owner == ANY else f"{self.budget}:{self.owner}"

    def covers(self, account: Account) -> bool:
        """Whether the account is one of them."""
        return self.budget in {ANY, account.budget} and self.owner in {ANY, account.owner}


@frozen(kw_only=True)
class LedgerClient:
    """Somebody who uses a ledger over the network. ``keeper``: may also put right, reset and reconcile.

    ``name`` tells clients apart: none settles what another has taken. Raises ``TypeError`` or ``ValueError``.
    """

    name: str = field()
    accounts: tuple[Reach, ...] = field(default=(Reach(),), converter=tuple_of, validator=all_are(Reach))
    keeper: bool = field(default=False, validator=is_a(bool))

    @name.validator
    def _is_a_name(self, _attribute: object, name: object) -> None:
        if not isinstance(name, str) or not _CLIENT.match(name):
            raise ValueError("name: 1 to 64 letters, digits, '_', '.' or '-', beginning with a letter or digit")

    @accounts.validator
    def _are_some(self, _attribute: object, accounts: tuple[Reach, ...]) -> None:
        if not accounts:
            raise ValueError("accounts: name at least one, or * for any")

    def may_use(self, account: Account) -> bool:
        """Whether this client may take from the account, and see how it stands."""
        return any(reach.covers(account) for reach in self.accounts)

    def may_use_all(self, accounts: Iterable[Account]) -> bool:
        """The same of several."""
        return all(map(self.may_use, accounts))
