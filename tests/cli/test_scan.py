"""``aryk scan`` as a technician types it: real processes, pseudo-terminals, TCP."""

import asyncio
import json
import re
import signal
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial
from modbus_tk import defines, modbus_rtu
from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice
from pyModbusTCP.server import ModbusServer

from agent.config import load
from tests.support.commands import aryk, running, typed
from tests.support.console import Console
from tests.support.instruments import Instrument, on_pty
from tests.support.processes import ARYK
from tests.support.ptys import line
from tests.support.sdi12 import Adapter, Sensor
from tests.support.terminal import Terminal
from tests.support.waiting import until

QUICK = ("--baudrate", "9600", "--parity", "none", "--timeout", "50 ms")


@contextmanager
def modbus_tk_slaves(*addresses: int) -> Iterator[str]:
    with line() as (ours, theirs):
        server = modbus_rtu.RtuServer(serial.Serial(theirs, 9600))
        server.set_timeout(0.02)
        for address in addresses:
            slave = server.add_slave(address)
            slave.add_block("h", defines.HOLDING_REGISTERS, 0, 2)
            slave.set_values("h", 0, [address, 7])
        server.start()
        try:
            yield ours
        finally:
            server.stop()


@pytest.mark.filterwarnings("ignore:isSet\\(\\) is deprecated:DeprecationWarning")
def test_slaves_that_nobody_here_wrote_are_found_and_the_piece_loads(tmp_path: Path) -> None:
    with modbus_tk_slaves(3, 17) as port:
        done = aryk("scan", port, *QUICK, "--address", "3,4,17,18")
    assert done.returncode == 0, done.stderr
    file = tmp_path / "station.toml"
    file.write_text('[station]\nid = "chu-01"\n' + done.stdout)
    sensors = load(file).sensors
    assert [getattr(each.config, "address", None) for each in sensors.values()] == [3, 17]
    assert "4 tries, the likely ones first" in done.stderr
    assert "It takes " in done.stderr


def test_json_tells_models_settings_and_the_piece() -> None:
    radar = Instrument(1, registers={0: 1, 1: 0, 3: 1, 6: 0, 9: 0})
    with on_pty(radar, Instrument(5)) as port:
        done = aryk("scan", port, *QUICK, "--address", "1-6", "--json")
    told = json.loads(done.stdout)
    first, second = told["found"]
    assert (first["address"], first["model"], first["baudrate"]) == (1, "geolux-rss-2-300w", 9600)
    assert (second["address"], second["says"], second["model"]) == (5, "exception-2", None)
    assert told["station_toml"].startswith("[bus.")
    assert (told["tried"], told["left"]) == (6, 0)


def test_nothing_found_is_exit_status_1_with_what_to_look_for() -> None:
    with on_pty() as port:
        done = aryk("scan", port, *QUICK, "--address", "1-3")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Nobody answered at 3 tries" in done.stderr


def test_it_says_beforehand_what_it_can_do_within_the_time() -> None:
    with on_pty(Instrument(1)) as port:
        done = aryk("scan", port, "--within", "1 s", "--baudrate", "9600", "--parity", "none")
    assert done.returncode == 0
    assert "All of them would take" in done.stderr
    assert "it ends after 1 s" in done.stderr
    assert "tries were left" in done.stderr


def test_ctrl_c_keeps_what_was_found_and_prints_it(tmp_path: Path) -> None:
    with on_pty(Instrument(1, registers={0: 5})) as port:
        running = subprocess.Popen(
            [ARYK, "scan", port], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert running.stderr is not None
        for told in running.stderr:
            if told.startswith("1 9600 8N1"):
                break
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=20)
    assert running.returncode == 0, err
    file = tmp_path / "station.toml"
    file.write_text('[station]\nid = "chu-01"\n' + out)
    assert set(load(file).sensors) == {"device-1"}


def test_a_second_ctrl_c_ends_it_at_once() -> None:
    silent = Instrument(1, mute=[3])
    with on_pty(silent) as port:
        command = [ARYK, "scan", port, *QUICK[:4], "--timeout", "50 s"]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as running:
            while not silent.asked:
                time.sleep(0.02)
            running.send_signal(signal.SIGINT)
            with pytest.raises(subprocess.TimeoutExpired):
                running.wait(0.5)
            running.send_signal(signal.SIGINT)
            assert running.wait(10) == 1


def test_on_a_terminal_there_is_a_bar_with_the_time_left() -> None:
    with (
        on_pty(Instrument(1, registers={0: 5})) as port,
        Console(ARYK, "scan", port, *QUICK, "--address", "1-8") as seen,
    ):
        assert seen.end() == 0
    assert re.search(r"9600 8N1 ━+.* s left, \d+ tried, 1 found", seen.text)
    assert "\x1b[" in seen.raw
    assert "For station.toml:" in seen.text


def test_ctrl_c_on_a_terminal_leaves_what_was_found_and_no_bar() -> None:
    with (
        on_pty(Instrument(1, registers={0: 5})) as port,
        Console(ARYK, "scan", port, "--parity", "none") as seen,
    ):
        seen.read_until("1 found")
        seen.press_ctrl_c()
        assert seen.end() == 0
    assert "[sensor.device-1]" in seen.text
    assert "tries were left" in seen.text


def test_no_color_switches_the_bar_off() -> None:
    with (
        on_pty(Instrument(1, registers={0: 5})) as port,
        Console(ARYK, "scan", port, *QUICK, "--address", "1-5", env={"NO_COLOR": "1"}) as seen,
    ):
        assert seen.end() == 0
    assert " left, " not in seen.text
    assert "\x1b[" not in seen.raw
    assert "1 9600 8N1" in seen.text


def test_a_gateway_whose_units_all_answer_is_one_device() -> None:
    server = ModbusServer("127.0.0.1", 0, no_block=True)
    server.start()
    try:
        port = server._service.server_address[1]
        done = aryk("scan", f"127.0.0.1:{port}", "--timeout", "200 ms")
    finally:
        server.stop()
    assert done.returncode == 0, done.stderr
    assert "every address" in done.stderr
    assert done.stdout.count("[sensor.") == 1


async def test_a_server_that_nobody_here_wrote_is_found_in_ascii() -> None:
    device = SimDevice(5, simdata=SimData(0, values=7, count=4, datatype=DataType.REGISTERS))
    with line() as (ours, theirs):
        server = ModbusSerialServer(device, framer=FramerType.ASCII, port=theirs)
        await server.serve_forever(background=True)
        try:
            arguments = ("scan", ours, *QUICK, "--framing", "ascii", "--address", "5")
            done = await asyncio.to_thread(aryk, *arguments)
        finally:
            await server.shutdown()
    assert done.returncode == 0, done.stderr
    assert 'framing = "ascii"' in done.stdout
    assert "Pymodbus" in done.stdout


@pytest.mark.parametrize("framing", ["rtu", "tcp"])
def test_units_behind_a_gateway_are_told_apart(framing: str) -> None:
    device = Instrument(17, registers={0: 1}, taught={b"\x11": b"\x11\x08FLOW 21\xff"})
    with gateway(device, framing=framing) as host:
        arguments = ("--framing", framing, "--address", "1,17", "--timeout", "100 ms")
        done = aryk("scan", host, *arguments)
    assert done.returncode == 0, done.stderr
    assert "address = 17" in done.stdout
    assert "FLOW 21" in done.stderr
    assert done.stdout.count("[sensor.") == 1


@contextmanager
def gateway(device: Instrument, *, framing: str) -> Iterator[str]:
    """Serve a device through TCP: as Modbus TCP, or with the line's bytes as they are."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while request := self.request.recv(300):
                head, body = (request[:4], request[6:]) if framing == "tcp" else (b"", request[:-2])
                said = device.answer(body[0], body[1:])
                if said is not None and framing == "tcp":
                    said = head + (len(said) - 2).to_bytes(2) + said[:-2]
                self.request.sendall(said or b"")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, args=(0.05,))
    serving.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


@pytest.mark.parametrize("echo", [False, True])
async def test_sdi_12_sensors_behind_an_adapter_are_found(tmp_path: Path, echo: bool) -> None:
    sensors = [Sensor("3", identity="13CAMPBELLCS451 1.0SN123"), Sensor("b")]
    with Terminal() as line:
        Adapter(line, sensors, echo=echo).serve()
        quick = ("--baudrate", "9600", "--timeout", "100 ms", "--address", "0-4,a-c")
        done = await asyncio.to_thread(aryk, "scan", line.path, "--framing", "sdi12", *quick)
    assert done.returncode == 0, done.stderr
    assert "CAMPBELL, CS451" in done.stderr
    file = tmp_path / "station.toml"
    file.write_text('[station]\nid = "chu-01"\n' + done.stdout)
    found = load(file).sensors
    assert [getattr(each.config, "address", None) for each in found.values()] == ["3", "b"]


async def test_the_only_sdi_12_sensor_is_found_by_asking_for_anybody() -> None:
    with Terminal() as line:
        Adapter(line, [Sensor("z")]).serve()
        quick = ("--within", "1 s", "--timeout", "200 ms")
        done = await asyncio.to_thread(aryk, "scan", line.path, "--framing", "sdi12", *quick)
    assert 'address = "z"' in done.stdout


async def test_the_wire_of_a_running_agent_is_left_alone(tmp_path: Path) -> None:
    with on_pty(Instrument(1, registers={0: 5})) as port:
        file = tmp_path / "station.toml"
        found = await asyncio.to_thread(aryk, "scan", port, *QUICK, "--address", "1")
        station = '[station]\nid = "chu-01"\n[store]\npath = "station.db"\n'
        file.write_text(station + found.stdout)
        async with running("run", "-c", str(file)):
            await until((tmp_path / "station.db.sock").exists, 20)
            done = await asyncio.to_thread(aryk, "scan", "-c", str(file))
    assert done.returncode == 1
    assert "stop it first (sudo systemctl stop aryk)" in done.stderr


def test_a_host_that_is_not_there_is_told_at_once() -> None:
    done = aryk("scan", "127.0.0.1:1")
    assert done.returncode == 1
    assert "can't be reached" in done.stderr


def test_a_port_that_another_program_holds_is_told_with_its_name() -> None:
    with on_pty(Instrument(1)) as path, serial.Serial(path, exclusive=True):
        done = aryk("scan", path, *QUICK)
    assert done.returncode == 1
    assert f"is used by {Path('/proc/self/comm').read_text().strip()}" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["/dev/none"], "isn't there: plug the adapter in"),
        (["192.0.2.1:99999"], "a port is a number from 1 to 65535"),
        (["nonsense"], "write a port as /dev/ttyUSB0"),
        (["/dev/null", "--framing", "tcp"], "a serial port has no framing tcp"),
        (["/dev/null", "--within", "5"], 'write a number and a unit, as "500 ms"'),
        (["/dev/null", "--address", "1-300"], "write addresses from 1 to 247"),
        (["/dev/null", "--address", "9-1"], "write addresses from 1 to 247"),
        (["/dev/null", "--parity", "maybe"], "is not one of"),
    ],
)
def test_a_wrong_word_is_told_with_what_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = typed("scan", *arguments)
    assert done.exit_code in (1, 2)
    assert told in " ".join(done.stderr.split())
