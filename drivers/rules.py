"""What an instrument itself says of its values: rules that make it a quality."""

import math
from collections.abc import Callable
from typing import Annotated, Final, Literal, Self

from pydantic import Field, ValidatorFunctionWrapHandler, WrapValidator, model_validator

from drivers.base import Flag
from drivers.fields import ChannelName, Table, Word

_GOOD: Final[Flag] = (1, "")


def _exactly(found: object, check: ValidatorFunctionWrapHandler) -> object:
    checked = check(found)
    return found if isinstance(found, int) else checked


Number = Annotated[float, WrapValidator(_exactly)]
"""A finite number; a whole one stays whole, since a float can't hold each of 64 bits."""


class Condition(Table):
    """What a number must be for a value to be a good one.

    Where it isn't, the value keeps standing, with this quality and this reason.
    """

    is_: Number | None = Field(None, alias="is")
    above: Number | None = None
    below: Number | None = None
    quality: Literal[3, 4] = 4
    why: Word = "status"

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        bounds = self.above is not None or self.below is not None
        if (self.is_ is None) != bounds:
            raise ValueError("one of is, above, below; the last two may stand together")
        return self


Judge = Callable[[float], Flag]
"""A number to what it says of a value."""


def judge(condition: Condition) -> Judge:
    """Return what a condition says to a number, worked out once."""
    bad, exact = (condition.quality, condition.why), condition.is_
    low = -math.inf if condition.above is None else condition.above
    high = math.inf if condition.below is None else condition.below

    def judged(number: float) -> Flag:
        good = low < number < high if exact is None else number == exact
        return _GOOD if good else bad

    return judged


class ChannelRule(Condition):
    """One of ``good_when``: what another channel of the sensor must be."""

    channel: ChannelName
