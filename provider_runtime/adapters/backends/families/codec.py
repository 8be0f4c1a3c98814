"""RecordCodec: a record as the bytes that a medium keeps, and back."""

from functools import cached_property
from typing import Final, Generic, TypeVar

from attrs import frozen
from cattrs import Converter

from provider_runtime.adapters.serialization import DocumentFault, make_converter, read_json, structure, to_json
from provider_runtime.domain.errors import BackendError, ErrorCode, RecordCorrupt

T = TypeVar("T")
_ENVELOPE: Final = frozenset(("kind", "version", "content"))


@frozen(kw_only=True)
class RecordCodec(Generic[T]):
    """Writes ``{"kind": …, "version": …, "content": …}``, and reads back nothing else.

    ``kind`` names the family, here and in errors. What does not read back is ``RecordCorrupt``:
    its ``key`` is the place, its message the field at fault, and neither quotes what stands there.
    """

    kind: str
    of: type[T]
    version: int = 1

    @cached_property
    def converter(self) -> Converter:
        """Made when the first record is written or read: it costs more than all the rest of a store."""
        return make_converter()

    def write(self, record: T) -> bytes:
        """``record`` as bytes; equal records give equal bytes. ``BackendError`` for what JSON cannot carry."""
        try:
            content = self.converter.unstructure(record, self.of)
            return to_json(self.converter, {"kind": self.kind, "version": self.version, "content": content})
        except (ValueError, TypeError, OverflowError, RecursionError):  # their text may quote the record
            pass
        raise BackendError(
            code=ErrorCode.STORE_UNAVAILABLE,
            kind=self.kind,
            message=f"this {self.kind} cannot be written as JSON",
            remedy="Make it of JSON values: finite numbers, whole characters, no more than 200 levels.",
        )

    def read(self, content: bytes, key: str) -> T:
        """The record in ``content``, which stands at ``key``."""
        try:
            return structure(self.converter, self.of, self._content_of(read_json(content)))
        except DocumentFault as found:
            fault = found
        raise RecordCorrupt(
            kind=self.kind,
            key=key,
            message=f"the {self.kind} does not read back: {fault.field or '$'}: {fault.message}",
            remedy=fault.remedy or "Restore it from a copy, or delete it.",
        )

    def _content_of(self, envelope: object) -> object:
        if not isinstance(envelope, dict) or set(envelope) != _ENVELOPE:
            raise DocumentFault(message="this is no record of this store")
        if envelope["kind"] != self.kind:
            raise DocumentFault(message=f"this is no {self.kind}", field="kind")
        if type(envelope["version"]) is not int or envelope["version"] != self.version:
            known = f"Known: {self.version}."
            raise DocumentFault(message=f"this version of a {self.kind} is not known", remedy=known, field="version")
        return envelope["content"]
