from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest

from agent.config import ConfigError, find, load
from drivers import registry
from drivers.base import BusSensorConfig, Driver, Sample, SensorConfig

Said = Callable[[str], list[str]]


class FakeConfig(BusSensorConfig):
    address: int


class FakeDriver(Driver):
    Config = FakeConfig
    framings: ClassVar[frozenset[str]] = frozenset({"rtu"})

    def __init__(self, config: SensorConfig, bus: object) -> None:
        """Need neither."""

    async def read(self) -> Sample:
        return Sample(0.0, ())

    async def close(self) -> None:
        """Hold nothing."""


GOOD = """[station]
id = "chu-01"
[store]
path = "s.db"
[broker.ministry]
url = "mqtt://example.org"
[bus.rs485]
device = "/dev/ttyUSB0"
[sensor.plc]
driver = "fake"
bus = "rs485"
address = 7
every = "5 s"
"""


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Said:
    monkeypatch.setattr(registry, "names", lambda: ["fake"])
    monkeypatch.setattr(registry, "load", {"fake": FakeDriver}.__getitem__)
    file = tmp_path / "station.toml"

    def mistakes(text: str) -> list[str]:
        file.write_text(text)
        try:
            load(file)
        except ConfigError as error:
            return [str(mistake).removeprefix(f"{file}:") for mistake in error.mistakes]
        return []

    return mistakes


def test_a_right_file_becomes_typed_tables(said: Said, tmp_path: Path) -> None:
    assert said(GOOD) == []
    config = load(tmp_path / "station.toml")
    assert config.store.path == str(tmp_path / "s.db")
    assert config.sensors["plc"].config.every == 5.0


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("address = 7", "adress = 7", "12: sensor.plc.adress: unknown key; did you mean address?"),
        (
            "address = 7",
            'address = "7"',
            '12: sensor.plc.address: found "7"; accepted is a whole number',
        ),
        (
            "mqtt://example.org",
            "http://x",
            (
                '6: broker.ministry.url: found "http://x"; '
                'accepted is "mqtt://host:port" or "mqtts://host:port"'
            ),
        ),
        (
            'bus = "rs485"',
            'bus = "rs486"',
            '11: sensor.plc.bus: unknown bus; did you mean rs485?; found "rs486"',
        ),
        (
            '"fake"',
            '"fak"',
            '10: sensor.plc.driver: unknown driver; did you mean fake?; found "fak"',
        ),
        (
            "[sensor.plc]",
            "[sensor.event]",
            '9: sensor.event: a name that is taken; found "event"; accepted is another name',
        ),
        ("[store]", "[stoer]", "3: stoer: unknown table; did you mean store?"),
        (
            'device = "/dev/ttyUSB0"',
            'host = "h"',
            '11: sensor.plc.bus: found "tcp"; accepted is a bus with framing rtu',
        ),
    ],
)
def test_a_mistake_is_said_with_its_line(said: Said, old: str, new: str, sentence: str) -> None:
    assert sentence in said(GOOD.replace(old, new))


def test_all_mistakes_are_said_in_line_order(said: Said) -> None:
    second = GOOD[GOOD.index("[sensor.plc]") :].replace("sensor.plc", "sensor.two")
    port = '[bus.b]\ndevice = "/dev/ttyUSB0"\n'
    found = said(GOOD.replace('id = "chu-01"', "id = 5") + second + port)
    assert found == [
        "2: station.id: found 5; accepted is a text in quotes",
        "17: sensor.two.address: address 7 is also sensor.plc's",
        "19: bus.b: its port is also bus.rs485's; share that bus",
    ]


def test_a_file_without_station_and_sensors_lacks_both(said: Said) -> None:
    assert [line.split("; ")[0] for line in said("[store]\n")] == [
        "1: station: missing",
        "1: sensor: missing",
    ]


def test_a_file_cut_at_any_byte_is_a_config_or_mistakes(said: Said) -> None:
    assert sum(bool(said(GOOD[:length])) for length in range(len(GOOD))) > 100


def test_the_file_is_the_one_given_or_named_or_the_first_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARYK_CONFIG", "/named.toml")
    assert find(Path("given.toml")) == Path("given.toml")
    assert find(None) == Path("/named.toml")
