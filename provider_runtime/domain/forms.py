"""Forms: values of many fields, made of what is said and nothing else."""

from typing import Any, Final, Generic, TypeVar

from attrs import NOTHING, Factory, fields

T = TypeVar("T")
_NO_VALUE: Final[tuple[Any, ...]] = (type(NOTHING), Factory)  # attrs types the latter as a function
_new: Final = object.__new__


class Form(Generic[T]):
    """Makes values of a ``kind`` that hold what was said; what nobody said, the kind says for all of them.

    For values that each call makes and that have dozens of fields, of which most say nothing. ``filled`` runs no
    converter and no validator of the kind, and asks for no field: who fills in a form says all that its value has
    to say, under names of fields that there are. A test reads every such place and knows the names.
    """

    def __init__(self, kind: type[T]) -> None:
        """Have ``kind``, an attrs class without slots, say its defaults; attrs takes them off a class.

        What ``kind`` works out by itself, it still does.
        """
        for each in fields(kind):  # type: ignore[arg-type]  # attrs names its classes by a protocol
            if each.name not in vars(kind) and not isinstance(each.default, _NO_VALUE):
                setattr(kind, each.name, each.default)
        self._kind: Final = kind
        holder = next(one for one in kind.__mro__ if "__dict__" in vars(one))
        self._give: Final = vars(holder)["__dict__"].__set__  # past the guard that makes the kind frozen

    def filled(self, said: dict[str, Any]) -> T:
        """The value that says what stands in ``said``, which belongs to it from now on."""
        value: T = _new(self._kind)
        self._give(value, said)
        return value
