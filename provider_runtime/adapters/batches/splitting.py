"""LineSplitter: lines out of a stream of bytes, however large the stream or a line of it may be."""

from typing import Final

from attrs import define, field

from provider_runtime.domain.batches.lines import BatchLine

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


def is_blank(content: bytes) -> bool:
    """Whether there is nothing but white space."""
    return not content.strip()


@define(kw_only=True)
class LineSplitter:
    """Cuts a stream at its line breaks. A line longer than ``longest`` bytes is told without its content.

    Lines are numbered from 1 as they stand there; blank ones are counted and left out. A byte order mark
    at the beginning is none of the text.
    """

    longest: int
    number: int = field(default=0, init=False)
    """How many lines have been cut off."""
    _rest: bytes = field(default=b"", init=False, repr=False)
    _too_long: bool = field(default=False, init=False)

    def feed(self, chunk: bytes) -> list[BatchLine]:
        """The lines that end in ``chunk``, the next piece of the stream."""
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        found = [line for content in whole if (line := self._line(content)) is not None]
        if len(self._rest) > self.longest:
            self._rest, self._too_long = b"", True
        return found

    def end(self) -> list[BatchLine]:
        """What stands behind the last line break."""
        if not self._rest and not self._too_long:
            return []
        content, self._rest = self._rest, b""
        line = self._line(content)
        return [] if line is None else [line]

    def _line(self, content: bytes) -> BatchLine | None:
        self.number += 1
        too_long, self._too_long = self._too_long or len(content) > self.longest, False
        if self.number == 1:
            content = content.removeprefix(_BYTE_ORDER_MARK)
        if too_long:
            return BatchLine(number=self.number, content=None)
        return None if is_blank(content) else BatchLine(number=self.number, content=content)
