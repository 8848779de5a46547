"""The time of a wire: told, and refused where it doesn't suffice."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.cli import main
from agent.config import Budget, ConfigError, budget, load

HEAD = '[station]\nid = "chu-01"\n[store]\npath = "s.db"\n'
LINE = '[bus.rs485]\ndevice = "/dev/ttyUSB0"\n'
GATEWAY = '[bus.weir]\nhost = "192.0.2.10"\n'


def sensor(name: str, bus: str, every: str, registers: int = 1, more: str = "") -> str:
    head = f'[sensor.{name}]\ndriver = "modbus"\nbus = "{bus}"\naddress = {ord(name)}\n'
    head += f'every = "{every}"\nhole = 0\n{more}'
    for number in range(registers):
        head += f"[sensor.{name}.channel.c{number}]\nregister = {2 * number}\n"
        head += 'type = "uint16"\nunit = "m"\n'
    return head


def needed(text: str, folder: Path) -> Budget:
    file = folder / "station.toml"
    file.write_text(HEAD + text)
    config = load(file)
    ((_, bus),) = config.buses.items()
    made = budget(bus, [each.config for each in config.sensors.values()])
    assert made is not None
    return made


# 8 bytes out, 5 + 2 back, twice 3.5 characters of silence, of 10 bits at 9600 baud
REQUEST = 22 * 10 / 9600


def test_a_line_needs_the_time_of_its_bytes_and_silences(tmp_path: Path) -> None:
    made = needed(LINE + sensor("a", "rs485", "1 s"), tmp_path)
    assert made.needed == pytest.approx(REQUEST)
    assert str(made) == "23 ms of each 1 s at 9600 baud"


def test_sensors_of_different_pace_are_told_by_the_slowest(tmp_path: Path) -> None:
    text = LINE + sensor("a", "rs485", "1 s") + sensor("b", "rs485", "10 s", 20)
    made = needed(text, tmp_path)
    assert made.period == 10
    assert made.requests == 30
    assert made.needed == pytest.approx(30 * REQUEST)


def test_a_parity_of_ones_own_and_a_devices_pause_take_time(tmp_path: Path) -> None:
    more = 'parity = "even"\npause = "50 ms"\n'
    made = needed(LINE + sensor("a", "rs485", "1 s", 1, more), tmp_path)
    assert made.needed == pytest.approx(REQUEST * 1.1 + 0.05)


def test_modbus_ascii_takes_two_characters_a_byte(tmp_path: Path) -> None:
    text = LINE + 'framing = "ascii"\n' + sensor("a", "rs485", "1 s")
    # : 01 03 0000 0001 checksum CR LF, and : 01 03 02 0000 checksum CR LF
    assert needed(text, tmp_path).needed == pytest.approx((17 + 15) * 10 / 9600)


def test_behind_a_gateway_requests_are_counted(tmp_path: Path) -> None:
    assert str(needed(GATEWAY + sensor("a", "weir", "10 s"), tmp_path)) == ("1 request each 10 s")
    assert str(needed(GATEWAY + sensor("a", "weir", "1 s", 3), tmp_path)) == "3 requests each 1 s"


def test_a_plan_that_can_not_be_done_is_refused_with_bus_need_and_time(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        needed(LINE + sensor("a", "rs485", "1 s", 60), tmp_path)
    (mistake,) = caught.value.mistakes
    assert str(mistake).removeprefix(str(mistake.file)) == (
        ":5: bus.rs485: its sensors need 1.4 s of each 1 s at 9600 baud; make every longer, the "
        "line faster, or share them out among two buses"
    )


def test_what_may_take_less_is_told_and_not_refused(tmp_path: Path) -> None:
    sdi = '[bus.sdi]\ndevice = "/dev/ttyUSB1"\nframing = "sdi12"\n'
    sdi += '[sensor.well]\ndriver = "sdi12"\nbus = "sdi"\naddress = "0"\n'
    sdi += 'command = "C"\nevery = "1 s"\n'
    sdi += '[sensor.well.channel.level]\nposition = 1\nunit = "m"\n'
    made = needed(sdi, tmp_path)
    assert made.share > 1
    assert str(made).startswith("at most 1.")
    assert str(made).endswith("of each 1 s at 1200 baud")  # behind the adapter, not its port's 9600


def test_check_tells_the_time_of_each_bus(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    text = LINE + sensor("a", "rs485", "1 s", 30)
    file.write_text(HEAD + text + GATEWAY)
    said = CliRunner().invoke(main, ["check", "-c", str(file)])
    assert said.exit_code == 0, said.output
    assert "rs485: 688 ms of each 1 s at 9600 baud, 69% busy" in said.output
    assert "weir: no sensor hangs on it" in said.output
    plan = json.loads(CliRunner().invoke(main, ["check", "-c", str(file), "--json"]).output)
    assert plan["buses"]["rs485"]["needed"] == pytest.approx(30 * REQUEST)


def test_check_refuses_with_exit_78(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    file.write_text(HEAD + LINE + sensor("a", "rs485", "1 s", 60))
    said = CliRunner().invoke(main, ["check", "-c", str(file)])
    assert said.exit_code == 78
    assert "bus.rs485: its sensors need 1.4 s of each 1 s" in said.output
