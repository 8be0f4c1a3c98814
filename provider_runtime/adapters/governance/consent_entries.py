"""The entries of a ledger of consents, and its books, as bytes and back."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
from attrs import field, frozen
from cattrs import Converter

from provider_runtime.adapters.backends.medium import Position
from provider_runtime.adapters.serialization import DocumentFault, make_converter, structure
from provider_runtime.domain.errors import RecordCorrupt
from provider_runtime.domain.policy.consent.books import ConsentBooks, KeptConsent
from provider_runtime.domain.policy.consent.decisions import SignedReceipt
from provider_runtime.domain.policy.consent.entries import Asked, ConsentEntry, Decided, GivenBack, Revoked, Used
from provider_runtime.domain.policy.consent.plans import ConsentRequest
from provider_runtime.domain.policy.consent.reading import read_receipt

_VERSION: Final = 1
_DECODER: Final = msgspec.json.Decoder()
_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)  # ids and names are kinds of text
_KINDS: Final[dict[str, type[ConsentEntry]]] = {
    "asked": Asked,
    "decided": Decided,
    "used": Used,
    "given_back": GivenBack,
    "revoked": Revoked,
}
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}
_T = TypeVar("_T")


@frozen(kw_only=True)
class ConsentEntryCodec:
    """``{"k": kind, "v": entry}``: see ``EntryCodec``."""

    converter: Converter = field(factory=make_converter, repr=False)

    def begin(self) -> ConsentBooks:
        return ConsentBooks()

    def encoded(self, entry: ConsentEntry) -> bytes:
        return _ENCODER.encode({"k": _NAMES[type(entry)], "v": self.converter.unstructure(entry)})

    def decoded(self, raw: bytes) -> ConsentEntry:
        def entry(value: Any) -> ConsentEntry:
            kind: Any = _KINDS[value["k"]]
            read: ConsentEntry = structure(self.converter, kind, value["v"])
            return read

        return self._read(raw, entry)

    def kept(self, state: ConsentBooks, position: Position) -> bytes:
        write = self.converter.unstructure
        return _ENCODER.encode(
            {
                "version": _VERSION,
                "position": str(position),
                "count": state.count,
                "latest": write(state.latest),
                "pending": [write(request) for request in state.pending.values()],
                "decided": [
                    {
                        "number": kept.number,
                        "request": write(kept.request),
                        "signed": write(kept.signed),
                        "uses": sorted(kept.uses),
                        "revoked_at": write(kept.revoked_at),
                    }
                    for kept in state.decided.values()
                ],
            }
        )

    def restored(self, raw: bytes) -> tuple[ConsentBooks, Position] | None:
        return self._read(raw, self._books)

    def count_kept(self, raw: bytes) -> int:
        def count(value: Any) -> int:
            return _whole(value["count"]) if value["version"] == _VERSION else 0

        try:
            return self._read(raw, count)
        except RecordCorrupt:
            return 0

    def unreadable(self, what: str) -> RecordCorrupt:
        return RecordCorrupt(
            kind="consents",
            key="entries",
            message=f"the ledger of consents cannot be read: {what}",
            remedy="Restore it from a copy, or name another one to begin anew; nothing is sent on consent until then.",
        )

    def _books(self, value: Any) -> tuple[ConsentBooks, Position] | None:
        if _whole(value["version"]) != _VERSION:
            return None
        latest: datetime | None = structure(self.converter, datetime | None, value["latest"])  # type: ignore[arg-type]  # a union is no class
        books = ConsentBooks(count=_whole(value["count"]), latest=latest)
        for waiting in value["pending"]:
            books.wait(structure(self.converter, ConsentRequest, waiting))
        for kept in value["decided"]:
            signed = structure(self.converter, SignedReceipt, kept["signed"])
            books.keep(
                KeptConsent(
                    number=_whole(kept["number"]),
                    request=structure(self.converter, ConsentRequest, kept["request"]),
                    signed=signed,
                    read=read_receipt(signed.text),
                    uses={str(use) for use in kept["uses"]},
                    revoked_at=structure(self.converter, datetime | None, kept["revoked_at"]),  # type: ignore[arg-type]  # as above
                )
            )
        return books, Position.parse(value["position"])

    def _read(self, raw: bytes, make: Callable[[Any], _T]) -> _T:
        try:
            return make(_DECODER.decode(raw))
        except (msgspec.MsgspecError, DocumentFault, ValueError, TypeError, KeyError):
            raise self.unreadable("an entry is not of a form that this release knows") from None


def _whole(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("not a whole number from 0")
    return value
