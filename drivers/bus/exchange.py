"""What a protocol tells the wire of one request and its answer."""

from typing import Protocol, TypeVar

T_co = TypeVar("T_co", covariant=True)


class Exchange(Protocol[T_co]):
    """One request and how its answer is recognised."""

    @property
    def request(self) -> bytes:
        """The bytes to send."""

    @property
    def expected(self) -> int:
        """Bytes of the answer."""

    def feed(self, buffer: bytearray) -> T_co | None:
        """Return the answer, once the bytes received since the request hold it."""

    def why(self, buffer: bytearray) -> str:
        """Return the reason of a timeout with these bytes: ``timeout``, ``crc`` or ``short``."""
