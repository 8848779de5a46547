"""Asking the sensors: when, and what becomes of the answer.

One :class:`Poller` a sensor. It asks on time, turns what the driver said into a round, hands the
round to the store and goes on. A sensor that doesn't answer costs nobody else anything; a poll
that got no answer is a round too, with its reason.
"""

from agent.acquire.asking import Asked, ask
from agent.acquire.poller import Poller, Sink
from agent.acquire.rounds import layout_of, no_answer, round_of
from agent.acquire.schedule import Schedule

__all__ = [
    "Asked",
    "Poller",
    "Schedule",
    "Sink",
    "ask",
    "layout_of",
    "no_answer",
    "round_of",
]
