import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from agent.cli.table import Received, age, sparkline

LEVEL = {"n": "a/b/level", "u": "m", "t": 1795466700.0, "v": 1.25, "q": 2, "log": "k", "seq": 7}
SILENT = LEVEL | {"seq": 8, "vs": "timeout", "q": 9}
del SILENT["v"]


def drawn(received: Received, width: int = 80) -> str:
    console = Console(width=width, force_terminal=False)
    with console.capture() as shown:
        console.print(received.table())
    return shown.get()


def take(received: Received, *records: object) -> list[str]:
    return list(map(str, received.take(json.dumps(records).encode())))


def test_a_line_says_value_or_reason() -> None:
    lines = take(Received(), LEVEL, SILENT)
    assert lines[0] == "a/b/level 2026-11-23T20:45:00Z 1.25 m 2 7"
    assert lines[1] == "a/b/level 2026-11-23T20:45:00Z timeout m 9 8"


def test_the_table_shows_the_last_reading_of_a_channel_with_its_decimals() -> None:
    received = Received()
    take(received, LEVEL, LEVEL | {"v": 1.125}, LEVEL | {"v": 1.5, "t": time.time()})
    (line,) = [line for line in drawn(received).splitlines() if "level" in line]
    assert line.split()[:4] == ["b/level", "1.500", "m", "not"]
    assert line.split()[-2:] == ["now", "▃▁█"]


def test_what_waited_and_comes_late_does_not_replace_what_is_newer() -> None:
    received = Received()
    older = LEVEL | {"v": 9.5, "t": LEVEL["t"] - 60, "seq": 5}
    assert take(received, LEVEL, older)[1] == "a/b/level 2026-11-23T20:44:00Z 9.5 m 2 5"
    (line,) = [line for line in drawn(received).splitlines() if "level" in line]
    assert line.split()[1] == "1.25"


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (LEVEL | {"q": 1}, "good"),
        (LEVEL | {"q": 2}, "not evaluated"),
        (LEVEL | {"q": 3, "why": "spike"}, "suspect: spike"),
        (LEVEL | {"q": 4, "why": "range"}, "fail: range"),
        (SILENT, "missing: timeout"),
    ],
)
def test_the_quality_is_a_word_with_its_reason(record: dict[str, object], words: str) -> None:
    received = Received()
    take(received, record)
    assert words in drawn(received)


def test_channels_of_several_stations_are_told_apart() -> None:
    received = Received()
    take(received, LEVEL, LEVEL | {"n": "z/b/level"})
    assert "a/b/level" in drawn(received)
    assert "z/b/level" in drawn(received)


@pytest.mark.parametrize("width", [80, 120])
def test_it_is_as_wide_as_the_terminal(width: int) -> None:
    received = Received()
    for number in range(100):
        take(received, LEVEL | {"v": number / 7, "n": "chu-01/headworks/temperature"})
    (line,) = [line for line in drawn(received, width).splitlines() if "temperature" in line]
    assert line.endswith("▁▁▂▃▄▄▅▆▇█ " if width == 80 else "▆▆▆▆▆▆▆▇▇▇▇▇▇▇█ ")
    assert len(line) == width


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x9f\xff",
        b"{}",
        b"[1]",
        b"5",
        b"[" * 100_000,
        json.dumps([{key: LEVEL[key] for key in LEVEL if key != "seq"}]).encode(),
        json.dumps([LEVEL | {"t": 1e300}]).encode(),
        json.dumps([LEVEL | {"v": float("nan")}]).encode(),
        json.dumps([LEVEL | {"n": 5}]).encode(),
        json.dumps([LEVEL | {"q": "x"}]).encode(),
    ],
    ids=lambda payload: repr(payload)[:20],
)
def test_what_is_no_pack_of_readings_is_counted(payload: bytes) -> None:
    received = Received()
    assert received.take(payload) == []
    assert received.unreadable == 1
    assert "channel" in drawn(received)


def test_nothing_from_outside_steers_the_terminal() -> None:
    received = Received()
    hostile = "a/[red]b[/nothing]\x1b[2J/c\r"
    assert take(received, LEVEL | {"n": hostile})[0].startswith("a/[red]b[/nothing]?[2J/c? ")
    assert "[red]b[/nothing]?[2J/c?" in drawn(received, 200)


@given(st.dictionaries(st.sampled_from(sorted(LEVEL)), st.none() | st.integers() | st.text()))
def test_any_record_is_taken_or_counted(record: dict[str, object]) -> None:
    received = Received()
    taken = received.take(json.dumps([LEVEL | record]).encode())
    assert len(taken) + received.unreadable == 1
    drawn(received)


def test_a_sparkline_spans_its_values_and_shows_gaps() -> None:
    assert sparkline([0.0, 7.0, None, 3.0]) == "▁█ ▄"
    assert sparkline([5.0, 5.0]) == "▁▁"
    assert sparkline([None]) == sparkline([]) == ""


def test_an_age_has_one_unit() -> None:
    ages = [-5.0, 0.9, 1.0, 59.9, 60.0, 3599.0, 3600.0, 86399.0, 90000.0]
    assert list(map(age, ages)) == [
        *("now", "now", "1 s", "59 s", "1 min", "59 min", "1 h", "23 h", "1 d"),
    ]
