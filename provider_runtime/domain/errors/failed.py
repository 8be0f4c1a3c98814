"""Failures after sending: of the provider, of the way to it, of a store."""

from attrs import define

from provider_runtime.domain.conversation.response import PassedOver
from provider_runtime.domain.errors.codes import Delivery, ErrorCode, RetryDenial, SwapFault
from provider_runtime.domain.errors.root import ProviderRuntimeError
from provider_runtime.domain.identity import ProviderId
from provider_runtime.domain.secrets import safe_text

# ── ProviderError: asked, and not answered well ─────────────────────────────────────────────


@define(kw_only=True, eq=False)
class ProviderError(ProviderRuntimeError):
    """The provider, or the way to it, failed. ``delivery`` says how far the request got.

    ``retry_after_s``: how long the provider asks to wait. ``retry_denied_by``: why the call was
    not tried again. ``passed_over``: who else was asked, where the call had alternatives.
    """

    provider: ProviderId
    model: str | None = None
    request_id: str | None = None
    retry_after_s: float | None = None
    retry_denied_by: RetryDenial | None = None
    passed_over: tuple[PassedOver, ...] = ()


@define(kw_only=True, eq=False)
class TransportError(ProviderError):
    """No whole answer came: connecting, TLS, the connection, the deadline or HTTP itself failed.

    ``reused``: the request went over a connection that had answered before.
    """

    code: ErrorCode = ErrorCode.CONNECTION_LOST
    delivery: Delivery = Delivery.AMBIGUOUS
    reused: bool = False


@define(kw_only=True, eq=False)
class ProviderStatusError(ProviderError):
    """The provider answered, and its answer was an error.

    ``provider_code`` and ``provider_type`` are the provider's own short names for it, where it
    gave any that look like names. ``should_retry`` is the provider's explicit wish, if stated.
    """

    code: ErrorCode = ErrorCode.PROVIDER_STATUS
    delivery: Delivery = Delivery.REJECTED
    status_code: int
    provider_code: str | None = None
    provider_type: str | None = None
    should_retry: bool | None = None


@define(kw_only=True, eq=False)
class CredentialsRejected(ProviderStatusError):
    """The provider says that the credential is wrong.

    ``another_at_hand``: the sources of credentials know a different one by now, a rotated key or a
    fresh token, so that one more attempt may succeed.
    """

    code: ErrorCode = ErrorCode.CREDENTIALS_REJECTED
    another_at_hand: bool = False


@define(kw_only=True, eq=False)
class ProtocolError(ProviderError):
    """A whole answer came that is not what the protocol promises; ``field`` is where."""

    code: ErrorCode = ErrorCode.BAD_RESPONSE
    delivery: Delivery = Delivery.ANSWERED_BAD
    field: str | None = None
    status_code: int | None = None


@define(kw_only=True, eq=False)
class SerializationError(ProviderError):
    """A whole answer came that is not JSON at all."""

    code: ErrorCode = ErrorCode.RESPONSE_NOT_JSON
    delivery: Delivery = Delivery.ANSWERED_BAD
    status_code: int | None = None


@define(kw_only=True, eq=False)
class CircuitOpen(ProviderError):
    """The provider failed so often of late that it is left alone; ``retry_after_s`` says how long."""

    code: ErrorCode = ErrorCode.CIRCUIT_OPEN
    delivery: Delivery = Delivery.NOT_SENT
    retryable: bool = True


@define(kw_only=True, eq=False)
class RateLimitWait(ProviderError):
    """The runtime's own limits for this provider do not let the call through in its time.

    ``retry_after_s``: when they might; ``None`` where waiting does not help, or nobody knows.
    """

    code: ErrorCode = ErrorCode.RATE_LIMIT_WAIT
    delivery: Delivery = Delivery.NOT_SENT
    retryable: bool = True


# ── BackendError: a store or the runtime itself failed ──────────────────────────────────────


@define(kw_only=True, eq=False)
class BackendError(ProviderRuntimeError):
    """A store, or the runtime itself, failed. ``kind`` and ``key`` name what was wanted."""

    code: ErrorCode = ErrorCode.STORE_UNAVAILABLE
    kind: str = ""
    key: str = ""


@define(kw_only=True, eq=False)
class StoreUnsafe(BackendError):
    """A store of secrets lies where others can read or replace it, and is not used until that is mended."""

    code: ErrorCode = ErrorCode.STORE_UNSAFE


@define(kw_only=True, eq=False)
class RecordCorrupt(BackendError):
    """Stored data does not read back as what was written; ``key`` is the place, ``kind`` what should stand there."""

    code: ErrorCode = ErrorCode.RECORD_CORRUPT

    def facts(self) -> dict[str, str]:
        place = {"kind": self.kind, "place": safe_text(self.key[:120])}  # names are the caller's, and may be anything
        return {**BackendError.facts(self), **{name: value for name, value in place.items() if value}}


@define(kw_only=True, eq=False)
class RecordMissing(BackendError):
    """What an operation needs is not in the store; ``kind`` and ``key`` say what."""

    code: ErrorCode = ErrorCode.RECORD_MISSING


@define(kw_only=True, eq=False)
class ReplayMiss(RecordMissing):
    """A replay has no answer for this call: it was not made in the recorded run, or otherwise. Nothing was sent.

    ``key`` begins the digest of the bytes that would have been sent, ``occurrence`` says how often
    the same had been asked before.
    """

    code: ErrorCode = ErrorCode.REPLAY_MISS
    kind: str = "recorded answer"
    provider: ProviderId | None = None
    model: str | None = None
    occurrence: int = 0


@define(kw_only=True, eq=False)
class RecordConflict(BackendError):
    """What stands in the store is not what the change was made from. Nothing was changed; ``key`` names the record."""

    code: ErrorCode = ErrorCode.RECORD_CONFLICT


@define(kw_only=True, eq=False)
class LedgerConflict(BackendError):
    """What was to be entered in a ledger contradicts what stands there; ``key`` is the number of the hold."""

    code: ErrorCode = ErrorCode.LEDGER_CONFLICT
    kind: str = "ledger"


@define(kw_only=True, eq=False)
class LedgerUnavailable(BackendError):
    """The server that keeps a ledger could not be asked, or did not answer.

    ``kept``: what was to be entered is kept here, and said to the server as soon as it listens.
    """

    code: ErrorCode = ErrorCode.LEDGER_UNAVAILABLE
    kind: str = "ledger"
    retryable: bool = True
    kept: bool = False


@define(kw_only=True, eq=False)
class LedgerDenied(BackendError):
    """The server that keeps a ledger does not let this client do that; ``key`` is the account, where one is meant."""

    code: ErrorCode = ErrorCode.LEDGER_DENIED
    kind: str = "ledger"


@define(kw_only=True, eq=False)
class RuntimeClosed(BackendError):
    """The runtime was closed; open a fresh one."""

    code: ErrorCode = ErrorCode.RUNTIME_CLOSED
    kind: str = "runtime"


@define(kw_only=True, eq=False)
class SwapFailed(BackendError):
    """A swap that was allowed did not come about; ``fault`` says why. The old model stays."""

    code: ErrorCode = ErrorCode.SWAP_FAILED
    kind: str = "swap"
    fault: SwapFault


@define(kw_only=True, eq=False)
class CallInterrupted(BackendError):
    """The process ended while this call was under way. It may have been billed; nobody knows its answer."""

    code: ErrorCode = ErrorCode.CALL_INTERRUPTED
    kind: str = "batch"
    delivery: Delivery = Delivery.AMBIGUOUS
