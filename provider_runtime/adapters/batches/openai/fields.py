"""Fields: an object of OpenAI's, read field by field, so that what nobody has read is refused by its name."""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any, Final

from attrs import define, field

from provider_runtime.adapters.serialization import DocumentFault
from provider_runtime.domain.conversation.parts import InlineData, MediaUrl

_DATA_URL: Final = re.compile(r"data:(?P<type>[\w.+/-]{1,127})(?:;[\w.+=-]{1,127})*;base64,", re.IGNORECASE)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}\Z")
_KINDS: Final = ((bool, "a flag"), (str, "a text"), (int | float, "a number"), (dict, "an object"), (list, "a list"))


@define
class Fields:
    """The object at ``path``. A field that is ``null`` is one that is not there.

    Every method raises ``DocumentFault`` with the place, and quotes nothing that stands there.
    """

    _values: dict[str, Any]
    path: str = ""
    _read: set[str] = field(factory=set, init=False)

    @classmethod
    def of(cls, value: object, path: str) -> "Fields":
        """``value`` as an object."""
        return cls(value, path) if isinstance(value, dict) else _unexpected("an object", value, path)

    def place(self, name: str) -> str:
        """The path to the field."""
        return f"{self.path}.{name}" if self.path else name

    def value(self, name: str) -> Any:
        """Whatever stands there; ``None`` where nothing does."""
        self._read.add(name)
        return self._values.get(name)

    def text(self, name: str) -> str | None:
        """A text."""
        value = self.value(name)
        return value if isinstance(value, str | None) else _unexpected("a text", value, self.place(name))

    def needed(self, name: str) -> str:
        """A text that has to be there."""
        value = self.text(name)
        if value is None:
            raise self._missing(name)
        return value

    def flag(self, name: str) -> bool | None:
        """True or false."""
        value = self.value(name)
        return value if isinstance(value, bool | None) else _unexpected("true or false", value, self.place(name))

    def child(self, name: str) -> "Fields | None":
        """An object."""
        value = self.value(name)
        return None if value is None else Fields.of(value, self.place(name))

    def needed_child(self, name: str) -> "Fields":
        """An object that has to be there."""
        child = self.child(name)
        if child is None:
            raise self._missing(name)
        return child

    def children(self, name: str) -> "list[Fields]":
        """A list of objects, empty where there is none."""
        value = self.value(name)
        if value is None:
            return []
        if not isinstance(value, list):
            _unexpected("a list", value, self.place(name))
        return [Fields.of(item, f"{self.place(name)}[{number}]") for number, item in enumerate(value)]

    def choice(self, name: str, *known: str, default: str | None = None) -> str:
        """One of ``known``. Any other is refused."""
        value = self.text(name)
        if value is None and default is not None:
            return default
        if value not in known:
            raise DocumentFault(
                field=self.place(name), message=f"a request of ours can only say {_listed(known)} here", remedy=_REMEDY
            )
        return value

    def says_nothing(self, name: str, *values: object) -> None:
        """A field that may hold one of ``values``, since those mean what is meant without it."""
        value = self.value(name)
        if value is not None and not any(type(value) is type(known) and value == known for known in values):
            raise self.cannot(name)

    def cannot(self, name: str) -> DocumentFault:
        """The refusal of a field that a canonical request has no place for."""
        shown = name if _NAME.match(name) else "…"
        return DocumentFault(
            field=self.place(shown), message="a canonical request has no place for this field", remedy=_REMEDY
        )

    def _missing(self, name: str) -> DocumentFault:
        return DocumentFault(field=self.place(name), message="this field is missing", remedy="Add it.")

    def all_read(self) -> None:
        """Refuse the first field that nobody has read."""
        for name, value in self._values.items():
            if name not in self._read and value is not None:
                raise self.cannot(name)


_REMEDY: Final = "Leave it out, or write the line as a canonical request (provider_options take verbatim fields)."


def media(address: str, path: str) -> InlineData | MediaUrl:
    """What an address stands for: the bytes inside a ``data:`` URL, or where the provider finds them."""
    if not address.lower().startswith("data:"):
        return MediaUrl(url=address)
    head = _DATA_URL.match(address)
    if head is None:
        raise DocumentFault(field=path, message="this data: URL names no media type, or is not base64")
    return InlineData(media_type=head["type"], data=decoded(address[head.end() :], path))


def decoded(text: str, path: str) -> bytes:
    """The bytes of base64 text."""
    try:
        return b64decode(text, validate=True)
    except (Base64Error, ValueError):
        pass
    raise DocumentFault(field=path, message="expected bytes as base64 text")


def _unexpected(wanted: str, value: object, path: str) -> Any:
    kind = next((words for kinds, words in _KINDS if isinstance(value, kinds)), "null")
    raise DocumentFault(field=path, message=f"expected {wanted}, got {kind}")


def _listed(names: tuple[str, ...]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
