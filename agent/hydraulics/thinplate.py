"""What all thin-plate weirs have in common."""

from typing import Final

from agent.hydraulics.method import Limit
from agent.hydraulics.relation import Structure
from agent.hydraulics.result import Result
from agent.record import Quality

USBR: Final = "USBR, Water Measurement Manual, chapter 7"

AIRED: Final = 0.06
"""How far below the crest the tailwater must stay, m: 0.2 ft (USBR, Water Measurement Manual,
chapter 7, section 7, precaution b)."""


class ThinPlate(Structure):
    """A weir whose nappe must fall freely: its formula says nothing of a drowned one."""

    def own_limits(self) -> tuple[Limit, ...]:
        """Return how far the tailwater must stay below."""
        return (Limit(f"tailwater at least {AIRED:g} m below the crest", f"{USBR}, section 7"),)

    def submerged(self, head: float, tail: float, free: Result) -> Result:  # noqa: ARG002
        """Return it as failed where the water stands above the crest, suspect just below."""
        if tail > 0:
            return free.lowered(Quality.FAIL, "submerged")
        return free.lowered(Quality.SUSPECT, "submerged") if tail > -AIRED else free
