"""Wires that sensors share."""

from drivers.bus.bus import Bus, Turn
from drivers.bus.config import AnyBus, Line, ReplayBus, SerialBus, TcpBus, bus_model
from drivers.bus.exchange import Exchange, Parity, Peer
from drivers.bus.reasons import REASONS
from drivers.bus.wire import Counts, Tap

__all__ = [
    "REASONS",
    "AnyBus",
    "Bus",
    "Counts",
    "Exchange",
    "Line",
    "Parity",
    "Peer",
    "ReplayBus",
    "SerialBus",
    "Tap",
    "TcpBus",
    "Turn",
    "bus_model",
]
