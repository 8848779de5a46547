"""What a driver is.

A driver turns one instrument into :class:`Sample` objects. It is made from a typed, validated
configuration (and its bus, where it has one), has one method that reads and one that closes, and
says what the device said: no derived values, no filling of gaps, no repeating of an old value, no
retries beyond the wire's own. Making it never connects, so that a dead device never stops a
station from starting.

:mod:`drivers.conformance` holds every registered driver to this.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from drivers.fields import Name, Period, Table

if TYPE_CHECKING:
    from drivers.bus import Bus


@dataclass(frozen=True, slots=True)
class Channel:
    """One quantity of a sensor: its name, and the unit its values are published in.

    ``unit`` is a primary unit of the SenML registry (RFC 8428, section 12.1), see
    :mod:`drivers.units`.
    """

    name: str
    unit: str


Flag = tuple[int, str]
"""How far the instrument itself lets a value be trusted: a quality of the QARTOD water-level manual
(1 good, 3 suspect, 4 fail), and for 3 and 4 one word that says why, as ``weak-echo``."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one device said at one time, as columns in the order of its channels.

    Attributes:
        at: the event loop's time, s, at the middle of the measurement.
        values: one a channel, in the channel's unit; None where there is none. A NaN or an
            infinity that the device sent is passed on as such: the agent turns it into
            ``not-finite``.
        reasons: by index into ``values``, why there is no value; one for each None.
        flags: by index into ``values``, what the instrument says of a value that stands; none where
            it says nothing.
    """

    at: float
    values: Sequence[float | None]
    reasons: Mapping[int, str] = field(default_factory=dict)
    flags: Mapping[int, Flag] = field(default_factory=dict)


class DeviceError(Exception):
    """A read gave nothing. The agent counts it, stores the reason and asks again later.

    Attributes:
        reason: one word for the record, as ``timeout``, ``crc``, ``exception-2``, ``no-port``.
        at: the event loop's time, s, at the middle of the attempt, where the driver knows it
            better than the caller.
    """

    def __init__(self, reason: str, explanation: str, *, at: float | None = None) -> None:
        """Make an error with a word for the record and a sentence for people."""
        super().__init__(explanation)
        self.reason = reason
        self.at = at


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a poll, as planned: for the read plan and the time that a wire needs.

    Attributes:
        text: what is asked, for people, as ``holding 32 to 45``.
        sent: bytes of the request on the wire.
        received: bytes of the answer on the wire.
        pause: seconds of silence that the device needs before it.
    """

    text: str
    sent: int
    received: int
    pause: float = 0.0


class SensorConfig(Table):
    """The keys that every ``[sensor.<name>]`` table has; a driver adds its own.

    A driver that hangs on a wire declares the key ``bus`` by deriving from
    :class:`BusSensorConfig`.
    """

    driver: str
    every: Period

    def channel_list(self) -> tuple[Channel, ...]:
        """Return the channels, in the order in which a sample has their values."""
        raise NotImplementedError

    def requests(self) -> tuple[Request, ...]:
        """Return the requests of one poll, in order; none for a driver without a wire."""
        return ()


class BusSensorConfig(SensorConfig):
    """The keys of a sensor that hangs on a wire."""

    bus: Name

    def objections(self, framing: str) -> Sequence[tuple[str, str]]:  # noqa: ARG002 - most have none
        """Return the keys that don't go with a bus of this framing, each with what is accepted."""
        return ()


class Driver(ABC):
    """One instrument.

    Attributes:
        Config: the model of this driver's ``[sensor.<name>]`` table.
        framings: the framings of a bus that it can speak (the key ``framing`` of ``[bus.<name>]``);
            empty for a driver without a bus.
    """

    Config: ClassVar[type[SensorConfig]]
    framings: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def __init__(self, config: SensorConfig, bus: "Bus | None") -> None:
        """Make the driver; nothing is opened, nothing is asked."""

    @abstractmethod
    async def read(self) -> Sample:
        """Ask the instrument once.

        Raises:
            DeviceError: it gave nothing, and why. Anything else is a bug, and ends the agent.
        """

    def about(self) -> Mapping[str, object]:
        """Return what is known of the instrument itself, for the station's ``about``.

        Its model, and what it said of itself so far: serial number, firmware.
        """
        return {}

    @abstractmethod
    async def close(self) -> None:
        """Let go of whatever reading has opened; may be called again. The bus is not its own."""
