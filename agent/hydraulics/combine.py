"""Sums and shares of several channels."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from annotated_types import Gt, MinLen

from agent.hydraulics.method import Instant, Need
from agent.hydraulics.result import Result
from agent.record import Quality
from drivers.fields import ChannelId


class Sum(Instant):
    """``sum``: ``share`` times the sum of channels, each times its factor.

    Its result has the time of the first of ``terms``, unless ``from`` names another of them. All
    are of the unit that the channel says.
    """

    method: Literal["sum"]
    terms: Annotated[Mapping[ChannelId, float], MinLen(1)]
    share: Annotated[float, Gt(0)] = 1.0

    gives: ClassVar[str] = ""
    has_from: ClassVar[bool] = False

    @property
    def equation(self) -> str:
        """How to compute it again."""
        return "share times the sum of the channels in terms, each times its factor"

    def needs(self) -> Mapping[str, Need]:
        """Return the terms, each a role of its own."""
        return {channel: Need(channel, "") for channel in self.terms}

    def reckon(self, time: int, inputs: Mapping[str, float]) -> Result:  # noqa: ARG002 - no clock
        """Return the sum; outside the limits it is suspect."""
        result = Result(
            self.share * sum(factor * inputs[channel] for channel, factor in self.terms.items())
        )
        low, high = self.domain
        assert result.value is not None
        return result if low <= result.value <= high else result.lowered(Quality.SUSPECT, "range")
