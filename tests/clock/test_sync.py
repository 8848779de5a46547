"""The kernel's word on its clock, without privileges, and where a sandbox forbids to ask."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.clock import Clock, Sync, kernel_sync, sync
from tests.support.sandbox import can_forbid

ROOT = Path(__file__).parents[2]
PRINT = "import agent.clock as c, time; print(c.kernel_sync(time.time()).state)"
IMPORT = "import agent.clock.sync as s, pathlib, time"
FORBID = "from tests.support.sandbox import forbid_clock_calls as f; f()"


def run(code: str) -> str:
    """Run some Python in a process of its own, and return what it printed."""
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return ended.stdout.strip()


def test_the_kernels_answer_is_laid_out_as_it_is_read() -> None:
    timex = sync._Timex(modes=0)
    assert sync._libc.adjtimex(sync.ctypes.byref(timex)) >= 0
    assert abs(timex.time.tv_sec - time.time()) < 5
    assert timex.tolerance / 65536 == 500  # ppm: the drift that a time's uncertainty grows with
    assert kernel_sync(time.time()).state == ("unset" if timex.status & 0x40 else "set")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_asking_needs_no_privileges() -> None:
    drop = "import os; os.setgroups([]); os.setgid(65534); os.setuid(65534)"
    assert run(f"{PRINT}; {drop}; {PRINT}").splitlines() in (["set"] * 2, ["unset"] * 2)


def test_a_clock_that_is_set_comes_with_its_greatest_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Libc:
        @staticmethod
        def adjtimex(timex: object) -> int:
            answer = timex._obj  # type: ignore[attr-defined]
            answer.status, answer.maxerror = 0x2001, 123_456
            return 0

    monkeypatch.setattr(sync, "_libc", Libc)
    assert kernel_sync(0.0) == Sync("set", 0.123456)


@pytest.mark.skipif(not can_forbid(), reason="the numbers of this machine's calls aren't known")
def test_where_the_sandbox_forbids_to_ask_and_nothing_else_tells_it_is_unknown() -> None:
    ask = "print(s.kernel_sync(time.time(), pathlib.Path('/nowhere/mark')).state)"
    assert run(f"{IMPORT}; {ask}") in {"set", "unset"}
    assert run(f"{FORBID}; {IMPORT}; {ask}") == "unknown"


@pytest.mark.skipif(not can_forbid(), reason="the numbers of this machine's calls aren't known")
@pytest.mark.parametrize(
    ("age", "expected"),
    [(100.0, "set 0.05"), (32_001.0, "unset 0.0"), (-10.0, "unset 0.0")],
)
def test_there_the_mark_that_timesyncd_leaves_says_when_the_clock_was_last_set(
    tmp_path: Path, age: float, expected: str
) -> None:
    mark = tmp_path / "synchronized"
    mark.touch()
    wall = mark.stat().st_mtime + age
    ask = f"a = s.kernel_sync({wall!r}, pathlib.Path({str(mark)!r}))"
    code = f"{FORBID}; {IMPORT}; {ask}; print(a.state, round(a.error, 6))"
    assert run(code) == expected


def test_one_look_has_all_clocks_of_one_moment() -> None:
    clock = Clock()
    before = clock.since_boot(), time.time(), time.monotonic()
    moment = clock.look()
    after = clock.since_boot(), time.time(), time.monotonic()
    for first, looked, last in zip(before, moment[:3], after, strict=True):
        assert first <= looked <= last


def test_of_three_looks_the_one_counts_that_no_other_work_came_into() -> None:
    class Interrupted(Clock):
        clocks = iter([100.0, 105.0, 110.0, 110.5, 120.0, 123.0])
        walls = iter([1000.0, 1010.25, 1020.0])

        def since_boot(self) -> float:
            return next(self.clocks)

        def wall(self) -> float:
            return next(self.walls)

    assert Interrupted().look()[:2] == (110.25, 1010.25)
