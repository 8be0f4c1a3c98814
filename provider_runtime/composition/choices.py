"""Which implementation the settings ask for: one small function for each choice."""

from collections.abc import Mapping

from provider_runtime.adapters.backends.memory import MemoryJournal
from provider_runtime.adapters.backends.receipts import FilesystemReceiptProvider, InMemoryReceiptProvider
from provider_runtime.adapters.catalog import builtin_catalog, builtin_prices
from provider_runtime.adapters.http.transport import AiohttpTransport
from provider_runtime.composition.settings import FileReceipts, MemoryReceipts, RuntimeSettings
from provider_runtime.domain.catalog.models import ModelCatalog
from provider_runtime.domain.catalog.pricing import PricingTable
from provider_runtime.domain.catalog.providers import ProviderConfig
from provider_runtime.domain.identity import ProviderId, RuntimeId
from provider_runtime.domain.secrets import Secret
from provider_runtime.ports.http import HttpTransport
from provider_runtime.ports.journals import ReceiptProvider
from provider_runtime.ports.system import IdSource, Randomness


def transport(settings: RuntimeSettings) -> HttpTransport:
    """HTTP over aiohttp, within the limits of the settings."""
    return AiohttpTransport(
        connect_timeout_s=settings.connect_timeout_s, max_response_bytes=settings.max_response_bytes
    )


def receipts(wanted: MemoryReceipts | FileReceipts) -> ReceiptProvider:
    """Receipts where the settings want them."""
    if isinstance(wanted, FileReceipts):
        return FilesystemReceiptProvider(path=wanted.path)
    return InMemoryReceiptProvider(journal=MemoryJournal(keep=wanted.keep))


def by_id(configs: tuple[ProviderConfig, ...]) -> Mapping[ProviderId, ProviderConfig]:
    """Provider records by id."""
    return {config.provider_id: config for config in configs}


def runtime_id(given: RuntimeId | None, ids: IdSource) -> RuntimeId:
    """The id the settings give, or a fresh one."""
    return given or ids.next_runtime_id()


def receipt_key(given: Secret | None, randomness: Randomness) -> Secret:
    """The key the settings give, or one that is forgotten with the runtime."""
    return given or Secret(randomness.token(32).hex())


def catalog(given: ModelCatalog | None) -> ModelCatalog:
    """The catalog the settings give, or the shipped one."""
    return builtin_catalog() if given is None else given


def prices(given: PricingTable | None) -> PricingTable:
    """The prices the settings give, or the shipped ones."""
    return builtin_prices() if given is None else given
