"""What went wrong, as a value: which kind, how far the request got, and whether trying again may help.

Source: reliability §2.2, rows 2 to 11. Nothing of an exception's text gets out: it may quote headers.
"""

import errno
import socket
import ssl
from typing import Final

import aiohttp
from aiohttp.http_exceptions import ContentLengthError, HttpProcessingError, TransferEncodingError

from provider_runtime.adapters.http.dialing import AddressRefused, SpokeFirst
from provider_runtime.adapters.http.sending import Sending
from provider_runtime.domain.errors import Delivery, ErrorCode
from provider_runtime.ports.http import HttpFailure

_NO_SUCH_NAME: Final = frozenset(
    getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA", "EAI_FAIL") if hasattr(socket, name)
)
_WHY_NOT_OPENED: Final = {
    errno.ECONNREFUSED: "nothing answers at this host and port",
    errno.ECONNRESET: "the server hung up while the connection was being opened",
    errno.ENETUNREACH: "there is no way to this network",
    errno.EHOSTUNREACH: "there is no way to this host",
    errno.EMFILE: "this process has too many files open",
    errno.ENFILE: "this machine has too many files open",
}
# What aiohttp calls a body that ended before its promised length or its last chunk.
_CUT: Final = (ContentLengthError, TransferEncodingError)


def failure_of(error: Exception, sending: Sending) -> HttpFailure:
    """The failure that ``error``, raised by aiohttp or by a guard, stands for. Total."""
    if not sending.written:
        return _not_sent(error, sending)
    if not sending.answered:
        return _no_head(error, sending)
    return _no_body(error, sending)


def _not_sent(error: Exception, sending: Sending) -> HttpFailure:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, AddressRefused):
        return HttpFailure(
            code=ErrorCode.ENDPOINT_BLOCKED,
            delivery=Delivery.NOT_SENT,
            detail=cause.reason,
            remedy="If this address is meant, list its network in the provider's allowed_networks.",
        )
    if isinstance(error, SpokeFirst):
        return _unsendable("the server spoke before it was asked: this is not HTTP")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _unresolved(cause)
    if isinstance(error, aiohttp.ClientSSLError):
        return _untrusted(cause)
    if isinstance(error, TimeoutError):
        return _unconnected("no connection was to be had in time")
    if sending.reused:
        return _lost(sending, "the kept connection was gone before anything was written")
    if isinstance(cause, OSError):
        return _unconnected(_WHY_NOT_OPENED.get(cause.errno or 0, "the connection could not be opened"))
    return _unsendable(f"the request could not be sent ({type(error).__name__})")


def _unresolved(cause: Exception) -> HttpFailure:
    # Both are connect_failed; only the second is worth another try.
    if isinstance(cause, socket.gaierror) and cause.errno in _NO_SUCH_NAME:
        return _unconnected("the host name is unknown", may_heal=False, remedy="Check the host in base_url.")
    return _unconnected("the host name could not be looked up just now")


def _untrusted(cause: Exception) -> HttpFailure:
    why = "TLS failed: the server does not speak it, or no version of it that is safe"
    if isinstance(cause, ssl.SSLCertVerificationError):
        why = f"the server's certificate was not accepted: {cause.verify_message}"
    return HttpFailure(
        code=ErrorCode.TLS_FAILED,
        delivery=Delivery.NOT_SENT,
        detail=why,
        remedy="Check the host in base_url; for a private authority hand in an ssl_context that trusts it.",
    )


def _unconnected(detail: str, *, may_heal: bool = True, remedy: str = "") -> HttpFailure:
    return HttpFailure(
        code=ErrorCode.CONNECT_FAILED, delivery=Delivery.NOT_SENT, detail=detail, may_heal=may_heal, remedy=remedy
    )


def _unsendable(detail: str) -> HttpFailure:
    return HttpFailure(code=ErrorCode.HTTP_PROTOCOL, delivery=Delivery.NOT_SENT, detail=detail)


def _no_head(error: Exception, sending: Sending) -> HttpFailure:
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return _not_sent(error, sending)  # where aiohttp writes, all that is known beforehand is that it may have
    if isinstance(error, OSError | aiohttp.ClientConnectionError):
        return _lost(sending, "the connection ended before an answer came")
    if isinstance(error, aiohttp.ClientResponseError | HttpProcessingError):
        return _garbled(sending, "what came back is not an HTTP answer")
    return _garbled(sending, f"the exchange broke off ({type(error).__name__})")


def _no_body(error: Exception, sending: Sending) -> HttpFailure:
    cause = error if isinstance(error, HttpProcessingError) else error.__cause__
    if isinstance(cause, HttpProcessingError) and not isinstance(cause, _CUT):
        return _garbled(sending, "the body of the answer breaks the rules of HTTP")
    return HttpFailure(
        code=ErrorCode.CONNECTION_LOST,
        delivery=Delivery.AMBIGUOUS,
        detail="the answer was cut short",
        reused=sending.reused,
    )


def _lost(sending: Sending, detail: str) -> HttpFailure:
    return HttpFailure(
        code=ErrorCode.CONNECTION_LOST,
        delivery=Delivery.AMBIGUOUS if sending.written else Delivery.NOT_SENT,
        detail=detail,
        reused=sending.reused,
        may_heal=True,
    )


def _garbled(sending: Sending, detail: str) -> HttpFailure:
    return HttpFailure(code=ErrorCode.HTTP_PROTOCOL, delivery=Delivery.AMBIGUOUS, detail=detail, reused=sending.reused)
