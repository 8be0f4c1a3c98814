"""Everything that somebody who is handed an exception could print of it, as far as the package answers for it."""

import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path

_PACKAGE = str(Path(__file__).resolve().parents[1] / "provider_runtime")


def told_by(error: BaseException) -> str:
    """The texts, notes, arguments and attributes of an exception and of all behind it; the locals of our frames."""
    seen: dict[int, object] = {}
    return "\n".join(line for each in _graph(error, set()) for line in _told(each, seen))


def our_frames(error: BaseException) -> list[str]:
    """The names of the functions of ours that the exception, or one behind it, came through."""
    return [
        frame.f_code.co_name
        for each in _graph(error, set())
        for frame, _ in traceback.walk_tb(each.__traceback__)
        if frame.f_code.co_filename.startswith(_PACKAGE)
    ]


def _graph(error: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield error
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for other in (error.__cause__, error.__context__, *inner):
        yield from _graph(other, seen)


def _told(error: BaseException, seen: dict[int, object]) -> Iterator[str]:
    yield from (str(error), repr(error), repr(error.args), repr(getattr(error, "__notes__", ())))
    yield from _found_in(getattr(error, "__dict__", {}), seen)
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename.startswith(_PACKAGE):
            for name, value in frame.f_locals.items():
                yield f"{frame.f_code.co_name} {name}"
                yield from _found_in(value, seen)


def _found_in(root: object, seen: dict[int, object]) -> Iterator[str]:
    """What those who print locals, as Sentry and debuggers do, make of a value: attributes and slots included.

    ``seen`` keeps each thing from being taken apart twice, and alive as long as its id stands for it.
    """
    ahead = [root]
    while ahead:
        thing = ahead.pop()
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing
        if isinstance(thing, Mapping):
            ahead += [*thing.keys(), *thing.values()]
        elif isinstance(thing, list | tuple | set | frozenset):
            ahead += thing
        elif isinstance(thing, bytes | bytearray):
            yield thing.decode("latin-1")
        elif type(thing).__module__.startswith("provider_runtime") and not isinstance(thing, str):
            slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
            ahead += [getattr(thing, name, None) for name in slots if not name.startswith("__")]
            ahead += getattr(thing, "__dict__", {}).values()
        else:
            yield repr(thing)  # objects of others answer for themselves
