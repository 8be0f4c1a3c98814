"""The keyring of the operating system: only where it encrypts, and never in the way of the event loop."""

import threading

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError
from traceback_search import told_by

from provider_runtime.adapters.credentials.keyring_store import KeyringSecretStore
from provider_runtime.adapters.credentials.system_keyring import SystemKeyring, trusted_backend
from provider_runtime.domain.errors import BackendError, RecordCorrupt
from provider_runtime.domain.origins import Origin
from provider_runtime.domain.secrets import Secret

OPENAI = Origin("https", "api.openai.com", 443)
CANARY = "sk-canary-4f9d1c7e"


class PlainKeyring(KeyringBackend):
    """As keyrings.alt brings them along: the best that keyring finds, and in plain text."""

    priority = 99

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.threads: set[int] = set()

    def get_password(self, service: str, username: str) -> str | None:
        self.threads.add(threading.get_ident())
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.threads.add(threading.get_ident())
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError(username)


class LockedKeyring(PlainKeyring):
    """Refuses, and quotes what it was given."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked(f"locked: {CANARY}")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked(f"locked: {password}")


async def test_the_keyring_that_keyring_itself_would_choose_is_not_taken_unless_it_is_a_trusted_one() -> None:
    chosen, plain = keyring.get_keyring(), PlainKeyring()
    keyring.set_keyring(plain)
    try:
        with pytest.raises(BackendError) as refused:
            await KeyringSecretStore().put("work", Secret(CANARY), bound_to=OPENAI)
    finally:
        keyring.set_keyring(chosen)
    assert plain.entries == {}
    assert "secret file" in refused.value.remedy


def test_a_trusted_keyring_is_found_by_its_class(monkeypatch: pytest.MonkeyPatch) -> None:
    from keyring.backends import SecretService, kwallet

    class Viable(PlainKeyring):
        priority = 5

    class Better(PlainKeyring):
        priority = 5.1

    monkeypatch.setattr(SecretService, "Keyring", Viable)
    monkeypatch.setattr(kwallet, "DBusKeyring", Better)
    assert isinstance(trusted_backend(), Better)


async def test_no_keyring_call_is_made_in_the_thread_of_the_event_loop() -> None:
    plain = PlainKeyring()
    store = KeyringSecretStore(keyring=SystemKeyring(plain))
    await store.put("work", Secret(CANARY), bound_to=OPENAI)
    await store.get("work")
    await SystemKeyring(plain).secret("provider-runtime", "work")
    assert plain.threads
    assert threading.get_ident() not in plain.threads


async def test_a_keyring_that_refuses_is_told_by_its_error_and_not_by_its_text() -> None:
    store = KeyringSecretStore(keyring=SystemKeyring(LockedKeyring()))
    for work in (store.get("work"), store.names(), store.put("work", Secret(CANARY), bound_to=OPENAI)):
        with pytest.raises(BackendError, match="KeyringLocked") as refused:
            await work
        assert CANARY not in told_by(refused.value)


@pytest.mark.parametrize("entry", [CANARY, f"https://api.openai.com {CANARY} more", f"nowhere {CANARY}", "", " "])
async def test_an_entry_of_somebody_else_is_named_and_never_quoted(entry: str) -> None:
    plain = PlainKeyring()
    plain.entries["provider-runtime", "work"] = entry
    with pytest.raises(RecordCorrupt) as damaged:
        await KeyringSecretStore(keyring=SystemKeyring(plain)).get("work")
    assert damaged.value.key == "work"
    assert CANARY not in str(damaged.value)


@pytest.mark.parametrize(
    ("entry", "found"), [("sk-a\n", "sk-a"), ("none", None), ("", None), ("a b", None), (None, None)]
)
async def test_an_entry_of_the_users_own_is_a_secret_if_it_can_be_one(entry: str | None, found: str | None) -> None:
    plain = PlainKeyring()
    if entry is not None:
        plain.entries["llm", "work"] = entry
    secret = await SystemKeyring(plain).secret("llm", "work")
    assert secret == (None if found is None else Secret(found))
