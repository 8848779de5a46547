"""In which order a line is searched: the likely first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from drivers.bus import Parity, SerialBus, TcpBus

Address = int | str
"""Of a device: 1 to 247, or a letter or digit where SDI-12 is spoken."""

Wire = SerialBus | TcpBus
"""A wire with its settings: of a port that is searched there are as many as there are settings."""

SPEEDS: Final = (9600, 19200, 38400, 115200, 4800, 57600, 2400, 1200)
"""Baud rates, the most usual first: the defaults of level and flow sensors, then the rest."""
PARITIES: Final[tuple[Parity, ...]] = ("none", "even", "odd")
FIRST: Final = range(1, 11)
"""Addresses that people give. Of SDI-12 it is the one that means anybody."""

LATE: Final = 0.02
"""Seconds of silence after a try. A later answer carries its address, so it isn't taken for
another device's; it is heard, and its device is asked again with more patience."""
SETTLE: Final = 0.3
"""Seconds in which late answers are heard before the settings change."""
_OPENING: Final = 0.1
"""Seconds that closing and opening a port takes, about."""

_RARE: Final = {"none": 0.0, "even": 0.5, "odd": 10.0}
"""By how many baud rates a parity is rarer: even is about as usual as none, odd hardly occurs."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Addresses that are asked one after another without touching the port."""

    line: Wire
    addresses: tuple[Address, ...]


def settings(line: SerialBus, speeds: Sequence[int], parities: Sequence[Parity]) -> list[Wire]:
    """Return a port with each of these speeds and parities, the usual first."""
    pairs = sorted(
        product(speeds, parities),
        key=lambda pair: (_rank(pair[0]) + _RARE[pair[1]], _RARE[pair[1]]),
    )
    return [_set(line, speed, parity) for speed, parity in pairs]


def _set(line: SerialBus, speed: int, parity: Parity) -> Wire:
    changed: dict[str, object] = {"baudrate": speed, "parity": parity}
    if line.framing == "ascii" and parity != "none":
        changed["data_bits"] = 7  # as Modbus over serial line V1.02, section 2.5.2, has it
    return line.model_copy(update=changed)


def _rank(speed: int) -> int:
    return SPEEDS.index(speed) if speed in SPEEDS else len(SPEEDS)


def written(line: Wire) -> str:
    """Return a line's settings as people write them: ``9600 8E1``, or host and port."""
    if isinstance(line, TcpBus):
        return line.endpoint
    return f"{line.baudrate} {line.data_bits}{line.parity[0].upper()}{line.stop_bits}"


class Search:
    """What is still to be asked.

    Attributes:
        left: tries that are still to come.
    """

    def __init__(self, wishes: Iterable[tuple[Wire, Iterable[Address]]]) -> None:
        """Take what is to be asked, in order; what is wished twice is asked once."""
        self._stretches: list[Stretch] = []
        seen: set[tuple[Wire, Address]] = set()
        for line, addresses in wishes:
            new = [each for each in dict.fromkeys(addresses) if (line, each) not in seen]
            seen.update((line, address) for address in new)
            self._add(line, new)

    @property
    def left(self) -> int:
        """Tries that are still to come."""
        return sum(len(stretch.addresses) for stretch in self._stretches)

    def lines(self) -> list[Wire]:
        """Return the settings that are still to come."""
        return list(dict.fromkeys(stretch.line for stretch in self._stretches))

    def next(self) -> Stretch | None:
        """Take out the stretch that comes next."""
        return self._stretches.pop(0) if self._stretches else None

    def put_back(self, stretch: Stretch) -> None:
        """Have what is left of a stretch come next."""
        if stretch.addresses:
            self._stretches.insert(0, stretch)

    def drop(self, line: Wire) -> None:
        """Ask nobody else at these settings."""
        self._stretches = [each for each in self._stretches if each.line != line]

    def found(self, line: Wire, address: Address) -> None:
        """Take note of a device.

        Where one is, the others are: the rest of its line comes next. The address itself comes
        last at other settings: hardly anybody has two devices of one address, but it happens.
        """
        here = [each for each in self._stretches if each.line == line]
        elsewhere = [each for each in self._stretches if each.line != line]
        self._stretches = here
        for each in elsewhere:
            self._add(each.line, [a for a in each.addresses if a != address])
        for each in elsewhere:
            self._add(each.line, [a for a in each.addresses if a == address])

    def seconds(self, timeout: float) -> float:
        """Return how long it takes if nobody answers, s."""
        return sum(
            len(stretch.addresses) * cost(stretch.line, timeout) + SETTLE + _OPENING
            for stretch in self._stretches
        )

    def _add(self, line: Wire, addresses: Sequence[Address]) -> None:
        if addresses:
            self._stretches.append(Stretch(line, tuple(addresses)))


def cost(line: Wire, timeout: float) -> float:
    """Return how long a try takes that nobody answers, s: eight bytes, seven that don't come."""
    return timeout + LATE + line.wire_time(8, 7)


def plan(
    line: Wire,
    *,
    addresses: Sequence[Address],
    speeds: Sequence[int] = (),
    parities: Sequence[Parity] = (),
    own: Iterable[Address] | None = None,
    factory: Sequence[tuple[int, Parity, int]] = (),
) -> Search:
    """Return what to ask on a wire, in order.

    Args:
        line: the wire.
        addresses: that are wanted.
        speeds: the same, on a serial line; all if left out.
        parities: the same.
        own: addresses that a configuration has on this line; None where it is in none, so that
            nobody has said what its settings are.
        factory: speed, parity and address with which devices leave the factory.
    """
    wanted = dict.fromkeys(addresses)
    lines: list[Wire] = [line]
    if isinstance(line, SerialBus):
        lines = settings(line, speeds or SPEEDS, parities or _parities(line))
        if own is not None and not speeds and not parities:
            lines = [line, *(each for each in lines if each != line)]
    usual = [address for _, _, address in factory]
    wishes: list[tuple[Wire, Iterable[Address]]] = []
    if own is not None:
        wishes.append((lines[0], [*own, *usual, *FIRST]))
    for each in lines:
        fits = [a for s, p, a in factory if isinstance(each, TcpBus) or _is(each, s, p)]
        wishes.append((each, fits))
    first = FIRST if line.framing != "sdi12" else addresses[:1]
    wishes += [(each, first) for each in lines]
    wishes += [(each, addresses) for each in lines]
    return Search((each, [a for a in some if a in wanted]) for each, some in wishes)


def _parities(line: SerialBus) -> Sequence[Parity]:
    """Return the parities that are tried; between computer and SDI-12 adapter there is none."""
    return PARITIES if line.framing != "sdi12" else ("none",)


def _is(line: SerialBus, speed: int, parity: Parity) -> bool:
    return (line.baudrate, line.parity) == (speed, parity)
