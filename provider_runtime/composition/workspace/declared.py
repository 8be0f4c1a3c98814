"""Budgets that are declared in a data folder, beside those of the file, and where their ledger is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provider_runtime.composition.settings import RemoteLedger
from provider_runtime.composition.workspace.config import FILE_NAME, RECORDS_NAME
from provider_runtime.composition.workspace.layers import is_inside
from provider_runtime.composition.workspace.reading import ReadConfig
from provider_runtime.domain.errors import InvalidSettings

if TYPE_CHECKING:
    from provider_runtime.adapters.backends.budget_declarations import SqliteBudgetDeclarations


@asynccontextmanager
async def budgets_of(data: Path) -> AsyncIterator["SqliteBudgetDeclarations"]:
    """What is declared in a data folder, closed at the end. Nothing is made before something is declared."""
    # Whoever has no budgets declared needs neither SQLite nor what reads records.
    from provider_runtime.adapters.backends.budget_declarations import SqliteBudgetDeclarations  # noqa: PLC0415 - see above

    store = SqliteBudgetDeclarations(path=data / RECORDS_NAME)
    try:
        yield store
    finally:
        await store.aclose()


async def spending_in(read: ReadConfig, data: Path | None) -> dict[str, Any]:
    """The fields ``budgets`` and ``ledger`` of settings, as far as the data folder has something to add to the file.

    Raises ``InvalidSettings`` for a budget that is in both.
    """
    if data is None or not (data / RECORDS_NAME).exists():
        return {}
    async with budgets_of(data) as store:
        declared, place = await store.list(), await store.place()
    written = tuple(limit.budget for limit in read.config.budgets)
    for budget in declared:
        if any(one.name == budget.name for one in written):
            raise InvalidSettings(
                field="budgets",
                message=f"the budget {budget.name} stands in {FILE_NAME}, and was declared too: which counts?",
                remedy=f"Take it out of the file, or: provider-runtime budget remove {budget.name}",
            )
    fields: dict[str, Any] = {"budgets": (*written, *declared)}
    if place is not None and not any(is_inside(path, "ledger") for path in read.origins):
        fields["ledger"] = RemoteLedger(
            url=place.url, credential=place.credential, allowed_networks=place.allowed_networks
        )
    return fields
