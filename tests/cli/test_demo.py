"""The whole product in one command, as a stranger types it."""

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
from importlib import resources
from pathlib import Path
from string import Template

import pytest

from agent.config import load
from tests.support.console import Console, marked
from tests.support.processes import ARYK

PLACES = ("asked", "stored", "acknowledged", "received")


def figures(text: str) -> dict[str, int]:
    return {name: int(n) for name, n in re.findall(rf"(?m)^({'|'.join(PLACES)})\W+(\d+)", text)}


@pytest.fixture
def own_tmp(tmp_path: Path) -> dict[str, str]:
    """Return an environment that marks every process of a demonstration, and has its folder."""
    return {"TMPDIR": str(tmp_path)}


def nothing_is_left(mark: str) -> bool:
    return not marked(mark) and not list(Path(mark).iterdir())


def killed(mark: str, argument: str) -> bool:
    """Kill the part of a demonstration that has an argument."""
    for pid in marked(mark):
        if argument in Path(f"/proc/{pid}/cmdline").read_text().split("\0"):
            os.kill(pid, signal.SIGKILL)
            return True
    return False


def test_it_ends_by_itself_and_its_four_figures_agree(own_tmp: dict[str, str]) -> None:
    done = subprocess.run(
        [ARYK, "demo", "--seconds", "4"],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env=os.environ | own_tmp,
    )
    assert done.returncode == 0, done.stderr
    counted = figures(done.stdout)
    assert list(counted) == list(PLACES)
    assert len(set(counted.values())) == 1
    assert counted["asked"] >= 6
    readings = re.findall(r"(?m)^demo-canal/\w+/stage \S+Z [\d.]+ m \d \d+$", done.stdout)
    assert counted["received"] == 3 * len(readings) + 2  # three channels each; start and stop
    assert done.stderr == ""
    assert nothing_is_left(own_tmp["TMPDIR"])


def test_on_a_terminal_ctrl_c_ends_it_in_order(own_tmp: dict[str, str]) -> None:
    with Console(ARYK, "demo", env=own_tmp) as terminal:
        terminal.read_until(r"records: [1-9]\d* stored, [1-9]\d* acknowledged.*, [1-9]\d* rec")
        terminal.read_until(r"headworks/stage +\d\.\d{3} +m +not evaluated +\d\d:\d\d:\d\d +now")
        terminal.press_ctrl_c()
        assert terminal.end() == 0
    assert "Traceback" not in terminal.text
    assert len(set(figures(terminal.text).values())) == 1
    assert nothing_is_left(own_tmp["TMPDIR"])


@pytest.mark.parametrize(
    ("argument", "who"), [("rtu", "The simulated instrument on RTU"), ("run", "The agent")]
)
def test_a_part_that_dies_is_named(own_tmp: dict[str, str], argument: str, who: str) -> None:
    with Console(ARYK, "demo", env=own_tmp) as terminal:
        terminal.read_until(r"records: \d+ stored")
        assert killed(own_tmp["TMPDIR"], argument)
        assert terminal.end() == 1
    assert f"Error: {who} was killed by SIGKILL" in terminal.text
    assert "Traceback" not in terminal.text
    assert nothing_is_left(own_tmp["TMPDIR"])


def test_readings_that_are_lost_on_their_way_are_told(own_tmp: dict[str, str]) -> None:
    with Console(ARYK, "demo", env=own_tmp) as terminal:
        terminal.read_until(r"records: [1-9]\d* stored")
        (database,) = Path(own_tmp["TMPDIR"]).glob("aryk-demo-*/station.db")
        with contextlib.closing(sqlite3.connect(database, timeout=10)) as outside, outside:
            outside.execute("DELETE FROM round WHERE place = (SELECT min(place) FROM round)")
        terminal.press_ctrl_c()
        assert terminal.end() == 1
    counted = figures(terminal.text)
    assert counted["stored"] < counted["received"]
    assert "Error: The figures disagree" in terminal.text


def test_a_pipe_that_closes_ends_it_without_a_word(own_tmp: dict[str, str]) -> None:
    done = subprocess.run(
        ["bash", "-c", '"$0" demo --seconds 20 | head -1', ARYK],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env=os.environ | own_tmp,
    )
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""
    assert nothing_is_left(own_tmp["TMPDIR"])


def test_without_its_broker_it_says_what_to_install() -> None:
    program = "import sys; sys.modules['amqtt'] = None; from agent.cli import main; main(['demo'])"
    done = subprocess.run(
        [ARYK.replace("aryk", "python"), "-c", program],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 1
    assert 'type make demo, or install aryk with its extra "demo"' in done.stderr
    assert "Traceback" not in done.stderr


def test_its_station_is_a_right_configuration(tmp_path: Path) -> None:
    template = resources.files("agent.cli.demo").joinpath("station.toml").read_text("utf-8")
    file = tmp_path / "station.toml"
    file.write_text(Template(template).substitute(broker=1883, gateway=502, line="/dev/pts/1"))
    assert load(file).station.id == "demo-canal"
