"""What all relations between a level and a discharge have in common."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Self

from pydantic import model_validator

from agent.hydraulics.method import Instant, Need, metres
from agent.hydraulics.result import Result
from agent.record import Quality
from drivers.fields import ChannelId, wrong_key


class StageDischarge(Instant):
    """A relation between level and discharge.

    Its argument is the head: the level less ``zero``, the staff reading at the crest, the flume's
    floor or the bed. ``limits`` are of the head. Below the head at which water begins to flow
    the discharge is 0, and that is good; anywhere else outside the limits it is suspect.
    """

    zero: float = 0.0

    @abstractmethod
    def discharge(self, head: float, inputs: Mapping[str, float]) -> float:
        """Return the discharge, m3/s, at a head above :attr:`floor`."""

    @property
    def floor(self) -> float:
        """The head of zero flow, m."""
        return 0.0

    def head(self, time: int, level: float) -> float:  # noqa: ARG002 - a rating shifts with time
        """Return the head, m."""
        return metres(level - self.zero)

    def reckon(self, time: int, inputs: Mapping[str, float]) -> Result:
        """Return the discharge, m3/s."""
        head = self.head(time, inputs["from"])
        if head <= self.floor:
            return Result(0.0)
        result = Result(self.discharge(head, inputs))
        low, high = self.domain
        if low <= head <= high:
            return result
        return result.lowered(Quality.SUSPECT, "extrapolated")


class Structure(StageDischarge):
    """A weir or a flume, whose flow depends on the water below it once that backs up.

    ``tailwater`` is a channel with the level below; ``tailwater_zero`` is what it reads at the
    height of the crest or the flume's floor.
    """

    tailwater: ChannelId | None = None
    tailwater_zero: float | None = None

    @model_validator(mode="after")
    def _both(self) -> Self:
        if self.tailwater is not None and self.tailwater_zero is None:
            raise wrong_key("tailwater_zero", "the tailwater's reading at the height of the crest")
        if self.tailwater is None and self.tailwater_zero is not None:
            raise wrong_key("tailwater", 'the channel with the level below, as "sensor/channel"')
        return self

    def needs(self) -> Mapping[str, Need]:
        """Return the tailwater, where there is one."""
        return {} if self.tailwater is None else {"tailwater": Need(self.tailwater, "m")}

    def reckon(self, time: int, inputs: Mapping[str, float]) -> Result:
        """Return the discharge, m3/s, with what the tailwater does to it."""
        free = super().reckon(time, inputs)
        if "tailwater" not in inputs:
            return free
        zero = self.zero if self.tailwater_zero is None else self.tailwater_zero
        tail = metres(inputs["tailwater"] - zero)
        head = self.head(time, inputs["from"])
        if head <= self.floor:
            return free.lowered(Quality.FAIL, "submerged") if tail > 0 else free
        return self.submerged(head, tail, free)

    @abstractmethod
    def submerged(self, head: float, tail: float, free: Result) -> Result:
        """Return the result with the water below at ``tail``, m above the crest or floor."""
