"""The device library: what manuals say of instruments, a TOML file each.

The files lie in ``config/devices``, to which ``devices`` beside this module is a link; in a wheel
they stand here themselves. Only those that are asked for are read.
"""

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from annotated_types import Ge, Le, MinLen
from pydantic import Field, ValidationError, model_validator

from drivers.fields import ChannelName, Pause, Period, Table, Word
from drivers.modbus.channel import Check, Integer, ModbusChannel, Order, Register, TableName
from drivers.modbus.plan import MOST, Extent

_FOLDER: Final = Path(__file__).with_name("devices")
_Text = Annotated[str, MinLen(1)]


class LibraryError(ValueError):
    """A file of the library is wrong: the installation is broken."""


class Line(Table):
    """``[line]``: how the device leaves the factory."""

    baudrate: Annotated[int, Ge(300)] = 9600
    parity: Literal["none", "even", "odd"] = "none"
    data_bits: Literal[7, 8] = 8
    stop_bits: Literal[1, 2] = 1
    address: Annotated[int, Ge(1), Le(247)] = 1

    def __str__(self) -> str:
        """Return the usual short form, as ``9600 8E1``."""
        return f"{self.baudrate} {self.data_bits}{self.parity[0].upper()}{self.stop_bits}"


class Limits(Table):
    """``[limits]``: what the device can take."""

    most: Annotated[int, Ge(1), Le(MOST)] = MOST
    pause: Pause = 0.0
    stale_after: Period | None = None
    settle: Pause = 1.0


class DeviceChannel(ModbusChannel):
    """``[channel.<name>]``: a channel, what it is, and where that is printed.

    ``ask`` has the keys that only the station can know, because the device's settings decide, or
    because the manual doesn't say; without them it can't be read.
    """

    text: _Text
    source: _Text
    ask: Annotated[tuple[Literal["raw_unit", "order", "scale"], ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _left_open(self) -> Self:
        if given := sorted(set(self.ask) & self.model_fields_set):
            raise ValueError(f"either {given[0]}, or its place in ask")
        return self


class DeviceCheck(Check):
    """``[check.<name>]``: a check, whom it concerns, and where its numbers are printed."""

    channels: Annotated[tuple[ChannelName, ...], Field(strict=False), MinLen(1)]
    source: _Text


class Identity(Table):
    """``[identity.<name>]``: a register by which ``aryk scan`` knows the device.

    Its number is one of ``accepted``, or, with ``address = true``, the device's own address.
    """

    table: TableName = "holding"
    register_: Register = Field(alias="register")
    type: Integer = "uint16"
    order: Order = "ABCD"
    accepted: Annotated[tuple[int, ...], Field(strict=False)] = ()
    address: bool = False
    source: _Text

    @property
    def place(self) -> Extent:
        """Its registers."""
        return Extent(self.table, self.register_, int(self.type[-2:]) // 16)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.accepted) == self.address:
            raise ValueError("either accepted, or address = true")
        return self


class Readdress(Table):
    """``[address]``: the holding register by which ``aryk address`` gives it another address."""

    register_: Register = Field(alias="register")
    source: _Text


class Device(Table):
    """A file of the library."""

    maker: _Text
    name: _Text
    also: Annotated[tuple[str, ...], Field(strict=False)] = ()
    quantity: _Text
    protocol: Literal["Modbus RTU", "Modbus RTU, TCP"] = "Modbus RTU"
    evidence: Literal["manual", "code"]
    source: _Text
    notes: Annotated[tuple[str, ...], Field(strict=False)] = ()
    line: Line | None = None
    limits: Limits = Limits()
    channel: Annotated[Mapping[ChannelName, DeviceChannel], MinLen(1)]
    check: Mapping[Word, DeviceCheck] = Field(default_factory=dict)
    identity: Mapping[Word, Identity] = Field(default_factory=dict)
    address: Readdress | None = None


def names() -> list[str]:
    """Return the models of the library, sorted; no file is read."""
    return sorted(file.stem for file in _FOLDER.glob("*.toml"))


def near(name: str) -> str:
    """Return what is accepted where there is no such model, with the nearest one there is."""
    found = difflib.get_close_matches(name, names(), n=1, cutoff=0.5)
    said = "a model of the device library (see: aryk devices)"
    return f'{said}; did you mean "{found[0]}"?' if found else said


@cache
def tables(name: str) -> dict[str, Any]:
    """Return a file of the library as TOML has it; not to be changed.

    Raises:
        KeyError: there is no such model.
        LibraryError: the file isn't TOML.
    """
    if name not in names():
        raise KeyError(name)
    file = _FOLDER / f"{name}.toml"
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LibraryError(f"{file}: {error}. Install aryk anew.") from error


@cache
def load(name: str) -> Device:
    """Return a model of the library.

    Raises:
        KeyError: there is no such model.
        LibraryError: its file is wrong; the message has each key and what is wrong with it.
    """
    found = tables(name)
    try:
        return Device.model_validate(found)
    except ValidationError as error:
        wrong = (
            f"{_FOLDER / name}.toml: {'.'.join(map(str, one['loc']))}: {one['msg']}"
            for one in error.errors(include_url=False)
        )
        raise LibraryError("\n".join(wrong)) from error


_OF_THE_FILE: Final = {"text", "source", "ask"}


def _keys(table: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in table.items() if key not in _OF_THE_FILE}


def filled(name: str, sensor: Mapping[str, Any]) -> dict[str, Any]:
    """Return a sensor's table with what its model brings; what the sensor says itself wins.

    Args:
        name: the model.
        sensor: the table as it stands in the file, not validated yet.

    Raises:
        KeyError: there is no such model.
        LibraryError: its file is wrong.
    """
    device, raw = load(name), tables(name)
    own = sensor.get("channel", {})
    if not (isinstance(own, dict) and all(isinstance(each, dict) for each in own.values())):
        return dict(sensor)  # what is wrong there is said when it is checked
    plain = [each for each in device.channel if not lacking(device, each, own)]
    if not isinstance(listed := sensor.get("channels", plain), list):
        return dict(sensor)
    listed = [*listed, *(each for each in own if each in raw["channel"] and each not in listed)]
    asked = [each for each in listed if isinstance(each, str) and each in raw["channel"]]
    channels = {
        each: _keys(raw["channel"].get(each, {})) | own.get(each, {})
        for each in dict.fromkeys([*asked, *own])
    }
    for each in [*_named_in_rules(channels)]:
        if each in raw["channel"]:
            channels.setdefault(each, _keys(raw["channel"][each]))
    checks, own_checks = _checks(raw.get("check", {}), channels), sensor.get("check", {})
    return {
        **raw.get("limits", {}),
        **sensor,
        "channels": listed,
        "channel": channels,
        "check": checks | own_checks if isinstance(own_checks, dict) else own_checks,
    }


def _named_in_rules(channels: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for table in channels.values():
        rules = table.get("good_when")
        for rule in rules if isinstance(rules, list) else ():
            if isinstance(rule, dict) and isinstance(name := rule.get("channel"), str):
                yield name


def _checks(of_model: Mapping[str, Any], read: Mapping[str, object]) -> dict[str, dict[str, Any]]:
    """Return the checks of a model that concern channels that are read."""
    checks = {}
    for name, table in of_model.items():
        if concerned := [channel for channel in table["channels"] if channel in read]:
            checks[name] = _keys(table) | {"channels": concerned}
    return checks


def lacking(device: Device, channel: str, own: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Return the keys that a device's channel leaves to the station, and that it doesn't give."""
    given = own.get(channel, {})
    return [key for key in device.channel[channel].ask if key not in given]
