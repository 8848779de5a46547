"""The keys of a Modbus sensor."""

from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal, Self

from annotated_types import Ge, Le, MinLen
from pydantic import model_validator

from drivers.base import BusSensorConfig, Channel, Request
from drivers.fields import ChannelName, Pause
from drivers.modbus.channel import ModbusChannel
from drivers.modbus.plan import HOLE, MOST, Block, Extent, limit, plan
from drivers.modbus.values import Decoder


class ModbusConfig(BusSensorConfig):
    """``[sensor.<name>]`` with ``driver = "modbus"``."""

    address: Annotated[int, Ge(0), Le(247)]
    parity: Literal["none", "even", "odd"] | None = None
    pause: Pause = 0.0
    most: Annotated[int, Ge(1), Le(MOST)] = MOST
    hole: Annotated[int, Ge(0), Le(MOST)] = HOLE
    channel: Annotated[Mapping[ChannelName, ModbusChannel], MinLen(1)]

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if not self.readings:
            raise ValueError("at least one channel that is a reading")
        for name, channel in self.channel.items():
            self._check_rules(name, channel)
            extent = channel.extent
            most = limit(extent.table, self.most)
            if extent.count <= most:
                continue
            what = "a value" if extent == channel.place else "a value with what qualifies it"
            raise ValueError(
                f"{what} within one request, of at most {most}: {name} needs {extent.table} "
                f"{extent.start} to {extent.end - 1}; for a register that is further away, make it "
                "a channel and name that in good_when"
            )
        return self

    def _check_rules(self, name: str, channel: ModbusChannel) -> None:
        others = [other for other in self.readings if other != name]
        for rule in channel.good_when:
            if rule.channel is not None and rule.channel not in others:
                raise ValueError(
                    f"in good_when of {name} another channel of this sensor: "
                    + (", ".join(others) or "there is none")
                )

    @model_validator(mode="after")
    def _apart(self) -> Self:
        places = sorted((channel.place, name) for name, channel in self.channel.items())
        for (a, one), (b, two) in pairwise(places):
            if a.table == b.table and a != b and b.start < a.end:
                raise ValueError(f"channels on the same registers or on others: {one} and {two}")
        return self

    @cached_property
    def readings(self) -> Mapping[str, ModbusChannel]:
        """The channels whose values are readings, in the order of the file."""
        return {name: each for name, each in self.channel.items() if not each.is_text}

    @cached_property
    def texts(self) -> Mapping[str, ModbusChannel]:
        """The channels that say what the device is, as its serial number."""
        return {name: each for name, each in self.channel.items() if each.is_text}

    def channel_list(self) -> tuple[Channel, ...]:
        """Return the channels in the order of the file."""
        return tuple(Channel(name, str(each.unit)) for name, each in self.readings.items())

    @cached_property
    def decoder(self) -> Decoder:
        """The way from answers to values."""
        return Decoder(self.readings)

    def plan(self, extents: list[Extent]) -> tuple[Block, ...]:
        """Return the requests that read what is asked for, within the device's limits."""
        return plan(extents, self.most, self.hole)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The requests of one poll."""
        return self.plan(self.decoder.extents)

    def requests(self) -> tuple[Request, ...]:
        """Return the requests of one poll, with their bytes on a serial line."""
        return tuple(Request(str(block), 8, 5 + block.payload, self.pause) for block in self.blocks)
