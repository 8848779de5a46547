"""Traces: what went over a wire, written down, and said again."""

from drivers.replay.recorder import Recorder
from drivers.replay.rerun import Rerun, rerun
from drivers.replay.trace import Event, Trace, TraceError, read

__all__ = ["Event", "Recorder", "Rerun", "Trace", "TraceError", "read", "rerun"]
