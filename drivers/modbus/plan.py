"""Which registers are read together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

# What a request of its own costs on a serial line: 8 bytes out, 5 around the values of its answer,
# two silences of 3.5 characters (Modbus over serial line V1.02, section 2.5.1.1), and the device's
# turn-around. Nobody states that, so the time of 10 characters is reckoned, little beside the 50 ms
# that a VEGAPULS takes (58343-EN, p. 50). These 30 characters are 15 registers of 2: a hole up to
# there is cheaper read along than left out. A faster line or a TCP gateway, where bytes cost next
# to nothing, would gain by larger holes, but a device is likelier to refuse them.
HOLE: Final = 15
"""Registers that cost as much as a request."""

MOST: Final = 125
"""Registers of one request (Modbus Application Protocol V1.1b3, sections 6.3 and 6.4)."""

_MOST_BITS: Final = 2000  # the same, sections 6.1 and 6.2
BITS: Final = frozenset({"coil", "discrete"})


def limit(table: str, most: int = MOST) -> int:
    """Return how many registers or bits of a table one request reads at most."""
    return min(_MOST_BITS, 16 * most) if table in BITS else most


@dataclass(frozen=True, slots=True, order=True)
class Extent:
    """What is read in one request or not at all: a value with all that qualifies it."""

    table: str
    start: int
    count: int

    @property
    def end(self) -> int:
        """The first register or bit behind it."""
        return self.start + self.count


@dataclass(frozen=True, slots=True)
class Block:
    """One request: a table, its first register, how many, and which values lie in it.

    Attributes:
        table: holding, input, coil or discrete.
        start: the first register or bit.
        count: how many.
        members: the values, by their numbers in the plan.
        extents: theirs, in the order of ``members``.
    """

    table: str
    start: int
    count: int
    members: tuple[int, ...]
    extents: tuple[Extent, ...] = field(repr=False)

    @property
    def bits(self) -> bool:
        """Whether it reads bits."""
        return self.table in BITS

    @property
    def payload(self) -> int:
        """Bytes of values in the answer."""
        return (self.count + 7) // 8 if self.bits else 2 * self.count

    def split(self) -> "tuple[Block, ...]":
        """Return smaller blocks of the same values, for a device that refuses this one.

        They are the runs between the holes; where there is no hole, a block a value. A block of
        one value (or of several in the very same registers) can't be split: nothing is returned.
        """
        pairs = list(zip(self.members, self.extents, strict=True))
        runs = list(_runs(pairs))
        if len(runs) == 1:
            runs = [list(group) for _, group in groupby(pairs, key=lambda pair: pair[1])]
        return tuple(map(_block, runs)) if len(runs) > 1 else ()

    def __str__(self) -> str:
        last = self.start + self.count - 1
        return f"{self.table} {self.start}" + (f" to {last}" if self.count > 1 else "")


_Pairs = Sequence[tuple[int, Extent]]


def _block(pairs: _Pairs) -> Block:
    members, extents = zip(*pairs, strict=True)
    start = extents[0].start
    return Block(
        extents[0].table, start, max(each.end for each in extents) - start, members, extents
    )


def _runs(pairs: _Pairs) -> Iterator[_Pairs]:
    first, end = 0, pairs[0][1].end
    for number, (_, extent) in enumerate(pairs):
        if extent.start > end:
            yield pairs[first:number]
            first = number
        end = max(end, extent.end)
    yield pairs[first:]


def plan(extents: Sequence[Extent], most: int = MOST, hole: int = HOLE) -> tuple[Block, ...]:
    """Return the cheapest requests that read all extents, none of them split.

    No other choice of requests costs less, reckoned as registers read plus ``hole`` a request; of
    equally cheap ones it is that with the fewest requests. So no hole is larger than ``hole``, but
    within an extent.

    Args:
        extents: what is to be read; the index of each becomes its number in ``members``.
        most: registers of one request; an extent that is larger stands alone.
        hole: registers that cost as much as a request; with 0 only neighbours are merged.
    """
    # Two requests never gain by swapping extents, so each takes a run of them in order of start:
    # best[n] is the cost of the first n, its requests, and where the last of these begins.
    ordered = sorted(enumerate(extents), key=lambda pair: pair[1])
    best: list[tuple[int, int, int]] = [(0, 0, 0)]
    for number in range(1, len(ordered) + 1):
        table = ordered[number - 1][1].table
        fixed = 16 * hole if table in BITS else hole
        end = 0
        choices: list[tuple[int, int, int]] = []
        for first in range(number - 1, -1, -1):
            extent = ordered[first][1]
            end = max(end, extent.end)
            count = end - extent.start
            if choices and (extent.table != table or count > limit(table, most)):
                break
            cost, requests, _ = best[first]
            choices.append((cost + fixed + count, requests + 1, first))
        best.append(min(choices))
    blocks: list[Block] = []
    number = len(ordered)
    while number:
        first = best[number][2]
        blocks.append(_block(ordered[first:number]))
        number = first
    return tuple(reversed(blocks))
