"""When an alarm is raised, and when it is cleared: a state machine without a clock of its own."""

from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import Field, StringConstraints, model_validator

from agent.record import Quality
from drivers.fields import Duration, Period, Table, wrong_key

Kind = Literal["above", "below", "rate_above", "rate_below", "missing"]

_KINDS: Final[tuple[Kind, ...]] = ("above", "below", "rate_above", "rate_below", "missing")
_USABLE: Final = frozenset({Quality.GOOD, Quality.NOT_EVALUATED, Quality.SUSPECT})
_POINTS: Final = 60


class AlarmKeys(Table):
    """``[alarm.<name>]``: what is watched, and when it is too much.

    Attributes:
        channel: ``sensor/channel`` or ``derived/name``.
        above: raised where the value is higher.
        below: raised where the value is lower.
        rate_above: raised where it rises faster, units a minute.
        rate_below: raised where its change is less than this, which for a fall is negative.
        missing: raised after so many seconds without a value that can be used.
        clear: where it is over: at this or on the good side of it; the limit itself unless said.
        hold: for so many seconds it must be so, to be raised and to be cleared. A rate is the mean
            one over this time.
        every: seconds between polls until it is over.
    """

    channel: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}/[a-z0-9_]{1,64}$")]
    above: float | None = None
    below: float | None = None
    rate_above: float | None = None
    rate_below: float | None = None
    missing: Annotated[Duration, Field(gt=0)] | None = None
    clear: float | None = None
    hold: Duration = 0.0
    every: Period | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"one of {', '.join(_KINDS)}")
        if self.missing is not None and (unused := {"clear", "hold"} & self.model_fields_set):
            raise wrong_key(min(unused), f"no {min(unused)} with missing: the next value clears it")
        if self.clear is not None and self.sign * (self.clear - self.limit) > 0:
            side = "below" if self.sign > 0 else "above"
            raise wrong_key("clear", f"{self.limit:g} or a number {side} it")
        return self

    @property
    def kind(self) -> Kind:
        """What is watched."""
        return next(kind for kind in _KINDS if getattr(self, kind) is not None)

    @property
    def limit(self) -> float:
        """Beyond which it is raised: the channel's unit, that a minute, or seconds."""
        return float(getattr(self, self.kind))

    @property
    def sign(self) -> int:
        """Which way is too much: 1 up, -1 down."""
        return -1 if self.kind in ("below", "rate_below") else 1


@dataclass(frozen=True, slots=True)
class AlarmState:
    """What an alarm remembers. After a restart only whether it was raised is known.

    Attributes:
        heard: s, when there last was a value that can be used; the start, where there was none.
        raised: whether it is raised.
        since: s, from when on the values say that this should change; None where they don't.
        points: times and values of about the last ``hold`` seconds, for a rate.
    """

    heard: float
    raised: bool = False
    since: float | None = None
    points: tuple[tuple[float, float], ...] = ()


class Turn(NamedTuple):
    """An alarm's state has changed.

    Attributes:
        raised: what it is now.
        value: that made it so: the value, the rate a minute, or the seconds without a value.
        limit: that it passed.
    """

    raised: bool
    value: float
    limit: float


def step(
    keys: AlarmKeys, state: AlarmState, time: float, value: float | None, quality: int
) -> tuple[AlarmState, Turn | None]:
    """Return an alarm's state after a reading, and whether it has turned.

    A suspect value counts: in a flood the water itself is too fast for the tests. One that failed
    doesn't, nor does none: neither raises, neither clears, both let ``missing`` run.

    Args:
        keys: the alarm's.
        state: the one before.
        time: s of a clock that never steps.
        value: in the channel's unit; None where there is none. A call with None may be made at any
            time, to see whether a value is missing.
        quality: of the value.
    """
    usable = value if quality in _USABLE else None
    state, measured = _measure(keys, state, time, usable)
    if measured is None:
        return state, None
    bound = keys.limit if keys.clear is None or not state.raised else keys.clear
    beyond = keys.sign * (measured - bound) > 0
    if beyond == state.raised:
        return replace(state, since=None), None
    since = time if state.since is None else state.since
    hold = keys.hold if keys.kind in ("above", "below") else 0.0
    if time - since < hold:
        return replace(state, since=since), None
    turned = replace(state, raised=beyond, since=None)
    return turned, Turn(beyond, measured, bound)


def _measure(
    keys: AlarmKeys, state: AlarmState, time: float, value: float | None
) -> tuple[AlarmState, float | None]:
    if keys.kind == "missing":
        heard = state.heard if value is None else time
        return replace(state, heard=heard), time - heard
    if value is None or keys.kind in ("above", "below"):
        return state, value
    points = state.points
    while len(points) > 1 and time - points[1][0] >= keys.hold:
        points = points[1:]
    rate = None
    if points and time > points[0][0] and time - points[0][0] >= keys.hold:
        rate = (value - points[0][1]) / (time - points[0][0]) * 60
    if not points or time - points[-1][0] >= keys.hold / _POINTS:
        points = (*points, (time, value))
    return replace(state, points=points), rate
