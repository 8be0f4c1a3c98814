"""The plainest answer there is, read in one look: a 200 with its length, whole, in one piece."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from provider_runtime.adapters.http.limits import HttpLimits
from provider_runtime.ports.http import HttpReply

# Whatever else says where the body ends, or how it is packed, or what becomes of the connection, is for the parser.
_FRAMING: Final = rb"[TtCcUu](?i:ransfer-encoding|ontent-length|ontent-encoding|onnection|pgrade)"
_LINE: Final = (
    rb"(?:(?i:connection: keep-alive)"
    rb"|(?!" + _FRAMING + rb":)[A-Za-z0-9!#$%&'*+.^_`|~-]++: [\x21-\x7e][\x20-\x7e]*+(?<! ))\r\n"
)
_PLAIN: Final = re.compile(
    rb"HTTP/1\.1 200 [\x20-\x7e]*+(\r\n(?:"
    + _LINE
    + rb")*+(?i:content-length): ([0-9]{1,15}+)\r\n(?:"
    + _LINE
    + rb")*+)\r\n"
)
_SHORTEST_LINE: Final = len("a: b\r\n")


def plain_reply(read: bytes | bytearray, limits: HttpLimits) -> HttpReply | None:
    """The answer, where ``read`` is one that has a single meaning; ``None`` leaves it to the parser.

    Accepts a small part of what the parser does, and reads that as the parser would: a head in the
    form that RFC 9112 wants, one length, that many bytes, and nothing after them.
    """
    match = _PLAIN.match(read)
    if match is None:
        return None
    head, length = match.groups()
    start, size = match.end(), int(length)
    if len(read) - start != size or size > limits.max_response_bytes:
        return None
    if start > limits.max_header_bytes:
        return None
    if start > _SHORTEST_LINE * limits.max_headers and head.count(b"\n") > limits.max_headers:
        return None
    return HttpReply(200, PlainHeaders(head), bytes(read[start:]))


class PlainHeaders(Mapping[str, str]):
    """The headers of a plain answer, kept as they came: of all that a server tells, a call asks for one or two.

    Names in lower case; repeated ones are joined by commas.
    """

    __slots__ = ("_all", "_low", "_text")

    def __init__(self, head: bytes) -> None:
        """Lines in ASCII, with a line end before each and after the last."""
        self._text = head.decode("ascii")
        self._low = ""  # the same in lower case, once a name was looked for
        self._all: dict[str, str] | None = None

    def __getitem__(self, name: str) -> str:
        value: str | None = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """As any mapping does it, without an exception on the way to what is not there."""
        if self._all is None:
            low = self._low = self._low or self._text.lower()
            before, named, after = low.partition(f"\r\n{name}: ")
            if not named:
                return default
            if named not in after:
                start = len(before) + len(named)
                return self._text[start : start + after.find("\r\n")]
        return self._lines().get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self._lines()

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines())

    def __len__(self) -> int:
        return len(self._lines())

    def _lines(self) -> dict[str, str]:
        known = self._all
        if known is None:
            known = self._all = {}
            for line in self._text[2:-2].split("\r\n"):
                name, _, value = line.partition(": ")
                name = name.lower()
                known[name] = f"{known[name]}, {value}" if name in known else value
        return known
