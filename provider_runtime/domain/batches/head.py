"""BatchHead: what a batch was begun with, and what every later run of it must find again."""

from enum import StrEnum
from typing import Final

from attrs import field, frozen

from provider_runtime.domain.checks import FILLED, FLAG, OPTIONAL_TEXT, whole
from provider_runtime.domain.errors import BatchConflict


class Interrupted(StrEnum):
    """What becomes of a line that an earlier run had under way when it ended: it may have been billed."""

    AGAIN = "again"  # ask again, and say so in the answer
    REPORT = "report"  # do not: its answer says that nobody knows


@frozen(kw_only=True)
class BatchHead:
    """Which batch it is: its input by digest, how that is read, and how answers are written.

    ``lines`` are those that ask for something. ``model`` is asked by every line, whatever it names.
    """

    batch_id: str = field(validator=FILLED)
    form: str = field(validator=FILLED)
    input_sha256: str = field(validator=FILLED)
    input_bytes: int = field(validator=whole(0))
    lines: int = field(validator=whole(0))
    model: str | None = field(default=None, validator=OPTIONAL_TEXT)
    in_order: bool = field(default=False, validator=FLAG)

    def refuse_unless_same(self, wanted: "BatchHead") -> None:
        """Raise ``BatchConflict`` where ``wanted``, its name left aside, is not what was begun."""
        for name, meaning in _MEANINGS:
            begun, now = getattr(self, name), getattr(wanted, name)
            if begun != now:
                raise BatchConflict(
                    field=name,
                    message=f"this batch cannot go on: {meaning}",
                    remedy="Give it what it was begun with, or write the answers to another file.",
                )


_MEANINGS: Final = (
    ("input_bytes", "the input has another length than when it was begun"),
    ("input_sha256", "the input has changed since it was begun"),
    ("form", "it was begun with input of another form"),
    ("model", "it was begun with another model"),
    ("in_order", "it was begun with answers in another order"),
)
