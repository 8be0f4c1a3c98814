"""The shipped prices. Importing this module reads them: once in a process, and only where they are wanted."""

from pathlib import Path
from typing import Final

from provider_runtime.adapters.catalog_files import read_prices
from provider_runtime.domain.catalog.pricing import PricingTable

# By its path: importing importlib.resources takes longer than reading the file.
PRICES: Final[PricingTable] = read_prices(Path(__file__).with_name("prices.json").read_bytes())
