"""Budgets that were declared at the command line, and where their ledger is, in the file of records."""

from typing import Final

from attrs import define, field, frozen

from provider_runtime.adapters.backends.families.codec import RecordCodec
from provider_runtime.adapters.backends.families.places import InMemory, InSqlite, OverMedia
from provider_runtime.domain.catalog.credentials import CredentialRef
from provider_runtime.domain.policy.budgets.limits import Budget

_BUDGETS: Final = "budgets"
_LEDGER: Final = "budget-ledger"
_CHOSEN: Final = "chosen"


@frozen(kw_only=True)
class LedgerPlace:
    """A governance server that keeps the ledger, and where the token for it is found."""

    url: str
    credential: CredentialRef
    allowed_networks: tuple[str, ...] = ()


@define(kw_only=True, slots=False)
class MediaBudgetDeclarations(OverMedia):
    """Budgets by their names, and at most one place of a ledger, in the documents of ``media``.

    Raises ``BackendError`` when the medium fails, ``RecordCorrupt`` for what does not read back.
    """

    _budget: RecordCodec[Budget] = field(factory=lambda: RecordCodec(kind="budget", of=Budget), init=False, repr=False)
    _place: RecordCodec[LedgerPlace] = field(
        factory=lambda: RecordCodec(kind="ledger place", of=LedgerPlace), init=False, repr=False
    )

    async def put(self, budget: Budget) -> None:
        """Declare ``budget``, in place of what was declared under its name."""
        await self.media.documents().put(_BUDGETS, budget.name, self._budget.write(budget))

    async def remove(self, name: str) -> bool:
        """Forget the budget of this name; whether there was one."""
        return await self.media.documents().delete(_BUDGETS, name)

    async def list(self) -> tuple[Budget, ...]:
        """What is declared, sorted by name."""
        documents = self.media.documents()
        found = [(name, await documents.get(_BUDGETS, name)) for name in await documents.keys(_BUDGETS)]
        return tuple(self._budget.read(one.content, name) for name, one in found if one is not None)

    async def place(self) -> LedgerPlace | None:
        """The server that keeps the ledger; ``None`` where it is kept in the data folder."""
        found = await self.media.documents().get(_LEDGER, _CHOSEN)
        return None if found is None else self._place.read(found.content, _CHOSEN)

    async def choose(self, place: LedgerPlace | None) -> None:
        """Have the ledger kept there from now on; ``None``: in the data folder."""
        documents = self.media.documents()
        if place is None:
            await documents.delete(_LEDGER, _CHOSEN)
        else:
            await documents.put(_LEDGER, _CHOSEN, self._place.write(place))


@define(kw_only=True, slots=False)
class MemoryBudgetDeclarations(InMemory, MediaBudgetDeclarations):
    """Declarations in memory."""


@define(kw_only=True, slots=False)
class SqliteBudgetDeclarations(InSqlite, MediaBudgetDeclarations):
    """Declarations in the SQLite file ``path``, beside the other records."""
