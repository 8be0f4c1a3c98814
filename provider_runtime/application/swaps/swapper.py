"""A swap carried out: verified, counted, compiled afresh and cleared; or the old model stays."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TypeAlias

from attrs import define, evolve, field, frozen

from provider_runtime.application.accounting.swap_events import swap_ended, swap_requested
from provider_runtime.application.accounting.telemetry import Telemetry
from provider_runtime.application.assignments import Assignments
from provider_runtime.application.routing import Routing
from provider_runtime.application.swaps.checks import SwapChecks
from provider_runtime.application.swaps.turns import Turns
from provider_runtime.application.swaps.work import Work
from provider_runtime.domain.catalog.models import ModelInfo
from provider_runtime.domain.conversation.request import ModelRef, ProviderRequest
from provider_runtime.domain.errors import (
    BackendError,
    MissingProviderRuntimeError,
    ProviderRuntimeError,
    SwapFailed,
    SwapFault,
    SwapRefused,
)
from provider_runtime.domain.identity import RuntimeId
from provider_runtime.domain.profiles.swap_records import (
    JobSwaps,
    id_of_job,
    id_of_swap,
    record_of_job,
    record_of_swap,
)
from provider_runtime.domain.profiles.swapping import ModelSwap, ModelSwapRequest, OnSwapFailure, SwapPolicy, SwapState
from provider_runtime.domain.records.state import State
from provider_runtime.ports.context import ContextCompiler, ContextOrder
from provider_runtime.ports.stores.sessions import SnapshotProvider
from provider_runtime.ports.stores.state import StateProvider
from provider_runtime.ports.system import Clock

Rehearse: TypeAlias = Callable[[ProviderRequest], Awaitable[None]]
"""Raises what would keep a request from being sent; sends nothing, uses nothing up."""


@frozen(kw_only=True)
class Swaps:
    """Swaps models for the jobs of one runtime, one at a time for each job."""

    runtime_id: RuntimeId
    clock: Clock
    telemetry: Telemetry
    assignments: Assignments
    routing: Routing
    policy: SwapPolicy
    states: StateProvider | None = None
    snapshots: SnapshotProvider | None = None
    compiler: ContextCompiler | None = None
    _turns: Turns = field(factory=Turns, init=False)

    async def swap(self, request: ModelSwapRequest, rehearse: Rehearse) -> ModelSwap:
        """Let ``request.target`` take over. Whatever goes wrong, the job stays on the model it had.

        ``rehearse`` judges the fresh context as a call to the target. Raises ``SwapRefused``,
        ``SwapFailed``, the refusal of a gate or a ``BackendError``; where policy says to go on, a
        failure of a swap that was allowed is told by the result instead.
        """
        if self.states is None or self.compiler is None:
            raise _nobody_to_ask(self.states, self.compiler)
        checks = SwapChecks(
            work=Work(states=self.states, snapshots=self.snapshots),
            policy=self.policy,
            assignments=self.assignments,
            routing=self.routing,
        )
        async with self._turns.of(request.requester.job):
            swapping = Swapping(
                swaps=self,
                request=request,
                checks=checks,
                compiler=self.compiler,
                rehearse=rehearse,
                began=self.clock.monotonic(),
            )
            return await swapping.carry_out()


@frozen(kw_only=True)
class Begun:
    """The verified states, and what the job has come to: this swap counted, and not completed."""

    states: Mapping[str, State]
    job: JobSwaps


@define(kw_only=True)
class Swapping:
    """One swap on its way. ``begun`` is what it starts from, once nothing blocks it."""

    swaps: Swaps
    request: ModelSwapRequest
    checks: SwapChecks
    compiler: ContextCompiler
    rehearse: Rehearse
    began: float
    target: ModelRef = field(init=False)
    state: SwapState = field(default=SwapState.REQUESTED, init=False)
    persisted: bool = field(default=False, init=False)
    begun: Begun | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.target = self.request.target

    async def carry_out(self) -> ModelSwap:
        """The swap, from the first record to the last."""
        try:
            self.begun = await self._begin()
            return await self._to_some_target(self.begun)
        except ProviderRuntimeError as failure:
            await self._roll_back(failure.code.value)
            if not self._goes_on_after_failures():
                raise
            return self._stayed(failure)
        except BaseException as broken:
            # The caller gave up, or a part broke in a way of its own: the old model stays all the same.
            kind = type(broken).__name__
            self._fail(kind)
            await self._roll_back(kind)
            raise

    # ── the steps ────────────────────────────────────────────────────────────────────────────

    async def _begin(self) -> Begun:
        """Written down, verified, counted: what goes wrong here blocks the swap, whatever policy says of failures."""
        try:
            await self.checks.persisted(self.request)
            self.persisted = True
            self._come_to(SwapState.PERSISTED)
            states = await self.checks.verified(self.request)
            self._come_to(SwapState.VERIFIED)
            self._tell_of_request()
            job = await self.checks.counted(self.request)
            await self.checks.kept(self.request, states, self.swaps.clock.now())
            return Begun(states=states, job=job)
        except ProviderRuntimeError as failure:
            self._fail(failure.code.value)
            raise

    async def _to_some_target(self, begun: Begun) -> ModelSwap:
        try:
            return await self._within_time(begun)
        except ProviderRuntimeError as failure:
            self._fail(failure.code.value, timed_out=_timed_out(failure))
            instead = self._cloud_fallback()
            if instead is None:
                raise
        self.target = instead
        self._tell_of_request()
        try:
            return await self._within_time(begun)
        except ProviderRuntimeError as failure:
            self._fail(failure.code.value, timed_out=_timed_out(failure))
            raise

    async def _within_time(self, begun: Begun) -> ModelSwap:
        given_ms = self.request.timeout_ms
        limit_ms = self.swaps.policy.swap_timeout_ms if given_ms is None else given_ms
        self._come_to(SwapState.SWAPPING)
        if limit_ms == 0:
            raise _too_late(limit_ms)
        try:
            async with asyncio.timeout(limit_ms / 1000) as limit:
                return await self._to_target(begun)
        except TimeoutError:
            if not limit.expired():
                raise  # a part's own
        raise _too_late(limit_ms)

    async def _to_target(self, begun: Begun) -> ModelSwap:
        escalated = self.checks.escalates(self.request, self.target, begun.job)
        model = self._in_role(self.target)
        self._come_to(SwapState.COMPILING)
        fresh = evolve(await self._compiled(begun.states), model=model)
        await self.rehearse(fresh)
        await self._commit(begun.job, escalated=escalated)
        self._come_to(SwapState.COMPLETED)
        self._tell()
        return ModelSwap(request_id=self.request.request_id, state=self.state, model=model, request=fresh)

    async def _compiled(self, states: Mapping[str, State]) -> ProviderRequest:
        known = self._listed()
        order = ContextOrder(
            context_ref=self.request.context_ref,
            model=self.target,
            role=self.request.role,
            states=states,
            context_window=None if known is None else known.context_window,
        )
        try:
            compiled: object = await self.compiler.compile(order)
        except Exception as failure:  # noqa: BLE001 - however it fails, the old model stays; its text may quote the work
            kind = type(failure).__name__
        else:
            if isinstance(compiled, ProviderRequest):
                return compiled
            kind = f"a {type(compiled).__name__} instead of a request"
        raise SwapFailed(
            key=self.request.request_id,
            fault=SwapFault.COMPILE_FAILED,
            message=f"the context for {self.target} could not be compiled: {kind}",
            remedy="Look at the context compiler of this runtime; the job goes on with the model it had.",
        )

    def _listed(self) -> ModelInfo | None:
        provider = self.target.provider_hint
        return None if provider is None else self.swaps.routing.listed(provider, self.target.model_id)

    async def _commit(self, job: JobSwaps, *, escalated: bool) -> None:
        request, states = self.request, self.checks.states
        done = job.completed(request.role, self.target, escalated=escalated)
        await states.save_state(id_of_swap(request.request_id), record_of_swap(request, SwapState.COMPLETED))
        await states.save_state(id_of_job(request.requester.job), record_of_job(done))  # this is the swap

    async def _roll_back(self, error_code: str) -> None:
        """Leave the job on the model it had, and say so. A store that fails now cannot be helped by another error."""
        self._come_to(SwapState.ROLLED_BACK)
        if not self.persisted:
            return  # nothing was begun; a record of this id is that of another swap
        request, states = self.request, self.checks.states
        with suppress(BackendError):
            if self.begun is not None:
                await states.save_state(id_of_job(request.requester.job), record_of_job(self.begun.job))
            record = record_of_swap(request, SwapState.ROLLED_BACK, error_code)
            await states.save_state(id_of_swap(request.request_id), record)
        self._tell(error_code)

    # ── what follows a failure ───────────────────────────────────────────────────────────────

    def _goes_on_after_failures(self) -> bool:
        """Whether policy has the work go on with the model it had; a swap that was blocked is an error in any case."""
        return self.begun is not None and self.swaps.policy.on_failure is OnSwapFailure.CONTINUE_WITH_CURRENT

    def _cloud_fallback(self) -> ModelRef | None:
        """The fallback of the role, where policy escalates to it and it is in the cloud."""
        role, assignments = self.request.role, self.swaps.assignments
        if self.swaps.policy.on_failure is not OnSwapFailure.ESCALATE_TO_CLOUD or not assignments.assigns(role):
            return None
        fallback = assignments.play(ModelRef.for_role(role), role).assignment.fallback
        if fallback is None or fallback in {self.target, self.request.current}:
            return None
        return fallback if self.checks.is_in_the_cloud(fallback) else None

    def _stayed(self, failure: ProviderRuntimeError) -> ModelSwap:
        return ModelSwap(
            request_id=self.request.request_id,
            state=self.state,
            model=self._in_role(self.request.current),
            fault=failure.fault if isinstance(failure, SwapRefused | SwapFailed) else None,
            error_code=failure.code.value,
        )

    def _in_role(self, model: ModelRef) -> ModelRef:
        """How calls ask for ``model`` from now on: in its role, where anybody assigns that."""
        role = self.request.role
        return ModelRef.for_role(role, model) if self.swaps.assignments.assigns(role) else model

    # ── how far it has come, and who is told ─────────────────────────────────────────────────

    def _come_to(self, later: SwapState) -> None:
        if not self.state.may_become(later):
            raise AssertionError(f"a swap that is {self.state} cannot be {later} next")
        self.state = later

    def _fail(self, error_code: str, *, timed_out: bool = False) -> None:
        later = SwapState.TIMED_OUT if timed_out else SwapState.FAILED
        if self.state.may_become(later):
            self._come_to(later)
            self._tell(error_code)

    def _tell_of_request(self) -> None:
        telemetry, profile = self.swaps.telemetry, self.swaps.assignments.profile
        if telemetry.listening:
            profile_id = None if profile is None else profile.profile_id
            now = self.swaps.clock.now()
            telemetry.emit(swap_requested(self.swaps.runtime_id, self.request, self.target, profile_id, now))

    def _tell(self, error_code: str | None = None) -> None:
        swaps = self.swaps
        if swaps.telemetry.listening:
            took = swaps.clock.monotonic() - self.began
            event = swap_ended(
                self.state,
                swaps.runtime_id,
                self.request,
                self.target,
                swaps.clock.now(),
                duration_s=took,
                error_code=error_code,
            )
            swaps.telemetry.emit(event)


def _timed_out(failure: ProviderRuntimeError) -> bool:
    return isinstance(failure, SwapFailed) and failure.fault is SwapFault.TIMED_OUT


def _too_late(limit_ms: int) -> SwapFailed:
    return SwapFailed(
        fault=SwapFault.TIMED_OUT,
        message=f"the swap was not completed within {limit_ms} milliseconds",
        remedy="Give it more time (timeout_ms), or look at what the context compiler waits for.",
    )


def _nobody_to_ask(states: StateProvider | None, compiler: ContextCompiler | None) -> MissingProviderRuntimeError:
    missing = {"states": states, "context_compiler": compiler}
    names = tuple(name for name, part in missing.items() if part is None)
    return MissingProviderRuntimeError(
        missing_fields=names,
        stage="swap",
        requirement="REQ-SP4-003",
        message=f"models cannot be swapped: this runtime was given no {' and no '.join(names)}",
        remediation=(f"Hand over: open_runtime(settings, {', '.join(f'{name}=…' for name in names)}).",),
    )
