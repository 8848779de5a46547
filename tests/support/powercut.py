"""Power cuts: an ext4 file system on a loop device that forgets what wasn't synced."""

import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_TOOLS = "/usr/sbin:/sbin:/usr/bin:/bin"
_SHUTDOWN = 0x8004587D  # FS_IOC_SHUTDOWN, include/uapi/linux/fs.h
_NO_LOG_FLUSH = 2  # the journal isn't written out: the power is gone


def _lacking() -> str | None:
    if os.geteuid():
        return "power cuts need root: they mount a file system on a loop device"
    for tool in ("mkfs.ext4", "mount", "umount"):
        if shutil.which(tool, path=_TOOLS) is None:
            return f"power cuts need {tool}"
    return None


needs_power_cuts = pytest.mark.skipif(_lacking() is not None, reason=str(_lacking()))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, env={"PATH": _TOOLS})


class Card:
    """A small file system whose power can be cut.

    Attributes:
        path: where it is mounted.
    """

    def __init__(self, folder: Path, megabytes: int = 24) -> None:
        """Make the file system in a file; it isn't mounted yet."""
        self._image, self.path = folder / "card.img", folder / "card"
        self.path.mkdir()
        with self._image.open("wb") as image:
            image.truncate(megabytes << 20)
        _run("mkfs.ext4", "-q", "-F", str(self._image))

    def cut(self) -> None:
        """Cut the power: from now on every access fails, and what wasn't synced is lost."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
        finally:
            os.close(descriptor)

    @contextmanager
    def mounted(self) -> Iterator[Path]:
        """Mount it for a while."""
        _run("mount", "-o", "loop", str(self._image), str(self.path))
        try:
            yield self.path
        finally:
            _run("umount", str(self.path))


@contextmanager
def tmpfs(folder: Path, kilobytes: int, inodes: int = 0) -> Iterator[Path]:
    """Mount a small file system in memory; 0 inodes are as many as one likes."""
    folder.mkdir()
    _run(
        "mount", "-t", "tmpfs", "-o", f"size={kilobytes}k,nr_inodes={inodes}", "tmpfs", str(folder)
    )
    try:
        yield folder
    finally:
        _run("umount", str(folder))


def remount(folder: Path, how: str) -> None:
    """Mount it anew, as ``ro`` or ``rw``, or with another size."""
    _run("mount", "-o", f"remount,{how}", str(folder))
