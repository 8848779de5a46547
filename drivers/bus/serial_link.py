"""A serial port, driven by the event loop; whatever may hang happens in threads."""

import asyncio
import errno
import os
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import serial
from serial.rs485 import RS485Settings

from drivers.base import DeviceError
from drivers.bus.config import SerialBus
from drivers.bus.exchange import Parity
from drivers.bus.links import Lost, Received
from drivers.threads import in_thread

_PATIENCE: Final = 5.0  # s that an adapter has to open or close

_ADVICE: Final = {
    errno.ENOENT: "isn't there: plug the adapter in, or correct the name",
    errno.ENXIO: "isn't there: plug the adapter in, or correct the name",
    errno.ENODEV: "isn't there: plug the adapter in, or correct the name",
    errno.EACCES: "may not be opened by this user: add the user to the group dialout",
    errno.EPERM: "may not be opened by this user: add the user to the group dialout",
    errno.ENOTTY: "isn't a serial port: correct the name",
    errno.EISDIR: "isn't a serial port: correct the name",
    errno.EINVAL: "doesn't take this speed or parity: correct it, or take another adapter",
    errno.EIO: "doesn't respond: unplug the adapter and plug it in again",
}
_BUSY: Final = (errno.EBUSY, errno.EAGAIN)
_AGENT: Final = " (the agent with: sudo systemctl stop aryk)"


class SerialLink:
    """A serial port."""

    def __init__(self, config: SerialBus) -> None:
        """Make the link; nothing is opened."""
        self._config = config
        self._port: serial.Serial | None = None
        self._opening: asyncio.Future[serial.Serial] | None = None
        self._closing: asyncio.Future[None] | None = None

    async def open(self, received: Received, lost: Lost) -> None:
        """Open the port, or raise a DeviceError with the reason ``no-port``.

        An opening that hangs is given up after 5 s, and found again by the next one.
        """
        async with _in_time(self._config.device):
            await self.closed()
            if self._opening is None:
                self._opening = in_thread(_open, self._config)
            await asyncio.wait({self._opening})
        opening, self._opening = self._opening, None
        self._port = port = opening.result()
        loop, fd = asyncio.get_running_loop(), port.fileno()

        def readable() -> None:
            try:
                data = os.read(fd, 4096)
                if not data:
                    termios.tcgetattr(fd)  # tells a port that is gone from one with nothing to say
                    return
            except BlockingIOError:
                return
            except (OSError, termios.error):
                loop.remove_reader(fd)
                lost()
            else:
                received(data)

        loop.add_reader(fd, readable)

    async def set_parity(self, parity: Parity) -> None:
        """Change the parity, in a thread: an adapter is asked over USB."""
        port = self._port
        if port is None:
            return

        def change() -> None:
            port.parity = parity[0].upper()

        try:
            async with _in_time(self._config.device):
                await in_thread(change)
        except (OSError, ValueError, termios.error) as error:
            raise DeviceError(
                "no-port", f"The port {self._config.device} doesn't take {parity} parity: {error}."
            ) from error

    def write(self, data: bytes) -> None:
        """Send; raise OSError where that fails."""
        if self._port is None or os.write(self._port.fileno(), data) != len(data):
            raise OSError(errno.EIO, "the port took only a part of the request")

    def flush(self) -> None:
        """Throw away what the kernel holds: after a standstill of the process it may be old."""
        if self._port is not None:
            with suppress(OSError, termios.error):  # a port that is gone is found by reading it
                self._port.reset_input_buffer()

    def close(self) -> None:
        """Close the port, in a thread."""
        port, self._port = self._port, None
        if port is not None:
            asyncio.get_running_loop().remove_reader(port.fileno())
            self._closing = in_thread(_close, port)
        if self._opening is not None:
            self._opening.add_done_callback(_close_unwanted)
            self._opening = None

    async def closed(self) -> None:
        """Return when the port is closed."""
        if self._closing is not None:
            await asyncio.wait({self._closing})
            self._closing = None


@asynccontextmanager
async def _in_time(device: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_PATIENCE):
            yield
    except TimeoutError:
        raise DeviceError(
            "no-port", f"The port {device} hangs: unplug the adapter and plug it in again."
        ) from None


def _open(config: SerialBus) -> serial.Serial:
    try:
        port = serial.Serial(
            config.device,
            config.baudrate,
            bytesize=config.data_bits,
            parity=config.parity[0].upper(),
            stopbits=config.stop_bits,
            timeout=0,
            exclusive=True,
        )
    except (OSError, ValueError, termios.error) as error:
        raise DeviceError(
            "no-port", f"The port {config.device} {_advice(config, error)}."
        ) from error
    with suppress(OSError, ValueError, NotImplementedError):
        port.set_low_latency_mode(True)  # FTDI adapters hold bytes back for 16 ms otherwise
    if config.rs485:
        try:
            port.rs485_mode = RS485Settings()
        except (OSError, ValueError) as error:
            _close(port)
            raise DeviceError(
                "no-port",
                f"The driver of {config.device} can't switch the direction of an RS-485 line: "
                "leave rs485 out where the adapter does it by itself.",
            ) from error
    return port


def _advice(config: SerialBus, error: Exception) -> str:
    found = getattr(error, "errno", None)
    if found is None:  # pyserial hides what termios said; termios has its number in its arguments
        found = next(iter((error.__context__ or error).args), None)
    if found in _BUSY:
        who = holders(config.device)
        agent = _AGENT if "aryk" in who or not who else ""
        return f"is used by {who or 'another program'}: stop that program{agent}"
    return _ADVICE.get(found, f"can't be opened ({error}): check the adapter")  # type: ignore[arg-type]


def holders(device: str) -> str:
    """Return which other processes have a port open, as far as this user may see them."""
    port, found = os.path.realpath(device), dict[str, str]()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        process = link.parts[2]
        with suppress(OSError):
            if process != str(os.getpid()) and str(link.readlink()) == port:
                name = Path("/proc", process, "comm").read_text().strip()
                found[process] = f"{name} (process {process})"
    return " and ".join(found.values())


def _close(port: serial.Serial) -> None:
    with suppress(OSError, termios.error):
        port.close()


def _close_unwanted(opening: "asyncio.Future[serial.Serial]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        in_thread(_close, opening.result())
