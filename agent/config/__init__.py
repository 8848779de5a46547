"""``station.toml``: found, read, checked whole, and handed on as frozen, typed tables."""

from agent.config.budget import Budget, budget
from agent.config.load import Config, Sensor, load
from agent.config.mistakes import ConfigError, Mistake
from agent.config.model import Broker, Station, StoreTable, Url
from agent.config.places import find

__all__ = [
    "Broker",
    "Budget",
    "Config",
    "ConfigError",
    "Mistake",
    "Sensor",
    "Station",
    "StoreTable",
    "Url",
    "budget",
    "find",
    "load",
]
