"""One process writes: the lock beside the database."""

import fcntl
import os
from pathlib import Path

from agent.store.disk import Disk
from agent.store.errors import StoreError


def lock(path: Path) -> int:
    """Take the lock of a store; return the descriptor that holds it until it is closed.

    The kernel lets go of it when the process ends, however it ends, so a lock is never stale.

    Raises:
        StoreError: another process has it; the sentence names it.
        OSError: the file can't be made.
    """
    file = path.with_name(path.name + ".lock")
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise StoreError(
            f"the store {path} is in use by process {pid}. "
            "Stop that agent first, or give this one a store of its own"
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def make_directory(directory: Path, disk: Disk) -> None:
    """Make a directory and its parents where they are missing, so that a power cut keeps them."""
    if directory.is_dir():
        return
    make_directory(directory.parent, disk)
    directory.mkdir(mode=0o750, exist_ok=True)
    disk.sync_directory(directory.parent)
