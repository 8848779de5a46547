"""What the station knows of itself right now, in memory.

The sensors' loops write here; ``latest`` and ``status`` are told from here, so that the newest
value is seen even while the store is slow. Nothing here is the truth: that is the log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from agent.record import Layout, Round

State = Literal["starting", "ok", "lost"]


@dataclass(slots=True)
class Health:
    """How one sensor does: counts since the start of the agent.

    Attributes:
        state: ``starting`` until the first answer, ``lost`` from the first failure on.
        asked: polls begun.
        answered: polls that gave at least one value.
        skipped: polls left out because the one before took too long.
        rested: polls left out because the sensor hadn't answered for a while.
        readings: readings handed to the store, those without a value too.
        reason: of the last failure, while the sensor is lost.
        since: when the state began, ms UTC.
    """

    state: State = "starting"
    asked: int = 0
    answered: int = 0
    skipped: int = 0
    rested: int = 0
    readings: int = 0
    reason: str | None = None
    since: int = 0


@dataclass(slots=True)
class Board:
    """The newest round and the health of each sensor.

    Attributes:
        layouts: the sensors of this station and their columns.
        newest: by sensor, its newest round; missing until it was polled once.
        health: by sensor.
        health_version: goes up whenever a sensor's or a broker's state changes, so that a reader
            can tell.
    """

    layouts: Mapping[str, Layout]
    newest: dict[str, Round] = field(default_factory=dict)
    health: dict[str, Health] = field(default_factory=dict)
    health_version: int = 0

    def __post_init__(self) -> None:
        """Begin with every sensor starting."""
        self.health.update({sensor: Health() for sensor in self.layouts})

    def move(self, sensor: str, state: State, reason: str | None, time: int) -> None:
        """Put a sensor into a state, where it isn't in it; ``time`` is ms UTC."""
        health = self.health[sensor]
        if health.state != state:
            health.state, health.since = state, time
            self.changed()
        health.reason = reason

    def changed(self) -> None:
        """Have ``status`` told again soon: something that it says has changed."""
        self.health_version += 1
