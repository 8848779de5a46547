"""From the bytes of answers to values in published units, and to what qualifies them."""

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from drivers import rules
from drivers.base import Flag
from drivers.modbus.channel import Check, ModbusChannel, Rule
from drivers.modbus.plan import Block, Extent
from drivers.modbus.raw import Unpacker
from drivers.rules import Judge
from drivers.units import conversion

_CODES: Final = {
    "bool": "?", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q",
    "uint64": "Q", "float32": "4s", "float64": "d", "bcd16": "H", "bcd32": "I",
}  # fmt: skip
_FLOAT32: Final = struct.Struct(">f")

Convert = Callable[[Any], float | None]
"""A raw number to a value in the published unit; None where the device says that it has none."""


def shortest(four: bytes) -> float:
    """Return a float32 (4 bytes, big-endian) as the shortest decimal that round-trips."""
    wide: float = _FLOAT32.unpack(four)[0]
    if _FLOAT32.pack(short := float("%.7g" % wide)) == four:  # noqa: UP031  # the faster form
        return short
    if _FLOAT32.pack(short := float("%.8g" % wide)) == four:  # noqa: UP031
        return short
    return float(f"{wide:.9g}")


def code(what: ModbusChannel | Check) -> str:
    """Return how :mod:`struct` takes a raw number from its ordered bytes."""
    if what.type == "string":
        return f"{2 * what.place.count}s"
    found = _CODES[what.type]
    of_bits = isinstance(what, ModbusChannel) and what.bits is not None
    return found.upper() if of_bits else found


def _linear(channel: ModbusChannel) -> tuple[int, int, int]:
    """Return factor, summand and divisor of the way from raw to published, exactly."""
    scale, offset = Fraction(repr(channel.scale)), Fraction(repr(channel.offset))
    if channel.span is not None:
        (r0, r1), (v0, v1) = ([Fraction(repr(n)) for n in pair] for pair in channel.span)
        scale = (v1 - v0) / (r1 - r0)
        offset = v0 - r0 * scale
    assert channel.unit is not None
    unit = conversion(channel.raw_unit or channel.unit, channel.unit)
    scale, offset = scale * unit.factor, offset * unit.factor + unit.offset
    divisor = math.lcm(scale.denominator, offset.denominator)
    return int(scale * divisor), int(offset * divisor), divisor


def converter(channel: ModbusChannel) -> Convert:
    """Return a channel's way from a raw number to its value, worked out once.

    A whole raw number, and the decimal of a float, become the float that is nearest to the exact
    result. A NaN or an infinity stays one.
    """
    read, mean = reader(channel), _meaning(channel)
    invalid = frozenset(channel.invalid)
    if not invalid and read is None:
        return mean

    def convert(raw: Any) -> float | None:
        number = raw if read is None else read(raw)
        return None if number is None or number in invalid else mean(number)

    return convert


def reader(channel: ModbusChannel) -> Convert | None:
    """Return how a raw number becomes the one that the map speaks of; None where it is that."""
    if channel.type == "float32":
        return shortest
    if channel.type in ("bcd16", "bcd32"):
        return _bcd
    if channel.bits is not None:
        first, last = channel.bits
        mask = (1 << last - first + 1) - 1
        return lambda raw: raw >> first & mask
    return None


def _bcd(raw: int) -> int | None:
    digits = f"{raw:x}"
    return int(digits) if digits.isdecimal() else None


def _meaning(channel: ModbusChannel) -> Callable[[Any], float]:
    factor, summand, divisor = _linear(channel)
    if "float" not in channel.type:
        if factor == 1 and summand == 0:
            return lambda number: number / divisor
        return lambda number: (number * factor + summand) / divisor
    if factor == divisor and summand == 0:
        return lambda number: number

    def mean(number: float) -> float:
        if not math.isfinite(number):
            return number
        top, bottom = Decimal(repr(number)).as_integer_ratio()
        return (top * factor + summand * bottom) / (divisor * bottom)

    return mean


def judge(rule: Rule) -> Judge:
    """Return what a rule says to a number: of a register, a bit, or a channel's value."""
    says, bit = rules.judge(rule), rule.bit
    return says if bit is None else lambda number: says(int(number) >> bit & 1)


class Poll:
    """What one poll has given so far.

    Attributes:
        values: one a channel, in its published unit, and behind them the registers that qualify
            values of another table.
        reasons: by channel, why there is no value.
        flags: by channel, what its ``good_when`` found: a quality and why.
    """

    __slots__ = ("flags", "reasons", "values")

    def __init__(self, count: int) -> None:
        """Begin with nothing."""
        self.values: list[float | None] = [None] * count
        self.reasons: dict[int, str] = {}
        self.flags: dict[int, Flag] = {}

    def flag(self, index: int, flag: Flag) -> None:
        """Let a flag stand unless a worse one does."""
        if index not in self.flags or flag[0] > self.flags[index][0]:
            self.flags[index] = flag


class Part:
    """One block's way from the bytes of its answer into a poll."""

    def __init__(
        self,
        block: Block,
        converters: Sequence[Convert],
        places: Sequence[tuple[Extent, str, str]],
        beside: Sequence[tuple[int, Extent, Rule]],
    ) -> None:
        """Work out what the block's answer holds.

        Args:
            block: the request.
            converters: of the block's members, in their order.
            places: theirs.
            beside: registers of the block that qualify a member: whose, where, and the rule.
        """
        self.block = block
        self._converters = converters
        companions = [(where, "?" if block.bits else "H", "ABCD") for _, where, _ in beside]
        self._unpack = Unpacker(block, [*places, *companions])
        self._judges = [(index, judge(rule)) for index, _, rule in beside]

    def take(self, data: bytes, poll: Poll) -> None:
        """Put the values of an answer into a poll.

        Args:
            data: at least the block's ``payload`` bytes; what follows them is passed over.
            poll: gets values, reasons and flags.
        """
        raws = self._unpack(data)
        values = poll.values
        members = self.block.members
        for index, raw, convert in zip(members, raws, self._converters, strict=False):
            values[index] = value = convert(raw)
            if value is None:
                poll.reasons[index] = "invalid"
        for (index, judged), raw in zip(self._judges, raws[len(members) :], strict=True):
            poll.flag(index, judged(raw))

    def fail(self, reason: str, poll: Poll) -> None:
        """Put into a poll that this block got no answer."""
        poll.reasons |= dict.fromkeys(self.block.members, reason)


class Decoder:
    """A sensor's way from answers to columns: made once, used by every poll.

    One poll is ``poll = decoder.begin()``, then ``part.take(data, poll)`` or
    ``part.fail(reason, poll)`` for a part each of the blocks asked, then ``decoder.end(poll)``.

    Attributes:
        extents: what :func:`drivers.modbus.plan.plan` takes: what must be read in one request.
    """

    def __init__(
        self,
        channels: Mapping[str, ModbusChannel],
        companions: Mapping[str, ModbusChannel] | None = None,
    ) -> None:
        """Take the channels that are readings, in order, and those that only qualify them."""
        every = {**channels, **(companions or {})}
        self._readings = len(channels)
        self._channels = tuple(every.values())
        self._converters: list[Convert] = list(map(converter, self._channels))
        self.extents = [channel.extent for channel in self._channels]
        self._places = [(channel.place, code(channel), channel.order) for channel in self._channels]
        self._late: list[tuple[int, int, Judge]] = []
        names = list(every)
        for index, channel in enumerate(self._channels):
            for rule in channel.good_when:
                where = channel.companion(rule)
                if rule.channel is not None:
                    self._late.append((index, names.index(rule.channel), judge(rule)))
                elif where is not None and where.table != channel.table:
                    self._late.append((index, self._companion(where), judge(rule)))

    def _companion(self, where: Extent) -> int:
        """Return the number of a register of another table, which is read like a value."""
        count = len(self._channels)
        if where in self.extents[count:]:
            return self.extents.index(where, count)
        self.extents.append(where)
        self._converters.append(float)
        self._places.append((where, "H", "ABCD"))
        return len(self.extents) - 1

    def part(self, block: Block) -> Part:
        """Return a block's way into a poll."""
        beside = [
            (index, where, rule)
            for index in block.members
            if index < len(self._channels)
            for rule in self._channels[index].good_when
            if (where := self._channels[index].companion(rule)) is not None
            and where.table == block.table
        ]
        converters = [self._converters[index] for index in block.members]
        places = [self._places[index] for index in block.members]
        return Part(block, converters, places, beside)

    def begin(self) -> Poll:
        """Return a poll with nothing in it."""
        return Poll(len(self.extents))

    def end(self, poll: Poll) -> Poll:
        """Judge what could be judged only now, and leave the channels alone in the poll."""
        for index, source, judged in self._late:
            number = poll.values[source]
            if number is not None and math.isfinite(number):
                poll.flag(index, judged(number))
        count = self._readings
        if len(poll.values) > count:
            del poll.values[count:]
            poll.reasons = {i: why for i, why in poll.reasons.items() if i < count}
        if poll.flags:
            values = poll.values
            poll.flags = {
                i: f for i, f in poll.flags.items() if i < count and values[i] is not None
            }
        return poll
