"""From what is measured to water: level, discharge, volume.

Pure functions: nothing here reads a clock, the store or a wire. A method is the model of its keys
in ``station.toml`` (:data:`METHODS`); a :class:`Derived` is a channel with its versions. Methods of
one instant (:class:`Instant`) are computed; those that go on (:class:`Running`: volume, counter)
are stepped from a state that is stored with their rows.
"""

from agent.hydraulics.derived import Derived, Head, Input, Version, whole
from agent.hydraulics.method import Instant, Limit, Method, Need
from agent.hydraulics.plot import Point, curve, draw, span
from agent.hydraulics.registry import METHODS
from agent.hydraulics.result import Result, inherit, missing, worst
from agent.hydraulics.running import Output, Reading, Row, Running
from agent.hydraulics.unchanged import objection

__all__ = [
    "METHODS",
    "Derived",
    "Head",
    "Input",
    "Instant",
    "Limit",
    "Method",
    "Need",
    "Output",
    "Point",
    "Reading",
    "Result",
    "Row",
    "Running",
    "Version",
    "curve",
    "draw",
    "inherit",
    "missing",
    "objection",
    "span",
    "whole",
    "worst",
]
