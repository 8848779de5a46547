"""``aryk run`` as a technician sees it: its log, and what it says when it can't start."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

import pytest

from tests.support.console import Console
from tests.support.processes import ARYK
from tests.support.waiting import until

# A sensor that is dead for a while again and again, asked far more often than that.
STATION = """\
[station]
id = "chu-01"
[store]
path = "station.db"
[sensor.canal]
driver = "simulator"
every = "20 ms"
fault.dead = { kind = "silent", every = "400 ms", lasts = "200 ms" }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    station = tmp_path / "station.toml"
    station.write_text(STATION)
    return station


def ran(file: Path, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run the station until the sensor came back twice; return status and log."""
    with subprocess.Popen(
        [ARYK, "run", "-c", str(file)],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | dict(env or {}),
    ) as agent:
        assert agent.stderr
        log = ""
        try:
            while log.count("sensor back") < 2:
                line = agent.stderr.readline()
                assert line, log
                log += line
            agent.terminate()
            log += agent.stderr.read()
            return agent.wait(10), log
        finally:
            agent.kill()


def test_off_a_terminal_each_line_of_the_log_is_json_and_nothing_repeats(file: Path) -> None:
    status, log = ran(file)
    assert status == 0
    lines = [json.loads(line) for line in log.splitlines()]
    assert all({"event", "level", "timestamp"} <= line.keys() for line in lines)
    assert lines[0] | {"event": "station runs", "station": "chu-01"} == lines[0]
    (answers, lost, back, *_) = (line for line in lines if line.get("sensor") == "canal")
    assert (answers["event"], answers["level"]) == ("sensor answers", "info")
    assert (lost["event"], lost["level"], lost["reason"]) == ("sensor lost", "warning", "timeout")
    assert back["event"] == "sensor back"
    assert back["failures"] > 1
    assert lines[-1]["event"] == "station stops"


def test_on_a_terminal_the_log_is_for_people(file: Path) -> None:
    with Console(ARYK, "run", "-c", str(file), columns=200) as terminal:
        terminal.read_until(r"(?m)^20\d\d-\S+Z \[info +\] station runs +.*station=chu-01$")
        terminal.read_until(r"(?m)^20\d\d-\S+Z \[warning +\] sensor lost +.*reason=timeout")
        terminal.press_ctrl_c()
        assert terminal.end() == 0
    assert "\x1b[" in terminal.raw
    assert "station stops" in terminal.text


def test_no_color_takes_the_colours_out_of_the_log(file: Path) -> None:
    with Console(ARYK, "run", "-c", str(file), env={"NO_COLOR": "1"}) as terminal:
        terminal.read_until("station runs")
        os.killpg(terminal.process.pid, signal.SIGTERM)
        assert terminal.end() == 0
    assert "\x1b" not in terminal.raw


def rounds(database: Path) -> int:
    """Count what is stored, from outside; nothing before there is a store."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as outside:
            count: int = outside.execute("SELECT count(*) FROM round").fetchone()[0]
            return count
    except sqlite3.OperationalError:
        return 0


@pytest.fixture
def full() -> Iterator[IO[str]]:
    """Open a file that can't be written: its disk is always full."""
    with Path("/dev/full").open("w") as opened:
        yield opened


async def test_a_log_that_cannot_be_written_does_not_end_the_station(
    file: Path, full: IO[str]
) -> None:
    agent = await asyncio.create_subprocess_exec(ARYK, "run", "-c", str(file), stderr=full)
    try:
        await until(lambda: rounds(file.parent / "station.db") > 30, 20)  # dead and back
        agent.terminate()
        assert await asyncio.wait_for(agent.wait(), 20) == 0
    finally:
        if agent.returncode is None:
            agent.kill()
            await agent.wait()


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/proc/aryk/station.db", "the store can't be opened in /proc/aryk: "),
        (".", "can't be opened"),
    ],
)
def test_a_store_that_cannot_be_is_a_sentence(file: Path, path: str, sentence: str) -> None:
    file.write_text(STATION.replace("station.db", path))
    done = subprocess.run(
        [ARYK, "run", "-c", str(file)], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert re.search(sentence, done.stderr)
    assert "Traceback" not in done.stderr
