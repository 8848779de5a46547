"""How carefully a lane goes on after the broker has refused a pack."""

from typing import Final

_TRIES: Final = 3
"""So often a record is refused alone before the one behind it is tried."""

# MQTT 5, 3.4.2.1: what may lie in one payload: unspecified, implementation specific, packet too
# large, payload format invalid. Everything else is the topic's or the station's own fault.
_OF_THE_PAYLOAD: Final = frozenset({0x80, 0x83, 0x95, 0x99})


class Caution:
    """Finds the record that a broker refuses, among those that it takes.

    After a refusal that may lie in the payload, packs are halved down to the one record; when that
    was refused three times, a record behind it is tried. If the broker takes that one, the first
    is to be set aside; if it doesn't, it refuses everything, and nothing is given up.

    Attributes:
        limit: records that a pack may have now.
        wary: whether something was refused, and nothing taken since: one message at a time.
    """

    def __init__(self, most: int) -> None:
        """Begin with packs of so many records."""
        self._most = self.limit = most
        self.wary = False
        self._suspect: range | None = None
        self._tries = 0

    @property
    def passed_over(self) -> range | None:
        """The record that isn't sent now, so that the one behind it can be tried."""
        return self._suspect if self._tries >= _TRIES else None

    def refuse(self, places: range, code: int) -> None:
        """Take note of a pack that was refused."""
        self.wary = True
        if code not in _OF_THE_PAYLOAD:
            return
        if len(places) > 1:
            self.limit = max(1, len(places) // 2)
        elif places == self._suspect:
            self._tries += 1
        else:
            self._suspect, self._tries = places, 1

    def accept(self, places: range) -> range | None:
        """Take note of a pack that was taken; return what is to be set aside, if that shows it."""
        self.wary, self.limit = False, self._most
        suspect, passed_over = self._suspect, self.passed_over
        if suspect is not None and (passed_over or suspect.start in places):
            self._suspect, self._tries = None, 0
        elif suspect is not None:
            self.limit = 1  # it is still to be tried alone
        return passed_over
