"""What happens to the file of a journal when some jobs are made durable together."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from attrs import define, field

from provider_runtime.adapters.backends.filesystem.calls import FileSystemCalls, write_all
from provider_runtime.adapters.backends.filesystem.framing import Extent
from provider_runtime.adapters.backends.filesystem.locking import StoreLock, make_folders, poisoned, unavailable
from provider_runtime.adapters.backends.filesystem.reading import JournalText
from provider_runtime.adapters.backends.medium import START, Position, check_of
from provider_runtime.adapters.backends.names import lost_position
from provider_runtime.adapters.backends.threads import Done, attempt


@define(kw_only=True)
class JournalFile:
    """Writes the journal at ``path``, one group of jobs after another, in one thread."""

    path: Path
    text: JournalText
    files: FileSystemCalls = field(repr=False)
    lock: StoreLock = field(repr=False)
    _listed: tuple[int, int] | None = field(default=None, init=False, repr=False)
    _poisoned: bool = field(default=False, init=False)

    def commit(self, jobs: "Sequence[Callable[[Group], Any]]") -> Sequence[Done]:
        """Do the jobs, and keep durably what they add; all of it or nothing."""
        if self._poisoned:
            raise poisoned("journal", self.path.name)
        try:
            make_folders(self.files, self.path.parent)
            with self.lock.held():
                descriptor, is_new = self.files.open_to_append(self.path)
                try:
                    self._listed = None if is_new else self._listed
                    group = self._group(descriptor)
                    done = [attempt(job, group) for job in jobs]
                    self._keep(group)
                finally:
                    self.files.close(descriptor)
        except OSError as failure:
            raise unavailable("journal", self.path.name, failure) from None
        return done

    def remove(self) -> None:
        """Delete the file, durably. Whoever is reading it reads on in what it was."""
        try:
            self.files.unlink(self.path)
            self._sync(lambda: self.files.sync_folder(self.path.parent))
        except OSError as failure:
            raise unavailable("journal", self.path.name, failure) from None

    def _group(self, descriptor: int) -> "Group":
        size = self.files.facts(descriptor).size
        file = Extent(files=self.files, descriptor=descriptor, size=size)
        end = self.text.sound_end(file)
        whole = Extent(files=self.files, descriptor=descriptor, size=end)
        return Group(
            journal=self, file=whole, last=self.text.entry_before(whole, end), torn=file.between(end, file.size)
        )

    def _keep(self, group: "Group") -> None:
        if not group.entries:
            return
        descriptor, start = group.file.descriptor, group.file.size
        if group.torn:
            self._set_aside(group.torn)
            self.files.truncate(descriptor, start)
        try:
            write_all(self.files, descriptor, b"".join(group.content), start)
        except OSError:
            self._take_back(descriptor, start)
            raise
        self._sync(lambda: self.files.sync(descriptor))
        identity = self.files.facts(descriptor).identity
        if self._listed != identity:  # once for each file: whoever made it may have been stopped before this
            self._sync(lambda: self.files.sync_folder(self.path.parent))
            self._listed = identity

    def _set_aside(self, torn: bytes) -> None:
        """Keep what was cut off, in a file beside the journal."""
        descriptor, _ = self.files.open_to_append(self.path.with_name(f"{self.path.name}.torn"))
        try:
            write_all(self.files, descriptor, torn + b"\n", self.files.facts(descriptor).size)
            self.files.sync(descriptor)
        finally:
            self.files.close(descriptor)

    def _take_back(self, descriptor: int, size: int) -> None:
        """Make the file as short as it was; where that fails, nobody knows what it holds."""
        try:
            self.files.truncate(descriptor, size)
            self.files.sync(descriptor)
        except OSError:
            self._poisoned = True  # the error to tell is the one before

    def _sync(self, work: Callable[[], None]) -> None:
        try:
            work()
        except OSError:
            self._poisoned = True
            raise


@define(kw_only=True)
class Group:
    """The tail that each job of a group sees, with what the jobs before it have added. See ``Tail``."""

    journal: JournalFile = field(repr=False)
    file: Extent = field(repr=False)
    last: bytes | None = field(repr=False)
    torn: bytes = field(default=b"", repr=False)
    entries: list[bytes] = field(factory=list, init=False, repr=False)
    content: list[bytes] = field(factory=list, init=False, repr=False)
    _ends: list[int] = field(init=False, repr=False)
    """Where the file ends, and where it will after each entry that was added."""

    @_ends.default
    def _make_ends(self) -> list[int]:
        return [self.file.size]

    @property
    def end(self) -> Position:
        return START if self.last is None else Position(offset=self._ends[-1], check=check_of(self.last))

    def since(self, position: Position) -> tuple[bytes, ...]:
        if position == self.end:
            return ()
        if position.offset <= self.file.size:
            try:
                page = self.journal.text.page(self.file, position, None)
            except OSError as failure:
                raise unavailable("journal", self.journal.path.name, failure) from None
            return (*page.entries, *self.entries)
        added = bisect_left(self._ends, position.offset)
        known = self._ends[added : added + 1] == [position.offset]
        if not known or check_of(self.entries[added - 1]) != position.check:
            raise lost_position(self.journal.path.name)
        return tuple(self.entries[added:])

    def add(self, entry: bytes) -> None:
        """Append ``entry`` when the group is kept."""
        framed = self.journal.text.framing.wrap(entry)
        self.content.append(framed)
        self.entries.append(entry)
        self._ends.append(self._ends[-1] + len(framed))
        self.last = entry

    def remove(self) -> None:
        """Delete the journal. Only ever the one job of its group."""
        self.journal.remove()
