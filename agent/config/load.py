"""From a file to a :class:`Config`: each table by its own model, then what holds between them."""

import contextlib
import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from agent.config.budget import budget
from agent.config.lines import KeyPath, line_of
from agent.config.mistakes import ConfigError, Mistake, dotted, shown, unknown
from agent.config.model import Broker, Station, StoreTable
from agent.config.reader import Document, read
from agent.config.validation import from_validation
from drivers import registry
from drivers.base import BusSensorConfig, Driver, SensorConfig
from drivers.bus import AnyBus, TcpBus, bus_model
from drivers.fields import Name

_TABLES: Final = ("station", "store", "broker", "bus", "sensor")
_WIRES: Final = ("device", "host", "replay")  # one of them says what a bus is
_TAKEN: Final = frozenset({"derived", "event"})
_NAME: Final = TypeAdapter[str](Name)

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sensor:
    """One ``[sensor.<name>]``: its driver's class, not made yet, and its checked keys."""

    name: str
    driver: type[Driver]
    config: SensorConfig

    @property
    def bus(self) -> str | None:
        """The name of the wire that it hangs on, if it hangs on one."""
        return self.config.bus if isinstance(self.config, BusSensorConfig) else None


@dataclass(frozen=True, slots=True)
class Config:
    """A whole, consistent ``station.toml``; ``store.path`` is absolute where ``file`` is."""

    file: Path
    station: Station
    store: StoreTable
    brokers: Mapping[str, Broker]
    buses: Mapping[str, AnyBus]
    sensors: Mapping[str, Sensor]


def load(path: Path) -> Config:
    """Read and check a configuration; nothing but the file itself is read.

    Raises:
        ConfigError: with every mistake in it.
    """
    return _Loader(read(path)).config()


@dataclass
class _Loader:
    document: Document
    mistakes: list[Mistake] = field(default_factory=list)

    def config(self) -> Config:
        tables = self.document.tables
        for name in tables:
            if name not in _TABLES:
                hint, accepted = unknown("table", name, _TABLES)
                self._add((name,), accepted=accepted, hint=hint)
        if "station" not in tables:
            self._add(("station",), hint='missing; write [station] with id = "…"')
        station = self._table(("station",), tables.get("station"), Station)
        store = self._table(("store",), tables.get("store", {}), StoreTable)
        brokers = self._tables("broker", lambda path, table: self._table(path, table, Broker))
        buses: dict[str, AnyBus] = self._tables("bus", self._bus)
        sensors = self._tables("sensor", self._sensor)
        if tables.get("sensor", {}) == {}:
            self._add(("sensor",), hint="missing; write at least one [sensor.<name>]")
        self._between(buses, sensors)
        if self.mistakes:
            raise ConfigError(self.mistakes)
        assert station is not None
        assert store is not None
        return Config(self.document.file, station, store, brokers, buses, sensors)

    def _add(self, path: KeyPath, found: str = "", accepted: str = "", hint: str = "") -> None:
        line = line_of(path, self.document.lines)
        self.mistakes.append(Mistake(self.document.file, line, dotted(path), found, accepted, hint))

    def _tables(self, kind: str, checked: Callable[[KeyPath, Any], T | None]) -> dict[str, T]:
        """Return by name what the tables of a kind become, where nothing is wrong with them."""
        tables = self.document.tables.get(kind, {})
        accepted = f"a table [{kind}.<name>]"
        if not isinstance(tables, dict):
            self._add((kind,), shown(tables), accepted)
            return {}
        made = {}
        for name, table in tables.items():
            path = (kind, name)
            if not isinstance(table, dict):
                self._add(path, shown(table), accepted)
                continue
            self._name(path)
            if (one := checked(path, table)) is not None:
                made[name] = one
        return made

    def _name(self, path: tuple[str, str]) -> None:
        try:
            _NAME.validate_python(path[1])
        except ValidationError as error:
            self._add(path, shown(path[1]), str(error.errors()[0]["ctx"]["error"]))

    def _table(self, path: KeyPath, table: object, model: type[M]) -> M | None:
        if table is None:
            return None
        if not isinstance(table, dict):
            self._add(path, shown(table), f"a table [{dotted(path)}]")
            return None
        try:
            folder = self.document.file.parent
            return model.model_validate(table, context={"folder": folder})
        except ValidationError as error:
            document = self.document
            self.mistakes += from_validation(
                error, model, path, file=document.file, lines=document.lines, data=table
            )
            return None

    def _bus(self, path: KeyPath, table: dict[str, Any]) -> AnyBus | None:
        try:
            model = bus_model(table)
        except ValueError as error:
            near = [key for key in _WIRES if difflib.get_close_matches(key, table)]
            if not near or set(_WIRES) & table.keys():
                self._add(path, accepted=str(error))
                return None
            model = bus_model({near[0]: ""})
        return self._table(path, table, model)

    def _sensor(self, path: KeyPath, table: dict[str, Any]) -> Sensor | None:
        name = str(path[1])
        if name in _TAKEN:
            self._add(path, shown(name), "another name", "a name that is taken")
        if (driver := self._driver(path, table)) is None:
            common = {key: table[key] for key in SensorConfig.model_fields if key in table}
            self._table(path, common | {"driver": ""}, SensorConfig)
            return None
        config = self._table(path, table, driver.Config)
        return None if config is None else Sensor(name, driver, config)

    def _driver(self, path: KeyPath, table: dict[str, Any]) -> type[Driver] | None:
        path = (*path, "driver")
        name = table.get("driver")
        known = registry.names()
        if "driver" not in table:
            self._add(path, accepted=", ".join(known), hint="missing")
        elif not isinstance(name, str):
            self._add(path, shown(name), "a text in quotes")
        elif name not in known:
            hint, accepted = unknown("driver", name, known)
            self._add(path, shown(name), accepted, hint)
        else:
            try:
                return registry.load(name)
            except registry.RegistryError as error:
                self._add(path, hint=str(error))
        return None

    def _between(self, buses: Mapping[str, AnyBus], sensors: Mapping[str, Sensor]) -> None:
        ports: dict[object, str] = {}
        for name, bus in buses.items():
            if (other := ports.setdefault(_port(bus), name)) != name:
                self._add(("bus", name), hint=f"its port is also bus.{other}'s; share that bus")
            polls = [each.config for each in sensors.values() if each.bus == name]
            need = budget(bus, polls)
            if need is not None and need.impossible:
                advice = "make every longer, the line faster, or share them out among two buses"
                self._add(("bus", name), hint=f"its sensors need {need}; {advice}")
        addresses: dict[tuple[str, object], str] = {}
        for sensor in sensors.values():
            if (bus_name := sensor.bus) is not None:
                self._hangs(sensor, bus_name, buses, addresses)

    def _hangs(
        self,
        sensor: Sensor,
        name: str,
        buses: Mapping[str, AnyBus],
        addresses: dict[tuple[str, object], str],
    ) -> None:
        path = ("sensor", sensor.name)
        declared = self.document.tables.get("bus", {})
        if isinstance(declared, dict) and name not in declared:
            hint, accepted = unknown("bus", name, declared)
            self._add((*path, "bus"), shown(name), accepted, hint)
        elif name in buses and (framing := buses[name].framing) not in sensor.driver.framings:
            accepted = "a bus with framing " + " or ".join(sorted(sensor.driver.framings))
            self._add((*path, "bus"), shown(framing), accepted)
        if isinstance(buses.get(name), TcpBus) and (said := getattr(sensor.config, "parity", None)):
            self._add((*path, "parity"), shown(said), "no parity on a TCP gateway: it has its own")
        if name in buses and isinstance(sensor.config, BusSensorConfig):
            for key, accepted in sensor.config.objections(buses[name].framing):
                self._add((*path, key), shown(getattr(sensor.config, key)), accepted)
        address = getattr(sensor.config, "address", None)
        other = addresses.setdefault((name, address), sensor.name)
        if address is not None and other != sensor.name:
            self._add((*path, "address"), hint=f"address {address} is also sensor.{other}'s")


def _port(bus: AnyBus) -> object:
    """Return what two buses on one port have in common, however each is written."""
    if isinstance(bus, TcpBus):
        return bus.host.rstrip(".").lower(), bus.port
    with contextlib.suppress(ValueError):  # a zero byte: no port has such a name
        return os.path.realpath(bus.endpoint)
    return bus.endpoint
