"""``station.toml``: found, read, checked whole, and handed on as frozen, typed tables."""

from agent.config.load import Config, Sensor, find, load
from agent.config.mistakes import ConfigError, Mistake
from agent.config.model import Broker, Station, StoreTable, Url

__all__ = [
    "Broker",
    "Config",
    "ConfigError",
    "Mistake",
    "Sensor",
    "Station",
    "StoreTable",
    "Url",
    "find",
    "load",
]
