"""``aryk read``: the station's sensors, any registers, and what goes over the wire."""

import asyncio
import json
import re
import signal
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pyModbusTCP.server import ModbusServer

from drivers.replay import read, rerun
from tests.support.commands import aryk, running, typed
from tests.support.instruments import Instrument, on_pty
from tests.support.processes import ARYK
from tests.support.waiting import until

STATION = """
[station]
id = "chu-01"
[store]
path = "station.db"
[bus.line]
device = "{port}"
timeout = "100 ms"
[sensor.radar]
driver = "modbus"
bus = "line"
address = 1
every = "1 s"
channel.distance = {{ register = 0, type = "uint16", raw_unit = "mm", unit = "m" }}
channel.level = {{ register = 1, type = "float32", unit = "m" }}
[sensor.dead]
driver = "modbus"
bus = "line"
address = 9
every = "1 s"
channel.stage = {{ register = 0, type = "uint16", unit = "m" }}
[sensor.canal]
driver = "simulator"
every = "1 s"
seed = 42
"""
WORDS = (1234, *struct.unpack(">HH", struct.pack(">f", 22.5)))


@contextmanager
def station(folder: Path) -> Iterator[str]:
    device = Instrument(1, registers=dict(enumerate(WORDS)), delay=0.002)
    with on_pty(device) as port:
        file = folder / "station.toml"
        file.write_text(STATION.format(port=port))
        yield str(file)


def rows(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines() if "\t" in line]


def test_all_sensors_are_asked_with_values_units_qualities_and_reasons(tmp_path: Path) -> None:
    with station(tmp_path) as file:
        done = aryk("read", "-c", file)
    assert done.returncode == 0, done.stderr
    told = rows(done.stdout)
    assert told[0] == ["sensor", "channel", "value", "unit", "quality", "reason"]
    assert ["radar", "distance", "1.234", "m", "2 not evaluated", ""] in told
    assert ["dead", "stage", "", "m", "9 missing", "timeout"] in told
    assert any(row[:2] == ["canal", "level"] for row in told)
    assert "dead: No answer from address 9 on line" in done.stderr


def test_a_float_whose_order_nobody_has_said_is_shown_in_all_four(tmp_path: Path) -> None:
    with station(tmp_path) as file:
        done = typed("read", "radar", "-c", file)
    assert ["sensor", "channel", "ABCD", "CDAB", "BADC", "DCBA"] in rows(done.stdout)
    (orders,) = [
        row for row in rows(done.stdout) if row[:2] == ["radar", "level"] and "✓" in row[2]
    ]
    assert orders[2] == "22.5 ✓"
    assert not any("✓" in cell for cell in orders[3:])
    assert "A judgement, not a proof" in done.stdout


def test_where_the_order_is_said_it_is_not_asked_again(tmp_path: Path) -> None:
    with station(tmp_path) as file:
        text = Path(file).read_text()
        Path(file).write_text(text.replace('"float32",', '"float32", order = "ABCD",'))
        done = typed("read", "radar", "-c", file)
    assert "ABCD" not in done.stdout


def test_json_has_values_orders_and_reasons(tmp_path: Path) -> None:
    with station(tmp_path) as file:
        radar, dead = json.loads(typed("read", "radar", "dead", "-c", file, "--json").stdout)
    assert radar["channels"]["distance"]["value"] == 1.234
    assert radar["channels"]["level"]["orders"]["ABCD"] == {"value": 22.5, "plausible": True}
    assert dead["channels"]["stage"] == {
        "value": None, "unit": "m", "quality": 9, "reason": "timeout",
    }  # fmt: skip
    assert dead["sentence"].startswith("No answer from address 9")


def test_exit_status_1_says_that_nothing_answered(tmp_path: Path) -> None:
    with station(tmp_path) as file:
        assert aryk("read", "dead", "-c", file).returncode == 1


def test_v_shows_what_goes_over_the_wire_with_time_direction_and_bytes(tmp_path: Path) -> None:
    with station(tmp_path) as file:
        done = typed("read", "radar", "-c", file, "-v")
    sent, received = done.stderr.splitlines()[:2]
    assert re.fullmatch(r"line 0\.000 > 01 03 00 00 00 03 05 cb", sent)
    assert re.fullmatch(r"line 0\.\d{3} < 01 03 06 04 d2 41 b4 00 00 .. ..", received)


def test_a_record_runs_again_through_the_same_driver(tmp_path: Path) -> None:
    trace = tmp_path / "radar.trace"
    with station(tmp_path) as file:
        assert aryk("read", "radar", "-c", file, "--record", str(trace)).returncode == 0
        refused = aryk("read", "-c", file, "--record", str(tmp_path / "all.trace"))
    assert refused.returncode == 2
    assert "of one wire" in refused.stderr
    told = read(trace)
    assert told.tables["reading"] == [
        {"sensor": "radar", "values": {"distance": 1.234, "level": 22.5}}
    ]
    again = asyncio.run(rerun(trace))
    assert (again.now, again.left) == (again.then, [])


def test_a_record_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    with station(tmp_path) as file:
        done = typed("read", "radar", "-c", file, "--record", str(tmp_path / "no" / "where"))
    assert done.exit_code == 1
    assert "can't be written: No such file or directory" in done.stderr


def test_every_and_times_ask_again(tmp_path: Path) -> None:
    with station(tmp_path) as file:
        done = typed("read", "radar", "-c", file, "--json", "--every", "100 ms", "--times", "3")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each[0]["channels"]["distance"]["value"] for each in told] == [1.234] * 3


def test_ctrl_c_ends_asking_again_and_again_in_order(tmp_path: Path) -> None:
    with station(tmp_path) as file:
        command = [ARYK, "read", "radar", "-c", file, "--json", "--every", "100 ms"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as asking:
            assert asking.stdout is not None
            assert "1.234" in asking.stdout.readline()
            asking.send_signal(signal.SIGINT)
            assert asking.wait(10) == 0


async def test_a_running_agent_is_asked_and_its_wire_left_alone(tmp_path: Path) -> None:
    with station(tmp_path) as file:
        async with running("run", "-c", file):
            await until((tmp_path / "station.db.sock").exists, 20)
            done = await asyncio.to_thread(aryk, "read", "radar", "-c", file)
            bare = await asyncio.to_thread(aryk, "read", "radar", "-c", file, "-v")
        await until(lambda: not (tmp_path / "station.db.sock").exists())
        direct = await asyncio.to_thread(aryk, "read", "radar", "-c", file)
    assert done.returncode == 0, done.stderr
    assert "The running agent asked:" in done.stderr
    assert ["radar", "distance", "1.234", "m", "2 not evaluated", ""] in rows(done.stdout)
    assert bare.returncode == 1
    assert re.search(r"is used by .*aryk \(process \d+\): stop that program", bare.stderr)
    assert (direct.returncode, "agent" in direct.stderr) == (0, False)


async def test_an_agent_with_an_older_configuration_says_so(tmp_path: Path) -> None:
    with station(tmp_path) as file:
        async with running("run", "-c", file):
            await until((tmp_path / "station.db.sock").exists, 20)
            rename(Path(file))
            done = await asyncio.to_thread(aryk, "read", "renamed", "-c", file)
    assert done.returncode == 1
    assert "no sensor renamed: it runs with an older configuration" in done.stderr


def rename(file: Path) -> None:
    file.write_text(file.read_text().replace("[sensor.radar]", "[sensor.renamed]"))


def registers(*arguments: str) -> tuple[int, str, str]:
    device = Instrument(5, registers={31: 0, 32: WORDS[1], 33: WORDS[2]}, delay=0.002)
    with on_pty(device) as port:
        done = typed("read", "--port", port, "--address", "5", *arguments)
    return done.exit_code, done.stdout, done.stderr


def test_registers_of_any_device_are_shown_in_every_way_with_their_neighbours() -> None:
    status, out, _ = registers("--register", "32")
    told = rows(out)
    assert status == 0
    assert ["▸", "32", "41B4", "16820", "16820", "01000001 10110100", "A."] in told
    assert ["", "31", "0000", "0", "0", "00000000 00000000", ".."] in told
    assert [row[3] for row in told if row[1] == "32, 33"] == ["22.5 ✓"]
    assert "34" not in [row[1] for row in told]
    assert "counted from 0" in out


def test_registers_that_are_one_off_are_told() -> None:
    status, out, err = registers("--register", "34", "--count", "1")
    assert status == 1
    assert "no such register" in err
    assert "Register 33 is there: does the manual count from 1?" in err
    assert "33" in [row[1] for row in rows(out)]


def test_what_is_known_of_the_value_tells_which_order_is_right() -> None:
    _, out, _ = registers("--register", "32", "--between", "100", "200")
    assert "No order is plausible" in out
    assert "from 100 to 200" in out


def test_registers_as_json() -> None:
    _, out, _ = registers("--register", "32", "--json")
    told = json.loads(out)
    assert told["values"] == {"31": 0, "32": 16820, "33": 0}
    assert told["together"][1]["float32"]["ABCD"] == {"value": 22.5, "plausible": True}


def test_registers_and_bits_behind_a_gateway() -> None:
    server = ModbusServer("127.0.0.1", 0, no_block=True)
    server.start()
    server.data_bank.set_holding_registers(32, list(WORDS))
    server.data_bank.set_coils(7, [True])
    try:
        host = f"127.0.0.1:{server._service.server_address[1]}"
        words = typed("read", "--host", host, "--address", "1", "--register", "32", "--count", "3")
        bits = typed("read", "--host", host, "--address", "1", "--register", "7", "--table", "coil")
    finally:
        server.stop()
    assert [row[3] for row in rows(words.stdout) if row[1] == "32"] == ["1234"]
    assert ["▸", "7", "1"] in rows(bits.stdout)
    assert ["", "6", "0"] in rows(bits.stdout)


def test_registers_of_a_device_that_does_not_answer() -> None:
    with on_pty() as port:
        done = typed("read", "--port", port, "--address", "5", "--register", "0", "-v")
    assert done.exit_code == 1
    assert "> 05 03" in done.stderr
    assert "No answer from address 5" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nobody", "-c", "{file}"], "has no sensor nobody. Its sensors: radar, dead, canal"),
        (["--address", "1", "--register", "0", "radar"], "Either sensors of station.toml, or"),
        (["--port", "/dev/null", "--register", "0"], "with --address"),
        (["--port", "/dev/null", "--host", "h", "--address", "1", "--register", "0"], "Either --p"),
        (["--host", "h", "--parity", "odd", "--address", "1", "--register", "0"], "no parity odd"),
        (["--bus", "b", "--address", "1", "--register", "0", "-c", "{file}"], "has no bus b"),
        (["--times", "3", "-c", "{file}"], "--times goes with --every"),
        (["--every", "3", "-c", "{file}"], "a number and a unit"),
    ],
)
def test_a_wrong_word_is_wrong_usage(tmp_path: Path, arguments: list[str], told: str) -> None:
    with station(tmp_path) as file:
        done = typed("read", *(each.format(file=file) for each in arguments))
    assert done.exit_code == 2
    assert told in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_wrong_configuration_is_78(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    file.write_text("[station]\n")
    assert aryk("read", "-c", str(file)).returncode == 78
