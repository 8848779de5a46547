"""Faults 26 to 28: TCP gateways that answer oddly, late or not at all. Real sockets."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from drivers.base import DeviceError
from drivers.bus import Bus, TcpBus
from drivers.modbus.device import Device
from tests.support.wire import rtu, words

Reply = Callable[["Gateway", asyncio.StreamWriter, bytes], None]


class Gateway:
    """Answers each request as a test says; counts connections and requests."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.connections = self.requests = 0
        self.port = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        while request := await reader.read(64):
            self.requests += 1
            self.reply(self, writer, request)
        writer.close()

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def gateway(reply: Reply, framing: str = "tcp") -> AsyncIterator[tuple[Gateway, Device]]:
    far = Gateway(reply)
    server = await asyncio.start_server(far.serve, "127.0.0.1", 0)
    far.port = server.sockets[0].getsockname()[1]
    keys = {"host": "127.0.0.1", "port": far.port, "framing": framing, "timeout": "150 ms"}
    bus = Bus("weir", TcpBus.model_validate(keys))
    try:
        yield far, Device(bus, 1)
    finally:
        await bus.close()
        server.close()
        far.hang_up()
        await server.wait_closed()
        await asyncio.sleep(0)


def frame(request: bytes, number: int | None = None, start: int | None = None) -> bytes:
    """Return the right answer; with another transaction number, or for another register."""
    asked, first, count = (*struct.unpack(">H", request[:2]), *struct.unpack(">HH", request[8:12]))
    data = words(first if start is None else start, count, 1)
    head = struct.pack(">HHHB", asked if number is None else number, 0, len(data) + 3, request[6])
    return head + request[7:8] + bytes([len(data)]) + data


async def read(device: Device, start: int = 20) -> bytes:
    return await device.read("holding", start, 2)


@pytest.mark.parametrize("number", [0, 0xFFFF])
async def test_26_an_answer_with_another_transaction_number_is_no_answer_and_the_line_is_renewed(
    number: int,
) -> None:
    async with gateway(lambda _, out, request: out.write(frame(request, number))) as (far, device):
        with pytest.raises(DeviceError) as caught:
            await read(device)
        assert caught.value.reason == "timeout"
        far.reply = lambda _, out, request: out.write(frame(request))
        assert await read(device) == words(20, 2, 1)
        assert far.connections == 2


async def test_26_merged_and_split_frames_are_told_apart() -> None:
    def merged(_: Gateway, out: asyncio.StreamWriter, request: bytes) -> None:
        whole = frame(request, 0, start=40) + frame(request)
        out.write(whole[:9])
        asyncio.get_running_loop().call_later(0.02, out.write, whole[9:])

    async with gateway(merged) as (far, device):
        assert await read(device) == words(20, 2, 1)
        assert await read(device, 22) == words(22, 2, 1)
        assert far.connections == 1


@pytest.mark.parametrize("spoil", [6, 7, 8], ids=["device", "function", "length"])
async def test_26_an_answer_of_another_device_function_or_length_is_refused(spoil: int) -> None:
    def wrong(_: Gateway, out: asyncio.StreamWriter, request: bytes) -> None:
        answer = bytearray(frame(request))
        answer[spoil] ^= 2
        out.write(answer)

    async with gateway(wrong) as (_, device):
        with pytest.raises(DeviceError, match="No answer"):
            await read(device)


async def test_27_a_gateway_that_accepts_but_never_answers_is_closed_and_opened_anew() -> None:
    async with gateway(lambda *_: None) as (far, device):
        for _ in range(3):
            with pytest.raises(DeviceError):
                await read(device)
        assert (far.connections, far.requests) == (3, 3)


async def test_28_a_gateway_that_hangs_up_in_mid_answer_fails_at_once() -> None:
    def cut(far: Gateway, out: asyncio.StreamWriter, request: bytes) -> None:
        out.write(frame(request)[:7])
        far.hang_up()

    async with gateway(cut) as (_, device):
        device._bus.config.__dict__["timeout"] = 30.0
        async with asyncio.timeout(5):
            with pytest.raises(DeviceError) as caught:
                await read(device)
        assert caught.value.reason == "no-connection"


async def test_a_gateway_that_closes_idle_connections_costs_no_reading() -> None:
    async with gateway(lambda _, out, request: out.write(frame(request))) as (far, device):
        for number in range(3):
            assert await read(device, number) == words(number, 2, 1)
            far.hang_up()
            await asyncio.sleep(0.05)
        assert far.connections == 3


async def test_rtu_over_tcp_speaks_as_on_the_line_and_is_silent_after_a_failure() -> None:
    def speak(_: Gateway, out: asyncio.StreamWriter, request: bytes) -> None:
        start, count = struct.unpack(">HH", request[2:6])
        out.write(rtu(1, 3, 2 * count, words(start, count, 1)))

    async with gateway(speak, "rtu") as (far, device):
        assert await read(device) == words(20, 2, 1)
        far.reply = lambda *_: None
        with pytest.raises(DeviceError):
            await read(device)
        far.reply = speak
        failed = asyncio.get_running_loop().time()
        assert await read(device) == words(20, 2, 1)
        assert asyncio.get_running_loop().time() - failed >= 0.15
