"""Values that are made anew for each call, and are cheap to make.

attrs fills a frozen value with slots by way of ``object.__setattr__``: about 1,000 machine instructions
a field, three to five times what an ordinary assignment takes. A call makes some thirty values that nobody outside
the library ever holds. They are ``sealed``: frozen for the type checker, which looks at every line of
this library, and an ordinary class with slots when it runs. What callers hold stays ``frozen``.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attrs import frozen as sealed
else:
    from functools import partial

    from attrs import define, setters

    sealed = partial(define, unsafe_hash=True, on_setattr=setters.NO_OP)

__all__ = ["sealed"]
