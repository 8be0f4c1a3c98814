"""A small service that leaks in one way at a time: a trial finds each leak and names it, and none in the clean one."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import leaky_services
import pytest
from leaky_services import (
    CACHE,
    SECOND_CACHE,
    Cached,
    Context,
    Environ,
    EnvironForGood,
    Failing,
    Fallback,
    FallbackAddress,
    FileInBase64,
    FileInClear,
    FileLeft,
    GlobalKey,
    Idle,
    KeyInArguments,
    Logging,
    LoggingPieces,
    Merged,
    Mixed,
    NoKey,
    OneAddress,
    OneAtATime,
    OpenAfterClose,
    Printing,
    ProcessLeft,
    Service,
    SharedCookies,
    SharedSession,
    SocketLeft,
    StickyPrompt,
    TaskLeft,
    Telling,
    ThreadLeft,
    Warning_,
    clear_up,
)

from provider_runtime.testing.isolation import Isolation, IsolationBroken, Trial
from provider_runtime.testing.isolation.checks import Heap, ModuleGlobals, default_checks
from provider_runtime.testing.isolation.trial import TrialOptions

HERE: Final = (leaky_services.__name__,)
LONG_S: Final = 10.0  # what leaves nothing behind is given the time to do so; it ends as soon as it has


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    CACHE.clear()
    SECOND_CACHE.clear()
    Cached.seen.clear()


async def tried(kind: type[Service], folder: Path, *, count: int = 4, **options: Any) -> Trial:
    """Let ``count`` tenants use a service of that kind. Raises ``IsolationBroken``."""
    more: TrialOptions = {"calls": 2, "settle_s": 0.2, "paths": (folder,), **options}  # type: ignore[typeddict-item]
    async with Isolation("seed", scope=kind.__name__).tenants(count, **more) as check:
        await use(kind(folder=folder), check)
    return check


async def use(service: Service, check: Trial) -> None:
    for tenant in check.tenants:
        service.configure(tenant)
    await check.interleave(lambda tenant, prompt: service.answer(tenant.name, prompt))
    await service.close()
    await check.refuses(lambda tenant, prompt: service.answer(tenant.name, prompt))


# ── the clean one ───────────────────────────────────────────────────────────────────────────


async def test_a_service_that_keeps_its_tenants_apart_passes(tmp_path: Path) -> None:
    check = await tried(Service, tmp_path, count=20, settle_s=LONG_S)
    assert len(check.evidence.received) == 40
    assert len({request.owner for request in check.evidence.received}) == 20


async def test_it_passes_when_requests_fail_and_are_sent_again_and_when_tenants_without_a_key_are_refused(
    tmp_path: Path,
) -> None:
    check = await tried(Service, tmp_path, faults=0.5, keyless=1, settle_s=LONG_S)
    faults = [request.fault for request in check.evidence.received if request.fault]
    assert len(faults) > 1
    assert sum(outcome.error is None for outcome in check.outcomes) == 6
    assert "tenant-03" not in {request.owner for request in check.evidence.received}


async def test_it_leaves_nothing_in_memory_either(tmp_path: Path) -> None:
    await tried(Service, tmp_path, count=2, settle_s=LONG_S, checks=(Heap(),))


# ── the leaks ───────────────────────────────────────────────────────────────────────────────


LEAKS: Final[list[tuple[type[Service], str, str]]] = [
    (GlobalKey, "requests", "carries the key of tenant-"),
    (GlobalKey, "module globals", "leaky_services.CACHE.key holds the key of tenant-"),
    (SharedSession, "requests", "carries the header value of tenant-"),
    (SharedCookies, "requests", "carries the cookie of tenant-"),
    (OneAddress, "requests", "to the address of tenant-00 carries the key of tenant-03 in header Authorization"),
    (OneAddress, "vacuity", "no request of tenant-01, tenant-02, tenant-03 reached the upstream"),
    (StickyPrompt, "requests", "in its body"),
    (NoKey, "requests", "does not carry the key of tenant-02"),
    (Mixed, "answers", "got an answer that holds the prompt of tenant-"),
    (Mixed, "answers", "got an answer that does not repeat what it asked"),
    (Merged, "answers", "got an answer that holds the prompt of tenant-"),
    (Telling, "answers", "raised an exception that holds the key of tenant-01"),
    (Telling, "answers", "__context__ of exception RuntimeError ConnectionError; base64 at offset 1"),
    (Environ, "environment", "os.environ[LIBRARY_KEY] held the key of tenant-"),
    (EnvironForGood, "environment", "os.environ[LEFT_BY_A_TEST] was added and holds the key of tenant-"),
    (Fallback, "requests", "carries the value of the environment variable OPENAI_API_KEY in header Authorization"),
    (Fallback, "refusals", "of tenant-03 was answered, though tenant-03 has no key"),
    (Fallback, "refusals", "of tenant-03 was sent, though tenant-03 has no key"),
    (FallbackAddress, "requests", "carries the value of the environment variable OPENAI_BASE_URL in its path"),
    (FallbackAddress, "requests", "went where no tenant's requests go, with what belongs to tenant-"),
    (Logging, "logs", "a record of logger service.http holds the key of tenant-00 (plain; DEBUG, extra[headers][…])"),
    (LoggingPieces, "logs", "holds the key of tenant-00 (a piece; WARNING, message)"),
    (KeyInArguments, "logs", "a record of logger asyncio holds the key of tenant-00 (a piece; WARNING, message)"),
    (Printing, "output", "stderr holds the key of tenant-00"),
    (Warning_, "warnings", "a UserWarning holds the key of tenant-00"),
    (FileInClear, "files", "keys.json holds the key of tenant-"),
    (FileInBase64, "files", "(base64 at offset 1)"),
    (Cached, "module globals", "leaky_services.Cached.seen"),
    (Context, "context", "context variable LAST_SAID[…] holds the prompt of tenant-00"),
    (TaskLeft, "tasks", "the task refresher is still running sleep"),
    (SocketLeft, "descriptors", "a socket connected to ('127.0.0.1', "),
    (FileLeft, "descriptors", "journal is still open"),
    (ThreadLeft, "threads", "the thread flusher is still alive"),
    (ProcessLeft, "processes", "a child process is left"),
    (OpenAfterClose, "refusals", "was answered, though the service was closed"),
    (OpenAfterClose, "refusals", "was sent, though the service was closed"),
    (Failing, "answers", "of tenant-01 was not answered: it raised KeyError"),
    (OneAtATime, "vacuity", "were never in flight together"),
    (Idle, "vacuity", "no request of tenant-00"),
]
KINDS: Final = list(dict.fromkeys(kind for kind, _, _ in LEAKS))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
async def test_a_trial_finds_the_leak_and_says_where_it_is_without_showing_the_value(
    kind: type[Service], tmp_path: Path
) -> None:
    checks = (
        *(check for check in default_checks() if not isinstance(check, ModuleGlobals)),
        ModuleGlobals(within=HERE),
    )
    with warnings.catch_warnings(record=True), pytest.raises(IsolationBroken) as broken:
        await tried(kind, tmp_path, checks=checks, **MORE.get(kind, {}))
    await clear_up()

    found = [(finding.check, finding.text) for finding in broken.value.findings]
    for check, text in [(check, text) for leaking, check, text in LEAKS if leaking is kind]:
        assert [said for name, said in found if name == check and text in said], (check, text, found)
    assert {name for name, _ in found} == {check for leaking, check, _ in LEAKS if leaking is kind} | ALSO.get(
        kind, set()
    )
    assert Trial(seed="seed", scope=f"{kind.__name__}/1").evidence.marks.token not in str(broken.value)


# A leak that shows in later calls alone, or in tenants of a kind.
MORE: Final[dict[type[Service], dict[str, int]]] = {SharedCookies: {"calls": 6}, Fallback: {"keyless": 1}}
# What a leak brings about besides: a global that holds a task is a task left over and a global.
ALSO: Final[dict[type[Service], set[str]]] = {
    StickyPrompt: {"answers", "module globals"},
    Mixed: {"module globals"},
    Telling: {"vacuity"},
    Failing: {"vacuity"},
    ProcessLeft: {"descriptors"},
    FallbackAddress: {"answers", "vacuity"},
}


async def test_an_address_from_before_a_change_of_settings_is_found(tmp_path: Path) -> None:
    with pytest.raises(IsolationBroken) as broken:
        await renewed(Service(folder=tmp_path), "stale", tell=False)
    texts = [finding.text for finding in broken.value.findings if finding.check == "requests"]
    assert texts
    assert all("of tenant-01 from before its settings changed, in" in text for text in texts)
    assert {text.split(" carries ")[1].split(" of ")[0] for text in texts} >= {"the key", "the address"}


async def test_a_service_that_follows_a_change_of_settings_passes(tmp_path: Path) -> None:
    await renewed(Service(folder=tmp_path), "fresh", tell=True)


async def renewed(service: Service, scope: str, *, tell: bool) -> None:
    async with Isolation("seed", scope=scope).tenants(3, calls=2) as check:
        for tenant in check.tenants:
            service.configure(tenant)
        await check.interleave(lambda tenant, prompt: service.answer(tenant.name, prompt))
        fresh = check.renew(check.tenants[1])
        if tell:
            service.configure(fresh)
        await check.interleave(lambda tenant, prompt: service.answer(tenant.name, prompt))
        await service.close()


async def test_what_stays_in_memory_alone_is_found_by_the_strict_check(tmp_path: Path) -> None:
    class Hidden:
        def __init__(self, key: object) -> None:
            self.key = key

    kept: list[Hidden] = []

    async def keeping() -> None:
        async with Isolation("seed", scope="kept").tenants(2, calls=2, checks=(Heap(),)) as check:
            kept.append(Hidden(check.tenants[0].key))
            await use(Service(folder=tmp_path), check)

    with pytest.raises(IsolationBroken) as broken:
        await keeping()
    assert [str(finding) for finding in broken.value.findings] == [
        f"[heap] an object of type {__name__}.{Hidden.__qualname__} holds the key of tenant-00"
    ]
