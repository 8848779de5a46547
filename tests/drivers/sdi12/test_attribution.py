"""B1 on an SDI-12 line: a value belongs to the measurement that asked for it, whatever happens.

Each value holds its sensor, its command, the number of its measurement, and its position.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.base import DeviceError
from drivers.bus import Bus, SerialBus
from drivers.sdi12 import Sdi12Config, Sdi12Driver
from tests.support import virtual
from tests.support.sdi12 import Adapter, Sensor
from tests.support.wire import Line, config

TIMEOUT, LATE = 0.3, 0.4
READS = 40
COMMANDS = {"1": ("M", "M1"), "2": ("C", "R0"), "3": ("R0", "R1")}
CODES = {"M": 1, "M1": 2, "C": 3, "R0": 4, "R1": 5}
POSITIONS = 9
FAULTS = (
    "none", "none", "late", "lost", "doubled", "garbled", "foreign", "cut", "noise", "split"
)  # fmt: skip


@dataclass
class Counting(Sensor):
    """A sensor whose every measurement has a number."""

    numbers: Counter[str] = field(default_factory=Counter)

    def measure(self, command: str) -> list[str]:
        self.numbers[command] += 1
        head = f"+{self.address}{CODES[command]}{self.numbers[command]:04d}"
        return [f"{head}.{position}" for position in range(1, POSITIONS + 1)]


@dataclass
class FarEnd:
    """Of a line in memory; each answer suffers the next fault."""

    line: Line
    dice: random.Random
    bus: Bus | None = None
    met: Counter[str] = field(default_factory=Counter)

    def hear(self, told: Callable[[bytes], None]) -> None:
        self.line.hear = told

    def say(self, data: bytes) -> None:
        self.line.say(data)

    def spoil(self, command: str, answer: bytes) -> None:
        """Have an answer suffer a fault on its way."""
        dice, say = self.dice, self.line.say
        assert self.bus is not None
        fault = dice.choice(FAULTS)
        self.met[fault] += 1
        start = command[1] in "MC"
        wire = self.bus.config.wire_time(len(command) + 1, 7 if start else 81)
        delay = dice.uniform(0.01, TIMEOUT)
        at = dice.randrange(1, len(answer))
        if fault == "late":
            end = TIMEOUT + wire
            say(answer, dice.uniform(end + 0.05, end + LATE - 0.01))
        elif fault == "doubled":
            say(answer, delay)
            say(answer, delay + dice.uniform(0.0, 0.04))
        elif fault == "split":
            say(answer[:at], delay / 2)
            say(answer[at:], delay)
        elif fault != "lost":
            flipped = bytes([answer[at] ^ dice.randint(1, 0x7F)])
            spoilt = {
                "garbled": answer[:at] + flipped + answer[at + 1 :],
                "foreign": dice.choice(b"123x").to_bytes() + answer[1:],
                "cut": answer[:at],
                "noise": b"\x00\xff" + answer + b"\xff\x00",
            }.get(fault, answer)
            own = fault == "foreign" and spoilt == answer
            say(b"" if own else spoilt, delay)


class Trial:
    """Three sensors on one line, each read by a caller of its own who is sometimes cancelled."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        line = Line()
        self.far = FarEnd(line, self.dice)
        seconds = {"M": 2, "M1": 1, "C": 2}
        self.sensors = {each: Counting(each, seconds=seconds) for each in COMMANDS}
        Adapter(self.far, list(self.sensors.values()), spoil=self.far.spoil).serve()
        table = config(framing="sdi12", timeout="300 ms", late="400 ms")
        self.bus = self.far.bus = Bus("sdi", SerialBus.model_validate(table), line)
        self.outcomes: Counter[str] = Counter()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for address in COMMANDS:
                group.create_task(self.caller(address))
        await self.bus.close()

    async def caller(self, address: str) -> None:
        sensor, channels = self.sensors[address], {}
        for command in COMMANDS[address]:
            for at in range(1, POSITIONS + 1):
                name = f"c{CODES[command]}_{at}"
                channels[name] = {"command": command, "position": at, "unit": "m"}
        keys = {"driver": "sdi12", "every": "1 min", "bus": "sdi", "crc": True}
        table = Sdi12Config.model_validate({**keys, "address": address, "channel": channels})
        driver = Sdi12Driver(table, self.bus)
        for _ in range(READS):
            sensor.early = self.dice.choice((None, 0.1, 0.7))
            before = Counter(sensor.numbers)
            cancelled = self.dice.uniform(0, 4) if self.dice.random() < 0.15 else None
            try:
                async with asyncio.timeout(cancelled):
                    sample = await driver.read()
            except DeviceError as error:
                self.outcomes[error.reason] += 1
            except TimeoutError:
                self.outcomes["cancelled"] += 1
            else:
                self.judge(sensor, channels, sample.values, before)
            await asyncio.sleep(self.dice.choice((0.0, 0.3, 2.0)))

    def judge(
        self,
        sensor: Counting,
        channels: dict[str, dict[str, object]],
        values: object,
        before: Counter[str],
    ) -> None:
        numbers: dict[str, set[int]] = {}
        for channel, value in zip(channels.values(), values, strict=True):
            if value is None:
                self.outcomes["no value"] += 1
                continue
            self.outcomes["value"] += 1
            command = str(channel["command"])
            digits = f"{value:.1f}"
            assert digits[0] == sensor.address, "another sensor's value"
            assert digits[1] == str(CODES[command]), "another command's value"
            assert digits[-1] == str(channel["position"]), "another position's value"
            numbers.setdefault(command, set()).add(int(digits[2:-2]))
        for command, found in numbers.items():
            assert len(found) == 1, "values of two measurements"
            assert before[command] < found.pop() <= sensor.numbers[command], "an older value"


def shaken(seed: int) -> Trial:
    async def main() -> Trial:
        trial = Trial(seed)
        await trial.run()
        return trial

    return virtual.run(main())


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(0, 2**32))
def test_b1_not_one_value_goes_to_another_measurement(seed: int) -> None:
    assert shaken(seed).outcomes["value"] > 100


def test_the_trial_meets_every_fault_and_every_outcome() -> None:
    trials = [shaken(seed) for seed in range(3)]
    assert set().union(*(trial.far.met for trial in trials)) == set(FAULTS)
    ends = set().union(*(trial.outcomes for trial in trials))
    assert ends >= {"value", "no value", "timeout", "cancelled", "crc", "short"}
