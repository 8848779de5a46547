"""Finding the devices on a line. Nothing is ever written to one."""

import asyncio
import errno
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from agent.commission.dialects import Dialect
from agent.commission.identify import Who
from agent.commission.search import LATE, Address, Search, Stretch, Wire, cost
from agent.commission.sweep import Hit, Sweep
from drivers.base import DeviceError
from drivers.bus import Bus

_PATIENCE: Final = 0.5
"""Seconds that a device has to say who it is, once it is known to be there and in time."""
_LONG_PATIENCE: Final = 1.5
"""The same for a device whose first answer was late."""
_HEEDLESS: Final = "It answers at every address, so it is the only device here."


@dataclass(slots=True)
class Found:
    """A device.

    Attributes:
        line: the settings at which it answers.
        hit: its address, and what it answered.
        who: what is known of it.
        seconds: that its slowest answer took.
        also: other settings at which the same device answers.
    """

    line: Wire
    hit: Hit
    who: Who
    seconds: float
    also: list[Wire] = field(default_factory=list)


class _Stopwatch:
    """How long the slowest answer took, from the request to its last byte; a bus's tap."""

    def __init__(self) -> None:
        self.slowest = 0.0
        self._asked = 0.0

    def __call__(self, direction: Literal[">", "<"], data: bytes) -> None:
        now = asyncio.get_running_loop().time()
        if direction == ">":
            self._asked = now
        elif data:
            self.slowest = max(self.slowest, now - self._asked)


class Scan:
    """One search of one line.

    Attributes:
        search: what is still to be asked.
        found: the devices, in the order in which they were found.
        damaged: at which settings and address only damaged answers came, and of what kind.
        unfit: settings that the adapter can't do.
        noise: by settings, bytes that are part of no answer.
        now: the settings that are tried at the moment.
        ended: why it ended before its time, for people; empty where it didn't.
    """

    def __init__(
        self,
        search: Search,
        dialect: Dialect,
        *,
        open: Callable[[Wire], Bus] = lambda line: Bus("scan", line),
    ) -> None:
        """Make it; nothing is opened.

        Args:
            search: what is asked, in which order.
            dialect: what the devices speak.
            open: makes the bus of a line with its settings.
        """
        self.search = search
        self.found: list[Found] = []
        self.damaged: dict[tuple[Wire, Address], str] = {}
        self.unfit: list[Wire] = []
        self.noise: Counter[Wire] = Counter()
        self.now: Wire | None = None
        self.ended = ""
        self._dialect = dialect
        self._open = open
        self._deadline = 0.0
        self._stopped = False
        self._tried = 0
        self._heeding: set[Wire] = set()  # lines whose devices look at the address
        self._stretch: Stretch | None = None
        self._asked: Sequence[Address] = ()  # of this stretch

    def stop(self) -> None:
        """End after what is on the wire; what was found stays."""
        self._stopped = True

    @property
    def tried(self) -> int:
        """Addresses asked so far, at each setting for itself."""
        return self._tried + len(self._asked)

    def seconds_left(self) -> float:
        """Return how long it still takes if nobody else answers, s."""
        seconds = self.search.seconds(self._dialect.timeout)
        if self._stretch is not None:
            waiting = len(self._stretch.addresses) - len(self._asked)
            seconds += waiting * cost(self._stretch.line, self._dialect.timeout)
        rest = self._deadline - asyncio.get_running_loop().time()
        return max(0.0, min(rest, seconds))

    async def run(self, within: float) -> None:
        """Search for at most so many seconds, and a little for whoever has just been found."""
        self._deadline = asyncio.get_running_loop().time() + within
        try:
            while not self._over() and (stretch := self.search.next()):
                await self._dare(stretch)
        except DeviceError as error:
            self.ended = str(error)

    def _over(self) -> bool:
        return self._stopped or asyncio.get_running_loop().time() >= self._deadline

    async def _dare(self, stretch: Stretch) -> None:
        """Search at settings that the adapter may not be able to do."""
        try:
            await self._sweep(stretch)
        except DeviceError as error:
            if not _is_unfit(error):
                raise
            self.unfit.append(stretch.line)
            self.search.drop(stretch.line)

    async def _sweep(self, stretch: Stretch) -> None:
        """Ask addresses until one answers; what is left of the stretch comes next."""
        self.now, self._stretch = stretch.line, stretch
        line = stretch.line
        async with self._bus(line, self._dialect.timeout, LATE) as bus:
            sweep = Sweep(bus, self._dialect)
            self._asked = sweep.asked
            try:
                hits = await sweep.run(stretch.addresses, self._over)
            finally:
                self._tried, self._stretch, self._asked = self.tried, None, ()
        self.damaged |= {(line, address): how for address, how in sweep.damaged.items()}
        if sweep.noise:
            self.noise[line] += sweep.noise
        self.search.put_back(Stretch(line, stretch.addresses[len(sweep.asked) :]))
        if hits and line not in self._heeding:
            if await self._is_heedless(line):
                self.search.drop(line)
                await self._meet(line, replace(hits[0], hints=(*hits[0].hints, _HEEDLESS)))
                return
            self._heeding.add(line)
        for hit in hits:
            self.search.found(line, hit.address)
            await self._meet(line, hit)

    async def _is_heedless(self, line: Wire) -> bool:
        """Return whether whoever answers doesn't look at the address."""
        async with self._bus(line, self._dialect.timeout, LATE) as bus:
            for address in self._dialect.nobody:
                if not await Sweep(bus, self._dialect).run([address], self._over):
                    return False
        return bool(self._dialect.nobody)

    async def _meet(self, line: Wire, hit: Hit) -> None:
        """Ask a device who it is, and add it to those that were found."""
        patience = max(_LONG_PATIENCE if hit.late else _PATIENCE, self._dialect.timeout)
        async with self._bus(line, patience, patience / 2) as bus:
            bus.tap = watch = _Stopwatch()
            who = await self._dialect.introduce(bus, hit.address)
        for known in self.found:
            same = known.hit.address == hit.address and known.who.same(who)
            if same and known.line.endpoint == line.endpoint:
                if known.line != line:
                    known.also.append(line)
                break
        else:
            self.found.append(Found(line, hit, who, watch.slowest))

    @asynccontextmanager
    async def _bus(self, line: Wire, patience: float, late: float) -> AsyncIterator[Bus]:
        bus = self._open(line.model_copy(update={"timeout": patience, "late": late}))
        try:
            yield bus
        finally:
            await bus.close()


def _is_unfit(error: DeviceError) -> bool:
    """Return whether a port is there, but can't be set so."""
    cause = error.__cause__
    number = getattr(cause, "errno", None) or (cause.args[0] if cause and cause.args else None)
    return isinstance(cause, ValueError) or number == errno.EINVAL
