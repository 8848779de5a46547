"""How carefully a lane goes on after the broker has refused a pack."""

from dataclasses import dataclass
from typing import Final

from agent.store import Ranges

_TRIES: Final = 3
"""So often a record is refused alone before those behind it are tried."""
_SUSPECTS: Final = 8
"""Records refused so often, and nothing taken: the broker refuses everything. Begin anew."""

# MQTT 5, 3.4.2.1: what may lie in one payload: unspecified, implementation specific, packet too
# large, payload format invalid. Everything else is the topic's or the station's own fault.
_OF_THE_PAYLOAD: Final = frozenset({0x80, 0x83, 0x95, 0x99})


@dataclass(slots=True)
class _Suspect:
    """A record that was refused alone: how often, and whether another was taken since."""

    tries: int = 0
    others_taken: bool = False


class Caution:
    """Finds the records that a broker refuses, among those that it takes.

    After a refusal that may lie in the payload, packs are halved down to the one record; when that
    was refused three times, those behind it are tried. Once the broker has taken one of them, the
    record is tried again; if it is refused still, it is to be set aside. A broker that refuses
    everything never takes another one, so nothing is given up.

    Attributes:
        limit: records that a pack may have now.
        wary: whether something was refused, and nothing taken since: one message at a time.
    """

    def __init__(self, most: int) -> None:
        """Begin with packs of so many records."""
        self._most = self.limit = most
        self.wary = False
        self._suspects: dict[range, _Suspect] = {}

    @property
    def passed_over(self) -> Ranges:
        """The records that aren't sent now, so that those behind them can be tried."""
        return tuple(
            place
            for place, suspect in self._suspects.items()
            if suspect.tries >= _TRIES and not suspect.others_taken
        )

    def refuse(self, places: range, code: int) -> bool:
        """Take note of a pack that was refused; say whether it is to be set aside."""
        self.wary = True
        if code not in _OF_THE_PAYLOAD:
            return False
        if len(places) > 1:
            self.limit = max(1, len(places) // 2)
            return False
        self.limit = 1
        suspect = self._suspects.setdefault(places, _Suspect())
        if suspect.tries >= _TRIES and suspect.others_taken:
            del self._suspects[places]
            self.wary = False
            return True
        suspect.tries, suspect.others_taken = suspect.tries + 1, False
        if len(self.passed_over) >= _SUSPECTS:
            self._suspects.clear()
        return False

    def accept(self, places: range) -> None:
        """Take note of a pack that was taken."""
        self.wary = False
        for suspect in self._suspects.values():
            suspect.others_taken = True
        self._suspects.pop(places, None)
        # Each suspect is still to be tried alone.
        self.limit = 1 if self._suspects else min(2 * self.limit, self._most)
