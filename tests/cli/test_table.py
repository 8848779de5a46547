import json
from collections import deque

from rich.console import Console

from agent.cli.table import Received, sparkline

LEVEL = {"n": "a/b/level", "u": "m", "t": 1795466700.0, "v": 1.25, "q": 2, "log": "k", "seq": 7}
SILENT = LEVEL | {"seq": 8, "vs": "timeout", "q": 9}
del SILENT["v"]


def test_a_record_is_counted_once_however_often_it_comes() -> None:
    received = Received()
    for _ in range(2):
        received.take(json.dumps([LEVEL, SILENT, LEVEL | {"log": "j"}]).encode())
    assert received.distinct == 3


def test_a_line_says_value_or_reason() -> None:
    lines = Received().take(json.dumps([LEVEL, SILENT]).encode())
    assert lines[0].endswith(" 1.25 m 2 7")
    assert lines[1].endswith(" timeout m 9 8")


def test_the_table_shows_the_last_record_of_a_channel() -> None:
    received, console = Received(), Console(width=160, record=True, quiet=False)
    received.take(json.dumps([LEVEL, LEVEL | {"v": 1.5, "seq": 9}]).encode())
    with console.capture() as shown:
        console.print(received.table())
    assert "1.5" in shown.get()
    assert "1.25" not in shown.get()
    assert "▁█" in shown.get()


def test_a_sparkline_spans_its_values() -> None:
    assert sparkline(deque([0.0, 7.0, 3.0])) == "▁█▄"
    assert sparkline(deque()) == ""
