"""Wires that sensors share."""

from drivers.bus.bus import Bus
from drivers.bus.config import SerialBus, TcpBus, bus_model
from drivers.bus.exchange import Exchange

__all__ = ["Bus", "Exchange", "SerialBus", "TcpBus", "bus_model"]
