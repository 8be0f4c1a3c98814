"""Stores of secrets under their contract."""

from pathlib import Path

import pytest
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

from provider_runtime.adapters.credentials.filesystem import FilesystemSecretStore
from provider_runtime.adapters.credentials.keyring_store import KeyringSecretStore
from provider_runtime.adapters.credentials.memory import MemorySecretStore
from provider_runtime.adapters.credentials.system_keyring import SystemKeyring
from provider_runtime.ports.secrets import SecretStore
from provider_runtime.testing.contracts.stores.secrets import SecretStoreContract
from provider_runtime.testing.mocks import MockSecretStore


class KeyringInMemory(KeyringBackend):
    """A keyring as keyring itself knows them, in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError(username)


class TestMemorySecretStore(SecretStoreContract):
    @pytest.fixture
    def store(self) -> SecretStore:
        return MemorySecretStore()


class TestMockSecretStore(SecretStoreContract):
    @pytest.fixture
    def store(self) -> SecretStore:
        return MockSecretStore()


class TestFilesystemSecretStore(SecretStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> SecretStore:
        return FilesystemSecretStore(path=tmp_path / "secrets" / "keys.json")


class TestKeyringSecretStore(SecretStoreContract):
    @pytest.fixture
    def store(self) -> SecretStore:
        return KeyringSecretStore(keyring=SystemKeyring(KeyringInMemory()))
