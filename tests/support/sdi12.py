"""A simulated SDI-12 adapter, with simulated sensors on its line.

The sensors keep SDI-12 v1.3: a measurement with M is aborted by whatever else is said on the line
before its service request, one with C only by a command to the same sensor; values are given in
answers of at most 35 (M) or 75 (C) characters.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from drivers.sdi12.framing import crc


class FarEnd(Protocol):
    """Of a serial line, as :class:`tests.support.terminal.Terminal`."""

    def hear(self, told: Callable[[bytes], None]) -> None: ...

    def say(self, data: bytes) -> None: ...


Spoil = Callable[[str, bytes], bytes | None]
"""What becomes of the answer to a command on its way; None loses it."""


@dataclass
class Sensor:
    """A sensor; by command, what it measures and how many seconds it says that it takes."""

    address: str = "0"
    values: dict[str, list[str]] = field(default_factory=lambda: {"M": ["+3.14", "-2.5"]})
    seconds: dict[str, int] = field(default_factory=dict)
    early: float | None = None  # s after which it asks for service; None: it never does
    identity: str = "13ARYK    GAUGE 1.00001"
    pages: list[str] = field(default_factory=list)
    checked: bool = False
    measuring: asyncio.TimerHandle | None = None

    def measure(self, command: str) -> list[str]:
        """Return what a measurement gives."""
        return self.values.get(command, [])

    def abort(self) -> None:
        if self.measuring is not None:
            self.measuring.cancel()
            self.measuring = None
            self.pages = []


@dataclass
class Adapter:
    """The adapter, and what was said on its line."""

    line: FarEnd
    sensors: list[Sensor]
    echo: bool = False
    spoil: Spoil = lambda _, answer: answer
    commands: list[str] = field(default_factory=list)
    _heard: str = ""

    def serve(self) -> None:
        self.line.hear(self._hear)

    def _hear(self, data: bytes) -> None:
        if self.echo:
            self.line.say(data)
        self._heard += data.decode("ascii")
        while "!" in self._heard:
            command, _, self._heard = self._heard.partition("!")
            self.commands.append(command)
            self._command(command)

    def _command(self, command: str) -> None:
        for sensor in self.sensors:
            if sensor.measuring is not None:
                sensor.abort()  # an M is over as soon as anything else is said
        answer = "".join(
            self._answer(sensor, command[1:])
            for sensor in self.sensors
            if command[:1] in (sensor.address, "?")
        )
        spoilt = self.spoil(command, answer.encode("ascii")) if answer else None
        if spoilt:
            self.line.say(spoilt)

    def _answer(self, sensor: Sensor, rest: str) -> str:
        if not rest:
            return f"{sensor.address}\r\n"
        if rest == "I":
            return f"{sensor.address}{sensor.identity}\r\n"
        if match := re.fullmatch(r"A([0-9A-Za-z])", rest):
            sensor.address = match[1]
            return f"{sensor.address}\r\n"
        if match := re.fullmatch(r"D(\d)", rest):
            number = int(match[1])
            page = sensor.pages[number] if number < len(sensor.pages) else ""
            return self._values(sensor.address + page, checked=sensor.checked)
        if match := re.fullmatch(r"([MCR])(C?)(\d?)|V", rest):
            return self._measure(sensor, match[1] or "V", bool(match[2]), match[3] or "")
        return ""

    def _values(self, text: str, *, checked: bool) -> str:
        return text + (crc(text.encode("ascii")).decode("ascii") if checked else "") + "\r\n"

    def _measure(self, sensor: Sensor, letter: str, checked: bool, number: str) -> str:
        command = letter + number
        values = sensor.measure(command)
        sensor.checked = checked
        if letter == "R":
            return self._values(sensor.address + "".join(values), checked=checked)
        sensor.pages = pages(values, 75 if letter == "C" else 35)
        seconds = sensor.seconds.get(command, 0)
        if letter != "C" and seconds:
            self._wait_for_service(sensor, seconds)
        count = f"{len(values):02d}" if letter == "C" else str(len(values))
        return f"{sensor.address}{seconds:03d}{count}\r\n"

    def _wait_for_service(self, sensor: Sensor, seconds: int) -> None:
        early = sensor.early

        def done() -> None:
            sensor.measuring = None
            if early is not None:
                self.line.say(f"{sensor.address}\r\n".encode("ascii"))

        loop = asyncio.get_running_loop()
        sensor.measuring = loop.call_later(seconds if early is None else early, done)


def pages(values: list[str], longest: int) -> list[str]:
    """Return values in answers of so many characters at most."""
    made = [""]
    for value in values:
        if len(made[-1]) + len(value) > longest:
            made.append("")
        made[-1] += value
    return made
