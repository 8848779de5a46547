import io
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.base import Channel, Sample
from drivers.replay import Event, Recorder, TraceError, read
from drivers.replay.toml import dumps

TABLES = {
    "bus": {"sdi": {"device": "/dev/ttyUSB0", "framing": "sdi12", "timeout": "2 s"}},
    "sensor": {"well": {"address": "0", "channel": {"depth": {"position": 1, "unit": "m"}}}},
}


class Clock:
    """A clock that goes on when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def recorded(*steps: tuple[float, str, bytes]) -> str:
    out, clock = io.StringIO(), Clock()
    with Recorder(out, TABLES, clock) as recorder:
        for after, direction, data in steps:
            clock.now += after
            recorder(direction, data)
    return out.getvalue()


def events(text: str) -> list[str]:
    return [line for line in text.splitlines() if line[:1].isdigit()]


def test_an_exchange_is_written_as_a_person_reads_it() -> None:
    text = recorded((0.0, ">", b"0C1!"), (0.0309, "<", b"000"), (0.001, "<", b"001\r\n"))
    assert events(text) == [
        "0.000 > 30 43 31 21  # 0C1!",
        r"0.031 < 30 30 30 30 30 31 0d 0a  # 000001\r\n",
    ]


def test_binary_bytes_have_no_text_beside_them() -> None:
    assert events(recorded((0.0, ">", b"\x01\x03\x00\x20"))) == ["0.000 > 01 03 00 20"]


def test_bytes_with_a_pause_between_them_stand_in_lines_of_their_own() -> None:
    text = recorded((0.0, "<", b"R12"), (0.02, "<", b"34\r"))
    assert events(text) == ["0.000 < 52 31 32  # R12", r"0.020 < 33 34 0d  # 34\r"]


def test_two_requests_in_a_row_stay_two() -> None:
    assert len(events(recorded((0.0, ">", b"?!"), (0.0, ">", b"?!")))) == 2


def test_a_flood_is_cut_into_lines() -> None:
    text = recorded(*[(0.0, "<", b"x" * 16)] * 10)
    assert max(map(len, events(text))) < 350
    assert sum(line.split("#")[0].count(" 78") for line in events(text)) == 160


def test_the_tables_and_readings_of_a_trace_are_read_back(tmp_path: Path) -> None:
    file = tmp_path / "trace.txt"
    channels = Channel("depth", "m"), Channel("temperature", "Cel")
    with file.open("w") as out, Recorder(out, TABLES) as recorder:
        recorder(">", b"0C!")
        recorder.reading("well", channels, Sample(0.0, (1.5, None), {1: "parse"}))
        recorder(">", b"0C!")
        recorder.failure("well", "timeout")
    trace = read(file)
    assert trace.bus == ("sdi", TABLES["bus"]["sdi"])
    assert trace.tables["sensor"] == TABLES["sensor"]
    assert trace.tables["reading"] == [
        {"sensor": "well", "values": {"depth": 1.5, "temperature": "parse"}},
        {"sensor": "well", "reason": "timeout"},
    ]
    assert [event.data for event in trace.events] == [b"0C!", b"0C!"]


@given(
    st.lists(
        st.tuples(st.floats(0, 100), st.sampled_from("<>"), st.binary(max_size=20)).filter(
            lambda step: step[2] or step[1] == ">"
        ),
        max_size=20,
    )
)
def test_what_is_recorded_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[float, str, bytes]]
) -> None:
    file = tmp_path_factory.mktemp("traces") / "trace.txt"
    file.write_text(recorded(*steps))
    found = read(file).events
    for direction in "<>":
        sent = b"".join(data for _, way, data in steps if way == direction)
        assert b"".join(event.data for event in found if event.direction == direction) == sent
    assert sum(event.direction == ">" for event in found) == sum(way == ">" for _, way, _ in steps)


def test_an_event_says_what_its_line_says(tmp_path: Path) -> None:
    file = tmp_path / "trace.txt"
    file.write_bytes(b"\xef\xbb\xbf# by hand\r\n\r\n0.5 >\r\n 1 <010A # noise: #\r\n")
    assert read(file).events == (Event(0.5, ">", b"", 3), Event(1.0, "<", b"\x01\n", 4))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0.1 < 0g", ":1: this is no event of a trace: write the seconds, > or <"),
        ("\n0.1 < 012", ":2: this is no event"),
        ("1.2.3 < 01", ":1: this is no event"),
        ("0.2 > 01\n0.1 < 01", ":2: time runs backwards: sort the events"),
        ("\n[bus]]", r"is no trace: .*at line 2"),
        ("0.1 < 01\nnot a key", r"is no trace: .*at line 2"),
        ("x = " + "[" * 100_000, "is no trace: .*recursion"),
        ("x = " + "9" * 5000, "is no trace: Exceeds the limit"),
        (b"\xff\xfe", "can't be read \\(it isn't UTF-8 text\\)"),
    ],
)
def test_what_is_no_trace_is_refused_with_its_line(
    tmp_path: Path, text: str | bytes, sentence: str
) -> None:
    file = tmp_path / "trace.txt"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(TraceError, match=sentence):
        read(file)


def test_what_has_no_end_is_no_trace() -> None:
    with pytest.raises(TraceError, match="longer than 64 MB: cut it, or correct its name"):
        read(Path("/dev/zero"))


def test_a_missing_trace_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"can't be read \(No such file or directory\): correct"):
        read(tmp_path / "trace.txt")


@pytest.mark.parametrize("head", ["", "bus = 1", "[bus.a]\n[bus.b]"])
def test_a_trace_is_of_one_wire(tmp_path: Path, head: str) -> None:
    file = tmp_path / "trace.txt"
    file.write_text(head)
    with pytest.raises(TraceError, match="needs one"):
        _ = read(file).bus


PLAIN = st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
)


@settings(max_examples=50)
@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_tables_survive_as_toml(tables: dict[str, object]) -> None:
    assert tomllib.loads(dumps(tables)) == tables
