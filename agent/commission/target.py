"""Which wire is meant: a port, a gateway, or a bus of ``station.toml``."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from agent.config import Config, ConfigError, find, load
from drivers.bus import SerialBus, TcpBus

_GATEWAY: Final = re.compile(r"(?:\[(?P<v6>[^]]+)\]|(?P<host>[^:/]+)):(?P<port>\d{1,5})")
_DEV: Final = Path("/dev")
_USUAL: Final = "ttyUSB* ttyACM* serial0 ttyAMA* ttySC* ttymxc* ttyO*"
"""Serial ports that instruments hang on: adapters, and a board's own (serial0 on a Raspberry Pi). A
PC's ttyS* are mostly empty."""


class TargetError(Exception):
    """It can't be told which wire is meant; the message says what to write."""


@dataclass(frozen=True)
class Target:
    """A wire.

    Attributes:
        name: of its table ``[bus.<name>]``.
        line: that table.
        station: in whose ``station.toml`` it stands; None where it is in none.
    """

    name: str
    line: SerialBus | TcpBus
    station: Config | None = None

    @cached_property
    def sensors(self) -> Mapping[int | str, str] | None:
        """The names of the station's sensors on it, by address; None without a station."""
        if self.station is None:
            return None
        names: dict[int | str, str] = {}
        for sensor in self.station.sensors.values():
            address = getattr(sensor.config, "address", None)
            if sensor.bus == self.name and address is not None:
                names[address] = sensor.name
        return names


def of_port(device: str, **settings: Any) -> Target:
    """Return a serial port as it may stand in ``station.toml``, by its lasting name.

    Raises:
        TargetError: it has no such settings.
    """
    line = _made(SerialBus, {"device": lasting(device), **_given(settings)})
    short = Path(os.path.realpath(device)).name.lower()
    return Target(re.sub(r"[^a-z0-9-]+", "-", short).strip("-") or "line", line)


def of_host(host: str, **settings: Any) -> Target:
    """Return a gateway from ``HOST`` or ``HOST:PORT``.

    Raises:
        TargetError: it is neither, or has no such settings.
    """
    table: dict[str, Any] = {"host": host, **_given(settings)}
    if match := _GATEWAY.fullmatch(host):
        table |= {"host": match["v6"] or match["host"], "port": int(match["port"])}
    elif ":" in host and not _is_address(host):
        raise TargetError(f"{host} is no host: write HOST:PORT, as 192.0.2.10:502.")
    if not 1 <= table.get("port", 502) <= 65535:
        raise TargetError(f"{host}: a port is a number from 1 to 65535, mostly 502.")
    return Target("gateway", _made(TcpBus, table))


def changed(line: SerialBus | TcpBus, **settings: Any) -> SerialBus | TcpBus:
    """Return a line with other settings; None leaves one as it is.

    Raises:
        TargetError: it has no such setting.
    """
    return _made(type(line), {**line.model_dump(exclude_unset=True), **_given(settings)})


def resolve(text: str | None, config: Path | None, **settings: Any) -> Target:
    """Return what a person means by ``PORT``, ``HOST:PORT``, ``BUS``, or by nothing.

    Args:
        text: as typed; None takes the only bus of the configuration, or the only port there is.
        config: the ``station.toml`` that was named.
        settings: of a line that stands in no configuration; None where it isn't given.

    Raises:
        TargetError: nothing or too much is meant.
        ConfigError: it is a bus of a configuration that is wrong.
    """
    if text is None:
        return _only(config, settings)
    if "/" in text:
        return of_port(text, **settings)
    if _GATEWAY.fullmatch(text) or _is_address(text):
        return of_host(text, **settings)
    if (device := _DEV / text).exists():
        return of_port(str(device), **settings)
    if (file := _file(config)) is None:
        raise TargetError(
            f"{text} is no port and no HOST:PORT, and there is no station.toml with a bus of that "
            "name: write a port as /dev/ttyUSB0, a gateway as 192.0.2.10:502."
        )
    return of_bus(load(file), text)


def of_bus(config: Config, name: str) -> Target:
    """Return a bus of a configuration.

    Raises:
        TargetError: it has none of that name, or that isn't a wire.
    """
    if name not in config.buses:
        known = ", ".join(config.buses) or "none"
        raise TargetError(f"{config.file} has no bus {name}. Its buses: {known}.")
    line = config.buses[name]
    if not isinstance(line, SerialBus | TcpBus):
        raise TargetError(f"bus.{name} of {config.file} repeats a recording: name a real wire.")
    return Target(name, line, config)


def ports() -> Iterator[str]:
    """Yield the serial ports that instruments may hang on, by their lasting names."""
    seen = set()
    for pattern in _USUAL.split():
        for device in sorted(_DEV.glob(pattern)):
            if (real := os.path.realpath(device)) not in seen:
                seen.add(real)
                yield lasting(str(device))


def lasting(device: str) -> str:
    """Return the name of a port that stays when adapters are plugged in another order."""
    real = os.path.realpath(device)
    by_id = sorted(_DEV.glob("serial/by-id/*"))
    links = (str(link) for link in by_id if os.path.realpath(link) == real)
    return next(links, device)


def _file(given: Path | None) -> Path | None:
    try:
        return find(given)
    except ConfigError:
        return None  # there is none


def _only(config: Path | None, settings: Mapping[str, Any]) -> Target:
    if (file := _file(config)) is not None:
        found = load(file)
        if len(found.buses) == 1:
            return of_bus(found, *found.buses)
        if found.buses:
            raise TargetError(f"Which bus? {file} has {', '.join(found.buses)}.")
    there = list(ports())
    if len(there) == 1:
        return of_port(there[0], **settings)
    if there:
        raise TargetError("Which port? There are:\n  " + "\n  ".join(there))
    raise TargetError(
        "There is no serial port here: plug the adapter in, or name a port or a HOST:PORT."
    )


def _made(model: type[SerialBus] | type[TcpBus], table: Mapping[str, Any]) -> SerialBus | TcpBus:
    try:
        return model.model_validate(table)
    except ValidationError as error:
        key = error.errors()[0]["loc"][0]
        kind = "a serial port" if model is SerialBus else "a TCP gateway"
        raise TargetError(f"{kind} has no {key} {table[str(key)]}: leave it out.") from None


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if value is not None}


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
