"""The bad line does what it says."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.fakebroker import PUBACK, FakeBroker, read_packet
from tests.support.proxy import Proxy, doubled, lost, shuffled, untouched
from tests.support.waiting import until

CONNECT = bytes.fromhex("10 0d 0004 4d515454 04 02 003c 0001 61")  # MQTT 3.1.1, client id "a"


def publish(number: int, payload: bytes = b"x") -> bytes:
    body = b"\x00\x01t" + number.to_bytes(2) + payload
    assert len(body) < 128
    return bytes((0x32, len(body))) + body


@asynccontextmanager
async def line() -> AsyncIterator[tuple[Proxy, FakeBroker]]:
    async with FakeBroker() as broker, Proxy(broker.port) as proxy:
        yield proxy, broker


class Client:
    """A client that has connected through a proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.acknowledged: list[int] = []

    def send(self, *numbers: int) -> None:
        self.writer.write(b"".join(map(publish, numbers)))

    async def hear(self, count: int) -> None:
        """Read so many acknowledgements."""
        async with asyncio.timeout(5):
            for _ in range(count):
                head, body = await read_packet(self.reader)
                assert head >> 4 == PUBACK
                self.acknowledged.append(int.from_bytes(body[:2]))


@asynccontextmanager
async def client(proxy: Proxy) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(CONNECT)
    async with asyncio.timeout(5):
        await read_packet(reader)
    yield Client(reader, writer)
    writer.close()


NUMBERS = range(1, 51)


async def test_a_good_line_changes_nothing() -> None:
    async with line() as (proxy, broker), client(proxy) as sender:
        sender.send(*NUMBERS)
        await sender.hear(50)
        assert sender.acknowledged == [each.packet_id for each in broker.published] == [*NUMBERS]
        assert proxy.accepted == 1


async def test_acknowledgements_are_lost_and_messages_are_not() -> None:
    async with line() as (proxy, broker), client(proxy) as sender:
        proxy.acknowledgements = lost(0.5, random.Random(1))
        sender.send(*NUMBERS)
        await until(lambda: len(broker.published) == 50)
        proxy.acknowledgements = untouched
        sender.send(51)
        while not sender.acknowledged or sender.acknowledged[-1] != 51:
            await sender.hear(1)
        assert 10 < len(sender.acknowledged) < 40


async def test_acknowledgements_come_twice() -> None:
    async with line() as (proxy, _), client(proxy) as sender:
        proxy.acknowledgements = doubled
        sender.send(1, 2)
        await sender.hear(4)
        assert sender.acknowledged == [1, 1, 2, 2]


async def test_acknowledgements_overtake_each_other() -> None:
    async with line() as (proxy, _), client(proxy) as sender:
        proxy.acknowledgements = shuffled(0.1, random.Random(1))
        sender.send(*NUMBERS)
        await sender.hear(50)
        assert sender.acknowledged != [*NUMBERS]
        assert sorted(sender.acknowledged) == [*NUMBERS]


async def test_everything_takes_the_delay_each_way_but_is_not_held_up_by_it() -> None:
    async with line() as (proxy, _), client(proxy) as sender:
        proxy.delay = 0.2
        began = asyncio.get_running_loop().time()
        for number in NUMBERS:
            sender.send(number)
            await asyncio.sleep(0)
        await sender.hear(50)
        took = asyncio.get_running_loop().time() - began
        assert 0.4 <= took < 0.4 * 50 / 2, "once, not for each"


async def test_a_slow_line_carries_no_more_than_its_rate() -> None:
    async with line() as (proxy, broker), client(proxy) as sender:
        proxy.rate = 5000.0
        began = asyncio.get_running_loop().time()
        sender.writer.write(b"".join(publish(number, bytes(93)) for number in NUMBERS))
        await until(lambda: len(broker.published) == 50, 15)
        assert asyncio.get_running_loop().time() - began >= 50 * 100 / 5000


async def test_a_half_open_line_loses_everything_and_tells_nobody() -> None:
    async with line() as (proxy, broker), client(proxy) as sender:
        sender.send(1)
        await sender.hear(1)
        proxy.swallowing = True
        sender.send(2, 3)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await read_packet(sender.reader)
        assert [each.packet_id for each in broker.published] == [1]
        assert len(broker.connections) == 1, "the broker doesn't know either"


async def test_a_cut_ends_both_sides() -> None:
    async with line() as (proxy, broker), client(proxy) as sender:
        proxy.cut()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(read_packet(sender.reader), 5)
        await until(lambda: not broker.connections)
        async with client(proxy) as again:
            again.send(9)
            await again.hear(1)


async def test_who_is_refused_does_not_reach_the_broker() -> None:
    async with line() as (proxy, broker):
        proxy.refusing = True
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            async with client(proxy):
                pass
        assert not broker.connects


async def test_what_a_side_said_last_still_arrives() -> None:
    async with line() as (proxy, broker):
        async with client(proxy) as sender:
            proxy.delay = 0.1
            sender.send(1)
            sender.writer.write(bytes((14 << 4, 0)))
        await until(lambda: broker.farewells == 1)
        assert len(broker.published) == 1
