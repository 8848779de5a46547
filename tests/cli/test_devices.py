"""The device library, as people see it."""

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.cli import main
from agent.config import load
from drivers.modbus import library

ROOT = Path(__file__).parents[2]
each_device = pytest.mark.parametrize("name", library.names())


def said(*arguments: str) -> str:
    done = CliRunner().invoke(main, ["devices", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_list_has_every_device_within_80_columns() -> None:
    output = said()
    for name in library.names():
        assert any(line.startswith(f"{name} ") for line in output.splitlines())
    assert max(map(len, output.splitlines())) <= 80
    assert "…" not in output


@each_device
def test_a_device_is_shown_whole_within_80_columns(name: str) -> None:
    shown, _, _ = said(name).partition("For station.toml")
    device = library.load(name)
    for channel, each in device.channel.items():
        assert f"\n{channel} " in shown
        assert str(each.place.start) in shown
    for check in device.check:
        assert f"\n{check} " in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown


@each_device
def test_what_it_says_to_write_is_a_right_configuration(name: str, tmp_path: Path) -> None:
    _, _, snippet = said(name).partition("For station.toml:")
    file = tmp_path / "station.toml"
    file.write_text('[station]\nid = "here"\n' + snippet)
    config = load(file)
    assert config.sensors["gauge"].config.channel_list()
    uncommented = snippet.replace("# [", "[").replace("# raw_unit", "raw_unit")
    file.write_text('[station]\nid = "here"\n' + uncommented)
    channels = {each.name for each in load(file).sensors["gauge"].config.channel_list()}
    readings = {key for key, each in library.load(name).channel.items() if not each.is_fact}
    assert channels == readings


def test_the_line_is_written_as_the_device_leaves_the_factory() -> None:
    _, _, snippet = said("geolux-lx80").partition("For station.toml:")
    bus = tomllib.loads(snippet)["bus"]["rs485"]
    assert (bus["baudrate"], bus["parity"]) == (9600, "even")


def test_json_has_the_facts_of_one_or_of_all() -> None:
    assert [each["model"] for each in json.loads(said("--json"))] == library.names()
    one = json.loads(said("geolux-lx80", "--json"))
    assert one["channel"]["distance"]["register"] == 1
    assert one["channel"]["distance"]["source"] == "p. 23, 0x0002"


def test_an_unknown_device_gets_the_nearest() -> None:
    done = CliRunner().invoke(main, ["devices", "lx80"])
    assert done.exit_code == 2
    assert 'did you mean "geolux-lx80"?' in done.output


def test_the_page_of_the_documentation_is_up_to_date() -> None:
    assert (ROOT / "docs" / "devices.md").read_text() == said("--markdown"), "make docs"


def test_the_page_has_every_device_with_its_source() -> None:
    page = said("--markdown")
    for name in library.names():
        assert f"\n## {name}\n" in page
        assert library.load(name).source in page
