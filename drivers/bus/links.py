"""Byte pipes: what a bus needs of a serial port or a TCP connection."""

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Final, Protocol

from drivers.base import DeviceError
from drivers.bus.config import TcpBus
from drivers.bus.exchange import Parity

_CONNECT: Final = 5.0  # s that a gateway has to accept a connection

Received = Callable[[bytes], None]
Lost = Callable[[], None]


class Link(Protocol):
    """A pipe that calls back with what it receives, and once when it is lost."""

    async def open(self, received: Received, lost: Lost) -> None:
        """Open it, or raise a DeviceError."""

    async def set_parity(self, parity: Parity) -> None:
        """Have the next characters go out and be read with this parity."""

    def write(self, data: bytes) -> None:
        """Send, where it isn't nothing.

        Raises:
            OSError: the pipe is broken.
            DeviceError: the pipe is whole, but doesn't take this.
        """

    def flush(self) -> None:
        """Throw away what was received and not read yet."""

    def close(self) -> None:
        """Let go of it at once; what of that may block goes on elsewhere. May be called again."""

    async def closed(self) -> None:
        """Return when what :meth:`close` began is done."""


class _Protocol(asyncio.Protocol):
    def __init__(self, received: Received, lost: Lost) -> None:
        self._received = received
        self.lost: Lost | None = lost

    def data_received(self, data: bytes) -> None:
        self._received(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's interface
        if self.lost is not None:
            self.lost()


class TcpLink:
    """A connection to a TCP gateway."""

    def __init__(self, config: TcpBus) -> None:
        """Make the link; nothing is connected."""
        self._config = config
        self._transport: asyncio.Transport | None = None
        self._protocol: _Protocol | None = None

    async def open(self, received: Received, lost: Lost) -> None:
        """Connect, or raise a DeviceError with the reason ``no-connection``."""
        host, port = self._config.host, self._config.port
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_CONNECT):
                self._transport, self._protocol = await loop.create_connection(
                    lambda: _Protocol(received, lost), host, port
                )
        except OSError as error:  # TimeoutError is one
            raise DeviceError(
                "no-connection",
                f"{host}:{port} can't be reached ({_reason(error)}): "
                "check the address, the cable and that the gateway is on.",
            ) from error

    async def set_parity(self, parity: Parity) -> None:
        """Do nothing: the gateway knows its line."""

    def write(self, data: bytes) -> None:
        """Send; raise OSError where that fails."""
        if self._transport is None:
            raise OSError(errno.ENOTCONN, "the connection is closed")
        self._transport.write(data)

    def flush(self) -> None:
        """Do nothing: the event loop reads at once."""

    def close(self) -> None:
        """Close the connection."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()
        if self._protocol is not None:
            self._protocol.lost = None  # an old connection's end isn't news of the next one

    async def closed(self) -> None:
        """Let the event loop let go of the socket."""
        await asyncio.sleep(0)


def _reason(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "the name can't be looked up"
    if isinstance(error, TimeoutError):
        return "no answer"
    return error.strerror or str(error)
