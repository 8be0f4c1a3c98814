"""HTML, built from values: whatever is not markup already is escaped."""

from html import escape
from typing import Final, TypeAlias

_EMPTY: Final = frozenset({"meta", "link", "br", "hr"})


class Markup(str):
    """HTML that is safe as it stands. Only ``tag`` and ``trusted`` make it."""

    __slots__ = ()


Child: TypeAlias = "Markup | str | int | list[Markup] | tuple[Markup, ...] | None"
Attribute: TypeAlias = str | int | bool | None


def tag(name: str, /, *children: Child, **attributes: Attribute) -> Markup:
    """An element. ``class_`` and ``for_`` are those words; an underline in a name is a hyphen."""
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _EMPTY:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{''.join(_inside(child) for child in children)}</{name}>")


def together(*children: Child) -> Markup:
    """Several things one behind another."""
    return Markup("".join(_inside(child) for child in children))


def trusted(text: str) -> Markup:
    """Text that is HTML as it stands: this package's own, or a picture that was drawn here."""
    return Markup(text)


def _inside(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, list | tuple):
        return "".join(child)
    return str(child) if isinstance(child, Markup) else escape(str(child))


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    written = name.rstrip("_").replace("_", "-")
    return f" {written}" if value is True else f' {written}="{escape(str(value))}"'
