"""A driver for aryk: the sensors that the Linux kernel shows as files, a number each."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from annotated_types import MinLen
from pydantic import AfterValidator

from drivers.base import Channel, DeviceError, Driver, Sample, SensorConfig
from drivers.bus import Bus
from drivers.fields import ChannelName, File, Table
from drivers.units import check_published

__all__ = ["SysfsConfig", "SysfsDriver"]


class SysfsChannel(Table):
    """``[sensor.<name>.channel.<name>]``: a file, and what its number means."""

    file: File
    unit: Annotated[str, AfterValidator(check_published)]
    scale: float = 1.0


class SysfsConfig(SensorConfig):
    """``[sensor.<name>]`` with ``driver = "sysfs"``."""

    channel: Annotated[Mapping[ChannelName, SysfsChannel], MinLen(1)]

    def channel_list(self) -> tuple[Channel, ...]:
        """Return the channels in the order of the file."""
        return tuple(Channel(name, channel.unit) for name, channel in self.channel.items())


class SysfsDriver(Driver):
    """Reads the files in a thread: some of them ask a device on a slow wire."""

    Config = SysfsConfig

    def __init__(self, config: SensorConfig, bus: Bus | None) -> None:
        """Make the driver; it has no bus."""
        assert isinstance(config, SysfsConfig)
        self._channels = tuple(config.channel.values())

    async def read(self) -> Sample:
        """Read each file once.

        Raises:
            DeviceError: ``no-device``, where none of them can be read.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        said = await asyncio.to_thread(lambda: [_read(each) for each in self._channels])
        at = (began + loop.time()) / 2
        if all(value == "no-device" for value in said):
            raise DeviceError("no-device", "No file can be read: is its module loaded?", at=at)
        reasons = {index: value for index, value in enumerate(said) if isinstance(value, str)}
        return Sample(at, [None if isinstance(value, str) else value for value in said], reasons)

    async def close(self) -> None:
        """Do nothing: no file stays open."""


def _read(channel: SysfsChannel) -> float | str:
    """Return the number in a channel's file, in its unit, or why there is none."""
    try:
        return int(Path(channel.file).read_text("ascii")) * channel.scale
    except OSError:
        return "no-device"
    except ValueError:
        return "parse"
