"""What is asked before the first poll: what the device is, and whether it is set as it must be."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog

from drivers.base import DeviceError
from drivers.modbus.channel import Check, ModbusChannel
from drivers.modbus.config import ModbusConfig
from drivers.modbus.plan import Block, Extent
from drivers.modbus.raw import Unpacker
from drivers.modbus.values import Poll, code, reader

Ask = Callable[[Block], Awaitable[bytes]]
"""Asks for a block; raises a DeviceError where there is no answer."""

_log: Final = structlog.get_logger()


class Start:
    """The facts of one device and the checks of its settings.

    What was wrong is asked again before the next poll, so that a device that is set right comes
    back by itself.

    Attributes:
        facts: what the device said of itself, by channel, as text.
    """

    def __init__(self, config: ModbusConfig) -> None:
        """Take what a configuration wants to know; nothing is asked."""
        self.facts: dict[str, str] = {}
        self._config = config
        self._channels = list(config.readings.items())
        self._facts = list(config.facts.items())
        self._checks = list(config.check.items())
        facts = [(each.place, code(each), each.order) for _, each in self._facts]
        checks = [
            (each.place, code(each), "ABCD" if each.order == "any" else each.order)
            for _, each in self._checks
        ]
        self._places = facts + checks
        self._open = set(range(len(self._places)))
        self._wrong: dict[int, str] = {}

    async def settle(self, ask: Ask) -> None:
        """Ask for what isn't known yet, or was wrong.

        What the device refuses is left open for good: it answers polls all the same.

        Raises:
            DeviceError: it doesn't answer.
        """
        if not self._open:
            return
        asked = sorted(self._open)
        extents: list[Extent] = [self._places[number][0] for number in asked]
        found: dict[int, Any] = {}
        for block in self._config.plan(extents):
            await self._read(ask, block, asked, found)
        for number, (name, channel) in enumerate(self._facts):
            if number in found:
                self.facts[name] = _text(channel, found[number])
        self._judge(found)

    async def _read(self, ask: Ask, block: Block, asked: list[int], found: dict[int, Any]) -> None:
        try:
            data = await ask(block)
        except DeviceError as error:
            if not error.reason.startswith("exception"):
                raise
            for part in block.split():
                await self._read(ask, part, asked, found)
            return
        numbers = [asked[member] for member in block.members]
        raws = Unpacker(block, [self._places[number] for number in numbers])(data)
        found.update(zip(numbers, raws, strict=True))

    def _judge(self, found: dict[int, Any]) -> None:
        before, self._wrong, self._open = self._wrong, {}, set()
        for number, (name, check) in enumerate(self._checks, len(self._facts)):
            if number not in found:
                continue
            for index, sentence in self._mistakes(check, found[number]):
                self._open.add(number)
                if index not in before and index not in self._wrong:
                    _log.warning(
                        "device set otherwise",
                        bus=self._config.bus,
                        address=self._config.address,
                        channel=self._channels[index][0],
                        why=sentence,
                    )
                self._wrong.setdefault(index, name)

    def _mistakes(self, check: Check, found: int) -> list[tuple[int, str]]:
        return [
            (index, sentence)
            for index, (name, channel) in enumerate(self._channels)
            if (not check.channels or name in check.channels)
            and (sentence := check.mistake(found, channel)) is not None
        ]

    def forget(self) -> None:
        """Ask for everything again: who answers next may be another device."""
        self._open = set(range(len(self._places)))

    def apply(self, poll: Poll) -> None:
        """Take the values away that the device's settings make wrong."""
        for index, name in self._wrong.items():
            if poll.values[index] is not None:
                poll.values[index] = None
                poll.reasons[index] = name
                poll.flags.pop(index, None)


def _text(channel: ModbusChannel, raw: Any) -> str:
    """Return a fact as text: a string up to its first NUL, or a number."""
    if channel.length is None:
        read = reader(channel)
        return str(raw if read is None else read(raw))
    letters = bytes(raw[: channel.length]).partition(b"\0")[0].decode(errors="replace")
    return "".join(letter for letter in letters if letter.isprintable()).strip()
