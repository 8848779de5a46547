"""Byte pipes: a serial port and a TCP connection, driven by the event loop."""

import asyncio
import errno
import os
import termios
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

import serial

from drivers.base import DeviceError
from drivers.bus.config import SerialBus, TcpBus

_ADVICE: Final = {
    errno.ENOENT: "isn't there: plug the adapter in, or correct the name",
    errno.EACCES: "may not be opened by this user: add the user to the group dialout",
    errno.EBUSY: "is used by another program: stop that program",
    errno.EAGAIN: "is used by another program: stop that program",
}


class Link(Protocol):
    """A pipe that calls back with what it receives, and once when it is lost."""

    async def open(self, received: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        """Open it, or raise a DeviceError."""

    def write(self, data: bytes) -> None:
        """Send; raise OSError where that fails."""

    async def close(self) -> None:
        """Close it; may be called again."""


def _open(config: SerialBus) -> serial.Serial:
    try:
        return serial.Serial(
            config.device,
            config.baudrate,
            bytesize=config.data_bits,
            parity=config.parity[0].upper(),
            stopbits=config.stop_bits,
            timeout=0,
            exclusive=True,
        )
    except (OSError, ValueError, termios.error) as error:
        found = getattr(error, "errno", None)
        advice = _ADVICE.get(found or 0, f"can't be opened ({error}): check the adapter")
        raise DeviceError("no-port", f"The port {config.device} {advice}.") from error


def _close(port: serial.Serial) -> None:
    with suppress(OSError, termios.error):
        port.close()


def _close_unwanted(opening: "asyncio.Future[serial.Serial]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.get_loop().run_in_executor(None, _close, opening.result())


class SerialLink:
    """A serial port, opened and closed in a thread."""

    def __init__(self, config: SerialBus) -> None:
        """Make the link; nothing is opened."""
        self._config = config
        self._port: serial.Serial | None = None

    async def open(self, received: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        """Open the port, or raise a DeviceError with the reason ``no-port``."""
        loop = asyncio.get_running_loop()
        opening = loop.run_in_executor(None, _open, self._config)
        try:
            port = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_unwanted)
            raise
        self._port = port
        fd = port.fileno()

        def readable() -> None:
            try:
                data = os.read(fd, 4096)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if data:
                received(data)
            else:
                loop.remove_reader(fd)
                lost()

        loop.add_reader(fd, readable)

    def write(self, data: bytes) -> None:
        """Send; raise OSError where that fails."""
        if self._port is None or os.write(self._port.fileno(), data) != len(data):
            raise OSError(errno.EIO, "the port took only a part of the request")

    async def close(self) -> None:
        """Close the port in a thread."""
        port, self._port = self._port, None
        if port is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(port.fileno())
            await asyncio.shield(loop.run_in_executor(None, _close, port))


class _Protocol(asyncio.Protocol):
    def __init__(self, received: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        self._received = received
        self.lost: Callable[[], None] | None = lost

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

    async def open(self, received: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        """Connect, or raise a DeviceError with the reason ``no-connection``."""
        host, port = self._config.host, self._config.port
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(max(1.0, self._config.timeout)):
                self._transport, self._protocol = await loop.create_connection(
                    lambda: _Protocol(received, lost), host, port
                )
        except OSError as error:  # TimeoutError is one
            raise DeviceError(
                "no-connection",
                f"{host}:{port} can't be reached ({str(error) or 'no answer'}): "
                "check the address, the cable and that the gateway is on.",
            ) from error

    def write(self, data: bytes) -> None:
        """Send; raise OSError where that fails."""
        if self._transport is None:
            raise OSError(errno.ENOTCONN, "the connection is closed")
        self._transport.write(data)

    async def close(self) -> None:
        """Close the connection at once."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()
        if self._protocol is not None:
            self._protocol.lost = None  # an old connection's end isn't news of the next one
