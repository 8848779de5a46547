"""B4 and B5: what a dead or slow device costs its neighbours; through the sensors' own loops."""

import asyncio
from collections.abc import Iterable
from itertools import pairwise

import pytest

from agent.acquire import Poller, Schedule, layout_of
from agent.board import Board
from agent.record import Round
from drivers.bus import Bus, SerialBus
from drivers.modbus import ModbusConfig, ModbusDriver
from tests.support import virtual
from tests.support.clock import LoopClock
from tests.support.wire import Line, Slave, config

CHANNEL = {"stage": {"register": 0, "type": "uint16", "unit": "m"}}


class Village:
    """Devices on one line, each polled once a second by a loop of its own."""

    def __init__(
        self, addresses: Iterable[int], *, every: str = "1 s", baudrate: int = 9600
    ) -> None:
        self.line = Line(self._hear)
        table = config(timeout="300 ms", late="300 ms", baudrate=baudrate)
        self.bus = Bus("rs485", SerialBus.model_validate(table), self.line)
        self.slaves = {address: Slave(address) for address in addresses}
        self.delay = dict.fromkeys(self.slaves, 0.02)
        self.dead: set[int] = set()
        self.every = every
        self.rounds: dict[int, list[Round]] = {address: [] for address in self.slaves}
        self.board = Board({str(address): layout_of(str(address), ()) for address in self.slaves})

    def _hear(self, request: bytes) -> None:
        if request[0] not in self.dead:
            self.line.say(self.slaves[request[0]].answer(request), self.delay[request[0]])

    async def live(self, *spells: tuple[float, set[int]]) -> None:
        """Poll for spells of so many s, in each of which some are dead."""
        pollers = [asyncio.create_task(self._poller(address).run()) for address in self.slaves]
        for seconds, self.dead in spells:
            await asyncio.sleep(seconds)
        for poller in pollers:
            poller.cancel()
        await asyncio.wait(pollers)
        await self.bus.close()

    def _poller(self, address: int) -> Poller:
        table = {"driver": "modbus", "every": self.every, "bus": "rs485", "address": address}
        config = ModbusConfig.model_validate({**table, "channel": CHANNEL})
        return Poller(
            layout_of(str(address), config.channel_list()),
            ModbusDriver(config, self.bus),
            Schedule(config.every, LoopClock()),
            sink=self.rounds[address].append,
            board=self.board,
            clock=LoopClock(),
        )

    def answered(self, address: int) -> int:
        return sum(not each.reasons for each in self.rounds[address])


@pytest.mark.parametrize("dead", [1, 9], ids=["1 dead of 10", "9 dead of 10"])
def test_24_b4_the_living_are_asked_as_if_there_were_no_dead(dead: int) -> None:
    village = Village(range(1, 11))
    virtual.run(village.live((300.0, set(range(1, dead + 1)))))
    for address in range(dead + 1, 11):
        health = village.board.health[str(address)]
        assert health.state == "ok"
        assert village.answered(address) >= health.asked - 1, (
            "each poll, but the last, was answered"
        )
        assert health.asked >= 295, "hardly one was too late"
    assert all(village.board.health[str(address)].state == "lost" for address in range(1, dead + 1))
    assert all(village.board.health[str(address)].rested > 200 for address in range(1, dead + 1))


def test_1_a_dead_device_comes_back_by_itself_within_half_a_minute() -> None:
    village = Village((1, 2))
    virtual.run(village.live((20.0, set()), (600.0, {1}), (31.0, set()), (100.0, set())))
    times = [each.time for each in village.rounds[1] if not each.reasons]
    gaps = [(b - a) / 1000 for a, b in pairwise(times)]
    assert max(gaps) <= 632
    assert gaps[-90:] == pytest.approx([1.0] * 90, abs=0.1)


def test_23_b5_a_slow_device_makes_nobody_late_and_its_late_polls_are_skipped_and_counted() -> None:
    village = Village((1, 2, 3), every="500 ms", baudrate=115200)
    village.delay[1] = 0.29
    virtual.run(village.live((60.0, set())))
    for address in (2, 3):
        assert village.board.health[str(address)].skipped == 0
        assert village.answered(address) >= 118
    village = Village((1, 2), every="200 ms", baudrate=115200)
    village.delay[1] = 0.29
    virtual.run(village.live((60.0, set())))
    health = village.board.health["1"]
    assert health.skipped > 60
    assert health.asked + health.skipped == pytest.approx(300, abs=3)


def test_24_a_line_of_247_devices_is_polled_round_after_round() -> None:
    village = Village(range(1, 248), every="60 s", baudrate=19200)
    virtual.run(village.live((301.0, {7})))
    assert {village.answered(address) for address in village.slaves if address != 7} == {5}


def test_several_wires_run_side_by_side() -> None:
    async def both() -> tuple[Village, Village]:
        slow, quick = Village((1, 2, 3)), Village((1,), every="100 ms", baudrate=115200)
        await asyncio.gather(slow.live((60.0, {1, 2, 3})), quick.live((60.0, set())))
        return slow, quick

    _, quick = virtual.run(both())
    assert quick.answered(1) >= 595
    assert quick.board.health["1"].skipped == 0
