"""Exchanges without a request: for devices that speak by themselves."""

import asyncio
from collections.abc import Iterator

import pytest

from drivers.base import DeviceError
from drivers.bus import Bus, Exchange, Peer, SerialBus
from tests.support.terminal import Terminal
from tests.support.waiting import until

PEER = Peer("the sensor")


class Hear(Exchange[bytes]):
    """Waits for bytes that end in a full stop."""

    fresh = True

    def __init__(self, otherwise: bytes | None = None) -> None:
        self.otherwise = otherwise
        self.begun = asyncio.Event()

    def begin(self) -> None:
        self.begun.set()

    def feed(self, buffer: bytearray) -> bytes | None:
        return bytes(buffer) if buffer.endswith(b".") else None

    def over(self, buffer: bytearray) -> bytes | None:
        return self.otherwise

    def why(self, buffer: bytearray) -> str:
        return "short" if buffer else "timeout"


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with Terminal() as terminal:
        yield terminal


def bus(terminal: Terminal, **keys: object) -> Bus:
    table = {"device": terminal.path, "framing": "line", "timeout": "150 ms", **keys}
    return Bus("b", SerialBus.model_validate(table))


async def test_who_listens_hears_what_comes_from_then_on(terminal: Terminal) -> None:
    line = bus(terminal, timeout="5 s")
    exchange = Hear()
    heard = asyncio.create_task(line.exchange(exchange, PEER))
    await exchange.begun.wait()
    terminal.say(b"now.")
    assert await heard == b"now."
    await line.close()


async def test_what_waited_in_the_port_is_thrown_away(terminal: Terminal) -> None:
    line = bus(terminal)
    with pytest.raises(DeviceError):
        await line.exchange(Hear(), PEER)
    terminal.say(b"old.")  # and the loop has no time to read it before the next exchange
    with pytest.raises(DeviceError) as caught:
        await line.exchange(Hear(), PEER)
    assert caught.value.reason == "timeout"
    await line.close()


async def test_waiting_in_vain_may_be_an_answer(terminal: Terminal) -> None:
    line = bus(terminal)
    assert await line.exchange(Hear(otherwise=b"nothing"), PEER) == b"nothing"
    await line.close()


async def test_listening_needs_no_silence_before_it(terminal: Terminal) -> None:
    line = bus(terminal, pause="30 s", timeout="5 s")
    for words in (b"one.", b"two."):
        exchange = Hear()
        heard = asyncio.create_task(line.exchange(exchange, PEER))
        await exchange.begun.wait()
        terminal.say(words)
        assert await heard == words
    await line.close()


async def test_a_device_that_speaks_by_itself_is_no_second_master(terminal: Terminal) -> None:
    line = bus(terminal)
    told: list[tuple[str, bytes]] = []
    line.tap = lambda direction, data: told.append((direction, data))
    with pytest.raises(DeviceError):
        await line.exchange(Hear(), PEER)
    terminal.say(b"chatter.")
    await until(lambda: len(told) == 2)
    assert told == [(">", b""), ("<", b"chatter.")]
    assert line.counts.foreign == 0
    await line.close()
