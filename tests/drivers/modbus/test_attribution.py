"""B1: a value belongs to the request that asked for it, whatever the wire does.

The devices' registers hold their own address and the number of the request they answer.
"""

import asyncio
import random
import struct
from collections import Counter

from hypothesis import example, given, settings
from hypothesis import strategies as st

from drivers.base import DeviceError
from drivers.bus import Bus, SerialBus
from drivers.modbus.device import Device
from tests.support import virtual
from tests.support.wire import FAULTS, Line, Misbehaving, Slave, config

TIMEOUT, LATE = 0.3, 0.4
READS = 60  # of each of three devices, 30 trials, two kinds: more than 10,000 exchanges


class Trial:
    """Three devices on one line, each read by a caller of its own who is sometimes cancelled."""

    def __init__(self, seed: int, *, wider: bool) -> None:
        self.dice = random.Random(seed)
        self.line = Line()
        latest = 4 * (TIMEOUT + LATE) if wider else TIMEOUT + LATE
        self.slaves = {address: Slave(address) for address in (1, 2, 3)}
        self.fate = Misbehaving(
            self.line, self.slaves, self.dice, TIMEOUT, latest, there=0x10000 if wider else 40
        )
        self.line.hear = self.fate.hear
        table = SerialBus.model_validate(config(timeout="300 ms", late="400 ms"))
        self.bus = Bus("b", table, self.line)
        self.outcomes: Counter[str] = Counter()

    async def run(self, reads: int) -> None:
        async with asyncio.TaskGroup() as group:
            for address in self.slaves:
                group.create_task(self.caller(address, reads))
        await self.bus.close()

    async def caller(self, address: int, reads: int) -> None:
        device = Device(self.bus, address)
        for _ in range(reads):
            start, count = self.dice.choice(((0, 2), (10, 2), (20, 4), (38, 2), (30, 4)))
            before = self.slaves[address].numbers
            cancelled = self.dice.uniform(0, TIMEOUT) if self.dice.random() < 0.1 else None
            try:
                async with asyncio.timeout(cancelled):
                    data = await device.read("holding", start, count)
            except DeviceError as error:
                self.outcomes[error.reason] += 1
            except TimeoutError:
                self.outcomes["cancelled"] += 1
            else:
                self.outcomes["value"] += 1
                self.judge(address, start, data, before)
            await asyncio.sleep(self.dice.choice((0.0, 0.01, 0.5)))

    def judge(self, address: int, start: int, data: bytes, before: int) -> None:
        told = struct.unpack(f">{len(data) // 2}H", data)
        for register, word in enumerate(told, start):
            if register % 2:
                assert before < word <= self.slaves[address].numbers, "an older answer"
            else:
                assert word == register, "another register's answer"


def shaken(seed: int, *, wider: bool) -> Trial:
    async def main() -> Trial:
        trial = Trial(seed, wider=wider)
        await trial.run(READS)
        return trial

    return virtual.run(main())


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(0, 2**32))
@example(189172)  # all shapes are taken, three by what may be late and one by what may come twice
def test_b1_not_one_value_goes_to_another_request(seed: int) -> None:
    trial = shaken(seed, wider=True)
    assert trial.outcomes["value"] > 30


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(0, 2**32))
@example(3577454782)
def test_b1_nor_where_the_device_gives_no_register_more_than_it_has(seed: int) -> None:
    trial = shaken(seed, wider=False)
    assert trial.outcomes["value"] > 30


def test_the_trial_meets_every_fault_and_every_outcome() -> None:
    trials = [shaken(seed, wider=True) for seed in range(5)]
    met = sum((Counter(trial.fate.faults) for trial in trials), Counter[str]())
    assert set(met) == set(FAULTS)
    ends = sum((trial.outcomes for trial in trials), Counter[str]())
    assert {"value", "timeout", "cancelled", "crc", "short", "exception-4"} <= set(ends)
