"""A recording: what was heard, a message a line.

A line is ``TIME RETAINED TOPIC PAYLOAD``, with one blank between: when it came, s since 1970; 1
where the broker had kept it, else 0; the topic; the payload in hexadecimal digits.
``TIME interrupted`` says that messages may have passed by before what follows.
``mosquitto_sub -F '%U %r %t %x'`` writes the same.
"""

import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from agent.audit.auditor import Auditor

FORM = "%U %r %t %x"
"""What makes mosquitto_sub write a recording."""

_INTERRUPTED = b"interrupted"


class Recorder:
    """Appends to a recording; a line is in the file when its call returns."""

    def __init__(self, path: Path) -> None:
        """Open it, or make it.

        Raises:
            OSError: it can't be written there.
        """
        self._file = path.open("ab", buffering=0)
        if self._file.tell():
            self.interrupt()  # since somebody wrote what is in it

    def take(self, topic: str, payload: bytes, retained: bool) -> None:
        """Write a message."""
        self._write(b"%d %s %s" % (retained, topic.encode(), payload.hex().encode()))

    def interrupt(self) -> None:
        """Write that messages may have passed by."""
        self._write(_INTERRUPTED)

    def _write(self, said: bytes) -> None:
        self._file.write(b"%.6f %s\n" % (time.time(), said))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()


def replay(lines: Iterable[bytes], auditor: Auditor) -> None:
    """Have a recording judged; lines that can't be read are counted."""
    for number, line in enumerate(lines, 1):
        try:
            _replay_line(line, auditor)
        except ValueError:
            auditor.unreadable(f"line {number} of the recording")


def _replay_line(line: bytes, auditor: Auditor) -> None:
    if not line.endswith(b"\n"):
        raise ValueError("it was cut off")
    when, said, *message = line[:-1].split(b" ", 2)
    float(when)
    if said == _INTERRUPTED and not message:
        auditor.interrupt()
        return
    topic, blank, payload = message[0].rpartition(b" ")
    if said not in (b"0", b"1") or not blank:
        raise ValueError("not a message")
    auditor.take(topic.decode(), bytes.fromhex(payload.decode()), retained=said == b"1")
