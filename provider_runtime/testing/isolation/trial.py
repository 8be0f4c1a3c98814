"""Trial: tenants with poison values call a service all at once, and nothing may cross or stay behind."""

import asyncio
import os
import traceback
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Final, Self, TypedDict, Unpack

from attrs import define, evolve, field

from provider_runtime.testing.isolation.checks import Check, Vacuity, default_checks
from provider_runtime.testing.isolation.evidence import CallOutcome, Evidence, Finding, IsolationBroken
from provider_runtime.testing.isolation.marks import MarkKind, Marks, Tenant
from provider_runtime.testing.isolation.upstream import Answering, Pace, RecordingUpstream, answer_as_vendors_do
from provider_runtime.testing.isolation.walking import Walk

Call = Callable[[Tenant, str], Awaitable[object]]

# Where services look for keys and addresses that nobody gave them. Each holds a bait during a trial.
BAITED_KEYS: Final = (
    *("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENROUTER_API_KEY"),
    *("AZURE_OPENAI_API_KEY", "MISTRAL_API_KEY", "GROQ_API_KEY", "DEEPSEEK_API_KEY", "XAI_API_KEY"),
)
BAITED_ADDRESSES: Final = ("OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_BASE_URL", "OLLAMA_HOST")
_POLL_S: Final = 0.01
_LONGEST_PAUSE_S: Final = 0.02


class TrialOptions(TypedDict, total=False):
    """What can be said of a trial; the meanings stand with ``Trial``."""

    calls: int
    faults: float
    keyless: int
    paths: tuple[Path | str, ...]
    needs_key: bool
    echoes: bool
    baits: bool
    settle_s: float
    host: str
    answering: Answering
    checks: tuple[Check, ...]


@define(kw_only=True)
class Trial:
    """``async with`` block in which ``count`` tenants call a service; leaving it raises ``IsolationBroken``.

    Open the service, call it through ``interleave`` and close it inside the block. ``calls`` is how
    often each tenant calls. ``faults``: the share of requests that fail once (429, 500, a cut
    connection), so that retries are interleaved too. ``keyless``: so many of the tenants have no key
    and must be refused. ``paths``: files and folders the service writes. ``needs_key``: every
    request has to carry its tenant's key. ``echoes``: every answer has to repeat the prompt, as the
    upstream's do. ``baits``: well-known environment variables hold values that nothing may use.
    ``settle_s``: how long what is closing may take, in seconds; a clean trial ends at once.
    ``answering``: the upstream's answers, those of the sandbox unless told. ``checks``: the
    questions asked, all but ``Heap`` unless told. ``seed`` and ``scope`` decide values, order,
    delays and failures; trials of one process that differ in scope do not find what another has
    left.
    """

    count: int = 2
    seed: str
    scope: str = ""
    calls: int = 4
    faults: float = 0.0
    keyless: int = 0
    paths: tuple[Path | str, ...] = ()
    needs_key: bool = True
    echoes: bool = True
    baits: bool = True
    settle_s: float = 2.0
    host: str = "127.0.0.1"
    answering: Answering = answer_as_vendors_do
    checks: tuple[Check, ...] = field(factory=default_checks)
    evidence: Evidence = field(init=False, repr=False)
    upstream: RecordingUpstream = field(init=False, repr=False)
    _tenants: dict[str, Tenant] = field(factory=dict, init=False, repr=False)
    _numbers: dict[str, int] = field(factory=dict, init=False, repr=False)
    _undo: ExitStack = field(factory=ExitStack, init=False, repr=False)
    _generation: int = field(default=0, init=False, repr=False)
    _rounds: int = field(default=0, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.count < 1 or self.calls < 1 or not 0 <= self.keyless <= self.count:
            raise ValueError("count and calls are at least 1, and there are no more keyless tenants than tenants")
        if not 0 <= self.faults <= 1:
            raise ValueError("faults is a share between 0 and 1")
        marks = Marks(f"{self.seed}/{self.scope}")
        names = tuple(f"tenant-{number:02d}" for number in range(self.count))
        self.evidence = Evidence(
            marks=marks,
            tenants=names,
            keyless=frozenset(names[self.count - self.keyless :]),
            files=tuple(Path(path) for path in self.paths),
            needs_key=self.needs_key,
            echoes=self.echoes,
        )
        pace = Pace(seed=marks.seed, faults=self.faults)
        self.upstream = RecordingUpstream(evidence=self.evidence, pace=pace, host=self.host, answering=self.answering)

    @property
    def tenants(self) -> tuple[Tenant, ...]:
        """The tenants as they are now, the keyless ones last."""
        return tuple(self._tenants.values())

    @property
    def outcomes(self) -> tuple[CallOutcome, ...]:
        """How each call ended so far."""
        return tuple(self.evidence.outcomes)

    async def __aenter__(self) -> Self:
        self._undo.callback(self.upstream.stop)
        self.upstream.start()
        self.evidence.open_port = self.upstream.port
        for name in self.evidence.tenants:
            self._tenants[name] = self._tenant(name)
        try:
            self._set_baits()
            for check in self.checks:
                self._undo.callback(check.end)
                check.begin(self.evidence)
        except BaseException:
            self._undo.close()
            raise
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        try:
            findings = await self._findings() if error is None or isinstance(error, Exception) else ()
        finally:
            self._undo.close()
        if error is not None:  # a block that broke off has heard few tenants: that is no finding
            findings = tuple(finding for finding in findings if finding.check != Vacuity.name)
        if findings:
            broken = IsolationBroken(findings, self.seed)
            if error is None:
                raise broken
            error.add_note(str(broken))

    async def interleave(self, call: Call) -> tuple[CallOutcome, ...]:
        """Let every tenant call ``calls`` times, all tenants at once, in an order that follows from the seed.

        Half of a tenant's calls are under way together, so that later ones meet what earlier ones,
        and others meanwhile, have left. ``call`` gets the tenant and its prompt and returns the
        service's answer. What it raises is kept in the outcome.
        """
        turns = [(tenant, self._next_number(tenant)) for _ in range(self.calls) for tenant in self.tenants]
        self._rounds += 1
        chance = Random(f"{self.evidence.marks.seed}/order/{self._rounds}")
        chance.shuffle(turns)
        keyless = self.evidence.keyless
        lanes = {tenant.name: asyncio.Semaphore(-(-self.calls // 2)) for tenant in self.tenants}

        async def in_turn(tenant: Tenant, number: int, pause_s: float) -> CallOutcome:
            lane = lanes[tenant.name]
            has_to_wait = lane.locked()
            async with lane:
                if has_to_wait:
                    await asyncio.sleep(pause_s)
                reason = f"{tenant.name} has no key" if tenant.name in keyless else None
                return await self._outcome(call, tenant, number, reason)

        async with asyncio.TaskGroup() as group:
            pauses = [(turn, chance.uniform(0, _LONGEST_PAUSE_S)) for turn in turns]
            started = [group.create_task(in_turn(*turn, pause_s)) for turn, pause_s in pauses]
        outcomes = tuple(task.result() for task in started)
        self.evidence.outcomes += outcomes
        return outcomes

    async def refuses(self, call: Call) -> None:
        """Call once for every tenant, after the service was closed: nobody may be answered, and nothing sent."""
        for tenant in self.tenants:
            outcome = await self._outcome(call, tenant, self._next_number(tenant), "the service was closed")
            self.evidence.outcomes.append(outcome)

    def renew(self, tenant: Tenant) -> Tenant:
        """Give ``tenant`` another key, address, headers, model, metadata and prompts; the old ones are stale now.

        Tell the service. From then on a request with anything of the old is a finding.
        """
        self._generation += 1
        self.evidence.marks.retire(tenant.name, after_request=len(self.evidence.received))
        self._tenants[tenant.name] = renewed = self._tenant(tenant.name)
        return renewed

    async def _outcome(self, call: Call, tenant: Tenant, number: int, refused: str | None) -> CallOutcome:
        outcome = CallOutcome(tenant=tenant.name, number=number, to_be_refused=refused)
        try:
            answer = await _awaitable(call(tenant, tenant.prompt(number)))
        except (Exception, asyncio.CancelledError) as error:  # whatever the service raises is what the tenant gets
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                raise  # the trial itself was cancelled
            return evolve(outcome, error=_let_go(error))
        return evolve(outcome, answer=answer, echoed=self._echoes(answer, tenant, number))

    def _echoes(self, answer: object, tenant: Tenant, number: int) -> bool:
        def repeats(text: str | bytes) -> bool:
            return tenant.holds_prompt(text if isinstance(text, str) else text.decode("latin-1"), number)

        return next(iter(Walk(max_depth=12).texts([("answer", [answer])], repeats)), None) is not None

    def _next_number(self, tenant: Tenant) -> int:
        number = self._numbers.get(tenant.name, 0)
        self._numbers[tenant.name] = number + 1
        return number

    def _tenant(self, name: str) -> Tenant:
        marks, variant = self.evidence.marks, self._generation
        made = {kind: marks.make(name, kind, variant=variant) for kind in MarkKind if kind is not MarkKind.BAIT}
        return Tenant(
            name=name,
            key=None if name in self.evidence.keyless else made[MarkKind.KEY].value,
            base_url=self.upstream.admit(name, made[MarkKind.ADDRESS], made[MarkKind.COOKIE]),
            headers={"x-isolation-tenant": made[MarkKind.HEADER].value},
            model=f"model-{made[MarkKind.MODEL].value}",
            metadata={"user": made[MarkKind.METADATA].value},
            prompt_mark=made[MarkKind.PROMPT].value,
        )

    def _set_baits(self) -> None:
        if not self.baits:
            return
        for name in (*BAITED_KEYS, *BAITED_ADDRESSES):
            mark = self.evidence.marks.make(None, MarkKind.BAIT, shown=f"the value of the environment variable {name}")
            self._undo.callback(_set_variable, name, os.environ.get(name))
            _set_variable(name, f"{self.upstream.url}/{mark.value}" if name in BAITED_ADDRESSES else mark.value)

    async def _findings(self) -> tuple[Finding, ...]:
        settling = [check for check in self.checks if check.settles]
        loop = asyncio.get_running_loop()
        patience_ends = loop.time() + self.settle_s
        await asyncio.sleep(0)
        while any(any(True for _ in check.findings(self.evidence)) for check in settling):
            if loop.time() >= patience_ends:
                break
            await asyncio.sleep(_POLL_S)
        found = (finding for check in self.checks for finding in check.findings(self.evidence))
        findings = tuple(dict.fromkeys(found))
        await asyncio.sleep(0)  # the search took its time: let asyncio say so while its debug mode is ours
        return findings


@define
class Isolation:
    """Makes trials; ``seed`` repeats one that went wrong. The fixture ``isolation`` is one of these.

    ``scope`` is what sets its trials apart from others of the same seed: the name of the test.
    Without pytest: ``async with Isolation("1").tenants(20, calls=10) as check: …``.
    """

    seed: str
    scope: str = ""
    _trials: int = field(default=0, init=False, repr=False)

    def tenants(self, count: int = 2, **options: Unpack[TrialOptions]) -> Trial:
        """A trial with ``count`` tenants; ``options`` as for ``Trial``. Enter it with ``async with``."""
        self._trials += 1
        return Trial(count=count, seed=self.seed, scope=f"{self.scope}/{self._trials}", **options)


def _set_variable(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def _let_go(error: BaseException) -> BaseException:
    """``error`` without the local variables of its frames: else the trial would keep the service alive."""
    here = error.__traceback__
    error.__traceback__ = here and here.tb_next  # the first frame is the trial's own, and still running
    waiting: list[BaseException | None] = [error]
    let_go: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in let_go:
            let_go.add(id(one))
            traceback.clear_frames(one.__traceback__)
            waiting += [one.__cause__, one.__context__]
    return error


def _awaitable(answer: object) -> Awaitable[object]:
    if not isinstance(answer, Awaitable):
        raise TypeError("a trial calls functions that return awaitables: wrap a blocking one in asyncio.to_thread")
    return answer
