"""What is heard on a serial line, whoever was asked."""

from dataclasses import dataclass
from typing import Final, Literal

from drivers.modbus.framing import crc

ABSENT: Final = frozenset({10, 11})
"""Exceptions by which a gateway says that a device isn't there (Modbus Application Protocol
V1.1b3, section 7)."""
_LONGEST: Final = 256  # Modbus over serial line V1.02, section 2.5.1
_SHORTEST: Final = 5  # an exception: address, function, code, checksum
_BEGUN: Final = 8  # bytes of an answer to what a search asks, without its last
_REMEMBERED: Final = 4  # requests whose echo may still come


@dataclass(frozen=True, slots=True)
class Heard:
    """What came since the last time.

    Attributes:
        addresses: of the devices that sent a whole frame, once a frame.
        noise: bytes that are part of no frame.
    """

    addresses: tuple[int, ...]
    noise: int


class Ear:
    """Sorts what a line says into frames and noise; give it to a bus as its tap.

    A device may be slower than the search is patient. Its answer then comes while somebody else
    is asked; it carries its address, so it isn't lost.
    """

    def __init__(self) -> None:
        """Begin with silence."""
        self._buffer = bytearray()
        self._asked: list[bytes] = []

    def __call__(self, direction: Literal[">", "<"], data: bytes) -> None:
        """Be told what goes over the wire."""
        if direction == ">":
            self._asked = [*self._asked[1 - _REMEMBERED :], data]
        else:
            self._buffer += data

    def take(self, *, last: bool = False) -> Heard:
        """Return what came since the last time; a frame that has just begun waits for its end.

        Args:
            last: nothing more comes: what isn't a frame by now is noise.
        """
        addresses: list[int] = []
        noise = loose = at = 0  # loose: bytes of no frame since the last one
        buffer = self._buffer
        while at < len(buffer):
            if (echo := self._echo(buffer, at)) or (frame := _frame(buffer, at)):
                if not echo and _is_own(buffer, at):
                    addresses.append(buffer[at])
                at += echo or frame
                loose = 0
            else:
                at += 1
                noise += 1
                loose += 1
        begun = 0 if last else min(loose, _BEGUN)
        del buffer[: len(buffer) - begun]
        return Heard(tuple(addresses), noise - begun)

    def _echo(self, buffer: bytearray, at: int) -> int:
        """Return the length of a request that an adapter gives back here, or 0."""
        return next((len(sent) for sent in self._asked if buffer.startswith(sent, at)), 0)


def _frame(buffer: bytearray, at: int) -> int:
    """Return the length of the answer that begins here, or 0 where none does."""
    if len(buffer) - at < _SHORTEST:
        return 0
    length = _SHORTEST if buffer[at + 1] & 0x80 else _SHORTEST + buffer[at + 2]
    end = at + length
    if length > _LONGEST or end > len(buffer) or crc(buffer[at : end - 2]) != buffer[end - 2 : end]:
        return 0
    return length


def _is_own(buffer: bytearray, at: int) -> bool:
    """Return whether the device itself sent this frame, not a gateway in its place."""
    return not (buffer[at + 1] & 0x80 and buffer[at + 2] in ABSENT)
