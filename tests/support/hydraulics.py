"""Methods as a test writes them down."""

from typing import Any

from agent.hydraulics import METHODS, Instant, Method, Result
from agent.record import Quality

GOOD, SUSPECT, FAIL, MISSING = Quality.GOOD, Quality.SUSPECT, Quality.FAIL, Quality.MISSING

SITES: dict[str, dict[str, Any]] = {
    "rating": {
        "method": "rating",
        "segments": [
            {"from": 0.1, "a": 5.0, "h0": 0.05, "b": 1.5},
            {"from": 0.8, "a": 9.526, "h0": 0.25, "b": 1.8},
        ],
        "limits": [0.1, 2.0],
    },
    "table": {
        "method": "table",
        "points": [[0.1, 0.0], [0.2, 0.31], [0.5, 2.2], [1.0, 7.4], [1.8, 21.0]],
    },
    "table, not from zero": {
        "method": "table",
        "points": [[0.1, 0.05], [0.5, 2.2], [1.0, 7.4]],
    },
    "table, linear": {
        "method": "table",
        "points": [[0.1, 0.05], [0.5, 2.2], [1.0, 7.4]],
        "interpolation": "linear",
    },
    "parshall": {"method": "parshall", "size": "1 ft", "zero": 0.12},
    "cutthroat": {"method": "cutthroat", "length": 0.9144, "throat": 0.2032},
    "contracted": {
        "method": "weir-rectangular",
        "crest_width": 0.6,
        "channel_width": 1.0,
        "crest_height": 0.4,
    },
    "rehbock": {
        "method": "weir-rectangular",
        "crest_width": 1.0,
        "channel_width": 1.0,
        "crest_height": 0.3,
        "formula": "rehbock",
    },
    "francis": {
        "method": "weir-rectangular",
        "crest_width": 1.0,
        "channel_width": 2.0,
        "crest_height": 0.5,
        "formula": "francis",
    },
    "francis, suppressed": {
        "method": "weir-rectangular",
        "crest_width": 1.0,
        "channel_width": 1.0,
        "crest_height": 0.5,
        "formula": "francis",
    },
    "v-notch": {"method": "weir-v-notch", "angle": 90, "crest_height": 0.5},
    "v-notch, shen": {"method": "weir-v-notch", "angle": 45, "formula": "shen"},
    "cipoletti": {"method": "weir-cipoletti", "crest_width": 1.0},
    "broad-crested": {
        "method": "broad-crested",
        "crest_width": 2.0,
        "cd": 0.9,
        "cv": 1.02,
        "crest_length": 0.6,
        "crest_height": 0.5,
    },
    "manning": {
        "method": "manning",
        "bottom_width": 2.0,
        "side_slope": 1.5,
        "slope": 0.0005,
        "n": 0.025,
    },
    "index-velocity": {
        "method": "index-velocity",
        "velocity": "adcp/index",
        "a": 0.04,
        "b": 0.87,
        "area": [[0.0, 0.0], [0.6, 2.34], [1.2, 5.76]],
    },
    "surface-velocity": {
        "method": "surface-velocity",
        "velocity": "radar/velocity",
        "area": [[0.0, 0.0], [1.0, 4.0]],
    },
}
"""A site for each relation of level and discharge."""


def method(keys: dict[str, Any]) -> Method:
    """Return a method from its keys."""
    return METHODS[keys["method"]].model_validate(keys)


def made(name: str, **keys: Any) -> Instant:
    """Return a method by name and keys."""
    found = method({"method": name, **keys})
    assert isinstance(found, Instant)
    return found


def site(name: str, **keys: Any) -> Instant:
    """Return the method of one of the sites, with other keys where they are given."""
    found = method(SITES[name] | keys)
    assert isinstance(found, Instant)
    return found


def of(found: Instant, level: float, **others: float) -> Result:
    """Return what a method makes of a level; 1 m/s where it needs a velocity."""
    needed = {"velocity": 1.0} if "velocity" in found.needs() else {}
    return found.compute(0, {"from": level, **needed, **others})


def value(found: Instant, level: float, **others: float) -> float:
    """Return the value alone."""
    result = of(found, level, **others).value
    assert result is not None
    return result
