"""The high-water mark: a file beside the database that knows how far the numbers went.

SQLite drops what it can't read at the end of its log without a word, and a card may be restored or
copied. So the next number is written here too, exactly, and synced before a number leaves the
machine. Two slots, a block apart, are written in turn, each with its checksum: a torn write costs
the newer one, never both. The names of the logs stand here as well, should the database lose them.
"""

import json
import os
import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from zlib import crc32

from agent.store.disk import Disk, beside
from agent.store.state import Log, log_from

_SLOT: Final = 4096  # bytes: a block of the file system
_MAGIC: Final = b"arykmark"
_HEAD: Final = struct.Struct("<8sIQQ?H")  # magic, CRC-32 of what follows, generation, next, …
_AFTER_CRC: Final = 12


@dataclass(frozen=True, slots=True)
class Mark:
    """What was last written.

    Attributes:
        next: the number behind the last one of the newest log.
        clean: whether the store was closed in order since.
        logs: the newest logs, oldest first; as many as a slot holds.
    """

    next: int
    clean: bool
    logs: tuple[Log, ...]


class MarkFile:
    """The file that holds the mark of one database."""

    def __init__(self, database: Path, disk: Disk) -> None:
        """Take the database's path; nothing is opened yet."""
        self._path, self._disk = beside(database, "mark"), disk
        self._descriptor: int | None = None
        self._generation = 0
        self._logs = b""

    def read(self) -> Mark | None:
        """Return the newest mark that is whole; None where there is none.

        Raises:
            OSError: the disk fails.
        """
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return None
        slots = (_slot(content[at : at + _SLOT]) for at in (0, _SLOT))
        generation, mark = max(
            (slot for slot in slots if slot), default=(0, None), key=lambda slot: slot[0]
        )
        self._generation = max(self._generation, generation)
        return mark

    def name(self, logs: Sequence[Log]) -> None:
        """Take the logs that the next marks name."""
        keep = list(logs)
        while True:
            self._logs = json.dumps([asdict(log) for log in keep], separators=(",", ":")).encode()
            if len(self._logs) <= _SLOT - _HEAD.size:
                return
            del keep[0]

    def write(self, next: int, *, clean: bool = False) -> None:
        """Have the mark of the newest log on the disk when this returns.

        Raises:
            OSError: it isn't there for sure.
        """
        if self._descriptor is None:
            self._descriptor = self._open()
        generation = self._generation + 1
        head = _HEAD.pack(_MAGIC, 0, generation, next, clean, len(self._logs))
        body = head[_AFTER_CRC:] + self._logs
        slot = _MAGIC + crc32(body).to_bytes(4, "little") + body
        os.pwrite(self._descriptor, slot, _SLOT * (generation % 2))
        self._disk.sync(self._descriptor)
        self._generation = generation  # a write that failed is done again in the same slot

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            if os.fstat(descriptor).st_size < 2 * _SLOT:
                os.posix_fallocate(descriptor, 0, 2 * _SLOT)
                os.fsync(descriptor)
                self._disk.sync_directory(self._path.parent)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor


def _slot(content: bytes) -> tuple[int, Mark] | None:
    if len(content) < _HEAD.size:
        return None
    magic, checksum, generation, next_, clean, length = _HEAD.unpack_from(content)
    end = _HEAD.size + length
    if magic != _MAGIC or end > len(content) or checksum != crc32(content[_AFTER_CRC:end]):
        return None
    logs = tuple(log_from(log) for log in json.loads(content[_HEAD.size : end]))
    return generation, Mark(next_, clean, logs)
