"""Which registers are read together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

LIMITS: Final = {"holding": 125, "input": 125, "coil": 2000, "discrete": 2000}
"""Of one request (Modbus Application Protocol V1.1b3, sections 6.1 to 6.4)."""


@dataclass(frozen=True, slots=True)
class Block:
    """One request: a table, its first register, how many, and which values lie in it."""

    table: str
    start: int
    count: int
    members: tuple[int, ...]

    @property
    def bits(self) -> bool:
        """Whether it reads bits."""
        return self.table in ("coil", "discrete")

    @property
    def payload(self) -> int:
        """Bytes of values in the answer."""
        return (self.count + 7) // 8 if self.bits else 2 * self.count

    def __str__(self) -> str:
        last = self.start + self.count - 1
        return f"{self.table} {self.start}" + (f" to {last}" if self.count > 1 else "")


def plan(places: Sequence[tuple[str, int, int]]) -> tuple[Block, ...]:
    """Merge adjacent and overlapping values of a table; none is split.

    Args:
        places: table, first register and size of each value.
    """
    blocks: list[Block] = []
    for index in sorted(range(len(places)), key=lambda i: places[i]):
        table, start, size = places[index]
        last = blocks[-1] if blocks else None
        if last is not None and last.table == table and start <= last.start + last.count:
            count = max(last.count, start + size - last.start)
            if count <= LIMITS[table]:
                blocks[-1] = Block(table, last.start, count, (*last.members, index))
                continue
        blocks.append(Block(table, start, size, (index,)))
    return tuple(blocks)
