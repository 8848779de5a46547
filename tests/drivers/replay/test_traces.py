"""Each trace of `tests/traces` runs again through its drivers: a technician's becomes a test."""

from pathlib import Path

import pytest

from drivers.replay import rerun

TRACES = sorted((Path(__file__).parents[2] / "traces").glob("*.txt"))


def test_there_are_traces() -> None:
    assert TRACES


@pytest.mark.parametrize("file", TRACES, ids=lambda file: file.stem)
async def test_a_trace_gives_what_it_gave(file: Path) -> None:
    found = await rerun(file)
    assert list(found.now) == list(found.then)
    assert not found.left, "requests of the trace that nobody made again"
