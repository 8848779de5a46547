"""Wires that sensors share."""

from drivers.bus.bus import REASONS, Bus, Counts, Tap, Turn
from drivers.bus.config import SerialBus, TcpBus, bus_model
from drivers.bus.exchange import Exchange, Parity, Peer

__all__ = [
    "REASONS",
    "Bus",
    "Counts",
    "Exchange",
    "Parity",
    "Peer",
    "SerialBus",
    "Tap",
    "TcpBus",
    "Turn",
    "bus_model",
]
