"""The device library: whole, and held row by row against what was read in manuals."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.modbus import library
from drivers.modbus.channel import Check, ModbusChannel
from drivers.modbus.config import ModbusConfig
from drivers.modbus.library import Device, Identity, LibraryError
from drivers.modbus.plan import MOST
from drivers.units import PRIMARY

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "config" / "devices").glob("*.toml"))
each_device = pytest.mark.parametrize("name", [file.stem for file in FILES])

# Which model of the table a file describes.
MODELS = {
    "ads-triton": "ads_triton",
    "endress-hauser-fmr20": "eh_fmr20_modbus",
    "geolux-lx80": "geolux_lx80",
    "geolux-lx80-15": "geolux_lx80",
    "geolux-rss-2-300w": "geolux_rss2_300w",
    "in-situ-level-troll": "insitu_level_troll",
    "keller-series-30": "keller_s30",
    "nivus-nivusonic": "nivus_nivusonic",
    "ott-pls500": "ott_pls500",
    "qdy30a": "qdy30a_generic",
    "seametrics-ct2x": "seametrics_ct2x",
    "sommer-ush9": "sommer_ush9",
    "tuf-2000m": "tuf2000m",
    "vega-vegapuls-6x": "vega_vegapuls6x",
}
TYPES = {
    "u16": {"uint16"},
    "i16": {"int16"},
    "enum": {"uint16", "uint32"},
    "bits": {"uint16"},
    "u8 low / u8 high": {"uint16"},
    "u16/f32": {"uint16"},
    "u32": {"uint32"},
    "f32": {"float32"},
}
# What the table calls a unit, where it isn't the unit's own name.
UNITS = {"%": {"%", "%RH"}, "": None, "enum": None, "configurable": None}

Row = dict[str, str]


def rows(model: str) -> list[Row]:
    lines = Path(__file__).with_name("modbus_registers.csv").read_text().splitlines()
    table = csv.DictReader(line for line in lines if not line.startswith("#"))
    return [row for row in table if row["model"] == model and not row["name"].startswith("WRITE")]


def row_at(model: str, table: str, register: int) -> Row:
    code = {"holding": "3", "input": "4"}[table]
    found = [
        row for row in rows(model) if (row["fc"], row["wire_address"]) == (code, str(register))
    ]
    assert len(found) == 1, f"{model} {table} {register}"
    return found[0]


def placed(device: Device) -> Iterator[tuple[ModbusChannel | Check | Identity, str]]:
    """Yield all that a file says of registers, with its source."""
    for each in device.channel.values():
        yield each, each.source
    for check in device.check.values():
        yield check, check.source
    for identity in device.identity.values():
        yield identity, identity.source


def whole(name: str) -> dict[str, Any]:
    """Return a sensor of a model, with all that the model asks for."""
    device = library.load(name)
    answers = {"raw_unit": "m", "order": "ABCD", "scale": 0.01}
    own = {
        channel: {key: str(each.unit) if key == "raw_unit" else answers[key] for key in each.ask}
        for channel, each in device.channel.items()
        if each.ask
    }
    return {**SENSOR, "model": name, "channel": own}


SENSOR = {"driver": "modbus", "bus": "b", "address": 1, "every": "10 s"}


def test_every_file_has_its_rows() -> None:
    assert {file.stem for file in FILES} == MODELS.keys() == set(library.names())


@each_device
def test_each_register_stands_where_the_manual_has_it(name: str) -> None:
    for what, source in placed(library.load(name)):
        row = row_at(MODELS[name], what.table, what.place.start)
        assert what.place.count == int(row["words"])
        assert what.type in TYPES[row["dtype"]]
        assert row["verified"] in {"primary", "inferred", "code"}
        assert (row["verified"] == "inferred") == source.startswith("inferred")
        if what.place.count > 1 and row["word_order"] not in ("-", "unknown"):
            assert what.order == row["word_order"]


@each_device
def test_what_the_manual_leaves_open_is_asked_for_or_accepted_either_way(name: str) -> None:
    device = library.load(name)
    for channel in device.channel.values():
        row = row_at(MODELS[name], channel.table, channel.place.start)
        assert ("order" in channel.ask) == (row["word_order"] == "unknown")
    for check in device.check.values():
        row = row_at(MODELS[name], check.table, check.place.start)
        assert (check.order == "any") == (check.place.count == 2 and row["word_order"] == "-")


@each_device
def test_each_unit_is_the_manuals_or_checked_or_asked_for(name: str) -> None:
    device = library.load(name)
    checked = {channel for check in device.check.values() for channel in check.channels}
    for key, channel in device.channel.items():
        if channel.is_fact or "raw_unit" in channel.ask or key in checked:
            continue
        printed = row_at(MODELS[name], channel.table, channel.place.start)["unit"]
        accepted = UNITS.get(printed, {printed})
        if accepted is not None:
            assert (channel.raw_unit or channel.unit) in accepted, key
        assert channel.unit in PRIMARY


@each_device
def test_a_register_that_qualifies_a_value_is_one_of_the_manuals(name: str) -> None:
    for channel in library.load(name).channel.values():
        for rule in channel.good_when:
            if rule.register_ is None:
                assert not library.load(name).channel[str(rule.channel)].ask
                continue
            where = range(rule.register_ - 1, rule.register_ + 1)
            found = [
                row
                for row in rows(MODELS[name])
                if int(row["wire_address"]) in where
                and rule.register_ < int(row["wire_address"]) + int(row["words"])
            ]
            assert len(found) == 1
            assert re.search("status|error|health|antenna", found[0]["name"])


@each_device
def test_a_file_says_whether_it_is_from_a_manual(name: str) -> None:
    device = library.load(name)
    verified = {
        row_at(MODELS[name], what.table, what.place.start)["verified"] for what, _ in placed(device)
    }
    assert ("code" in verified) == (device.evidence == "code")
    assert verified == {"code"} or "code" not in verified


@each_device
def test_each_row_says_where_it_is_printed(name: str) -> None:
    for _, source in placed(library.load(name)):
        assert re.search(r"\d|^code", source)


@each_device
def test_a_sensor_of_each_model_can_be_planned_whole_and_channel_by_channel(name: str) -> None:
    sensor = whole(name)
    config = ModbusConfig.model_validate(sensor)
    device = library.load(name)
    assert set(config.channel) == set(device.channel)
    assert config.most == device.limits.most
    assert config.pause == device.limits.pause
    assert all(block.count <= device.limits.most <= MOST for block in config.blocks)
    for channel, each in device.channel.items():
        if each.is_fact:
            continue
        own = {channel: sensor["channel"][channel]} if each.ask else {}
        alone = ModbusConfig.model_validate({**sensor, "channels": [channel], "channel": own})
        assert [c.name for c in alone.channel_list()] == [channel]


def test_only_the_file_that_is_asked_for_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    library.load.cache_clear()
    library.tables.cache_clear()
    opened: list[str] = []
    read = Path.read_text

    def watched(self: Path, *args: Any, **keys: Any) -> str:
        opened.append(self.name)
        return read(self, *args, **keys)

    monkeypatch.setattr(Path, "read_text", watched)
    ModbusConfig.model_validate({**SENSOR, "model": "geolux-lx80"})
    assert opened == ["geolux-lx80.toml"]


def test_a_wrong_file_is_named_with_each_wrong_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "config" / "devices" / "geolux-lx80.toml").read_text()
    (tmp_path / "broken.toml").write_text(
        text.replace('parity = "even"', 'parity = "evne"').replace("register = 26", "regster = 26")
    )
    (tmp_path / "no-toml.toml").write_text("maker =")
    monkeypatch.setattr(library, "_FOLDER", tmp_path)
    with pytest.raises(LibraryError) as caught:
        library.load("broken")
    sentence = str(caught.value)
    assert "broken.toml: line.parity:" in sentence
    assert "channel.snr.register: Field required" in sentence
    assert "channel.snr.regster:" in sentence
    with pytest.raises(LibraryError, match=r"no-toml\.toml"):
        library.load("no-toml")
