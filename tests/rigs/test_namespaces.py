"""The two hosts and their cable do what they say, and leave nothing behind."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.mosquitto import Mosquitto
from tests.support.namespaces import Cable, Host, cable, needs_namespaces
from tests.support.operator import subscription
from tests.support.processes import process
from tests.support.waiting import until

pytestmark = [pytest.mark.root, needs_namespaces]

# Prints the number and the time of each datagram that comes.
RECEIVER = """
import socket, sys, time
listening = socket.socket(type=socket.SOCK_DGRAM)
listening.setsockopt(socket.SOL_SOCKET, 33, 1 << 22)  # SO_RCVBUFFORCE: it loses nothing itself
listening.bind((sys.argv[1], 5000))
print("ready", flush=True)
while True:
    print(int.from_bytes(listening.recv(2048)[:4], "big"), time.monotonic(), flush=True)
"""
SENDER = """
import socket, sys
sending = socket.socket(type=socket.SOCK_DGRAM)
address, (first, last, size) = sys.argv[1], map(int, sys.argv[2:])
for number in range(first, last + 1):
    sending.sendto(number.to_bytes(4, "big") + bytes(size - 4), (address, 5000))
"""


class Datagrams:
    """What arrives at one host of what the other sends."""

    def __init__(self, path: Path, source: Host, target: Host) -> None:
        self._path, self._source, self._target = path, source, target

    async def send(self, first: int, last: int, size: int = 100) -> None:
        numbers = map(str, (first, last, size))
        await self._source.run(sys.executable, "-c", SENDER, self._target.address, *numbers)

    def received(self) -> dict[int, float]:
        lines = self._path.read_text().splitlines(keepends=True)[1:]
        pairs = (line.split() for line in lines if line.endswith("\n"))
        return {int(number): float(when) for number, when in pairs}

    async def all_through(self, first: int, last: int) -> None:
        """Send, and wait until all of it has come."""
        await self.send(first, last)
        await until(lambda: {*range(first, last + 1)} <= self.received().keys())


@asynccontextmanager
async def datagrams(folder: Path, source: Host, target: Host) -> AsyncIterator[Datagrams]:
    path = folder / target.address
    with path.open("wb") as out:
        command = (*target.inside, sys.executable, "-c", RECEIVER, target.address)
        async with process(*command, stdout=out):
            await until(lambda: b"ready" in path.read_bytes())
            yield Datagrams(path, source, target)


@asynccontextmanager
async def upstream(folder: Path) -> AsyncIterator[tuple[Cable, Datagrams]]:
    async with cable() as line, datagrams(folder, line.station, line.centre) as sent:
        yield line, sent


async def test_a_good_cable_carries_everything_both_ways(tmp_path: Path) -> None:
    async with (
        cable() as line,
        datagrams(tmp_path, line.station, line.centre) as up,
        datagrams(tmp_path, line.centre, line.station) as down,
    ):
        await up.all_through(1, 50)
        await down.all_through(1, 50)


async def test_a_bad_cable_loses_about_the_share_that_it_is_told(tmp_path: Path) -> None:
    async with upstream(tmp_path) as (line, sent):
        await line.lose(30)
        await sent.send(1, 500)
        await line.mend()
        await sent.all_through(501, 501)
        assert 280 < len(sent.received()) - 1 < 420, "7 standard deviations from 350"


async def test_a_cut_cable_carries_nothing_until_it_is_mended(tmp_path: Path) -> None:
    async with upstream(tmp_path) as (line, sent):
        await sent.all_through(1, 1)
        await line.cut()
        await sent.send(2, 20)
        await line.mend()
        await sent.all_through(21, 21)
        assert sent.received().keys() == {1, 21}


async def test_a_slow_cable_carries_no_more_than_its_rate(tmp_path: Path) -> None:
    async with upstream(tmp_path) as (line, sent):
        await line.slow(10_000)
        await sent.send(1, 15, size=1000)
        await until(lambda: len(sent.received()) == 15, 15)
        times = sent.received()
        # A datagram of 1,000 bytes is a frame of 1,042; one frame may go at once.
        assert times[15] - times[1] >= 13 * 1042 / 10_000
        await line.mend()
        await sent.all_through(16, 20)


async def test_faults_may_be_laid_one_on_the_other_and_are_mended_together(tmp_path: Path) -> None:
    async with upstream(tmp_path) as (line, sent):
        await line.slow(100_000)
        await line.lose(99)
        await line.lose(50)
        await line.slow(200_000)
        await line.mend()
        await line.mend()
        await sent.all_through(1, 50)


async def test_a_broker_in_there_is_heard_without_the_network(tmp_path: Path) -> None:
    async with cable() as line:
        place = {"address": line.centre.address, "inside": line.centre.inside, "port": 1883}
        async with Mosquitto(tmp_path, **place) as broker, subscription(broker.socket) as heard:
            assert broker.url == "mqtt://192.0.2.2:1883"
            client = (
                "import paho.mqtt.publish as p; "
                f"p.single('aryk/chu-01/status', b'{{}}', qos=1, hostname='{line.centre.address}')"
            )
            await line.station.run(sys.executable, "-c", client)
            await line.cut()
            await until(lambda: len(heard.messages) == 1)
            await broker.kill()
            await broker.start()
            await until(lambda: heard.subscriptions == 2)


def interfaces() -> set[str]:
    """Return the machine's own."""
    return {each.name for each in Path("/sys/class/net").iterdir()}


def gone(*hosts: Host) -> bool:
    """Say whether the hosts' namespaces are."""
    return not any(Path(host.inside[1].removeprefix("--net=")).exists() for host in hosts)


async def test_nothing_is_left_behind_whatever_happens_inside() -> None:
    before, made = interfaces(), []

    async def failing() -> None:
        async with cable() as line:
            made.extend((line.station, line.centre))
            assert interfaces() == before, "nothing is made in the machine's own namespace"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await failing()
    assert len(made) == 2
    assert gone(*made)
    assert interfaces() == before


async def test_nothing_is_left_behind_when_the_test_itself_is_killed() -> None:
    program = (
        "import asyncio\n"
        "from tests.support.namespaces import cable\n"
        "async def main():\n"
        "    async with cable() as line:\n"
        "        print(line.station.inside[1], line.centre.inside[1], flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    reading, writing = os.pipe()
    async with process(sys.executable, "-c", program, stdout=writing) as running:
        os.close(writing)
        with os.fdopen(reading) as said:
            made = [Host("", ("nsenter", each)) for each in said.readline().split()]
        assert len(made) == 2
        assert not gone(*made)
        running.kill()
        await running.wait()
    await until(lambda: gone(*made))
