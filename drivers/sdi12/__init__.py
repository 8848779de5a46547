"""SDI-12 sensors behind a serial adapter that makes the line's timing."""

from typing import ClassVar, Final

from drivers.base import DeviceError, Driver, Sample, SensorConfig
from drivers.bus import Bus
from drivers.sdi12.config import Sdi12Config
from drivers.sdi12.instrument import Identity, Instrument, Measured, find
from drivers.text import Decoder

__all__ = ["Identity", "Instrument", "Sdi12Config", "Sdi12Driver", "find"]

_NOBODY: Final = frozenset({"timeout", "no-port", "noise"})
"""Reasons for which asking for anything else in this poll is a waste of the wire."""


class Sdi12Driver(Driver):
    """One SDI-12 sensor."""

    Config: ClassVar[type[SensorConfig]] = Sdi12Config
    framings: ClassVar[frozenset[str]] = frozenset({"sdi12"})

    def __init__(self, config: SensorConfig, bus: Bus | None) -> None:
        """Make the driver; nothing is opened, nothing is asked."""
        if not isinstance(config, Sdi12Config) or bus is None:
            raise TypeError("an SDI-12 driver is made from an Sdi12Config and its bus")
        self._instrument = Instrument(bus, config.address)
        self._checked = config.crc
        self._decoder = Decoder(config.channel)
        self._positions = [channel.position for channel in config.channel.values()]
        self._members: dict[str, list[int]] = {command: [] for command in config.commands}
        for index, channel in enumerate(config.channel.values()):
            self._members[channel.command or config.command].append(index)

    async def read(self) -> Sample:
        """Have the measurement of each command made in turn.

        Raises:
            DeviceError: none of them gave anything.
        """
        texts: dict[int, str] = {}
        reasons: dict[int, str] = {}
        got: list[Measured] = []
        failures: list[DeviceError] = []
        for command, members in self._members.items():
            try:
                measured = await self._instrument.measure(command, checked=self._checked)
            except DeviceError as error:
                failures.append(error)
                reasons |= dict.fromkeys(members, error.reason)
                if not got and error.reason in _NOBODY:
                    break
                continue
            got.append(measured)
            for index in members:
                if self._positions[index] <= len(measured.values):
                    texts[index] = measured.values[self._positions[index] - 1]
                else:
                    reasons[index] = "no-position"
        if not got:
            raise failures[0]
        return self._decoder.sample((got[0].began + got[-1].ended) / 2, texts, reasons)

    async def close(self) -> None:
        """Let go of nothing: the bus isn't the driver's own."""
