"""Counter: a device's own totalizer, through its overflows and resets."""

from collections.abc import Sequence
from datetime import tzinfo
from math import copysign
from typing import Annotated, ClassVar, Final, Literal, NamedTuple

from annotated_types import Gt

from agent.hydraulics.result import Result, inherit
from agent.hydraulics.running import Reading, Row, Running
from agent.record import Quality
from drivers.fields import Table

_NEAR: Final = 0.01
"""Without limits: an overflow is believed where it takes no more than so much of the modulus."""


class CounterState(Table):
    """Where a counter stands.

    Attributes:
        until: up to when it is reckoned, UTC, ms.
        shown: what the device showed then, m3.
        total: m3.
        seen: the time of the last reading, UTC, ms.
        doubted: what that reading showed, where it wasn't believed, m3.
    """

    until: int
    shown: float
    total: float
    seen: int
    doubted: float | None = None


class Move(NamedTuple):
    """What a totalizer did from one reading to the next: how much flowed, m3, and what it was."""

    flowed: float
    why: str = ""


class Counter(Running[CounterState]):
    """``counter``: the total of a device that counts m3 itself.

    It begins with what the device shows. Upwards is flow; beyond ``modulus`` the device begins
    again at 0. A fall is flow back (``reverse``) where it ends nearer to the last reading than to
    0; else the device was set to 0 (``reset``) and has counted from there, and what flowed between
    the last reading and that is lost.

    With ``limits`` it is the flow that decides: a step that would need a discharge outside of them
    isn't flow. Upwards, that is a reading not to be believed (``rate``): it failed, and is
    forgotten; but where the next goes on from it, the device was set to another number.

    Attributes:
        modulus: the number after the last that the device can show, m3.
        limits: of the discharge that there can be, m3/s.
    """

    method: Literal["counter"]
    modulus: Annotated[float, Gt(0)] | None = None

    State: ClassVar[type[Table]] = CounterState

    @property
    def takes(self) -> str:
        """The unit of ``from``."""
        return "m3"

    @property
    def equation(self) -> str:
        """How to compute it again."""
        return (
            "V = the first reading + the sum of the steps, a step over the end of the modulus made "
            "whole, a step by a reset counted from 0"
        )

    def step(
        self,
        state: CounterState | None,
        reading: Reading,
        zone: tzinfo,  # noqa: ARG002 - a counter has no days
    ) -> tuple[CounterState | None, Sequence[Row]]:
        """Return the state after a reading, and its row."""
        at, shown = reading.time, reading.value
        if state is not None and at <= state.seen:
            return state, []
        if shown is None or not reading.counts:
            return state, [self.nothing(at)]
        move = Move(shown) if state is None else self._move(state, at, shown)
        total = move.flowed if state is None else state.total + move.flowed
        result = Result(total)
        if move.why == "rate":
            assert state is not None
            state = state.model_copy(update={"seen": at, "doubted": shown})
            return state, [Row(at, (result.lowered(Quality.FAIL, "rate"),))]
        if move.why:
            result = result.lowered(Quality.SUSPECT, move.why)
        state = CounterState(until=at, shown=shown, total=total, seen=at)
        return state, [Row(at, (inherit(result, [reading.quality]),))]

    def moved(self, state: CounterState, by: int, zone: tzinfo) -> CounterState:  # noqa: ARG002
        """Return the state after the clock was set."""
        return state.model_copy(update={"until": state.until + by, "seen": state.seen + by})

    def _move(self, state: CounterState, at: int, shown: float) -> Move:
        move = self._step(state.shown, shown, (at - state.until) / 1000)
        if move.why == "rate" and state.doubted is not None:
            since = self._step(state.doubted, shown, (at - state.seen) / 1000)
            return move if since.why else Move(since.flowed, "reset")
        return move

    def _step(self, before: float, shown: float, seconds: float) -> Move:
        step = shown - before
        if self.modulus is not None:
            around, most = step - copysign(self.modulus, step), _NEAR * self.modulus
            if self._can_be(around, seconds, most) and not self._can_be(step, seconds, most):
                return Move(around, "" if around >= 0 else "reverse")
        if step >= 0:
            return Move(step, "" if self._can_be(step, seconds, step) else "rate")
        if shown < 0 or self._can_be(step, seconds, shown):
            return Move(step, "reverse")
        return Move(shown if self._can_be(shown, seconds, shown) else 0.0, "reset")

    def _can_be(self, step: float, seconds: float, most: float) -> bool:
        """Return whether a step can have flowed; without limits, whether it is small enough."""
        if self.limits is None:
            return abs(step) <= most
        return self.limits[0] * seconds <= step <= self.limits[1] * seconds
