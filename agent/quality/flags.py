"""Flags, and how several become one."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from agent.record import Quality


class Flag(NamedTuple):
    """How far a value can be trusted, and which test says so.

    Attributes:
        quality: by the QARTOD water-level manual.
        why: for 3 and 4 the test's word (``range``, ``spike`` …), for 9 the reason why there is no
            value (``timeout`` …); empty for 1 and 2.
    """

    quality: Quality
    why: str = ""


GOOD: Final = Flag(Quality.GOOD)
NOT_EVALUATED: Final = Flag(Quality.NOT_EVALUATED)

# By quality. Some ran and all passed, 1; no test ran, 2. The order is that of ioos_qc's aggregate:
# a test that didn't run says nothing where another one did.
_SEVERITY: Final = bytes((0, 2, 1, 3, 4, 0, 0, 0, 0, 0))


def worse(one: Flag, other: Flag) -> Flag:
    """Return what two tests of one value say together; of equals the first."""
    return other if _SEVERITY[other.quality] > _SEVERITY[one.quality] else one


def inherited(own: Flag, inputs: Iterable[Flag]) -> Flag:
    """Return the flag of a value that was computed: the worst of its own and its inputs'.

    Here 2 is worse than 1, since a value can't be better known than what it was made from, and 9
    is worst: without an input there is no value. What comes from an input has the word ``input``.
    """
    lowest = max((flag.quality for flag in inputs), default=Quality.GOOD)
    if lowest <= own.quality:
        return own
    return Flag(lowest, "input" if lowest > Quality.NOT_EVALUATED else "")
