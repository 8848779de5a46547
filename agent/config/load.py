"""From a file to a :class:`Config`: each table by its own model, then what holds between them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from agent.config.budget import budget
from agent.config.lines import KeyPath, line_of
from agent.config.mistakes import ConfigError, Mistake, from_validation, shown, unknown
from agent.config.model import Broker, Station, StoreTable
from agent.config.reader import Document, read
from drivers import registry
from drivers.base import BusSensorConfig, Driver, SensorConfig
from drivers.bus import AnyBus, TcpBus, bus_model
from drivers.fields import Name

_TABLES: Final = ("station", "store", "broker", "bus", "sensor")
_TAKEN: Final = frozenset({"derived", "event"})
_PLACES: Final = (Path("station.toml"), Path("/etc/aryk/station.toml"))
_NAME: Final = TypeAdapter[str](Name)

M = TypeVar("M", bound=BaseModel)


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


def find(given: Path | None) -> Path:
    """Return which file is meant: the one given, ``$ARYK_CONFIG``, or the first that exists."""
    if given is not None:
        return given
    if named := os.environ.get("ARYK_CONFIG"):
        return Path(named)
    return next((place for place in _PLACES if place.exists()), _PLACES[0])


def load(path: Path) -> Config:
    """Read and check a configuration; nothing but the file itself is touched.

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
        for name in tables.keys() - set(_TABLES):
            hint, accepted = unknown("table", name, _TABLES)
            self._add((name,), accepted=accepted, hint=hint)
        station = self._station()
        store = self._table(("store",), tables.get("store", {}), StoreTable)
        brokers = self._tables("broker", lambda _: Broker)
        buses = self._tables("bus", bus_model)
        sensors = self._sensors()
        self._between(buses, sensors)
        if self.mistakes:
            raise ConfigError(self.mistakes)
        assert station is not None
        assert store is not None
        store = store.model_copy(update={"path": str(self.document.file.parent / store.path)})
        return Config(self.document.file, station, store, brokers, buses, sensors)

    def _add(self, path: KeyPath, found: str = "", accepted: str = "", hint: str = "") -> None:
        line = line_of(path, self.document.lines)
        key = ".".join(map(str, path))
        self.mistakes.append(Mistake(self.document.file, line, key, found, accepted, hint))

    def _station(self) -> Station | None:
        if "station" in self.document.tables:
            return self._table(("station",), self.document.tables["station"], Station)
        self._add(("station",), hint='missing; write [station] with id = "…"')
        return None

    def _table(self, path: KeyPath, table: object, model: type[M]) -> M | None:
        if not isinstance(table, dict):
            self._add(path, shown(table), f"a table [{'.'.join(map(str, path))}]")
            return None
        try:
            folder = self.document.file.parent
            return model.model_validate(table, context={"folder": folder})
        except ValidationError as error:
            self.mistakes += from_validation(
                error,
                model,
                path,
                file=self.document.file,
                lines=self.document.lines,
                data=table,
            )
            return None

    def _named(self, kind: str) -> dict[str, Any]:
        tables = self.document.tables.get(kind, {})
        if not isinstance(tables, dict):
            self._add((kind,), shown(tables), f"tables [{kind}.<name>]")
            return {}
        for name in tables:
            try:
                _NAME.validate_python(name)
            except ValidationError as error:
                self._add((kind, name), shown(name), str(error.errors()[0]["ctx"]["error"]))
        return tables

    def _tables(self, kind: str, model_of: Any) -> dict[str, Any]:
        checked = {}
        for name, table in self._named(kind).items():
            path = (kind, name)
            try:
                model = model_of(table if isinstance(table, dict) else {})
            except ValueError as error:
                self._add(path, accepted=str(error))
                continue
            if (made := self._table(path, table, model)) is not None:
                checked[name] = made
        return checked

    def _sensors(self) -> dict[str, Sensor]:
        sensors = {}
        tables = self._named("sensor")
        if not tables and "sensor" not in self.document.tables:
            self._add(("sensor",), hint="missing; write at least one [sensor.<name>]")
        for name, table in tables.items():
            if name in _TAKEN:
                self._add(("sensor", name), shown(name), "another name", "a name that is taken")
            if (driver := self._driver(name, table)) is None:
                continue
            config = self._table(("sensor", name), table, driver.Config)
            if config is not None:
                sensors[name] = Sensor(name, driver, config)
        return sensors

    def _driver(self, sensor: str, table: object) -> type[Driver] | None:
        path = ("sensor", sensor, "driver")
        if not isinstance(table, dict):
            self._add(path[:2], shown(table), f"a table [sensor.{sensor}]")
            return None
        name = table.get("driver")
        try:
            if isinstance(name, str) and name in registry.names():
                return registry.load(name)
            hint, accepted = unknown("driver", str(name), registry.names())
            self._add(
                path,
                shown(name) if "driver" in table else "",
                accepted,
                hint if "driver" in table else "missing",
            )
        except registry.RegistryError as error:
            self._add(path, hint=str(error))
        return None

    def _between(self, buses: Mapping[str, AnyBus], sensors: Mapping[str, Sensor]) -> None:
        ports: dict[object, str] = {}
        for name, bus in buses.items():
            if (other := ports.setdefault(bus.endpoint, name)) != name:
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
        bus: str,
        buses: Mapping[str, AnyBus],
        addresses: dict[tuple[str, object], str],
    ) -> None:
        path = ("sensor", sensor.name)
        declared = self.document.tables.get("bus", {})
        if bus not in declared:
            hint, accepted = unknown("bus", bus, declared)
            self._add((*path, "bus"), shown(bus), accepted, hint)
        elif bus in buses and (framing := buses[bus].framing) not in sensor.driver.framings:
            accepted = "a bus with framing " + " or ".join(sorted(sensor.driver.framings))
            self._add((*path, "bus"), shown(framing), accepted)
        if isinstance(buses.get(bus), TcpBus) and (said := getattr(sensor.config, "parity", None)):
            self._add((*path, "parity"), shown(said), "no parity on a TCP gateway: it has its own")
        address = getattr(sensor.config, "address", None)
        other = addresses.setdefault((bus, address), sensor.name)
        if address is not None and other != sensor.name:
            self._add((*path, "address"), hint=f"address {address} is also sensor.{other}'s")
