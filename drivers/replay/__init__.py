"""Traces: what went over a wire, written down and run again."""

from drivers.replay.recorder import Recorder
from drivers.replay.trace import Event, Trace, TraceError, read

__all__ = ["Event", "Recorder", "Trace", "TraceError", "read"]
