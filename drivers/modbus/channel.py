"""The keys of a channel: where a value stands, what it means, and what makes it a good one."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from annotated_types import Ge, Le
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from drivers.fields import ChannelName, Table
from drivers.modbus.plan import Extent
from drivers.rules import Condition, Number
from drivers.units import check_published, conversion

TableName = Literal["holding", "input", "coil", "discrete"]
Order = Literal["ABCD", "CDAB", "BADC", "DCBA"]
Type = Literal[
    "bool", "int16", "uint16", "int32", "uint32", "int64", "uint64",
    "float32", "float64", "bcd16", "bcd32", "string",
]  # fmt: skip


Register = Annotated[int, Ge(0), Le(65535)]
_Pair = Annotated[tuple[Number, Number], Field(strict=False)]
_SIZES: Final = {"16": 1, "32": 2, "64": 4}  # registers, by the end of a type's name
_BITS: Final = ("coil", "discrete")
_MEANINGS: Final = {"unit", "raw_unit", "scale", "offset", "span", "invalid", "good_when"}


class Rule(Condition):
    """One of ``good_when``: what another register, or another channel, must be."""

    register_: Register | None = Field(None, alias="register")
    table: TableName | None = None
    bit: Annotated[int, Ge(0), Le(15)] | None = None
    channel: ChannelName | None = None

    @model_validator(mode="after")
    def _accepted(self) -> Self:
        if (self.register_ is None) == (self.channel is None):
            raise ValueError("either register or channel")
        if self.channel is not None and not (self.table is None and self.bit is None):
            raise ValueError("table and bit only with register")
        if self.bit is not None and self.table in _BITS:
            raise ValueError("bit only with the tables holding and input")
        return self


class ModbusChannel(Table):
    """``[sensor.<name>.channel.<name>]``: where a value stands, and what it means."""

    table: TableName = "holding"
    register_: Register = Field(alias="register")
    type: Type
    length: Annotated[int, Ge(1), Le(250)] | None = None
    order: Order = "ABCD"
    unit: Annotated[str, AfterValidator(check_published)] | None = None
    raw_unit: str | None = None
    scale: Number = 1.0
    offset: Number = 0.0
    span: Annotated[tuple[_Pair, _Pair], Field(strict=False)] | None = None
    bits: Annotated[tuple[int, int], Field(strict=False)] | None = None
    invalid: Annotated[tuple[Number, ...], Field(strict=False)] = ()
    good_when: Annotated[tuple[Rule, ...], Field(strict=False)] = ()
    about: bool = False

    @property
    def is_fact(self) -> bool:
        """Whether it says what the device is (a serial number), and so is no reading."""
        return self.about or self.type == "string"

    @property
    def size(self) -> int:
        """Registers, or bits, of the value."""
        if self.length is not None:
            return (self.length + 1) // 2
        return _SIZES.get(self.type[-2:], 1)

    @property
    def place(self) -> Extent:
        """The value's own registers or bit."""
        return Extent(self.table, self.register_, self.size)

    def companion(self, rule: Rule) -> Extent | None:
        """Return the register or bit that a rule of this channel looks at, if it does."""
        if rule.register_ is None:
            return None
        return Extent(rule.table or self.table, rule.register_, 1)

    @property
    def extent(self) -> Extent:
        """The value with its companions of the same table, which are read in one request."""
        places = [self.place]
        for rule in self.good_when:
            companion = self.companion(rule)
            if companion is not None and companion.table == self.table:
                places.append(companion)
        start = min(place.start for place in places)
        return Extent(self.table, start, max(place.end for place in places) - start)

    @model_validator(mode="after")
    def _stands(self) -> Self:
        if (self.type == "bool") != (self.table in _BITS):
            raise ValueError('type = "bool" with the tables coil and discrete, and only there')
        if self.place.end > 65536:
            raise ValueError(f"a register up to {65536 - self.size} for {self.type}")
        if any(rule.bit is not None and rule.table is None for rule in self.good_when) and (
            self.table in _BITS
        ):
            raise ValueError("bit only with the tables holding and input")
        return self

    @model_validator(mode="after")
    def _means(self) -> Self:
        if (self.length is None) != (self.type != "string"):
            raise ValueError('length, in characters, with type = "string", and only there')
        if self.type == "string" and self.order not in ("ABCD", "BADC"):
            raise ValueError("order ABCD or BADC for a string")
        if self.bits is not None:
            if "int" not in self.type:
                raise ValueError("bits with int16 uint16 int32 uint32 int64 uint64")
            if not 0 <= self.bits[0] <= self.bits[1] < 16 * self.size:
                raise ValueError(f"bits = [first, last] from 0 to {16 * self.size - 1}")
        return self._fact() if self.is_fact else self._reading()

    def _fact(self) -> Self:
        if unused := sorted(_MEANINGS & self.model_fields_set):
            raise ValueError(f"a string, or about = true, without {', '.join(unused)}: no reading")
        return self

    def _reading(self) -> Self:
        if self.unit is None:
            raise ValueError('a published unit, as unit = "m"')
        conversion(self.raw_unit or self.unit, self.unit)
        if self.span is not None:
            if {"scale", "offset"} & self.model_fields_set:
                raise ValueError("either span, or scale and offset")
            if self.span[0][0] == self.span[0][1]:
                raise ValueError("a span with two different raw numbers")
        return self


Integer = Literal["int16", "uint16", "int32", "uint32", "int64", "uint64"]


def _whole(found: object) -> object:
    """Let the keys of a TOML table, which are texts, be whole numbers."""
    if not isinstance(found, dict):
        return found
    return {int(key) if str(key).lstrip("-").isdecimal() else key: found[key] for key in found}


class Check(Table):
    """``[sensor.<name>.check.<name>]``: a setting of the device that the map depends on.

    It is read before the first poll. Where it isn't as it must be, its channels have no value, and
    the check's name is the reason. The order ``any`` is for a number of 32 bits of which the manual
    doesn't say which word comes first: either is accepted.
    """

    table: TableName = "holding"
    register_: Register = Field(alias="register")
    type: Integer = "uint16"
    order: Literal["ABCD", "CDAB", "BADC", "DCBA", "any"] = "ABCD"
    accepted: Annotated[tuple[int, ...], Field(strict=False)] = ()
    units: Annotated[Mapping[int, str], BeforeValidator(_whole)] = Field(default_factory=dict)
    channels: Annotated[tuple[ChannelName, ...], Field(strict=False)] = ()
    sentence: str = ""

    @property
    def place(self) -> Extent:
        """Its registers."""
        return Extent(self.table, self.register_, _SIZES[self.type[-2:]])

    @model_validator(mode="after")
    def _accepted(self) -> Self:
        if self.table in _BITS:
            raise ValueError("a check on the tables holding and input")
        if bool(self.accepted) == bool(self.units):
            raise ValueError("either accepted (raw numbers), or units (raw number = unit)")
        if self.accepted and not self.sentence:
            raise ValueError("a sentence beside accepted: what is wrong, and what to do")
        return self

    def mistake(self, found: int, channel: ModbusChannel) -> str | None:
        """Return what is wrong for a channel where the device's setting is this, and what to do."""
        readings = [found]
        if self.order == "any":
            readings.append((found & 0xFFFF) << 16 | found >> 16 & 0xFFFF)
        if self.accepted:
            good = any(number in self.accepted for number in readings)
            return None if good else f"{self.sentence} (found {found})"
        said = [self.units[number] for number in readings if number in self.units]
        unit = channel.raw_unit or channel.unit
        if unit in said:
            return None
        return (
            f"The device measures in {said[0] if said else f'a unit with the code {found}'}, the "
            f"configuration says {unit}: set the device, or write another raw_unit."
        )
