"""Rounds for tests of the store."""

from agent.record import Layout, Round


def a_round(columns: int, tick: int = 0, sensor: str = "radar") -> Round:
    """Return a round whose values tell its tick; its first column has no value."""
    names = tuple(f"c{i}" for i in range(columns))
    values = (None, *(tick + i / 10 for i in range(1, columns)))
    qualities = bytes([9] + [2] * (columns - 1))
    return Round(Layout(sensor, names, ("m",) * columns), tick, values, qualities, {0: "timeout"})
