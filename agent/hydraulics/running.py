"""Methods that go on from where they stood: volume and counter."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import ClassVar, Final, Generic, TypeVar

from agent.hydraulics.method import Method
from agent.hydraulics.result import Result, missing
from agent.record import Quality
from drivers.fields import Table


@dataclass(frozen=True, slots=True)
class Reading:
    """A value of a channel.

    Attributes:
        time: UTC, ms since 1970.
        value: finite; None where there is none.
        quality: its quality.
    """

    time: int
    value: float | None
    quality: Quality

    @property
    def counts(self) -> bool:
        """Whether it may be added up: it has a value, and not one that failed a test."""
        return self.value is not None and self.quality < Quality.FAIL


@dataclass(frozen=True, slots=True)
class Row:
    """The results of one time, in the order of the method's outputs."""

    time: int
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class Output:
    """One channel of several that a method gives: its name is the derived channel's and this."""

    suffix: str
    unit: str


S = TypeVar("S", bound=Table)


class Running(Method, Generic[S]):
    """A method that goes on from a state, step by step, one reading of ``from`` after the other.

    The state is a small frozen table: ``state.model_dump_json()`` is stored together with the rows,
    ``Method.State.model_validate_json()`` takes it up again, bit by bit the same. A reading that
    isn't later than the state was taken before: it changes nothing and gives no row, so that
    nothing is counted twice, whatever is read again after a power cut.
    """

    State: ClassVar[type[Table]]
    outputs: ClassVar[tuple[Output, ...]] = (Output("", "m3"),)
    gives: ClassVar[str] = "m3"

    @abstractmethod
    def step(
        self, state: S | None, reading: Reading, zone: tzinfo
    ) -> tuple[S | None, Sequence[Row]]:
        """Return the state after a reading, and the rows that it gives, in order of time.

        Args:
            state: where it stood; None at the beginning.
            reading: of ``from``.
            zone: the station's time zone.
        """

    @abstractmethod
    def moved(self, state: S, by: int, zone: tzinfo) -> S:
        """Return the state after the clock was set: all times ``by`` ms later, the sums the same.

        The time that has really passed since the last reading stays what it was.
        """

    def nothing(self, time: int) -> Row:
        """Return a row without values, for want of an input."""
        return Row(time, (_NOTHING,) * len(self.outputs))


_NOTHING: Final = missing("input")
