"""Joints: where a text is put together from pieces, in a program or at the ends of lines."""

import re
from itertools import islice
from typing import Final

from provider_runtime.adapters.leakage.views import View

_JOINT: Final = r"[ \t]*(?:[+.&]|,[ \t]|\|\||\\)?[ \t]*(?:\r?\n[ \t]*(?:[+.&][ \t]*)?)?"
# Quote by quote, for a search is fastest that begins with the same letter. Two joints never overlap.
_JOINTS: Final = tuple(re.compile(f"{quote}{_JOINT}{quote}") for quote in "\"'`")
_ANY_JOINT: Final = re.compile(rf"(?P<quote>[\"'`]){_JOINT}(?P=quote)")
_FEW: Final = 64  # letters for each joint
# What tells of pieces, quote by quote: for texts are full of quotes, and few of them stand beside each other.
_TELLING, _TELLING_SINGLE = (re.compile(f"{quote}(?:\n| {quote}|, {quote})").search for quote in "\"'")
_WRAPPED: Final = re.compile(r"\n(?<=[A-Za-z0-9+/_=.-]{8}\n)[ \t>|]*(?=[A-Za-z0-9+/_=.-]{8})")
_WRAPPED_BY_BACKSLASH: Final = re.compile(r"\\\r?\n[ \t]*")
_GAPS: Final = frozenset(b" \t\r\n\"'`,;<>(){}[]|" + bytes(range(32)))  # no run goes across one of these
_SHAPE: Final = bytes(32 if code in _GAPS else 120 for code in range(256))


def concatenated(view: View) -> str | None:
    """``view`` without the quotes between pieces that a program would put together; ``None`` where there are none.

    Where joints are few, only the words beside them are told: all others read as they did before.
    """
    low = view.low
    told = "+" in low or ((' "' in low or "\n" in low) and _TELLING(low))
    if told or ("'" in low and _TELLING_SINGLE(low)):
        return _joined(view, _JOINTS, _ANY_JOINT)
    return None


def unwrapped(view: View) -> str | None:
    """``view`` without the ends of lines that cut something in two; ``None`` where none does. Otherwise as above."""
    text = _WRAPPED_BY_BACKSLASH.sub("", view.text)
    return _joined(view, (_WRAPPED,), _WRAPPED) if len(text) == len(view.text) else _WRAPPED.sub("", text)


def _joined(view: View, searches: tuple[re.Pattern[str], ...], whole: re.Pattern[str]) -> str | None:
    most = len(view.text) // _FEW
    joints = [joint.span() for search in searches for joint in islice(search.finditer(view.text), most + 1)]
    if len(joints) > most:
        return whole.sub("", view.text)
    return _beside(view, sorted(joints)) if joints else None


def _beside(view: View, joints: list[tuple[int, int]]) -> str:
    """The words to the left and to the right of each joint, in one."""
    shape = view.plain.translate(_SHAPE)
    pieces: list[str] = []
    last = 0
    for start, end in joints:
        gap = shape.rfind(b" ", last, start) + 1
        if gap and last:
            pieces += (view.text[last : shape.find(b" ", last)], "\n")
        pieces.append(view.text[max(gap, last) : start])
        last = end
    gap = shape.find(b" ", last)
    pieces.append(view.text[last : gap if gap >= 0 else None])
    return "".join(pieces)
