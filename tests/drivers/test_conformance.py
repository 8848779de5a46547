import subprocess
import sys

import pytest


def conformance(driver: str) -> subprocess.CompletedProcess[str]:
    """Run the shipped tests as a third party does, away from this project's settings."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-rs",
        "-c",
        "/dev/null",
        "-p",
        "no:cacheprovider",
    ]
    command += ["--pyargs", "drivers.conformance", "-k", driver]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)


def test_the_simulator_keeps_the_contract() -> None:
    ended = conformance("simulator")
    assert ended.returncode == 0, ended.stdout
    assert "5 passed, 1 skipped" in ended.stdout


@pytest.mark.parametrize("driver", ["line", "modbus", "sdi12"])
def test_a_driver_of_ours_keeps_the_contract(driver: str) -> None:
    ended = conformance(driver)
    assert ended.returncode == 0, ended.stdout
    assert "6 passed" in ended.stdout
