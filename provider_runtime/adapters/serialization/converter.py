"""make_converter: canonical values to plain JSON values and back."""

from collections.abc import Callable
from dataclasses import is_dataclass
from inspect import isabstract
from types import GenericAlias
from typing import Any, Final, TypeAlias, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.cols import (
    homogenous_tuple_structure_factory,
    is_any_set,
    is_mapping,
    is_mutable_sequence,
    is_sequence,
    list_structure_factory,
    mapping_structure_factory,
)
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from provider_runtime.adapters.serialization.faults import DocumentFault, expected, one_of
from provider_runtime.adapters.serialization.scalars import register_scalars
from provider_runtime.adapters.serialization.tags import TAG_FIELD, TAGS, is_tagged_union, members
from provider_runtime.domain.conversation.messages import Message
from provider_runtime.domain.conversation.parts import TextPart, ToolResultText
from provider_runtime.domain.conversation.request import ModelRef

Read: TypeAlias = Callable[[Any, Any], Any]
_WRITABLE_AS_TEXT: Final = (TextPart, ToolResultText)


def make_converter() -> Converter:
    """A converter for the canonical form; one belongs to one container.

    The form, which is all that is ever written: an object per value, under the names of its fields.
    A field that has a default and holds nothing (``None``, no items, no text, ``false``, zero) is
    left out. What is one of several classes says which under ``type``; so does a member of an
    enumeration: ``{"type": "user"}``. Names of providers, runtimes and calls are plain text, amounts
    are text, bytes are base64, times are RFC 3339 in UTC.

    Read as well, since people write requests by hand:

    - a member of an enumeration, or a class without fields, as its tag: ``"user"``, ``"auto"``;
    - a model as ``"provider:model"``;
    - the content of a message, a content part, or the content of a tool result as text;
    - a provider as ``{"type": "openai"}`` or ``{"type": "other", "name": "acme"}``.

    Everything else is refused: unknown fields, missing or unknown tags, text for a number, a number
    for a flag. What its functions raise is for ``fault_of`` to explain; ``structure`` does both.
    """
    converter = Converter(forbid_extra_keys=True)
    register_scalars(converter)
    register = converter.register_structure_hook_factory
    register(is_any_set, _guarded(_set_read, list | tuple, "a list"))
    register(is_sequence, _guarded(homogenous_tuple_structure_factory, list | tuple, "a list"))
    register(is_mutable_sequence, _guarded(list_structure_factory, list | tuple, "a list"))
    register(_is_row, _guarded(_row_read, list | tuple, "a list"))
    register(_is_plain_mapping, _guarded(_mapping_read, dict, "an object"))
    register(_has_fields, _fields_read)
    register(is_tagged_union, _union_read)
    converter.register_unstructure_hook_factory(_has_fields, _fields_write)
    return converter


def _guarded(
    make_read: Callable[[Any, Converter], Read], accepted: Any, words: str
) -> Callable[[Any, Converter], Read]:
    """``make_read``, for values of the ``accepted`` kind alone: cattrs would iterate over anything."""

    def factory(kind: Any, converter: Converter) -> Read:
        read = make_read(kind, converter)
        return lambda value, _: read(value, kind) if isinstance(value, accepted) else expected(words, value)

    return factory


def _set_read(kind: Any, converter: Converter) -> Read:
    items: Any = GenericAlias(list, get_args(kind) or (Any,))
    read, make = converter.get_structure_hook(items), get_origin(kind) or kind
    return lambda value, _: make(read(value, items))


def _is_row(kind: Any) -> bool:
    return get_origin(kind) is tuple and Ellipsis not in get_args(kind)


def _row_read(kind: Any, converter: Converter) -> Read:
    read, size = converter.gen_structure_hetero_tuple(kind), len(get_args(kind))

    def row(value: Any, _: Any) -> Any:
        if len(value) != size:
            raise DocumentFault(message=f"expected a list of {size}")
        return read(value, kind)

    return row


def _is_plain_mapping(kind: Any) -> bool:
    return is_mapping(kind) and not hasattr(kind, "__required_keys__")


def _mapping_read(kind: Any, converter: Converter) -> Read:
    # Not `gen_structure_mapping`: that one registers what it makes, which would then be read past the guard.
    origin = get_origin(kind) or kind
    return mapping_structure_factory(kind, converter, dict if isabstract(origin) else origin)


# ── classes with fields ─────────────────────────────────────────────────────────────────────


def _has_fields(kind: Any) -> bool:
    origin = get_origin(kind) or kind
    return isinstance(origin, type) and (attrs.has(origin) or is_dataclass(origin))


def _fields_read(kind: Any, converter: Converter) -> Read:
    read = make_dict_structure_fn(
        kind,
        converter,
        _cattrs_forbid_extra_keys=True,
        _cattrs_detailed_validation=True,
        _cattrs_use_linecache=False,  # which is shared by the whole process
    )
    tag, from_text = TAGS.get(kind), _text_reader(kind)

    def fields(value: Any, _: Any) -> Any:
        if isinstance(value, str) and from_text is not None:
            return from_text(value)
        if not isinstance(value, dict):
            expected("an object", value)
        if kind is Message and isinstance(value.get("content"), str):
            value = {**value, "content": [value["content"]]}
        if tag is not None:
            if value.get(TAG_FIELD) != tag:
                raise DocumentFault(message=f'"{TAG_FIELD}" must be "{tag}"', field=TAG_FIELD)
            value = {name: item for name, item in value.items() if name != TAG_FIELD}
        return read(value, kind)

    return fields


def _text_reader(kind: Any) -> Callable[[str], Any] | None:
    if kind is ModelRef:
        return _model_ref
    return kind if kind in _WRITABLE_AS_TEXT else None


def _model_ref(text: str) -> ModelRef:
    try:
        return ModelRef.parse(text)
    except ValueError:  # its text quotes the value
        pass
    raise DocumentFault(message="this is no model reference", remedy='Write "provider:model" or "model".')


def _fields_write(kind: Any, converter: Converter) -> Callable[[Any], Any]:
    origin = get_origin(kind) or kind
    attributes = attrs.fields(origin) if attrs.has(origin) else ()
    overrides = {field.name: override(omit_if_default=_means_nothing(field.default)) for field in attributes}
    write = make_dict_unstructure_fn(kind, converter, _cattrs_use_linecache=False, **overrides)  # type: ignore[arg-type]  # overrides are the rest of its keywords
    tag = TAGS.get(kind)
    return write if tag is None else lambda value: {TAG_FIELD: tag, **write(value)}


def _means_nothing(default: object) -> bool:
    # A default that is made anew, such as an empty Usage, is shown: it is a statement of its own.
    return default is not attrs.NOTHING and not default


# ── one of several classes ──────────────────────────────────────────────────────────────────


def _union_read(kind: Any, converter: Converter) -> Read:
    by_tag = {TAGS[member]: member for member in members(kind)}
    reads = {tag: converter.get_structure_hook(member) for tag, member in by_tag.items()}
    without_fields = {tag: member for tag, member in by_tag.items() if not attrs.fields(member)}
    from_text = next((member for member in members(kind) if member in _WRITABLE_AS_TEXT), None)
    optional = type(None) in get_args(kind)

    def union(value: Any, _: Any) -> Any:
        if isinstance(value, str):
            if from_text is not None:
                return from_text(value)
            if value in without_fields:
                return without_fields[value]()
            raise DocumentFault(message="this is none of the known values", remedy=one_of(without_fields, value))
        if value is None and optional:
            return None
        if not isinstance(value, dict):
            expected("an object", value)
        tag = value.get(TAG_FIELD)
        if not isinstance(tag, str) or tag not in reads:
            message = "the tag is none of the known ones" if TAG_FIELD in value else "the tag is missing"
            raise DocumentFault(message=message, remedy=one_of(by_tag, tag), field=TAG_FIELD)
        return reads[tag](value, by_tag[tag])

    return union
