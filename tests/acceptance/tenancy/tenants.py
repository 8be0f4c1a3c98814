"""What each runtime was told, and hence what it must use: the simple model that the real ones are held against."""

import os
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from attrs import define, field, frozen

from provider_runtime import (
    EnvCredential,
    GovernancePolicy,
    KeyFileCredential,
    ModelCatalog,
    ModelParameters,
    NamedKeyCredential,
    PricingTable,
    ProviderConfig,
    ProviderKind,
    RetryPolicy,
    RuntimeSettings,
    Secret,
    Tier,
)
from provider_runtime.adapters.credentials.filesystem import FilesystemSecretStore
from provider_runtime.composition.settings import SecretFile
from provider_runtime.domain.errors import CredentialMissing
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.origins import origin_of
from provider_runtime.testing.fakes import EventRecorder

PROVIDER: Final = "vendor"
AT_ONCE: Final = RetryPolicy(max_attempts=3, initial_backoff_ms=0, max_backoff_ms=0)


class Wire(StrEnum):
    """The wires in use: they carry key, model and parameters in different places."""

    COMPATIBLE = ProviderKind.OPENAI_COMPATIBLE
    ANTHROPIC = ProviderKind.ANTHROPIC
    GEMINI = ProviderKind.GEMINI

    @property
    def base_path(self) -> str:
        return "/compatible/v1" if self is Wire.COMPATIBLE else ""

    def path(self, model: str) -> str:
        paths = {
            Wire.COMPATIBLE: "/compatible/v1/chat/completions",
            Wire.ANTHROPIC: "/v1/messages",
            Wire.GEMINI: f"/v1beta/models/{model}:generateContent",
        }
        return paths[self]

    @property
    def temperature_field(self) -> str:
        return "generationConfig.temperature" if self is Wire.GEMINI else "temperature"


class Place(StrEnum):
    """Where a runtime has its key from."""

    GIVEN = "given"
    ENVIRONMENT = "environment"
    FILE = "file"
    STORE = "store"
    TOKENS = "tokens"
    NOWHERE = "nowhere"


@define(eq=False)
class Box:
    """A ``TokenProvider`` that can be told another token at any time."""

    value: str | None = None

    async def get_token(self, provider_id: ProviderId) -> Secret:
        if self.value is None:
            raise CredentialMissing(provider=provider_id, message="the box is empty")
        return Secret(self.value)


@define(eq=False, kw_only=True)
class Source:
    """One place that holds a key; ``value`` is what stands there now."""

    place: Place
    name: str
    folder: Path
    value: str | None = None

    @property
    def variable(self) -> str:
        return self.name.upper().replace("-", "_")

    @property
    def store(self) -> FilesystemSecretStore:
        return FilesystemSecretStore(path=self.folder / "secrets.json")

    async def put(self, key: str, port: int) -> None:
        """Put ``key`` where it is looked for."""
        self.value = key
        if self.place is Place.FILE:
            (self.folder / self.name).write_text(f"{key}\n")
        elif self.place is Place.ENVIRONMENT:
            os.environ[self.variable] = key
        elif self.place is Place.STORE:
            origin = origin_of(f"http://127.0.0.1:{port}")
            assert origin is not None
            await self.store.put(self.name, Secret(key), bound_to=origin)

    def reference(self) -> EnvCredential | KeyFileCredential | NamedKeyCredential | None:
        if self.place is Place.ENVIRONMENT:
            return EnvCredential(name=self.variable)
        if self.place is Place.FILE:
            return KeyFileCredential(path=str(self.folder / self.name))
        return NamedKeyCredential(name=self.name) if self.place is Place.STORE else None


@frozen(kw_only=True)
class Told:
    """What a runtime was told last. ``source`` changes under it, as files and vaults do; the rest does not."""

    wire: Wire
    port: int
    segment: str
    source: Source
    policy: str
    temperature: float | None

    @property
    def settings(self) -> RuntimeSettings:
        source = self.source
        given = {PROVIDER: Secret(source.value or "")} if source.place is Place.GIVEN else {}
        record = ProviderConfig(
            provider_id=PROVIDER,
            kind=ProviderKind(self.wire),
            base_url=f"http://127.0.0.1:{self.port}/{self.segment}{self.wire.base_path}",
            tier=Tier.LOCAL,
            credential=source.reference(),
        )
        return RuntimeSettings(
            providers=(record,),
            credentials=given,
            secrets=SecretFile(path=source.folder / "secrets.json"),
            policy=GovernancePolicy(version=self.policy),
            parameters=ModelParameters(temperature=self.temperature),
            retry=AT_ONCE,
            catalog=ModelCatalog(),  # what is discovered stands alone in it, and it prints in no time
            prices=PricingTable(),
        )


@frozen(kw_only=True, eq=False)
class Generation:
    """What was in force when a call began; the call stays with it to its end."""

    told: Told
    box: Box
    runtime_id: str
    books: Any  # the receipts that this graph writes
    as_opened: str | None  # the key in the environment when the graph was built
    troubles: list[int] = field(factory=list)  # what its attempts came to, where that was no answer

    @property
    def key(self) -> str | None:
        """The key that an attempt made now must carry."""
        source = self.told.source
        if source.place is Place.ENVIRONMENT:
            return self.as_opened
        return source.value if source.place in {Place.GIVEN, Place.FILE, Place.STORE} else self.box.value

    @property
    def needs_key(self) -> bool:
        return self.told.wire is not Wire.COMPATIBLE


Entry = tuple[str, str, str, str, tuple[str, ...]]  # runtime, outcome, model, policy, labels


@define(eq=False, kw_only=True)
class Tenant:
    """One runtime of the machine, registered or standing alone, and the books that ought to be kept of it."""

    name: str
    folder: Path
    model: str
    box: Box = field(factory=Box)
    events: EventRecorder = field(factory=EventRecorder)
    speaker: Any = None  # the handle, or the runtime itself
    closing: Any = None  # of a runtime that stands alone
    present: Generation | None = None
    told: Told | None = None
    listed: str | None = None
    past_ids: set[str] = field(factory=set)
    expected: dict[int, Counter[Entry]] = field(factory=dict)
    books: dict[int, Any] = field(factory=dict)
    ended: Counter[tuple[str, str, str, tuple[str, ...]]] = field(factory=Counter)

    def enter(self, told: Told, runtime_id: str, receipts: Any) -> None:
        """A new graph is in force from here on."""
        assert runtime_id not in self.past_ids, "every graph has a name of its own"
        self.past_ids.add(runtime_id)
        self.told = told
        self.listed = None
        as_opened = told.source.value if told.source.place is Place.ENVIRONMENT else None
        self.present = Generation(told=told, box=self.box, runtime_id=runtime_id, books=receipts, as_opened=as_opened)
        self.books[id(receipts)] = receipts
        self.expected.setdefault(id(receipts), Counter())

    def book(self, generation: Generation, outcome: str, model: str, labels: tuple[str, ...]) -> None:
        """A call has ended, and must be found so."""
        entry = (generation.runtime_id, outcome, model, generation.told.policy, labels)
        self.expected[id(generation.books)][entry] += 1
        self.ended[generation.runtime_id, outcome, model, labels] += 1
