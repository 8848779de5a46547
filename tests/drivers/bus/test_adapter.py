"""Faults 30 to 40: the life of a serial adapter. A pseudo-terminal; closing it pulls the plug."""

import asyncio
import errno
import os
import subprocess
import sys
import termios
import threading
import tty
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import serial
from structlog.testing import capture_logs

from drivers.base import DeviceError
from drivers.bus import Bus, SerialBus, serial_link
from drivers.modbus.device import Device
from tests.support.waiting import until
from tests.support.wire import Slave


class Adapter:
    """A pseudo-terminal under a by-id name, with a device on its line; it can be pulled."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "usb-FTDI-if00-port0"
        self.slave = Slave(1)
        self.plug()

    def plug(self) -> None:
        self.master, self.end = os.openpty()
        tty.setraw(self.end)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self.end))
        asyncio.get_running_loop().add_reader(self.master, self._hear)

    def _hear(self) -> None:
        os.write(self.master, self.slave.answer(os.read(self.master, 256)))

    def pull(self) -> None:
        asyncio.get_running_loop().remove_reader(self.master)
        self.path.unlink()
        for fd in (self.master, self.end):
            os.close(fd)


@pytest.fixture
async def adapter(tmp_path: Path) -> Iterator[Adapter]:  # type: ignore[misc]
    adapter = Adapter(tmp_path)
    yield adapter
    with suppress(OSError):
        adapter.pull()


def wire(path: Path, **keys: object) -> tuple[Bus, Device]:
    table = {"device": str(path), "timeout": "200 ms", "late": "50 ms", **keys}
    bus = Bus("rs485", SerialBus.model_validate(table))
    return bus, Device(bus, 1)


async def read(device: Device) -> bytes:
    return await device.read("holding", 6, 2)


async def reason(device: Device) -> str:
    with pytest.raises(DeviceError) as caught:
        await read(device)
    return str(caught.value)


async def answers(device: Device, within: float = 8.0) -> None:
    async with asyncio.timeout(within):
        while True:
            with suppress(DeviceError):
                await read(device)
                return
            await asyncio.sleep(0.05)


async def test_30_a_pulled_adapter_is_noticed_at_once_while_nobody_asks(adapter: Adapter) -> None:
    bus, device = wire(adapter.path)
    await read(device)
    with capture_logs() as lines:
        adapter.pull()
        await until(lambda: bool(lines), 1.0)
    assert (lines[0]["event"], lines[0]["reason"]) == ("bus lost", "no-port")
    await bus.close()


async def test_31_it_is_found_again_under_its_by_id_name_on_another_port(adapter: Adapter) -> None:
    bus, device = wire(adapter.path)
    await read(device)
    before = adapter.path.readlink()
    spare = os.openpty()  # takes the old port's number
    adapter.pull()
    assert "isn't there: plug the adapter in" in await reason(device)
    held = os.openpty()
    adapter.plug()
    with capture_logs() as lines:
        await answers(device)
    assert adapter.path.readlink() != before
    assert [line["event"] for line in lines] == ["bus back"]
    await bus.close()
    for fd in (*spare, *held):
        os.close(fd)


async def test_32_an_adapter_that_is_absent_at_first_is_opened_when_it_comes(
    adapter: Adapter,
) -> None:
    adapter.pull()
    bus, device = wire(adapter.path)
    with capture_logs() as lines:
        for _ in range(5):
            assert "isn't there" in await reason(device)
        adapter.plug()
        await answers(device)
    assert [line["event"] for line in lines] == ["bus lost", "bus back"]
    await bus.close()


async def test_34_a_port_that_may_not_be_opened_has_the_fix_in_its_sentence(
    adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object, **__: object) -> serial.Serial:
        raise serial.SerialException(errno.EACCES, "could not open port: Permission denied")

    monkeypatch.setattr(serial, "Serial", forbidden)
    bus, device = wire(adapter.path)
    assert "add the user to the group dialout" in await reason(device)
    await bus.close()


async def test_35_a_port_in_use_names_the_program_that_has_it(adapter: Adapter) -> None:
    script = (
        "import serial, sys\n"
        f"port = serial.Serial({str(adapter.path)!r}, exclusive=True)\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen(  # noqa: ASYNC220 - it is there before anything is awaited
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        bus, device = wire(adapter.path)
        sentence = await reason(device)
        assert f"(process {other.pid}): stop that program" in sentence
        other.communicate()
    await answers(device)
    await bus.close()


async def test_36_a_port_that_hangs_while_it_is_opened_or_closed_stops_nobody(
    adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, opened = threading.Event(), serial_link._open

    def slow(config: SerialBus) -> serial.Serial:
        hangs.wait(20)
        return opened(config)

    monkeypatch.setattr(serial_link, "_open", slow)
    monkeypatch.setattr(serial_link, "_PATIENCE", 0.2)
    bus, device = wire(adapter.path)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.01)

    living = asyncio.create_task(others())
    assert "hangs: unplug the adapter" in await reason(device)
    assert turns >= 10
    hangs.set()
    await answers(device)
    living.cancel()
    await asyncio.wait({living})
    await bus.close()


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOTTY, "Inappropriate ioctl for device"),
        OSError(errno.EIO, "Input/output error"),
        OSError(errno.ENXIO, "No such device or address"),
        termios.error(errno.EIO, "Input/output error"),
        termios.error(errno.ENOTTY, "Inappropriate ioctl for device"),
        ValueError("not a valid baudrate"),
    ],
    ids=repr,
)
async def test_38_whatever_the_operating_system_says_is_a_device_error(
    adapter: Adapter, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: object, **__: object) -> serial.Serial:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(serial, "Serial", fails)
        bus, device = wire(adapter.path)
        assert str(adapter.path) in await reason(device)
    await answers(device)
    await bus.close()


async def test_38_a_path_that_is_no_serial_port_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a port")
    for path in (file, tmp_path, Path("/dev/null")):
        bus, device = wire(path)
        assert await reason(device) == f"The port {path} isn't a serial port: correct the name."
        await bus.close()


async def test_39_pulling_and_plugging_over_and_over_leaks_nothing(adapter: Adapter) -> None:
    bus, device = wire(adapter.path)

    async def cycle() -> None:
        adapter.pull()
        adapter.plug()
        bus._opener._retry_at = 0.0
        await answers(device)

    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    await read(device)
    await cycle()
    before = open_files(), threading.active_count()
    for _ in range(100):
        await cycle()
    await until(lambda: (open_files(), threading.active_count()) <= before)
    await bus.close()


async def test_40_noise_of_a_wrong_speed_says_what_to_check(adapter: Adapter) -> None:
    adapter.slave.answer = lambda _: os.urandom(16)  # type: ignore[method-assign]
    bus, device = wire(adapter.path, parity="even")
    sentence = await reason(device)
    assert "check 9600 baud, even parity" in sentence
    await bus.close()


async def test_an_rs485_driver_that_cannot_switch_the_direction_is_a_sentence(
    adapter: Adapter,
) -> None:
    bus, device = wire(adapter.path, rs485=True)
    assert "leave rs485 out" in await reason(device)
    await bus.close()


async def test_36_a_port_that_hangs_while_it_is_closed_does_not_keep_the_agent_from_ending(
    adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, closed = threading.Event(), serial_link._close
    before = threading.active_count()

    def slow(port: serial.Serial) -> None:
        hangs.wait(20)
        closed(port)

    monkeypatch.setattr(serial_link, "_close", slow)
    bus, device = wire(adapter.path)
    await read(device)
    async with asyncio.timeout(5):
        await bus.close()
    hangs.set()
    await until(lambda: threading.active_count() <= before)
