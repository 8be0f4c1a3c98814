"""The circuit: when it opens, for how long, and who finds out whether the origin is back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from provider_runtime.domain.errors import (
    CircuitOpen,
    Delivery,
    ErrorCode,
    ProtocolError,
    ProviderError,
    ProviderStatusError,
    TransportError,
)
from provider_runtime.domain.identity import OPENAI
from provider_runtime.domain.policy.failures import failure_meaning
from provider_runtime.domain.policy.resilience.circuit import Admission, Admitted, Circuit, Open, Sign, sign_of

FAR = 1e9
MIDDLE = 0.5  # the chance that spreads a pause by nothing


def failing(circuit: Circuit, times: int, now: float = 0.0) -> Circuit:
    for _ in range(times):
        circuit = circuit.failed(circuit.pass_, now, MIDDLE)
    return circuit


def opened(now: float = 0.0) -> Circuit:
    return failing(Circuit(), 5, now)


def let_through(circuit: Circuit, now: float, until: float = FAR) -> tuple[Circuit, Admitted]:
    circuit, admission = circuit.admit(now, until)
    assert isinstance(admission, Admitted)
    return circuit, admission


def test_five_failures_in_a_row_open_it_and_four_do_not() -> None:
    assert not failing(Circuit(), 4).is_open
    assert opened().admit(0.0, FAR)[1] == Open(retry_at=10.0)


def test_an_answer_in_between_starts_the_row_again() -> None:
    circuit = failing(Circuit(), 4)
    circuit = failing(circuit.succeeded(circuit.pass_, 0.0), 4)
    assert not circuit.is_open


def test_half_of_twenty_within_thirty_seconds_open_it_without_five_in_a_row() -> None:
    circuit = Circuit()
    for number in range(19):
        circuit = (
            circuit.failed(circuit.pass_, number, MIDDLE) if number % 2 else circuit.succeeded(circuit.pass_, number)
        )
    assert not circuit.is_open
    assert circuit.failed(circuit.pass_, 19, MIDDLE).is_open


def test_what_lies_more_than_thirty_seconds_back_is_forgotten() -> None:
    circuit = Circuit()
    for number in range(19):
        circuit = circuit.succeeded(circuit.pass_, 0) if number % 2 else circuit.failed(circuit.pass_, 0, MIDDLE)
    assert not circuit.failed(circuit.pass_, 31, MIDDLE).is_open


def test_the_pause_doubles_with_each_probe_that_fails_up_to_two_minutes() -> None:
    circuit, now, pauses = opened(), 0.0, []
    for _ in range(6):
        retry_at = circuit.retry_at(now)
        assert retry_at is not None
        pauses.append(retry_at - now)
        now = retry_at
        circuit, probe = let_through(circuit, now)
        circuit = circuit.failed(probe, now, MIDDLE)
    assert pauses == pytest.approx([10, 20, 40, 80, 120, 120])


@given(chance=st.floats(0, 1, exclude_max=True))
def test_a_pause_is_spread_by_a_fifth_either_way(chance: float) -> None:
    circuit = failing(Circuit(), 4)
    retry_at = circuit.failed(circuit.pass_, 0.0, chance).retry_at(0.0)
    assert retry_at is not None
    assert 8 <= retry_at <= 12


def test_one_probe_at_a_time_and_its_answer_closes_the_circuit() -> None:
    circuit, probe = let_through(opened(), 10.0)
    assert isinstance(circuit.admit(10.0, FAR)[1], Open)
    circuit = circuit.succeeded(probe, 11.0)
    assert not circuit.is_open
    assert not failing(circuit, 4, 11.0).is_open


def test_a_cancelled_probe_gives_its_place_up_and_neither_opens_nor_closes() -> None:
    circuit, probe = let_through(opened(), 10.0)
    circuit = circuit.cancelled(probe)
    assert circuit.is_open
    assert let_through(circuit, 10.0)[1] != probe


def test_a_probe_that_is_never_heard_of_again_gives_its_place_up_at_its_deadline() -> None:
    circuit, lost = let_through(opened(), 10.0, until=70.0)
    assert isinstance(circuit.admit(69.9, FAR)[1], Open)
    circuit, second = let_through(circuit, 70.0)
    assert circuit.failed(lost, 71.0, MIDDLE) == circuit.succeeded(lost, 71.0) == circuit.cancelled(lost) == circuit
    assert not circuit.succeeded(second, 71.0).is_open


def test_calls_from_before_the_circuit_opened_say_nothing_about_it_afterwards() -> None:
    early = Circuit().pass_
    circuit, probe = let_through(opened(), 10.0)
    assert circuit.succeeded(early, 10.0) == circuit.failed(early, 10.0, MIDDLE) == circuit.cancelled(early) == circuit
    closed = circuit.succeeded(probe, 11.0)
    assert all(closed.failed(early, 12.0, MIDDLE) == closed for _ in range(9))


def test_looking_when_to_come_back_takes_no_probe_s_place() -> None:
    circuit = opened()
    assert circuit.retry_at(10.0) is None
    assert isinstance(circuit.admit(10.0, FAR)[1], Admitted)


def test_the_memory_of_a_circuit_is_bounded() -> None:
    circuit = Circuit()
    for number in range(5000):
        circuit = circuit.succeeded(circuit.pass_, number * 0.7)
        assert len(circuit._steps) <= 10


def _status(status: int, *names: str) -> ProviderStatusError:
    meaning = failure_meaning(status, names)
    return ProviderStatusError(
        provider=OPENAI, status_code=status, code=meaning.code, delivery=meaning.delivery, retryable=meaning.retryable
    )


def _no_answer(code: ErrorCode, delivery: Delivery = Delivery.AMBIGUOUS, *, retryable: bool = False) -> TransportError:
    return TransportError(provider=OPENAI, code=code, delivery=delivery, retryable=retryable)


@pytest.mark.parametrize(
    ("error", "sign"),
    [
        (_no_answer(ErrorCode.CONNECT_FAILED, Delivery.NOT_SENT), Sign.NOTHING),  # row 2: no such name
        (_no_answer(ErrorCode.CONNECT_FAILED, Delivery.NOT_SENT, retryable=True), Sign.DOWN),  # 3, 4
        (_no_answer(ErrorCode.TLS_FAILED, Delivery.NOT_SENT), Sign.DOWN),  # 5
        (_no_answer(ErrorCode.CONNECTION_LOST, retryable=True), Sign.DOWN),  # 6, 7, 9
        (_no_answer(ErrorCode.TIMED_OUT), Sign.DOWN),  # 8
        (_no_answer(ErrorCode.HTTP_PROTOCOL), Sign.DOWN),  # 10
        (_no_answer(ErrorCode.RESPONSE_TOO_LARGE, Delivery.ANSWERED_BAD), Sign.UP),  # 11
        (_no_answer(ErrorCode.ENDPOINT_BLOCKED, Delivery.NOT_SENT), Sign.NOTHING),
        (ProtocolError(provider=OPENAI), Sign.UP),  # 12
        (_status(200, "overloaded_error"), Sign.DOWN),  # 13, as 503
        (_status(200, "rate_limit_exceeded"), Sign.UP),  # 13, as 429
        (CircuitOpen(provider=OPENAI), Sign.NOTHING),
        *((_status(status), Sign.UP) for status in (301, 304, 400, 401, 402, 403, 404, 408, 409, 425, 429, 451)),
        *((_status(status), Sign.DOWN) for status in (500, 502, 503, 504, 520, 521, 522, 524, 529)),
        *((_status(status), Sign.UP) for status in (501, 505, 507, 511, 599)),
    ],
    ids=lambda value: getattr(value, "code", value),
)
def test_only_what_tells_of_an_origin_in_trouble_counts_against_it(error: ProviderError, sign: Sign) -> None:
    assert sign_of(error) is sign


class CircuitMachine(RuleBasedStateMachine):
    """Any order of events, against a model that keeps every result and counts afresh."""

    @initialize()
    def start(self) -> None:
        self.circuit, self.now = Circuit(), 0.0
        self.results: list[tuple[int, bool]] = []  # (stretch of three seconds, answered) while closed
        self.open_until: float | None = None
        self.pause = 0.0
        self.calls: list[Admitted] = []  # under way, and admitted since the circuit last changed
        self.stale: list[Admitted] = []
        self.probe: tuple[Admitted, float] | None = None

    def _change(self) -> None:
        self.stale += self.calls + ([self.probe[0]] if self.probe else [])
        self.calls, self.results, self.probe = [], [], None

    def _open(self, pause: float) -> None:
        self._change()
        self.pause, self.open_until = pause, self.now + pause

    @rule(seconds=st.sampled_from((0.0, 0.1, 1.0, 4.0, 11.0, 35.0)))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(patience=st.sampled_from((1.0, 60.0)))
    def a_call_asks(self, patience: float) -> None:
        admission: Admission
        self.circuit, admission = self.circuit.admit(self.now, self.now + patience)
        if self.open_until is None:
            assert isinstance(admission, Admitted)
            self.calls.append(admission)
        elif self.now < self.open_until:
            assert admission == Open(retry_at=self.open_until)
        elif self.probe is not None and self.now < self.probe[1]:
            assert isinstance(admission, Open)
            assert admission.retry_at > self.now
        else:
            assert isinstance(admission, Admitted)
            if self.probe is not None:
                self.stale.append(self.probe[0])
            self.probe = (admission, self.now + patience)

    @precondition(lambda self: self.calls)
    @rule(answered=st.booleans(), times=st.integers(1, 6))
    def calls_end(self, times: int, *, answered: bool) -> None:
        for _ in range(times):
            if not self.calls:
                return
            call = self.calls[-1]  # it stays under way: many calls share one admission
            stretch = int(self.now // 3)
            self.results.append((stretch, answered))
            if answered:
                self.circuit = self.circuit.succeeded(call, self.now)
                continue
            self.circuit = self.circuit.failed(call, self.now, MIDDLE)
            recent = [good for step, good in self.results if step > stretch - 10]
            row = [good for _, good in self.results[-5:]]
            if (len(row) == 5 and not any(row)) or (len(recent) >= 20 and sum(recent) <= len(recent) / 2):
                self._open(10.0)

    @precondition(lambda self: self.probe)
    @rule(answered=st.booleans())
    def the_probe_ends(self, *, answered: bool) -> None:
        assert self.probe is not None
        probe, _ = self.probe
        if answered:
            self.circuit = self.circuit.succeeded(probe, self.now)
            self._change()
            self.open_until = None
        else:
            self.circuit = self.circuit.failed(probe, self.now, MIDDLE)
            self._open(min(120.0, 2 * self.pause))

    @rule()
    def somebody_cancels(self) -> None:
        if self.probe is not None:
            self.circuit = self.circuit.cancelled(self.probe[0])
            self.stale.append(self.probe[0])
            self.probe = None
        elif self.calls:
            self.circuit = self.circuit.cancelled(self.calls.pop())

    @precondition(lambda self: self.stale)
    @rule(data=st.data())
    def an_old_call_ends(self, data: st.DataObject) -> None:
        call = data.draw(st.sampled_from(self.stale))
        if self.probe is None and self.open_until is not None and call == self.circuit.pass_:
            return  # a cancelled probe does not end a second time
        assert self.circuit.succeeded(call, self.now) == self.circuit
        assert self.circuit.failed(call, self.now, MIDDLE) == self.circuit
        assert self.circuit.cancelled(call) == self.circuit

    @invariant()
    def it_is_open_when_the_model_is(self) -> None:
        assert self.circuit.is_open is (self.open_until is not None)


CircuitMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestCircuitAgainstItsModel = CircuitMachine.TestCase
