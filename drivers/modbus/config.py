"""The keys of a Modbus sensor."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from annotated_types import Ge, Le
from pydantic import Field, ValidationInfo, field_validator, model_validator

from drivers.base import BusSensorConfig, Channel, Request
from drivers.fields import ChannelName, Pause, Period, Word
from drivers.modbus import library
from drivers.modbus.channel import Check, ModbusChannel
from drivers.modbus.plan import HOLE, MOST, Block, Extent, limit, plan
from drivers.modbus.values import Decoder


class ModbusConfig(BusSensorConfig):
    """``[sensor.<name>]`` with ``driver = "modbus"``.

    What a model of the device library brings is in ``channel``, ``check`` and its limits as if it
    had been written there.
    """

    address: Annotated[int, Ge(0), Le(255)]
    model: str | None = None
    channels: Annotated[tuple[str, ...], Field(strict=False)] | None = None
    parity: Literal["none", "even", "odd"] | None = None
    pause: Pause = 0.0
    most: Annotated[int, Ge(1), Le(MOST)] = MOST
    hole: Annotated[int, Ge(0), Le(MOST)] = HOLE
    stale_after: Period | None = None
    settle: Pause = 1.0
    channel: Mapping[ChannelName, ModbusChannel] = Field(default_factory=dict)
    check: Mapping[Word, Check] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _with_its_model(cls, sensor: Any) -> Any:
        model = sensor.get("model") if isinstance(sensor, dict) else None
        if not isinstance(model, str) or model not in library.names():
            return sensor
        return library.filled(model, sensor)

    @field_validator("model")
    @classmethod
    def _known(cls, model: str | None) -> str | None:
        if model is not None and model not in library.names():
            raise ValueError(library.near(model))
        return model

    @field_validator("channels")
    @classmethod
    def _of_the_model(
        cls, channels: tuple[str, ...] | None, info: ValidationInfo
    ) -> tuple[str, ...] | None:
        model = info.data.get("model")
        if channels is None or model is None:
            return channels
        known = library.load(model).channel
        if not channels or set(channels) - set(known):
            raise ValueError(f"channels of {model}: {', '.join(known)}")
        return channels

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.channels is not None and self.model is None:
            raise ValueError("channels only with model; own ones are [sensor.….channel.…]")
        device = library.load(self.model) if self.model else None
        for name in self.channels or ():
            assert device is not None
            given = {name: dict.fromkeys(self.channel[name].model_fields_set)}
            if missing := library.lacking(device, name, given):
                raise ValueError(
                    f"{' and '.join(missing)} in [sensor.….channel.{name}]: the device's settings "
                    f"decide, or its manual doesn't say"
                )
        if not self.readings:
            raise ValueError("at least one channel that is a reading: [sensor.….channel.…]")
        return self

    @model_validator(mode="after")
    def _readable(self) -> Self:
        for name, channel in self.channel.items():
            self._check_names(f"good_when of {name}", [rule.channel for rule in channel.good_when])
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
        for name, check in self.check.items():
            self._check_names(f"channels of check.{name}", check.channels)
        return self

    def _check_names(self, where: str, names: Sequence[str | None]) -> None:
        known = [name for name, channel in self.channel.items() if not channel.is_fact]
        if wrong := [name for name in names if name is not None and name not in known]:
            raise ValueError(f"in {where} no {wrong[0]} but one of {', '.join(known)}")

    @model_validator(mode="after")
    def _apart(self) -> Self:
        places = sorted((channel.place, name) for name, channel in self.channel.items())
        for (a, one), (b, two) in pairwise(places):
            if a.table == b.table and a != b and b.start < a.end:
                raise ValueError(f"channels on the same registers or on others: {one} and {two}")
        return self

    @cached_property
    def readings(self) -> Mapping[str, ModbusChannel]:
        """The channels that are published, in the order of the model, then of the file."""
        return {
            name: channel
            for name, channel in self.channel.items()
            if not channel.is_fact and name not in self.companions
        }

    @cached_property
    def companions(self) -> Mapping[str, ModbusChannel]:
        """The channels of the model that nobody asked for, but that qualify others."""
        if self.model is None:
            return {}
        unasked = library.load(self.model).channel.keys() - set(self.channels or ())
        return {name: each for name, each in self.channel.items() if name in unasked}

    @cached_property
    def facts(self) -> Mapping[str, ModbusChannel]:
        """The channels that say what the device is, as its serial number."""
        return {name: each for name, each in self.channel.items() if each.is_fact}

    def objections(self, framing: str) -> Sequence[tuple[str, str]]:
        """Return an address that no device on a line has (serial line V1.02, section 2.2)."""
        if framing == "tcp" or 1 <= self.address <= 247:
            return ()
        return [("address", "1 to 247 on a line; 0 means all devices, and none answers it")]

    def channel_list(self) -> tuple[Channel, ...]:
        """Return the channels that are published."""
        return tuple(Channel(name, str(each.unit)) for name, each in self.readings.items())

    @cached_property
    def decoder(self) -> Decoder:
        """The way from answers to values."""
        return Decoder(self.readings, self.companions)

    def plan(self, extents: Sequence[Extent]) -> tuple[Block, ...]:
        """Return the requests that read what is asked for, within the device's limits."""
        return plan(extents, self.most, self.hole)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The requests of one poll."""
        return self.plan(self.decoder.extents)

    def requests(self) -> tuple[Request, ...]:
        """Return the requests of one poll, with their bytes on a serial line."""
        return tuple(Request(str(block), 8, 5 + block.payload, self.pause) for block in self.blocks)
