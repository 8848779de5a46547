"""A trace as a test: its sensors are read again, and say what they said, or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from drivers import registry
from drivers.base import DeviceError, Driver, SensorConfig
from drivers.bus import Bus, ReplayBus
from drivers.replay.link import ReplayLink
from drivers.replay.recorder import said
from drivers.replay.trace import Event, Trace, TraceError, read

Pace = Literal["real", "fast"]


@dataclass(frozen=True, slots=True)
class Rerun:
    """What came of it. It is as it was where ``now`` equals ``then`` and nothing is left.

    Attributes:
        then: the tables ``[[reading]]`` of the trace.
        now: the same, as they are now.
        left: requests of the trace that weren't made again.
    """

    then: Sequence[Mapping[str, Any]]
    now: Sequence[Mapping[str, Any]]
    left: Sequence[Event]


async def rerun(file: Path, pace: Pace | None = None) -> Rerun:
    """Read the sensors of a trace again, in the order of its ``[[reading]]`` tables.

    Args:
        file: the trace.
        pace: ``real`` where time matters, as it does where something came too late; ``fast`` unless
            said or somebody listened, since a pause tells the beginning of a line.

    Raises:
        TraceError: the file is none, or lacks the tables of its bus and sensors.
        pydantic.ValidationError: one of those tables is wrong.
    """
    trace = read(file)
    listened = any(event.direction == ">" and not event.data for event in trace.events)
    config = _bus_of(trace, pace or ("real" if listened else "fast"))
    link = ReplayLink(config)
    bus = Bus(trace.bus[0], config, link)
    sensors = {name: _Sensor(trace, name, bus) for name in trace.tables.get("sensor", {})}
    readings = trace.tables.get("reading", [])
    if not readings or not {reading.get("sensor") for reading in readings} <= sensors.keys():
        raise TraceError(f"{file} needs a [[reading]] with the name of a [sensor.<name>] in it.")
    now = [await sensors[reading["sensor"]].reading() for reading in readings]
    for sensor in sensors.values():
        await sensor.driver.close()
    await bus.close()
    return Rerun(readings, now, [event for event in link.left if event.direction == ">"])


def _bus_of(trace: Trace, pace: Pace) -> ReplayBus:
    """Return the recorded bus, with the trace in the place of its device."""
    table = trace.bus[1]
    kept = {key: value for key, value in table.items() if key in ReplayBus.model_fields}
    if pace == "fast":
        kept.pop("pause", None)
    framing = table.get("framing", "tcp" if "host" in table else "rtu")
    replay = {"replay": str(trace.file), "pace": pace, "framing": framing}
    return ReplayBus.model_validate(kept | replay)


class _Sensor:
    def __init__(self, trace: Trace, name: str, bus: Bus) -> None:
        self._name = name
        table = trace.tables["sensor"][name]
        driver = registry.load(table["driver"])
        self._config: SensorConfig = driver.Config.model_validate(table)
        self.driver: Driver = driver(self._config, bus)

    async def reading(self) -> Mapping[str, Any]:
        """Return a reading as a trace has it."""
        try:
            sample = await self.driver.read()
        except DeviceError as error:
            return {"sensor": self._name, "reason": error.reason}
        return {"sensor": self._name, **said(self._config.channel_list(), sample)}
