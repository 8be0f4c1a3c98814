"""Answerer: whoever answers the questions that come in over HTTP."""

from typing import Protocol, runtime_checkable

from attrs import field, frozen

from provider_runtime.domain.secrets import Secret


@frozen(kw_only=True)
class HttpAsked:
    """One request as it came in. ``bearer`` is the token it was made with, if it was made with one."""

    method: str
    path: str
    bearer: Secret | None = field(default=None)
    body: bytes = field(default=b"", repr=False)


@frozen(kw_only=True)
class HttpAnswer:
    """What is answered: a status, and a body of JSON."""

    status: int
    body: bytes = field(default=b"", repr=False)


@runtime_checkable
class Answerer(Protocol):
    """Answers requests, several at a time. Never raises: what goes wrong is an answer, too.

    Whoever asked may be gone; what was begun goes to its end all the same.
    """

    async def answer(self, asked: HttpAsked) -> HttpAnswer: ...
