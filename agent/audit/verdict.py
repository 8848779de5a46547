"""What the audit finds, for programs and for people."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from agent.audit.ranges import OPEN, Ranges

_SHOWN: Final = 12  # stretches in a sentence


class State(StrEnum):
    """How a log stands; the first that holds, in this order."""

    BROKEN = "broken"
    INCOMPLETE = "incomplete"
    WAITING = "waiting"
    UNPROVED = "unproved"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class LogVerdict:
    """How one log of a station stands.

    Attributes:
        log: its name.
        state: in a word.
        as_of: the time of the ledger that proves it; None where none does yet.
        closed: the ledger has stopped listing it: nothing is to come any more.
        judged: the numbers that must have come past us; the last stretch may have no end.
        arrived: how many different numbers came.
        last: the highest that came; 0 where none did.
        missing: acknowledged to the station, by its ledger, but it didn't come.
        waiting: still to come, by the ledger.
        holes: between what came, where no ledger has said yet what that means.
        gaps: what won't come, by reason.
        again: what came more than once, always with the same content as far as it was compared.
        repeats: how often something came again.
        uncompared: how often after so long that its first content wasn't known any more.
        different: came with different contents, which breaks a promise.
        given_back: came, and then wasn't given out by the ledger, which breaks another.
        revised: originals that a newer record replaces.
        revisions: how many such records came.
    """

    log: str
    state: State
    as_of: str | None
    closed: bool
    judged: Ranges
    arrived: int
    last: int
    missing: Ranges
    waiting: Ranges
    holes: Ranges
    gaps: Mapping[str, Ranges]
    again: Ranges
    repeats: int
    uncompared: int
    different: Ranges
    given_back: Ranges
    revised: Ranges
    revisions: int

    @property
    def sentence(self) -> str:
        """The state, for people."""
        match self.state:
            case State.BROKEN:
                return "PROMISE BROKEN"
            case State.INCOMPLETE:
                return f"incomplete: missing {spoken(self.missing)}"
            case State.WAITING:
                return f"waiting: {spoken(self.waiting)}"
            case State.UNPROVED if self.closed:
                return "not provable: it has ended, and nobody has said with which number"
            case State.UNPROVED:
                heard = (
                    "the next ledger will tell"
                    if self.judged
                    else "no ledger heard since we listen"
                )
                return f"not provable yet: {heard}"
            case State.COMPLETE:
                return f"complete as of {self.as_of}" + (", closed" if self.closed else "")

    @property
    def notes(self) -> Iterator[str]:
        """What else is to be said, a sentence each, the worst first."""
        if self.different:
            yield f"came with different contents: {spoken(self.different)}"
        if self.given_back:
            yield f"came, but the ledger has not given them out: {spoken(self.given_back)}"
        if self.missing:
            which = f"missing: {spoken(self.missing)}, " if self.state is State.BROKEN else ""
            how = "lost on its way to us, or by the station"
            yield f"{which}acknowledged by the ledger's word: {how}"
        if self.waiting and self.state is not State.WAITING:
            yield f"waiting: {spoken(self.waiting)}"
        if self.holes:
            yield f"not arrived so far: {spoken(self.holes)}"
        for reason, numbers in self.gaps.items():
            yield f"in a gap, {reason}: {spoken(numbers)}"
        if self.repeats:
            late = f", {self.uncompared} too late to compare" if self.uncompared else ""
            yield f"came again with the same content, which is harmless: {self.repeats}{late}"
        if self.revisions:
            yield f"revised by newer records: {spoken(self.revised)}"

    def facts(self) -> dict[str, Any]:
        """Return it as JSON has it: stretches are pairs, both ends belong to them."""
        return {
            "log": self.log,
            "state": self.state,
            "as_of": self.as_of,
            "closed": self.closed,
            "judged": _pairs(self.judged),
            "arrived": self.arrived,
            "last": self.last,
            "missing": _pairs(self.missing),
            "waiting": _pairs(self.waiting),
            "holes": _pairs(self.holes),
            "gaps": [
                [*pair, reason] for reason, numbers in self.gaps.items() for pair in _pairs(numbers)
            ],
            "again": {
                "times": self.repeats,
                "uncompared": self.uncompared,
                "numbers": _pairs(self.again),
            },
            "different": _pairs(self.different),
            "given_back": _pairs(self.given_back),
            "revised": {"times": self.revisions, "numbers": _pairs(self.revised)},
        }


@dataclass(frozen=True, slots=True)
class StationVerdict:
    """How one station stands.

    Attributes:
        station: its id.
        status: its last word on the topic ``status``: ``online``, ``offline``, ``stopped``.
        logs: each, in the order in which they were first heard of.
        unnumbered: gap records of what couldn't be numbered.
    """

    station: str
    status: str | None
    logs: tuple[LogVerdict, ...]
    unnumbered: int

    @property
    def complete(self) -> bool:
        """Whether everything came that must have, in at least one log."""
        return bool(self.logs) and all(log.state is State.COMPLETE for log in self.logs)

    @property
    def judged(self) -> bool:
        """Whether every log can be judged."""
        return bool(self.logs) and all(log.state is not State.UNPROVED for log in self.logs)

    def facts(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "station": self.station,
            "complete": self.complete,
            "status": self.status,
            "unnumbered_gaps": self.unnumbered,
            "logs": [log.facts() for log in self.logs],
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """How everything stands that was heard.

    Attributes:
        stations: in the order of their ids.
        messages: how many were read.
        malformed: how many couldn't be, by what is wrong with them.
        interruptions: how often we didn't listen for a while.
    """

    stations: tuple[StationVerdict, ...]
    messages: int
    malformed: Mapping[str, int]
    interruptions: int

    @property
    def complete(self) -> bool:
        """Whether everything came that must have, from at least one station."""
        return bool(self.stations) and all(station.complete for station in self.stations)

    @property
    def judged(self) -> bool:
        """Whether every log of every station can be judged."""
        return bool(self.stations) and all(station.judged for station in self.stations)

    def facts(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "complete": self.complete,
            "messages": self.messages,
            "interruptions": self.interruptions,
            "malformed": dict(self.malformed),
            "stations": [station.facts() for station in self.stations],
        }


def spoken(numbers: Ranges) -> str:
    """Return numbers for people: ``17 to 20, 45``."""
    stretches = list(numbers)
    parts = [_stretch(each) for each in stretches[:_SHOWN]]
    if rest := stretches[_SHOWN:]:
        parts.append(f"and {len(rest)} more stretches, the last {_stretch(rest[-1])}")
    return ", ".join(parts)


def _stretch(numbers: range) -> str:
    if numbers.stop == OPEN:
        return f"{numbers.start} on"
    return f"{numbers.start} to {numbers[-1]}" if len(numbers) > 1 else str(numbers.start)


def _pairs(numbers: Iterable[range]) -> list[list[int | None]]:
    return [[each.start, None if each.stop == OPEN else each[-1]] for each in numbers]
