"""``aryk address``: the one command that writes, and when it doesn't."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.commands import aryk, running, typed
from tests.support.console import Console
from tests.support.instruments import Instrument, on_pty
from tests.support.processes import ARYK
from tests.support.sdi12 import Adapter, Sensor
from tests.support.terminal import Terminal
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
model = "geolux-rss-2-300w"
channels = ["velocity"]
[sensor.plc]
driver = "modbus"
bus = "line"
address = 9
every = "1 s"
channel.stage = {{ register = 0, type = "uint16", unit = "m" }}
"""


SDI12 = """
[station]
id = "chu-01"
[bus.sdi]
device = "{port}"
framing = "sdi12"
timeout = "100 ms"
[sensor.well]
driver = "sdi12"
bus = "sdi"
address = "0"
every = "1 min"
channel.level = {{ position = 1, unit = "m" }}
"""


def radar(**keys: object) -> Instrument:
    registers = dict.fromkeys(range(22), 0)
    return Instrument(1, registers=registers, address_register=0, delay=0.002, **keys)  # type: ignore[arg-type]


@contextmanager
def station(folder: Path, *instruments: Instrument, echo: bool = False) -> Iterator[str]:
    """Serve instruments, and yield the station.toml that has them."""
    with on_pty(*instruments, echo=echo) as port:
        file = folder / "station.toml"
        file.write_text(STATION.format(port=port))
        yield str(file)


def written(instrument: Instrument) -> list[bytes]:
    return [pdu for pdu in instrument.asked if pdu[0] not in (3, 4)]


def answered(file: str, answer: str) -> tuple[int, str]:
    """Change the radar's address at a terminal; return the exit status and what was said."""
    with Console(ARYK, "address", "radar", "7", "-c", file) as seen:
        seen.read_until(r"Write it\? \[y/N\]: ")
        seen.press(answer)
        return seen.end(), seen.text


def test_it_asks_writes_reads_back_and_says_what_to_change(tmp_path: Path) -> None:
    device = radar()
    with station(tmp_path, device) as file:
        before = Path(file).read_text()
        status, seen = answered(file, "y\n")
        assert status == 0, seen
        assert Path(file).read_text() == before
    assert device.address == 7
    assert written(device) == [b"\x06\x00\x00\x00\x07"]
    said = " ".join(seen.split())
    assert "radar answers at address 1 on bus line" in said
    assert "through holding register 0" in said
    assert "It answers at address 7 now" in said
    assert f"In {file}, [sensor.radar] still has the old one" in said
    assert "address = 7" in said


@pytest.mark.parametrize("answer", ["n\n", "\n", "\x03\n"])
def test_without_a_yes_nothing_is_written(tmp_path: Path, answer: str) -> None:
    device = radar()
    with station(tmp_path, device) as file:
        status, _ = answered(file, answer)
    assert (status, device.address, written(device)) == (1, 1, [])


def test_where_nobody_can_be_asked_it_refuses_unless_a_script_says_yes(tmp_path: Path) -> None:
    device = radar()
    with station(tmp_path, device) as file:
        done = aryk("address", "radar", "7", "-c", file)
        assert (done.returncode, device.asked) == (2, [])
        assert "give --yes" in done.stderr
        assert aryk("address", "radar", "7", "-c", file, "--yes").returncode == 0
    assert device.address == 7


@pytest.mark.parametrize("confirms", ["new", "nothing"])
def test_what_counts_is_who_answers_at_the_new_address(tmp_path: Path, confirms: str) -> None:
    device = radar(confirms=confirms)
    with station(tmp_path, device) as file:
        done = typed("address", "radar", "7", "-c", file, "--yes")
    assert (done.exit_code, device.address) == (0, 7), done.stderr


@pytest.mark.parametrize("beyond", ["exception", "silence"])
def test_a_taken_address_is_never_given(tmp_path: Path, beyond: str) -> None:
    device, other = radar(), Instrument(7, registers={0: 1}, delay=0.002, beyond=beyond)
    other.registers = dict.fromkeys(range(22), 0) if beyond == "silence" else {}
    with station(tmp_path, device, other) as file:
        done = typed("address", "radar", "7", "-c", file, "--yes")
    assert (done.exit_code, device.address, written(device)) == (1, 1, [])
    assert "Something answers at address 7 already" in done.stderr


def test_a_device_that_does_not_answer_is_not_written_to(tmp_path: Path) -> None:
    with station(tmp_path) as file:
        done = typed("address", "radar", "7", "-c", file, "--yes")
    assert done.exit_code == 1
    assert "Nothing was written. No answer from address 1" in done.stderr


def test_an_adapter_that_echoes_is_not_trusted(tmp_path: Path) -> None:
    device = radar()
    with station(tmp_path, device, echo=True) as file:
        done = typed("address", "radar", "7", "-c", file, "--yes")
    assert (done.exit_code, device.address, written(device)) == (1, 1, [])
    assert "an echo" in done.stderr


def test_a_device_that_refuses_stays_as_it_is(tmp_path: Path) -> None:
    device = Instrument(1, registers=dict.fromkeys(range(22), 0), delay=0.002)
    with station(tmp_path, device) as file:
        done = typed("address", "radar", "7", "-c", file, "--yes")
    assert done.exit_code == 1
    assert "The device refuses it, and stays as it is" in done.stderr


def test_without_a_model_a_person_must_name_the_register(tmp_path: Path) -> None:
    device = Instrument(9, registers={0: 1}, address_register=77, delay=0.002)
    with station(tmp_path, device) as file:
        done = typed("address", "plc", "12", "-c", file, "--yes")
        assert (done.exit_code, device.asked) == (1, [])
        assert "name it with --register" in done.stderr
        done = typed("address", "plc", "12", "-c", file, "--yes", "--register", "77")
    assert (done.exit_code, device.address) == (0, 12), done.stderr
    assert written(device) == [b"\x06\x00\x4d\x00\x0c"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nobody", "7"], "has no sensor nobody. Its sensors: radar, plc."),
        (["radar", "0"], "take one from 1 to 247"),
        (["radar", "seven"], "take one from 1 to 247"),
        (["radar", "1"], "is its address already"),
        (["radar", "9"], "is the address of sensor.plc"),
    ],
)
def test_a_wrong_word_is_wrong_usage(tmp_path: Path, arguments: list[str], told: str) -> None:
    with station(tmp_path, radar()) as file:
        done = typed("address", *arguments, "-c", file, "--yes")
    assert done.exit_code == 2
    assert told in " ".join(done.stderr.split())


async def test_an_sdi_12_sensor_takes_another_address_by_its_own_command(tmp_path: Path) -> None:
    sensor, file = Sensor("0"), tmp_path / "station.toml"
    with Terminal() as line:
        Adapter(line, [sensor], echo=True).serve()
        file.write_text(SDI12.format(port=line.path))
        change = ("address", "-c", str(file), "--yes", "well")
        wrong = await asyncio.to_thread(aryk, *change, "10")
        done = await asyncio.to_thread(aryk, *change, "b")
    assert (wrong.returncode, done.returncode, sensor.address) == (2, 0, "b"), done.stderr
    assert "take one of 0-9, A-Z, a-z" in wrong.stderr
    assert 'address = "b"' in done.stdout


async def test_it_does_not_fight_a_running_agent_for_the_wire(tmp_path: Path) -> None:
    device = radar()
    with station(tmp_path, device) as file:
        async with running("run", "-c", file):
            await until((tmp_path / "station.db.sock").exists, 20)
            done = await asyncio.to_thread(aryk, "address", "radar", "7", "-c", file, "--yes")
    assert (done.returncode, device.address) == (1, 1)
    assert "stop it first (sudo systemctl stop aryk)" in done.stderr
