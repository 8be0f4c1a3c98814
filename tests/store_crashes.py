"""What a disk may hold after the power failed: every operation is noted, and every state it could leave is built."""

from collections.abc import Iterator
from pathlib import Path

from attrs import define, field, frozen

from provider_runtime.adapters.backends.filesystem.calls import SystemFiles


@frozen
class _State:
    """Which file or folder stands at which path (``None``: a folder), and what each file holds."""

    listed: dict[Path, int | None]
    contents: dict[int, bytes]


@define(eq=False)
class NotedFiles(SystemFiles):
    """The operating system, with a note after each operation of what it had promised and what it had not.

    Promised: the content of a file by ``sync``, the names in a folder by ``sync_folder``, nothing
    else. After a crash the disk holds, file by file and folder by folder, what was promised or what
    was only done; of the last write perhaps a part.
    """

    root: Path
    told: list[object] = field(factory=list)
    """What callers were told is kept. Whoever calls appends to it."""
    crashes: list[tuple[_State, tuple[object, ...]]] = field(factory=list)
    _done: _State = field(factory=lambda: _State({}, {}), init=False)
    _promised: _State = field(factory=lambda: _State({}, {}), init=False)
    _paths: dict[int, Path] = field(factory=dict, init=False)
    _number: int = field(default=0, init=False)

    def open_to_append(self, path: Path) -> tuple[int, bool]:
        descriptor, is_new = super().open_to_append(path)
        if is_new:
            self._made(path)
        self._paths[descriptor] = path
        self.note()
        return descriptor, is_new

    def create(self, path: Path) -> int:
        descriptor = super().create(path)
        self._made(path)
        self._paths[descriptor] = path
        self.note()
        return descriptor

    def write(self, descriptor: int, content: bytes, offset: int) -> int:
        number = self._number_of(descriptor)
        before = self._done.contents[number]
        half = content[: len(content) // 2]
        self._done.contents[number] = before[:offset] + half + before[offset + len(half) :]
        self.note()
        self._done.contents[number] = before[:offset] + content + before[offset + len(content) :]
        self.note()
        return super().write(descriptor, content, offset)

    def truncate(self, descriptor: int, size: int) -> None:
        super().truncate(descriptor, size)
        number = self._number_of(descriptor)
        self._done.contents[number] = self._done.contents[number][:size]
        self.note()

    def sync(self, descriptor: int) -> None:
        super().sync(descriptor)
        number = self._number_of(descriptor)
        self._promised.contents[number] = self._done.contents[number]
        self.note()

    def rename(self, source: Path, target: Path) -> None:
        super().rename(source, target)
        self._done.listed[target] = self._done.listed.pop(source)
        self.note()

    def unlink(self, path: Path) -> None:
        super().unlink(path)
        del self._done.listed[path]
        self.note()

    def make_folder(self, path: Path) -> None:
        super().make_folder(path)
        self._done.listed[path] = None
        self.note()

    def sync_folder(self, path: Path) -> None:
        super().sync_folder(path)
        promised = {where: what for where, what in self._promised.listed.items() if where.parent != path}
        promised |= {where: what for where, what in self._done.listed.items() if where.parent == path}
        self._promised.listed.clear()
        self._promised.listed.update(promised)
        self.note()

    def _made(self, path: Path) -> None:
        self._number += 1
        self._done.listed[path] = self._number
        self._done.contents[self._number] = self._promised.contents[self._number] = b""

    def _number_of(self, descriptor: int) -> int:
        number = self._done.listed[self._paths[descriptor]]
        assert number is not None
        return number

    def note(self) -> None:
        """A crash may come now."""
        for names in (self._promised, self._done):
            for contents in (self._promised, self._done):
                state = _State(dict(names.listed), dict(contents.contents))
                self.crashes.append((state, tuple(self.told)))

    def after_each_crash(self, folder: Path) -> Iterator[tuple[Path, tuple[object, ...]]]:
        """Folders with what the disk may hold after a crash, and what callers had been told by then."""
        seen: set[object] = set()
        for number, (state, told) in enumerate(self.crashes):
            known = (frozenset((p, n if n is None else state.contents[n]) for p, n in state.listed.items()), told)
            if known in seen:
                continue
            seen.add(known)
            root = folder / f"{number}"
            root.mkdir()
            for path, file in sorted(state.listed.items()):
                there = root / path.relative_to(self.root)
                if not there.parent.exists():
                    continue  # its folder was lost, and it with that
                if file is None:
                    there.mkdir()
                else:
                    there.write_bytes(state.contents[file])
            yield root, told
