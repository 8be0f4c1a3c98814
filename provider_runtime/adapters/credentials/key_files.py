"""Key files: one key, and nothing else; read, and made."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from provider_runtime.domain.errors import BackendError, RecordConflict
from provider_runtime.domain.secrets import Secret, secret_in

_LONGEST: Final = 64 * 1024  # bytes; more is no key, and nobody waits for it
# Not blocking: a pipe under that name would be waited for.
_READING: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY

_WRITING: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def read_key_file(path: str) -> Secret | None:
    """The key in the file at ``path``; ``None`` where there is none that can be read. Blocks: call it in a thread.

    The file is the operator's own, and read as it is: mounted secrets are links, and readable for
    all. Only regular files count.
    """
    try:
        descriptor = os.open(Path(path).expanduser(), _READING)
    except (OSError, RuntimeError, ValueError):  # not there; nobody's home; no path at all
        return None
    try:
        return secret_in(_text(descriptor))
    except OSError:
        return None
    finally:
        os.close(descriptor)


def new_key_file(path: Path, key: Secret) -> None:
    """Write ``key`` to the file at ``path``, which must not be there yet, for its owner's eyes only, durably.

    Whoever finds the file finds the whole key. Blocks. Raises ``RecordConflict`` where something is
    there, and ``BackendError`` where nothing can be written.
    """
    draft = path.with_name(f".new-{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(draft, _WRITING, 0o600)
        try:
            os.write(descriptor, f"{key.reveal()}\n".encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.link(draft, path)  # unlike renaming, this replaces nothing
        _sync_folder(path.parent)
    except FileExistsError:
        failure: BackendError = RecordConflict(
            kind="key file",
            key=path.name,
            message=f"there is a file {path.name} already",
            remedy="Name another file; a key is never written over.",
        )
    except OSError as error:
        failure = BackendError(
            kind="key file",
            key=path.name,
            message=f"the key file {path.name} cannot be written: {error.strerror or type(error).__name__}",
            remedy="Check that its folder exists and is writable.",
        )
    else:
        return
    finally:
        with suppress(OSError):
            draft.unlink()
    raise failure


def key_made_once(path: Path) -> Secret:
    """The key in the file at ``path``; where there is no file, one of 256 random bits is made and kept there first.

    Of several processes that come first, one makes it and all get it. Blocks. Raises ``BackendError``
    where there is a file, and no key in it: it is not written over.
    """
    found = read_key_file(str(path))
    if found is None:
        with suppress(RecordConflict):
            new_key_file(path, Secret(secrets.token_hex(32)))
        found = read_key_file(str(path))
    if found is None:
        raise BackendError(
            kind="key file",
            key=path.name,
            message=f"there is no key in the file {path.name}",
            remedy="Restore it from a copy, or move it away to have another one made.",
        )
    return found


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _text(descriptor: int) -> str | None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return None
    content = os.read(descriptor, _LONGEST + 1)
    return content.decode("utf-8-sig", "replace") if len(content) <= _LONGEST else None
