"""The keys of a Modbus sensor."""

from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Final, Literal, Self

from annotated_types import Ge, Le, MinLen
from pydantic import AfterValidator, Field, model_validator

from drivers.base import BusSensorConfig, Channel, Request
from drivers.fields import ChannelName, Table
from drivers.modbus.plan import Block, plan
from drivers.units import check_published, conversion

TableName = Literal["holding", "input", "coil", "discrete"]
Type = Literal[
    "bool", "int16", "uint16", "int32", "uint32", "int64", "uint64",
    "float32", "float64", "bcd16", "bcd32",
]  # fmt: skip
_SIZES: Final = {"16": 1, "32": 2, "64": 4}  # registers, by the end of a type's name
_Pair = Annotated[tuple[float, float], Field(strict=False)]


class ModbusChannel(Table):
    """``[sensor.<name>.channel.<name>]``: where a value stands, and what it means."""

    table: TableName = "holding"
    register_: Annotated[int, Ge(0), Le(65535)] = Field(alias="register")
    type: Type
    order: Literal["ABCD", "CDAB", "BADC", "DCBA"] = "ABCD"
    unit: Annotated[str, AfterValidator(check_published)]
    raw_unit: str | None = None
    scale: float = 1.0
    offset: float = 0.0
    span: Annotated[tuple[_Pair, _Pair], Field(strict=False)] | None = None
    bits: Annotated[tuple[int, int], Field(strict=False)] | None = None
    invalid: Annotated[tuple[float, ...], Field(strict=False)] = ()

    @property
    def start(self) -> int:
        """The first register or bit."""
        return self.register_

    @property
    def size(self) -> int:
        """Registers, or bits, of one value."""
        return _SIZES.get(self.type[-2:], 1)

    @model_validator(mode="after")
    def _accepted(self) -> Self:
        if (self.type == "bool") != (self.table in ("coil", "discrete")):
            raise ValueError('type = "bool" with the tables coil and discrete, and only there')
        if self.start + self.size > 65536:
            raise ValueError(f"a register up to {65536 - self.size} for {self.type}")
        conversion(self.raw_unit or self.unit, self.unit)
        if self.span is not None:
            if {"scale", "offset"} & self.model_fields_set:
                raise ValueError("either span, or scale and offset")
            if self.span[0][0] == self.span[0][1]:
                raise ValueError("a span with two different raw numbers")
        if self.bits is not None:
            if "int" not in self.type:
                raise ValueError("bits with int16 uint16 int32 uint32 int64 uint64")
            if not 0 <= self.bits[0] <= self.bits[1] < 16 * self.size:
                raise ValueError(f"bits = [first, last] from 0 to {16 * self.size - 1}")
        return self


class ModbusConfig(BusSensorConfig):
    """``[sensor.<name>]`` with ``driver = "modbus"``."""

    address: Annotated[int, Ge(0), Le(247)]
    channel: Annotated[Mapping[ChannelName, ModbusChannel], MinLen(1)]

    @model_validator(mode="after")
    def _apart(self) -> Self:
        order = sorted(self.channel.items(), key=lambda item: (item[1].table, item[1].start))
        for (one, a), (two, b) in pairwise(order):
            same = (a.start, a.size) == (b.start, b.size)
            if a.table == b.table and not same and b.start < a.start + a.size:
                raise ValueError(f"channels on the same registers or on others: {one} and {two}")
        return self

    def channel_list(self) -> tuple[Channel, ...]:
        """Return the channels in the order of the file."""
        return tuple(Channel(name, channel.unit) for name, channel in self.channel.items())

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The requests of one poll."""
        return plan([(c.table, c.start, c.size) for c in self.channel.values()])

    def requests(self) -> tuple[Request, ...]:
        """Return the requests of one poll, with their bytes on a serial line."""
        return tuple(Request(str(block), 8, 5 + block.payload) for block in self.blocks)
