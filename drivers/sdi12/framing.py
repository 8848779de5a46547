"""Commands and answers of SDI-12 v1.3, as an adapter passes them on: text, without the break.

Every rule here says when a line is the answer to this command and no other: the right address, the
right form, and where one was asked for, the right checksum. Noise before and behind a line is left
out, and so is the adapter's echo of the command.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from drivers.bus import Exchange
from drivers.text import NOISE

T = TypeVar("T")

_LONGEST: Final = 81  # address, 75 characters of values, checksum, CR, LF
_FLOOD: Final = 512  # bytes: no answer comes with so much around it
_VALUE: Final = re.compile(rb"[+-](?:\d+\.?\d*|\.\d+)")
_DIGITS: Final = 7  # of a value, at most


def crc(data: bytes) -> bytes:
    """Return the three characters of the checksum of an answer (SDI-12 v1.3)."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return bytes([0x40 | value >> 12, 0x40 | value >> 6 & 0x3F, 0x40 | value & 0x3F])


def _lines(buffer: bytearray, request: bytes) -> Iterator[bytes]:
    """Yield what was received line by line, the last one perhaps not whole."""
    for line in bytes(buffer).split(b"\n"):
        yield line.strip(NOISE).removeprefix(request).strip(NOISE)


class Command(Exchange[T]):
    """One command and the form of its answer."""

    wrong: str = "parse"
    """Why a line with the right address isn't the answer."""

    def __init__(self, command: str, address: str, form: bytes, expected: int) -> None:
        """Make it.

        Args:
            command: the whole of it, as ``0M1!``; empty to wait for what comes by itself.
            address: what the answer begins with; empty for any.
            form: the pattern of the answer behind its address.
            expected: bytes of the answer, with CR and LF.
        """
        self.request = command.encode("ascii")
        self.expected = expected
        self._address = address.encode("ascii")
        self._form = re.compile(rb"([0-9A-Za-z])" + form)

    def feed(self, buffer: bytearray) -> T | None:
        """Return the answer of the first whole line that is one."""
        if len(buffer) > _FLOOD:
            return None  # the wire lets go of its beginning, and a line cut there may look right
        *lines, _ = _lines(buffer, self.request)
        for number, line in enumerate(lines):
            match = self._form.fullmatch(line)
            if match is None or not match[1].startswith(self._address):
                continue
            answer = self.read(match, lines[number + 1 :])
            if answer is not None:
                return answer
        return None

    def read(self, match: re.Match[bytes], following: list[bytes]) -> T | None:
        """Return what a line of the right form says; None where it isn't the answer after all."""
        raise NotImplementedError

    def why(self, buffer: bytearray) -> str:
        """Return what was wrong with what came."""
        *lines, rest = _lines(buffer, self.request)
        if self._address and any(line.startswith(self._address) for line in lines):
            return self.wrong
        if self._address and rest.startswith(self._address):
            return "short"
        foreign = any(self._form.fullmatch(line) for line in lines)
        noise = any(lines) or rest or len(buffer) > len(self.request) + 2
        return "garbled" if noise and not foreign else "timeout"


class Plain(Command[str]):
    """A command whose answer is text; its answer is the whole line."""

    def read(self, match: re.Match[bytes], following: list[bytes]) -> str:  # noqa: ARG002
        """Return the line."""
        return match[0].decode("ascii")


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a sensor says to a command that starts a measurement.

    Attributes:
        seconds: until its values are there, at most.
        count: of values that there will be.
        ready: whether it has asked for service since.
    """

    seconds: int
    count: int
    ready: bool


class Start(Command[Announcement]):
    """``aM!``, ``aC!``, ``aV!`` and their variants: a measurement begins."""

    def __init__(self, address: str, command: str) -> None:
        """Make it; after C the count has two digits, else one."""
        digits = 2 if command.startswith("C") else 1
        form = rb"(\d{3})(\d{%d})" % digits
        super().__init__(f"{address}{command}!", address, form, 6 + digits)

    def read(self, match: re.Match[bytes], following: list[bytes]) -> Announcement:
        """Return what is announced."""
        return Announcement(int(match[2]), int(match[3]), self._address in following)


class Service(Command[bool]):
    """Waits for a service request: the sensor's address alone. There may be none."""

    def __init__(self, address: str, seconds: int) -> None:
        """Wait so many seconds at most."""
        super().__init__("", address, b"", 3)
        self.wait = float(seconds)

    def read(self, match: re.Match[bytes], following: list[bytes]) -> bool:  # noqa: ARG002
        """Return that the values are there early."""
        return True

    def over(self, buffer: bytearray) -> bool:  # noqa: ARG002 - whatever came, it was no request
        """Return that the time is over, and the values are there too."""
        return False


class Data(Command[tuple[str, ...]]):
    """``aD0!`` to ``aD9!``, ``aR0!`` to ``aR9!``: values, each with its sign."""

    def __init__(self, address: str, command: str, *, checked: bool) -> None:
        """Make it; ``checked`` where the answer ends with a checksum."""
        form = rb"([-+.\d]*)" + (rb"([@-\x7f]{3})" if checked else b"")
        super().__init__(f"{address}{command}!", address, form, _LONGEST)
        self._checked = checked
        if checked:
            self.wrong = "crc"

    def read(self, match: re.Match[bytes], following: list[bytes]) -> tuple[str, ...] | None:  # noqa: ARG002
        """Return the values as they were sent; None where the line is damaged."""
        if self._checked and crc(match[1] + match[2]) != match[3]:
            return None
        values = _VALUE.findall(match[2])
        if b"".join(values) != match[2]:
            return None
        if any(len(value.translate(None, b"+-.")) > _DIGITS for value in values):
            return None
        return tuple(value.decode("ascii") for value in values)
