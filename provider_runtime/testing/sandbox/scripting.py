"""What a test tells the sandbox to do instead of answering by itself."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self

from attrs import field, frozen


@frozen(kw_only=True)
class Scripted:
    """An answer given word for word. ``json`` is written as JSON, ``body`` as it stands.

    ``delay_s``: seconds to wait before answering.
    """

    status: int = 200
    json: Any = None
    body: bytes | str | None = None
    headers: Mapping[str, str] = field(factory=dict)
    delay_s: float = 0.0


class Mishap(StrEnum):
    """What goes wrong."""

    DROPPED_CONNECTION = "dropped_connection"
    HTML = "html"
    SLOW = "slow"
    STATUS = "status"
    MALFORMED_JSON = "malformed_json"
    TRUNCATED_BODY = "truncated_body"


@frozen(kw_only=True)
class Fault:
    """A mishap that befalls an answer. Make one with the functions named after mishaps."""

    mishap: Mishap
    code: int = 200
    seconds: float = 0.0
    retry_after_s: float | None = None

    @classmethod
    def drop_connection(cls) -> Self:
        """The connection is cut after the request was read: no answer at all."""
        return cls(mishap=Mishap.DROPPED_CONNECTION)

    @classmethod
    def html(cls, status: int = 503) -> Self:
        """A gateway answers in the vendor's place, with a page for people."""
        return cls(mishap=Mishap.HTML, code=status)

    @classmethod
    def slow(cls, seconds: float) -> Self:
        """The right answer, that much later."""
        return cls(mishap=Mishap.SLOW, seconds=seconds)

    @classmethod
    def status(cls, status: int, *, retry_after_s: float | None = None) -> Self:
        """The vendor's own error answer with this status, and how long it asks to wait."""
        return cls(mishap=Mishap.STATUS, code=status, retry_after_s=retry_after_s)

    @classmethod
    def malformed_json(cls) -> Self:
        """Status 200 and a whole body that stops in the middle of its JSON."""
        return cls(mishap=Mishap.MALFORMED_JSON)

    @classmethod
    def truncated_body(cls) -> Self:
        """The connection is cut in the middle of the body, which announced its full length."""
        return cls(mishap=Mishap.TRUNCATED_BODY)
