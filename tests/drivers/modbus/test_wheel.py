"""The device library is there wherever aryk is installed."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from drivers.modbus import library

ROOT = Path(__file__).parents[3]
PROGRAM = "from drivers.modbus import library; print(*library.names(), library.__file__)"


def built(what: str, source: Path, into: Path) -> Path:
    """Build a distribution as pip does, without anything from the network."""
    program = f"import sys; from hatchling.build import {what}; print({what}(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", program, str(into)],
        cwd=source,
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    return into / done.stdout.split()[-1]


@pytest.mark.parametrize("by_way_of_a_source_distribution", [False, True])
def test_a_wheel_has_every_device(tmp_path: Path, by_way_of_a_source_distribution: bool) -> None:
    source = ROOT
    if by_way_of_a_source_distribution:
        with tarfile.open(built("build_sdist", ROOT, tmp_path)) as archive:
            archive.extractall(tmp_path, filter="data")
        (source,) = (path.parent for path in tmp_path.glob("*/pyproject.toml"))
    installed = tmp_path / "installed"
    zipfile.ZipFile(built("build_wheel", source, tmp_path)).extractall(installed)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=installed,
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    *found, place = done.stdout.split()
    assert Path(place).is_relative_to(installed)
    assert found == library.names()
