import asyncio
import os
import tty
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from drivers.base import DeviceError
from drivers.bus import Bus, Peer, SerialBus
from drivers.modbus.framing import RtuExchange, crc
from drivers.modbus.pdu import read

PEER = Peer("address 1")


def answer(register: int) -> bytes:
    """Give an answer whose register holds its own address."""
    frame = b"\x01\x03\x02" + register.to_bytes(2)
    return frame + crc(frame)


def ask(register: int) -> RtuExchange:
    return RtuExchange(1, read("holding", register, 1))


class Device:
    """A misbehaving device at the far end of a pseudo-terminal."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.path = os.ttyname(self.slave)
        self.asked = 0

    def serve(self, behave: Callable[[int], None]) -> None:
        def readable() -> None:
            self.asked += 1
            behave(int.from_bytes(os.read(self.master, 256)[2:4]))

        asyncio.get_running_loop().add_reader(self.master, readable)

    def say(self, data: bytes) -> None:
        os.write(self.master, data)

    def pull(self) -> None:
        asyncio.get_running_loop().remove_reader(self.master)
        os.close(self.master)


@pytest.fixture
def device() -> Iterator[Device]:
    device = Device()
    yield device
    for fd in (device.master, device.slave):
        with suppress(OSError):
            os.close(fd)


def bus(path: str, timeout: str = "200 ms") -> Bus:
    return Bus("b", SerialBus.model_validate({"device": path, "timeout": timeout}))


@pytest.mark.parametrize("noise", [b"\x00", b"\xff\xff", b"\x01\x03", b"\x01\x03\x02"])
async def test_b2_noise_around_an_answer_does_not_cost_the_reading(
    device: Device, noise: bytes
) -> None:
    device.serve(lambda register: device.say(noise + answer(register) + noise))
    line = bus(device.path)
    assert await line.exchange(ask(7), PEER) == b"\x03\x02\x00\x07"
    await line.close()


async def test_2_a_late_answer_is_never_given_to_the_next_request(device: Device) -> None:
    def behave(register: int) -> None:
        delay = 0.3 if device.asked == 1 else 0.0
        asyncio.get_running_loop().call_later(delay, device.say, answer(register))

    device.serve(behave)
    line = bus(device.path)
    with pytest.raises(DeviceError) as caught:
        await line.exchange(ask(1), PEER)
    assert caught.value.reason == "timeout"
    assert await line.exchange(ask(2), PEER) == b"\x03\x02\x00\x02"
    await line.close()


async def test_3_a_cancelled_caller_leaves_nothing_for_the_next(device: Device) -> None:
    def behave(register: int) -> None:
        asyncio.get_running_loop().call_later(0.1, device.say, answer(register))

    device.serve(behave)
    line = bus(device.path)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(line.exchange(ask(1), PEER), 0.05)
    assert await line.exchange(ask(2), PEER) == b"\x03\x02\x00\x02"
    await line.close()


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (answer(1)[:-1] + b"\x00\x00", "crc"),
        (answer(1)[:-2], "short"),
        (b"\x02" + answer(1)[1:], "garbled"),
    ],
)
async def test_a_wrong_answer_is_no_value(device: Device, reply: bytes, reason: str) -> None:
    device.serve(lambda _: device.say(reply))
    line = bus(device.path)
    with pytest.raises(DeviceError) as caught:
        await line.exchange(ask(1), PEER)
    assert caught.value.reason == reason
    await line.close()


async def test_a_pulled_adapter_fails_the_exchange_at_once(device: Device) -> None:
    device.serve(lambda _: device.pull())
    line = bus(device.path, "10 s")
    async with asyncio.timeout(2):
        with pytest.raises(DeviceError) as caught:
            await line.exchange(ask(1), PEER)
    assert caught.value.reason == "no-port"
    await line.close()


async def test_a_missing_port_is_opened_when_it_appears(device: Device, tmp_path: Path) -> None:
    device.serve(lambda register: device.say(answer(register)))
    path = tmp_path / "port"
    line = bus(str(path))
    with pytest.raises(DeviceError, match="isn't there"):
        await line.exchange(ask(1), PEER)
    path.symlink_to(device.path)
    async with asyncio.timeout(3):
        while True:
            with suppress(DeviceError):
                assert await line.exchange(ask(1), PEER) == b"\x03\x02\x00\x01"
                break
            await asyncio.sleep(0.1)
    await line.close()
