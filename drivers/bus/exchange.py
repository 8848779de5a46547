"""What a protocol tells the wire: one request and its answer, and whom it asks."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

T = TypeVar("T")

Parity = Literal["none", "even", "odd"]


class Exchange(ABC, Generic[T]):
    """One request and how its answer is recognised.

    Attributes:
        request: the bytes to send; empty where the device speaks by itself.
        expected: bytes of the answer, for the time that they take on the wire.
        wait: seconds that the device may take beyond the bus's own timeout.
        mirrored: whether a right answer may be the request's own bytes, as that to a written
            register is; an adapter's echo of it isn't taken for one.
        ended: is told when the wire is done with it, and whether it was answered; also where
            whoever asked was cancelled meanwhile.
        fresh: whether what waits unread in the port is thrown away first: it may be old.
    """

    request: bytes = b""
    expected: int = 0
    wait: float = 0.0
    mirrored: bool = False
    ended: Callable[[bool], None] | None = None
    fresh: bool = False

    def begin(self) -> None:
        """Be told that the request goes out now, or that now is the time to listen."""

    @abstractmethod
    def feed(self, buffer: bytearray) -> T | None:
        """Return the answer, once the bytes received since the request hold it."""

    def over(self, buffer: bytearray) -> T | None:  # noqa: ARG002 - nobody answers with silence
        """Return the answer where having waited in vain is one; else it is a failure."""
        return None

    @abstractmethod
    def why(self, buffer: bytearray) -> str:
        """Return the reason of a timeout with these bytes, a key of :data:`drivers.bus.REASONS`."""


@dataclass(slots=True)
class Peer:
    """One device on a wire, as the wire knows it.

    Attributes:
        name: for people, as ``address 7``.
        pause: seconds of silence that the device needs before a request.
        parity: of its characters, where it isn't the line's.
        failures: exchanges in a row that gave nothing; who answered last time goes first.
    """

    name: str
    pause: float = 0.0
    parity: Parity | None = None
    failures: int = 0
