"""What a person should know of a search, a sentence each."""

from collections.abc import Iterator
from typing import Final

from agent.commission.scan import Scan
from agent.commission.search import Wire, written
from drivers.bus import SerialBus

_NAMED: Final = 3  # addresses that are named; more say that it isn't about one of them


def hints(work: Scan, where: Wire) -> Iterator[str]:
    """Yield what is odd, and what to do.

    Args:
        work: the search, ended.
        where: the wire that was searched.
    """
    if work.ended:
        yield work.ended
    else:
        yield from _others(work, where)
    yield from _devices(work)
    yield from _damaged(work)
    if not (work.found or work.ended):
        yield (
            f"Nobody answered at {work.tried} tries. Is it on, and are A and B not swapped? "
            "Look up its speed, parity and address, or try --framing or a longer --timeout."
        )
    if work.unfit:
        yield f"The adapter can't do {', '.join(map(written, work.unfit))}: not searched."
    if work.search.left and not work.ended:
        yield f"{work.search.left} tries were left; --within gives it more time."


def _others(work: Scan, where: Wire) -> Iterator[str]:
    """Yield who else has the port open, where something is odd."""
    if isinstance(where, SerialBus) and (work.damaged or work.noise or not work.found):
        from drivers.bus.serial_link import holders  # noqa: PLC0415  a gateway needs no pyserial

        if who := holders(where.device):
            yield f"{where.device} is open in {who}, too, which may take answers away: stop that."


def _devices(work: Scan) -> Iterator[str]:
    for each in work.found:
        for hint in each.hit.hints:
            yield f"Address {each.hit.address} at {written(each.line)}: {hint}"
        if each.also:
            others = ", ".join(map(written, each.also))
            yield f"Address {each.hit.address} answers at {others}, too."


def _damaged(work: Scan) -> Iterator[str]:
    damaged: dict[tuple[Wire, str], list[str]] = {}
    for (line, address), how in work.damaged.items():
        damaged.setdefault((line, how), []).append(str(address))
    for (line, how), addresses in damaged.items():
        who = ", ".join(addresses[:_NAMED])
        if len(addresses) > _NAMED:
            who += f" and {len(addresses) - _NAMED} more"
        yield (
            f"Only damaged answers ({how}) at {written(line)} from address {who}: look for two "
            "devices of one address, swapped or loose wires, a missing termination."
        )
    found = {each.line for each in work.found}
    told = found | {line for line, _ in work.damaged}
    for line, count in work.noise.items():
        if line not in told:
            yield (
                f"{count} bytes at {written(line)} belong to no answer: something speaks there at "
                "another speed or parity, or by itself."
            )
