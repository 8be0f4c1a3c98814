"""Values that are made anew for each call, and are cheap to make.

attrs fills a frozen value with slots by way of ``object.__setattr__``: about 1,000 machine instructions
a field, three to five times what an ordinary assignment takes. A call makes some thirty values that nobody outside
the library ever holds. They are ``sealed``: frozen for the type checker, which looks at every line of
this library, and an ordinary class with slots when it runs. What callers hold stays ``frozen``.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attrs import frozen as sealed
else:
    from functools import partial

    from attrs import define, setters

    sealed = partial(define, unsafe_hash=True, on_setattr=setters.NO_OP)

__all__ = ["open_twin", "sealed"]


def open_twin(kind: type) -> Any:
    """A subclass of a frozen class whose values can be assigned to, until their ``__class__`` is ``kind``.

    For what callers hold and a call makes of values that were looked at already: no field is looked at again.
    """
    openly = {"__slots__": (), "__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    return type(kind.__name__, (kind,), openly)
