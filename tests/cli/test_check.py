"""``aryk check``, as a technician types it."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.processes import ARYK

STATION = """\
[station]
id = "chu-01"
[store]
path = "s.db"
[broker.ministry]
url = ["mqtts://a.example.org", "mqtts://b.example.org:18883"]
[bus.rs485]
device = "/dev/ttyUSB0"
[bus.weir]
host = "192.0.2.10"
[bus.spare]
host = "192.0.2.11"
[sensor.radar]
driver = "modbus"
bus = "rs485"
address = 1
every = "10 s"
[sensor.radar.channel]
distance = { register = 32, type = "float32", unit = "m" }
[sensor.plc]
driver = "modbus"
bus = "weir"
address = 7
every = "500 ms"
[sensor.plc.channel]
gate = { register = 0, table = "coil", type = "bool", unit = "/" }
stage = { register = 0, type = "uint16", raw_unit = "mm", unit = "m" }
[sensor.canal]
driver = "simulator"
every = "1 min"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    station = tmp_path / "station.toml"
    station.write_text(STATION)
    return station


def check(
    *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ARYK, "check", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd=cwd,
        env=os.environ | dict(env or {}),
    )


def test_off_a_terminal_the_plan_is_lines(file: Path) -> None:
    done = check("-c", str(file))
    assert done.returncode == 0
    assert done.stderr == ""
    *plan, rs485, weir, spare, broker, store, verdict = done.stdout.splitlines()
    assert [line.split("\t") for line in plan] == [
        ["-", "canal", "1 min", "-"],
        ["rs485", "radar", "10 s", "holding 32 to 33"],
        ["weir", "plc", "500 ms", "coil 0"],
        ["weir", "plc", "500 ms", "holding 0"],
    ]
    assert re.fullmatch(r"bus rs485: \d\d ms of each 10 s at 9600 baud, 0\.\d% busy", rs485)
    assert weir == "bus weir: 2 requests each 500 ms; the gateway decides how long they take"
    assert spare == "bus spare: no sensor hangs on it"
    assert broker == "broker ministry: mqtts://a.example.org:8883, mqtts://b.example.org:18883"
    assert store == f"store: {file.parent}/s.db"
    assert verdict == f"{file} is right: station chu-01 can start."


def test_on_a_terminal_the_plan_is_a_table(file: Path) -> None:
    with Console(ARYK, "check", "-c", str(file)) as terminal:
        assert terminal.end() == 0
    assert re.search(r"(?m)^ rs485 +radar +10 s +holding 32 to 33 *$", terminal.text)
    assert "\x1b[1m" in terminal.raw
    assert max(map(len, terminal.text.split("bus rs485:", maxsplit=1)[0].splitlines())) <= 80


def test_no_color_takes_the_colours_away(file: Path) -> None:
    with Console(ARYK, "check", "-c", str(file), env={"NO_COLOR": "1"}) as terminal:
        assert terminal.end() == 0
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", terminal.raw)


def test_the_plan_as_json(file: Path) -> None:
    done = check("-c", str(file), "--json")
    assert done.returncode == 0
    plan = json.loads(done.stdout)
    assert plan["station"] == "chu-01"
    assert plan["brokers"] == {
        "ministry": ["mqtts://a.example.org:8883", "mqtts://b.example.org:18883"]
    }
    assert [(each["sensor"], each["bus"], each["every"]) for each in plan["plan"]] == [
        ("canal", None, 60.0),
        ("radar", "rs485", 10.0),
        ("plc", "weir", 0.5),
        ("plc", "weir", 0.5),
    ]
    assert plan["plan"][1]["request"] == "holding 32 to 33"
    need = plan["buses"]["rs485"]
    # 8 bytes out and 9 back of 10 bits at 9600 baud are 17.7 ms; silences come to it.
    assert 0.0177 < need["needed"] < 0.0377
    assert need["busy"] == pytest.approx(need["needed"] / 10)
    assert plan["buses"]["spare"] == {"busy": 0.0}


def test_a_bus_that_is_asked_for_more_time_than_there_is_is_refused(file: Path) -> None:
    file.write_text(STATION.replace('"10 s"', '"20 ms"'))
    done = check("-c", str(file))
    assert done.returncode == 78
    assert re.search(
        r":7: bus.rs485: its sensors need \d\d ms of each 20 ms at 9600 baud; make", done.stderr
    )


@pytest.mark.parametrize("command", ["check", "run"])
def test_mistakes_go_to_standard_error_all_at_once_with_78(file: Path, command: str) -> None:
    file.write_text(STATION.replace("chu-01", "Chu").replace("address = 7", "adress = 7"))
    done = subprocess.run(
        [ARYK, command, "-c", str(file)], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 78
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        f'{file}:2: station.id: found "Chu"; accepted is 1 to 64 of a-z 0-9 -',
        f"{file}:20: sensor.plc.address: missing; accepted is a whole number",
        f"{file}:23: sensor.plc.adress: unknown key; did you mean address?",
    ]


def test_the_file_is_found_where_the_documentation_says(file: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "station.toml").write_text(STATION.replace("chu-01", "here"))
    named = tmp_path / "named.toml"
    named.write_text(STATION.replace("chu-01", "named"))
    environment = {"ARYK_CONFIG": str(named)}
    assert "station chu-01 can" in check("-c", str(file), cwd=elsewhere, env=environment).stdout
    assert "station named can" in check(cwd=elsewhere, env=environment).stdout
    assert "station here can" in check(cwd=elsewhere, env={"ARYK_CONFIG": ""}).stdout


def test_a_pipe_that_closes_is_no_traceback(file: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", '"$0" check -c "$1" | true', ARYK, str(file)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stderr == ""


def test_a_terminal_without_utf_8_is_no_traceback(file: Path) -> None:
    file.write_text(STATION.replace("s.db", "станция.db"))
    done = check("-c", str(file), env={"PYTHONIOENCODING": "latin-1"})
    assert done.returncode == 0
    assert f"store: {file.parent}/???????.db" in done.stdout
