"""The shipped catalog. Importing this module reads it: once in a process, and only where it is wanted."""

from pathlib import Path
from typing import Final

from provider_runtime.adapters.catalog_files import read_catalog
from provider_runtime.domain.catalog.models import ModelCatalog

# By its path: importing importlib.resources takes longer than reading the file.
CATALOG: Final[ModelCatalog] = read_catalog(Path(__file__).with_name("models.json").read_bytes())
