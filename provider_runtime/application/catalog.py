"""The catalog this runtime routes by: static at first, replaced as a whole by discovery."""

from attrs import define, field

from provider_runtime.domain.catalog.models import ModelCatalog
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.catalog.resolving import CatalogIndex, who_serves


@define
class ActiveCatalog:
    """The one catalog in use. A refresh swaps it between two calls, never under one.

    ``static`` is what discovery enriches; ``index`` answers lookups without a search, for the
    records of ``configs``.
    """

    static: ModelCatalog
    configs: tuple[ProviderConfig, ...] = ()
    current: ModelCatalog = field(init=False)
    index: CatalogIndex = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.use(self.static)

    def use(self, catalog: ModelCatalog) -> None:
        """Route by ``catalog`` from now on."""
        self.current = catalog
        self.index = CatalogIndex(catalog, who_serves(self.configs))
