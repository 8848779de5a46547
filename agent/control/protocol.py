"""What goes over the socket."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agent.record import Layout, Round

LONGEST: Final = 1_000_000
"""Bytes of a line."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a sensor said to the agent.

    Attributes:
        round: its values; where it gave nothing, the reason.
        sentence: what is wrong and what to do, where it gave nothing.
    """

    round: Round
    sentence: str = ""


def path_of(store: str) -> Path:
    """Return where the agent that writes a store listens."""
    path = Path(store)
    return path.with_name(path.name + ".sock")


def to_json(said: Said) -> dict[str, Any]:
    """Return what is sent for an answer."""
    layout = said.round.layout
    return {
        "sensor": layout.sensor,
        "names": layout.names,
        "units": layout.units,
        "time": said.round.time,
        "values": said.round.values,
        "qualities": list(said.round.qualities),
        "reasons": {str(index): reason for index, reason in said.round.reasons.items()},
        "sentence": said.sentence,
    }


def from_json(sent: dict[str, Any]) -> Said:
    """Return the answer that was sent.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    layout = Layout(sent["sensor"], tuple(sent["names"]), tuple(sent["units"]))
    reasons = {int(index): reason for index, reason in sent["reasons"].items()}
    values, qualities = tuple(sent["values"]), bytes(sent["qualities"])
    return Said(Round(layout, sent["time"], values, qualities, reasons), sent["sentence"])
