"""A series through the tests of a channel, as an archive has it in the end."""

from collections.abc import Iterable, Sequence

from agent.quality import ChannelKeys, Flag, Judge

Reading = tuple[float, float | None]


def keys(**table: object) -> ChannelKeys:
    """Return the keys of a channel as they would stand in the file."""
    return ChannelKeys.model_validate(table)


def verdicts(judge: Judge, readings: Iterable[Reading]) -> list[Flag]:
    """Return the last flag of each reading: revisions replace what was said first."""
    flags: list[Flag] = []
    for time, value in readings:
        flag, revision = judge.judge(time, value)
        if revision is not None:
            flags[-1] = revision
        flags.append(flag)
    return flags


def evenly(values: Sequence[float | None], step: float) -> list[Reading]:
    """Return values with their times, a step of seconds apart."""
    return [(index * step, value) for index, value in enumerate(values)]
