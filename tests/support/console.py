"""A command on a real terminal: a pseudo-terminal, with Ctrl-C for whoever is in its foreground."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def _own_the_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Console:
    """Runs a command on a terminal of its own.

    Attributes:
        raw: what it has written, escape sequences and all.
    """

    def __init__(
        self,
        *command: str,
        columns: int = 80,
        lines: int = 24,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        """Start the command."""
        self.raw = ""
        self._master, end = pty.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        plain = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
        self.process = subprocess.Popen(
            command,
            stdin=end,
            stdout=end,
            stderr=end,
            start_new_session=True,
            preexec_fn=_own_the_terminal,  # noqa: PLW1509 - Python has no other way to say so
            env=plain | {"TERM": "xterm"} | dict(env or {}),
            cwd=cwd,
        )
        os.close(end)

    @property
    def text(self) -> str:
        """What it has written, without escape sequences, lines ended as in a file."""
        return _ESCAPES.sub("", self.raw).replace("\r\n", "\n")

    def read_until(self, pattern: str, timeout: float = 20.0) -> re.Match[str]:
        """Return the first match in what is written; fail when the time or the command is over."""
        deadline = time.monotonic() + timeout
        while not (match := re.search(pattern, self.text)):
            assert time.monotonic() < deadline, f"not in time: {pattern!r} in {self.text!r}"
            assert self._read(), f"ended without {pattern!r}: {self.text!r}"
        return match

    def press(self, keys: str) -> None:
        """Type keys."""
        os.write(self._master, keys.encode())

    def press_ctrl_c(self) -> None:
        """Have the terminal interrupt its foreground process group."""
        os.write(self._master, b"\x03")

    def end(self, timeout: float = 20.0) -> int:
        """Read to the end; return the exit status."""
        deadline = time.monotonic() + timeout
        while self._read():
            assert time.monotonic() < deadline, f"doesn't end: {self.text!r}"
        return self.process.wait(max(0.1, deadline - time.monotonic()))

    def _read(self) -> bool:
        if not select.select([self._master], [], [], 0.1)[0]:
            return True
        try:
            found = os.read(self._master, 65536)
        except OSError:  # EIO: the last one who had the terminal open has closed it
            return False
        self.raw += found.decode()
        return bool(found)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the command, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)


def marked(mark: str) -> Sequence[int]:
    """Return the processes in whose environment a mark stands, as their start had it."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found
