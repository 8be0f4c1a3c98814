"""What can be read from the open file of a journal."""

from collections.abc import Callable
from itertools import islice

from attrs import field, frozen

from provider_runtime.adapters.backends.filesystem.framing import Damaged, Extent, Framing, sound_end, walk
from provider_runtime.adapters.backends.filesystem.locking import corrupt
from provider_runtime.adapters.backends.medium import START, Page, Position, check_of
from provider_runtime.adapters.backends.names import lost_position
from provider_runtime.domain.errors import RecordCorrupt


@frozen(kw_only=True)
class Counted:
    """So many entries end at ``end``: no need to count them again."""

    end: Position = START
    count: int = 0


@frozen(kw_only=True)
class JournalText:
    """Reads a journal laid out by ``framing``. ``name`` is what errors call it.

    Raises ``RecordCorrupt`` with the byte where damage begins.
    """

    framing: Framing = field(repr=False)
    name: str

    def page(self, file: Extent, after: Position, limit: int | None) -> Page:
        """At most ``limit`` entries behind ``after``."""
        if after.offset and self._position(file, after.offset) != after:
            raise lost_position(self.name)
        return self._page_from(file, after.offset, limit)

    def last_page(self, file: Extent, limit: int) -> Page:
        """The last ``limit`` entries."""
        start = end = self.sound_end(file)
        for _ in range(limit):
            if start == 0:
                break
            begins = self.framing.back(file, start)
            if begins is None:
                raise self._damaged(start)
            start = begins
        whole = Extent(files=file.files, descriptor=file.descriptor, size=end)
        page = self._page_from(whole, start, None)
        return Page(entries=page.entries, end=self._position(whole, end), torn=file.size - end)

    def before(self, file: Extent, is_before: Callable[[bytes], bool]) -> Position:
        """See ``Journal.locate``. Halves the bytes, since where an entry begins is only seen there."""
        low = 0  # an entry begins here, and all before it are affirmed
        high = self.sound_end(file)  # the one that begins here is denied, if it is not the end
        reach = high  # between here and `high` no entry begins
        while low + 1 < reach:
            middle = (low + reach - 1) // 2
            begins = self.framing.begins_behind(file, middle, reach)
            if begins is None:
                reach = middle + 1
                continue
            entry, end = self._entry_at(file, begins)
            if is_before(entry):
                low = end
            else:
                high = reach = begins
        if low < high:
            entry, end = self._entry_at(file, low)
            low = end if is_before(entry) else low
        return self._position(file, low)

    def count(self, file: Extent, known: Counted) -> Counted:
        """How many whole entries there are, of which ``known`` are counted if it still holds."""
        if self._position(file, known.end.offset) != known.end:
            known = Counted()
        count, end = known.count, known.end.offset
        try:
            for _, behind in walk(self.framing, file, end):
                count, end = count + 1, behind
        except Damaged:
            pass  # damaged or cut: what follows tells
        self._refuse_damage(file, end)
        return Counted(end=self._position(file, end), count=count)

    def sound_end(self, file: Extent) -> int:
        """Where the last whole entry ends."""
        try:
            return sound_end(self.framing, file)
        except Damaged as damage:
            raise self._damaged(damage.offset) from None

    def entry_before(self, file: Extent, end: int) -> bytes | None:
        """The entry that ends at ``end``, if one does."""
        begins = self.framing.back(file, end)
        taken = None if begins is None else self.framing.take(file.between(begins, end), 0)
        return None if taken is None else taken[0]

    def _entry_at(self, file: Extent, begins: int) -> tuple[bytes, int]:
        try:
            return next(walk(self.framing, file, begins))
        except (Damaged, StopIteration):
            raise self._damaged(begins) from None

    def _page_from(self, file: Extent, start: int, limit: int | None) -> Page:
        entries: list[bytes] = []
        end = start
        try:
            for entry, behind in islice(walk(self.framing, file, start), limit):
                entries.append(entry)
                end = behind
        except Damaged:
            pass  # as above
        position = Position(offset=end, check=check_of(entries[-1])) if entries else self._position(file, end)
        if limit is not None and len(entries) == limit:
            return Page(entries=tuple(entries), end=position)
        self._refuse_damage(file, end)
        return Page(entries=tuple(entries), end=position, torn=file.size - end)

    def _position(self, file: Extent, offset: int) -> Position:
        entry = self.entry_before(file, offset) if offset <= file.size else None
        return START if entry is None else Position(offset=offset, check=check_of(entry))

    def _refuse_damage(self, file: Extent, end: int) -> None:
        if end < file.size and not self.framing.is_cut(file, end):
            raise self._damaged(end)

    def _damaged(self, offset: int) -> RecordCorrupt:
        return corrupt("journal", f"{self.name}:{offset}", f"the journal {self.name} is damaged at byte {offset}")
