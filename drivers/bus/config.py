"""The tables ``[bus.<name>]``: a serial line, a TCP gateway, or a recording of either."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from annotated_types import Ge, Le
from pydantic import field_serializer

from drivers.bus.exchange import Parity
from drivers.fields import File, Host, PathText, Pause, Table, Timeout, format_duration

# SDI-12 v1.3, timing: 1200 baud, 10 bits and at most 1.66 ms from one character to the next; a
# break of 12 ms and a marking of 8.33 ms, and at most 15 ms until the sensor answers.
_SDI12: Final = 1200
_SDI12_CHARACTER: Final = 10 / _SDI12 + 0.00166
_BREAK: Final = 0.012 + 0.00833 + 0.015


class _Bus(Table):
    timeout: Timeout = 0.5
    late: Timeout | None = None
    pause: Pause = 0.0

    @field_serializer("timeout", "late", "pause")
    def _as_written(self, seconds: float | None) -> str | None:
        """Dump a duration as it stands in a file, so that what is dumped can be read again."""
        return None if seconds is None else format_duration(seconds)

    @property
    def lateness(self) -> float:
        """Seconds after its timeout in which an answer may still come."""
        return self.timeout if self.late is None else self.late


class Line(_Bus):
    """Characters one after the other, as a serial port sends them."""

    framing: str
    baudrate: Annotated[int, Ge(50), Le(4_000_000)] = 9600  # what Linux has names for
    parity: Parity = "none"
    data_bits: Literal[7, 8] = 8
    stop_bits: Literal[1, 2] = 1

    @property
    def character(self) -> float:
        """Seconds that a character takes: start bit, data, parity, stop bits."""
        bits = 1 + self.data_bits + (self.parity != "none") + self.stop_bits
        return bits / self.baudrate

    @property
    def slowest(self) -> int:
        """Bits a second where they are slowest: on SDI-12, behind the adapter."""
        return _SDI12 if self.framing == "sdi12" else self.baudrate

    @property
    def silence(self) -> float:
        """Seconds between two frames (Modbus over serial line V1.02, section 2.5.1.1)."""
        if self.framing != "rtu":
            return 0.0  # their frames begin and end with characters of their own
        return 0.00175 if self.baudrate > 19200 else 3.5 * self.character

    def wire_time(self, sent: int, received: int) -> float:
        """Return the seconds that an exchange of so many bytes holds the wire."""
        if self.framing == "sdi12":  # the line behind the adapter is the slower one
            return _BREAK + (sent + received) * _SDI12_CHARACTER + self.pause
        return (sent + received) * self.character + 2 * self.silence + self.pause


class SerialBus(Line):
    """A serial line."""

    device: PathText
    rs485: bool = False
    framing: Literal["rtu", "ascii", "sdi12", "line"] = "rtu"

    @property
    def endpoint(self) -> str:
        """What tells two buses on one port."""
        return self.device


class ReplayBus(Line):
    """A recorded line: what was said on it is said again (see :mod:`drivers.replay`).

    Attributes:
        replay: the file of the trace.
        pace: ``real`` answers when the device did, ``fast`` at once.
    """

    replay: File
    pace: Literal["real", "fast"] = "real"
    framing: Literal["rtu", "ascii", "sdi12", "line", "tcp"] = "rtu"

    @property
    def endpoint(self) -> str:
        """What tells two buses on one trace."""
        return self.replay

    @property
    def lateness(self) -> float:
        """Seconds after its timeout in which an answer may still come: at once, if ever."""
        return super().lateness if self.pace == "real" else 0.0

    @property
    def silence(self) -> float:
        """Seconds between two frames, where time matters."""
        return super().silence if self.pace == "real" else 0.0


class TcpBus(_Bus):
    """A TCP gateway; with the framing ``rtu`` it hands the line's bytes on as they are."""

    host: Host
    port: Annotated[int, Ge(1), Le(65535)] = 502
    framing: Literal["tcp", "rtu"] = "tcp"

    @property
    def endpoint(self) -> str:
        """What tells two buses on one port."""
        return f"{self.host}:{self.port}"

    @property
    def silence(self) -> float:
        """Seconds between two frames: none, the gateway sees to it."""
        return 0.0

    def wire_time(self, sent: int, received: int) -> float:  # noqa: ARG002  # bytes cost nothing
        """Return the seconds that an exchange holds the wire."""
        return self.pause


AnyBus = SerialBus | TcpBus | ReplayBus

_MODELS: Final[dict[str, type[AnyBus]]] = {
    "device": SerialBus,
    "host": TcpBus,
    "replay": ReplayBus,
}


def bus_model(table: Mapping[str, object]) -> type[AnyBus]:
    """Return the model of a bus by which of its keys ``device``, ``host``, ``replay`` stands.

    Raises:
        ValueError: none or several do.
    """
    models = [model for key, model in _MODELS.items() if key in table]
    if len(models) != 1:
        raise ValueError(
            "either device (a serial line), host (a TCP gateway) or replay (a recorded trace)"
        )
    return models[0]
