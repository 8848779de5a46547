"""Lines of text, asked for or heard.

A line counts when it is whole, has at most :data:`~drivers.line.pattern.LONGEST` characters and the
right checksum, and fits the pattern from its beginning to its end. Noise before and behind its text
is left out. Other lines are passed over: greetings, echoes, other sentences.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from drivers.bus import Exchange
from drivers.line.checksum import CHECKS, Checksum
from drivers.line.pattern import LONGEST
from drivers.text import NOISE

EXPECTED: Final = 64
"""Bytes of a line, for the time that it takes."""

_PAUSE: Final = 0.1
"""s of silence, after which a line begins: gaps within one take up to 50 ms."""
_PRINTABLE: Final = bytes(range(0x20, 0x7F))


@dataclass(frozen=True, slots=True)
class Form:
    """What a line must be.

    Attributes:
        terminator: the bytes at its end.
        pattern: of its text, without terminator and checksum.
        checksum: the name of its checksum.
    """

    terminator: bytes
    pattern: re.Pattern[str]
    checksum: Checksum = "none"

    def read(self, line: bytes) -> Mapping[str, str | None] | str:
        """Return what the groups of the pattern hold, or why the line doesn't count."""
        text = CHECKS[self.checksum](line) if len(line) <= LONGEST else None
        if text is None:
            return "crc" if self.checksum != "none" and len(line) <= LONGEST else "parse"
        for candidate in (text, text.strip(NOISE)):
            if match := self.pattern.fullmatch(candidate.decode("latin-1")):
                return match.groupdict()
        return "parse"


@dataclass(frozen=True, slots=True)
class Heard:
    """A line that counts.

    Attributes:
        groups: by name, what the groups of the pattern hold; None for one that is optional.
        at: the event loop's time, s: when the line began, or in the middle of asking for it.
    """

    groups: Mapping[str, str | None]
    at: float


class LineExchange(Exchange[Heard]):
    """Asks for a line, or listens for one.

    Who listens begins somewhere: what comes before the first terminator, or before a pause, may be
    the end of a line, and isn't taken.
    """

    def __init__(
        self, form: Form, request: bytes = b"", patience: float = 0.0, skip: Callable[[], int] = int
    ) -> None:
        """Make it.

        Args:
            form: what the line must be.
            request: what asks for it; none to listen.
            patience: s to wait beyond the bus's own timeout.
            skip: returns how many lines are passed over first, when the time has come.
        """
        self.request, self.wait, self.expected = request, patience, EXPECTED
        self.fresh = not request
        self._form, self._skip = form, skip
        self._to_skip = 0
        self._partial = self.fresh
        self._began = self._last = self._since = 0.0
        self._empty = True  # nothing of the next line has come
        self._wrong: set[str] = set()

    def begin(self) -> None:
        """Take the time."""
        self._began = self._last = asyncio.get_running_loop().time()
        self._to_skip = self._skip()

    def feed(self, buffer: bytearray) -> Heard | None:
        """Return the first line that counts; others, and what grows too long, are taken off."""
        now = asyncio.get_running_loop().time()
        if self._empty:
            self._since = now
            if now - self._last >= _PAUSE:
                self._partial = False
        self._last = now
        while (end := buffer.find(self._form.terminator)) >= 0:
            line = bytes(buffer[:end])
            del buffer[: end + len(self._form.terminator)]
            groups = self._take(line)
            if groups is not None:
                return Heard(groups, (self._began + now) / 2 if self.request else self._since)
            self._since = now
        if len(buffer) > LONGEST:
            self._wrong.add(_why(buffer, "parse"))
            self._partial = True
            del buffer[: len(buffer) - len(self._form.terminator) + 1]
        self._empty = not buffer
        return None

    def _take(self, line: bytes) -> Mapping[str, str | None] | None:
        partial, self._partial = self._partial, False
        if partial:
            return None
        if self._to_skip:
            self._to_skip -= 1
            return None
        read = self._form.read(line)
        if isinstance(read, str):
            self._wrong.add(read)
            return None
        return read

    def why(self, buffer: bytearray) -> str:
        """Return what was wrong with what came."""
        for reason in ("crc", "parse", "garbled"):
            if reason in self._wrong:
                return reason
        return _why(buffer, "short") if buffer else "timeout"


def _why(text: bytearray, printable: str) -> str:
    """Return ``garbled`` where a text is more noise than text, else the reason given."""
    return "garbled" if 2 * len(text.translate(None, _PRINTABLE)) > len(text) else printable
