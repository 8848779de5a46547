"""The whole product in one command, as a stranger types it."""

import re
import subprocess
import sys
from pathlib import Path

ARYK = str(Path(sys.executable).with_name("aryk"))


def test_the_demo_ends_by_itself_and_its_four_figures_agree() -> None:
    done = subprocess.run(
        [ARYK, "demo", "--seconds", "3"], capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stderr
    figures = re.findall(r"(asked|stored|acknowledged|received)\W+(\d+)", done.stdout)
    assert [name for name, _ in figures] == ["asked", "stored", "acknowledged", "received"]
    assert len({count for _, count in figures}) == 1
    assert int(figures[0][1]) >= 6
