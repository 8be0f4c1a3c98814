"""The catalog and the prices that ship with the package, and a catalog as a text to keep."""

from provider_runtime.domain.catalog.exporting import catalog_as_json
from provider_runtime.domain.catalog.models import ModelCatalog
from provider_runtime.domain.catalog.pricing import PricingTable

# The data modules are imported where they are asked for: reading them takes longer than importing
# all the rest of the package, and a runtime with a catalog and prices of its own needs neither.
# They are frozen values, so runtimes that take them share them.


def builtin_catalog() -> ModelCatalog:
    """The shipped catalog: the same frozen value each time."""
    from provider_runtime.adapters.data.models import CATALOG  # noqa: PLC0415 - see above

    return CATALOG


def builtin_prices() -> PricingTable:
    """The shipped prices: the same frozen value each time. ``version`` is the day they were taken."""
    from provider_runtime.adapters.data.prices import PRICES  # noqa: PLC0415 - see above

    return PRICES


def catalog_json(catalog: ModelCatalog) -> str:
    """The text of a catalog file, the same for any order of entry; ``read_catalog`` reads it back."""
    return catalog_as_json(catalog)
