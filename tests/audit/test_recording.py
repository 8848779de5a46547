"""What is written while listening is judged like what is heard."""

from pathlib import Path

from agent.audit import Auditor
from agent.audit.recording import Recorder, replay
from tests.support.station import entry, ledger, readings


def judged(path: Path) -> Auditor:
    auditor = Auditor()
    with path.open("rb") as recording:
        replay(recording, auditor)
    return auditor


def test_a_recording_gives_the_verdict_that_listening_gave(tmp_path: Path) -> None:
    said = [
        ("aryk/chu-01/ledger", ledger(0, entry(91)), True),
        ("aryk/chu-01/ledger", ledger(30, entry(106)), False),
        ("aryk/chu-01/data", readings(range(106, 110)), False),
        ("aryk/chu-01/data", b"", False),
        ("aryk/chu-01/data", bytes(range(256)), False),
        ("aryk/chu-01/data", readings(range(111, 121)), False),
        ("aryk/chu-01/ledger", ledger(60, entry(121)), False),
    ]
    heard, path = Auditor(), tmp_path / "recording"
    with Recorder(path) as recorder:
        for message in said:
            heard.take(*message)
            recorder.take(*message)
        heard.interrupt()
        recorder.interrupt()
    assert judged(path).verdict() == heard.verdict()
    assert heard.verdict().stations[0].logs[0].sentence == "incomplete: missing 110"


def test_what_is_appended_later_begins_with_an_interruption(tmp_path: Path) -> None:
    path = tmp_path / "recording"
    for second in (0, 30):
        with Recorder(path) as recorder:
            recorder.take("aryk/chu-01/ledger", ledger(second, entry(11)), retained=False)
    assert judged(path).verdict().interruptions == 1


def test_a_line_that_was_cut_off_or_is_something_else_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "recording"
    with Recorder(path) as recorder:
        recorder.take("aryk/chu-01/data", readings([1]), retained=False)
        recorder.take("aryk/chu-01/data", readings([2]), retained=False)
    whole = path.read_bytes()
    others = (b"", b"# a comment", b"1 2 3", b"noon 0 aryk/chu-01/data 00", b"1.0 0 aryk/a/data 0g")
    path.write_bytes(b"\n".join((*others, b"1.0 0 \xff 00", whole[:-10])))
    verdict = judged(path).verdict()
    assert [f"line {number} of the recording" for number in (1, 2, 3, 4, 5, 6, 8)] == [
        *verdict.malformed
    ]
    assert verdict.stations[0].logs[0].arrived == 1


def test_a_topic_may_have_blanks(tmp_path: Path) -> None:
    path, auditor = tmp_path / "recording", Auditor("basin north/aryk")
    with Recorder(path) as recorder:
        recorder.take("basin north/aryk/chu-01/data", readings([1]), retained=False)
    with path.open("rb") as recording:
        replay(recording, auditor)
    assert auditor.verdict().stations[0].logs[0].arrived == 1
