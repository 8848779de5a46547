"""An instrument that isn't there: a seeded canal, with faults on request."""

import asyncio
from typing import TYPE_CHECKING, Final, Literal

from pydantic import Field

from drivers.base import Channel, DeviceError, Driver, Sample, SensorConfig
from drivers.fields import Name
from drivers.simulator.canal import canal
from drivers.simulator.faults import Fault, spoil, strikes

if TYPE_CHECKING:
    from drivers.bus import Bus

_CHANNELS: Final = (
    Channel("level", "m"),
    Channel("velocity", "m/s"),
    Channel("temperature", "Cel"),
)


class SimulatorConfig(SensorConfig):
    """The keys of a simulated sensor.

    Attributes:
        seed: which canal, and which luck.
        pace: ``real`` follows the clock; with ``fast`` the canal's time advances by ``every`` a
            reading, however soon the next one comes.
        fault: faults by name.
    """

    seed: int = 0
    pace: Literal["real", "fast"] = "real"
    fault: dict[Name, Fault] = Field(default_factory=dict)

    def channel_list(self) -> tuple[Channel, ...]:
        """Return level, velocity and temperature."""
        return _CHANNELS


class SimulatorDriver(Driver):
    """Reads the canal. Its time begins with the first reading, so that runs repeat."""

    Config = SimulatorConfig

    def __init__(self, config: SensorConfig, bus: "Bus | None") -> None:
        """Make the driver; it has no bus."""
        assert isinstance(config, SimulatorConfig)
        assert bus is None
        self._config = config
        self._reads = 0
        self._began: float | None = None

    async def read(self) -> Sample:
        """Return the water as the instrument shows it.

        Raises:
            DeviceError: ``timeout``, where a fault makes it silent.
        """
        at = asyncio.get_running_loop().time()
        time, seed = self._elapsed(at), self._config.seed
        water = canal(seed, time)
        for name, fault in self._config.fault.items():
            if not strikes(fault, name, seed, time):
                continue
            if fault.kind == "silent":
                raise DeviceError("timeout", f"The fault {name!r} keeps it silent.", at=at)
            water = spoil(water, fault, name, seed, time)
        return Sample(at, (water.level, water.velocity, water.temperature))

    async def close(self) -> None:
        """Do nothing: nothing was opened."""

    def _elapsed(self, at: float) -> float:
        if self._began is None:
            self._began = at
        self._reads += 1
        if self._config.pace == "fast":
            return (self._reads - 1) * self._config.every
        return at - self._began
