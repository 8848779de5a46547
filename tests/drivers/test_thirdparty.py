"""A driver that somebody else has written, really installed: found, checked, run, tried, typed."""

import contextlib
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.environments import Environment, wheels

ROOT = Path(__file__).parents[2]
SYSFS = ROOT / "tests" / "thirdparty" / "aryk-sysfs"

STATION = """\
[station]
id = "chu-01"
[store]
path = "station.db"
[sensor.box]
driver = "sysfs"
every = "50 ms"
[sensor.box.channel.temperature]
file = "{file}"
scale = 0.001
unit = "Cel"
"""


def distribution(folder: Path, name: str, package: str, entry_points: str = "") -> Path:
    """Write a distribution whose package is empty, and return where."""
    source = folder / name
    (source / package).mkdir(parents=True)
    (source / package / "__init__.py").touch()
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        f'[project]\nname = "{name}"\nversion = "1.0"\n{entry_points}'
        f'[tool.hatch.build.targets.wheel]\npackages = ["{package}"]\n'
    )
    return source


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build every distribution of these tests once; return the wheels by name."""
    folder = tmp_path_factory.mktemp("wheels")
    sysfs = folder / "aryk-sysfs"
    shutil.copytree(SYSFS, sysfs, ignore=shutil.ignore_patterns("__pycache__"))
    points = '[project.entry-points."aryk.drivers"]\nsysfs = "sysfs_fork:Driver"\n'
    broken = (
        '[project.entry-points."aryk.drivers"]\n'
        'absent = "sysfs_broken.nowhere:Driver"\nodd = "sysfs_broken:__name__"\n'
    )
    made = wheels(
        folder,
        ROOT,
        sysfs,
        distribution(folder, "sysfs-fork", "sysfs_fork", points),
        distribution(folder, "sysfs-broken", "sysfs_broken", broken),
        distribution(folder, "golf-clubs", "drivers"),
    )
    return {wheel.name.partition("-")[0]: wheel for wheel in made}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, built: dict[str, Path]) -> Environment:
    """Return an environment with aryk and a third party's driver."""
    installed = [built["aryk"], built["aryk_sysfs"]]
    return Environment(tmp_path_factory.mktemp("venv"), installed)


@pytest.fixture
def station(tmp_path: Path) -> Path:
    sensor = tmp_path / "temp"
    sensor.write_text("21500\n")
    file = tmp_path / "station.toml"
    file.write_text(STATION.format(file=sensor))
    return file


def test_it_is_found_and_its_table_is_checked(environment: Environment, station: Path) -> None:
    done = environment.run("aryk", "check", "-c", str(station), cwd=station.parent)
    assert done.returncode == 0, done.stderr
    assert "-\tbox\t50 ms\t-\n" in done.stdout
    station.write_text(station.read_text().replace("scale = 0.001", "scael = 0.001"))
    done = environment.run("aryk", "check", "-c", str(station), cwd=station.parent)
    assert done.returncode == 78
    key = "sensor.box.channel.temperature.scael"
    assert done.stderr == f"{station}:10: {key}: unknown key; did you mean scale?\n"


def stored(database: Path) -> int:
    with (
        contextlib.suppress(sqlite3.OperationalError),  # it isn't made yet
        contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as outside,
    ):
        count: int = outside.execute("SELECT count(*) FROM round").fetchone()[0]
        return count
    return 0


def test_a_station_runs_with_it(environment: Environment, station: Path) -> None:
    command = environment.command("aryk", "run", "-c", str(station))
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as agent:
        try:
            deadline = time.monotonic() + 20
            while stored(station.parent / "station.db") < 3:
                assert agent.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            agent.terminate()
            _, log = agent.communicate(timeout=20)
        finally:
            agent.kill()
    assert agent.returncode == 0
    assert '"sensor answers"' in log


def test_its_author_can_hold_it_to_the_contract(environment: Environment, tmp_path: Path) -> None:
    pytest_ = ["-m", "pytest", "-q", "-c", "/dev/null", "-p", "no:cacheprovider"]
    tests = ["--pyargs", "drivers.conformance", "-k", "sysfs"]
    done = environment.run("python", *pytest_, *tests, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout
    assert "skipped" not in done.stdout


def test_its_author_has_types(environment: Environment, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "from aryk_sysfs import SysfsDriver\n"
        "class Wrong(SysfsDriver):\n"
        "    async def read(self) -> str:\n"
        "        return ''\n"
    )
    check = ["-m", "mypy", "--strict", "--cache-dir", str(ROOT / ".mypy_cache" / "thirdparty")]
    files = ["-p", "aryk_sysfs", "-m", "wrong"]
    done = environment.run("python", *check, *files, cwd=tmp_path, env={"MYPYPATH": "."})
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert any('in supertype "drivers.base.Driver"' in error for error in errors), done.stdout
    assert all(error.startswith("wrong.py:3: error: Return type") for error in errors)


@pytest.fixture(scope="module")
def quarrelling(tmp_path_factory: pytest.TempPathFactory, built: dict[str, Path]) -> Environment:
    """Return an environment with two drivers of one name, and two that are none."""
    installed = [built[name] for name in ("aryk_sysfs", "sysfs_fork", "sysfs_broken")]
    return Environment(tmp_path_factory.mktemp("venv"), installed)


ARYK = ("python", "-c", "from agent.cli import main; main()")


def plain(station: Path, driver: str) -> None:
    """Give the station's sensor another driver, which needs no channels."""
    text = station.read_text().replace('"sysfs"', f'"{driver}"')
    station.write_text(text[: text.index("[sensor.box.channel")])


@pytest.mark.parametrize("command", ["check", "run"])
def test_two_distributions_that_register_one_name_are_both_named(
    quarrelling: Environment, station: Path, command: str
) -> None:
    done = quarrelling.run(*ARYK, command, "-c", str(station), cwd=station.parent)
    assert done.returncode == 78
    assert done.stderr == (
        f"{station}:6: sensor.box.driver: 2 distributions register the driver 'sysfs': "
        "aryk-sysfs and sysfs-fork. Uninstall all but one of them.\n"
    )


@pytest.mark.parametrize(
    ("driver", "sentence"),
    [
        (
            "absent",
            (
                "The driver 'absent' of sysfs-broken can't be imported: ModuleNotFoundError: No "
                "module named 'sysfs_broken.nowhere'. Install it anew, or take its sensors out of "
                "the configuration."
            ),
        ),
        (
            "odd",
            (
                "sysfs_broken:__name__ of sysfs-broken is no driver: it doesn't derive from "
                "drivers.base.Driver. Tell whoever wrote it, and take its sensors out of the "
                "configuration."
            ),
        ),
    ],
)
def test_a_driver_that_is_none_is_told_with_its_distribution(
    quarrelling: Environment, station: Path, driver: str, sentence: str
) -> None:
    plain(station, driver)
    done = quarrelling.run(*ARYK, "check", "-c", str(station), cwd=station.parent)
    assert done.returncode == 78
    assert done.stderr == f"{station}:6: sensor.box.driver: {sentence}\n"


def test_a_quarrel_of_others_stops_nobody(quarrelling: Environment, station: Path) -> None:
    plain(station, "simulator")
    done = quarrelling.run(*ARYK, "check", "-c", str(station), cwd=station.parent)
    assert done.returncode == 0


FOREIGN = (
    "The distribution golf-clubs also installs a package named 'drivers', so files of the two may "
    "be mixed. Install aryk in an environment of its own."
)


def test_a_foreign_package_that_is_mixed_with_ours_is_logged_at_the_start(
    tmp_path: Path, built: dict[str, Path], station: Path
) -> None:
    mixed = Environment(tmp_path / "mixed", [built["aryk"], built["golf_clubs"]])
    plain(station, "simulator")
    command = mixed.command("aryk", "run", "-c", str(station))
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as agent:
        try:
            assert agent.stderr
            assert FOREIGN in agent.stderr.readline()
            assert "station runs" in agent.stderr.readline()
            agent.terminate()
            assert agent.wait(20) == 0
        finally:
            agent.kill()


def test_a_foreign_package_that_hides_ours_is_a_sentence(
    tmp_path: Path, built: dict[str, Path], station: Path
) -> None:
    hiding = Environment(tmp_path / "hiding", [built["golf_clubs"]])
    done = hiding.run(*ARYK, "check", "-c", str(station), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, f"{FOREIGN}\n")
