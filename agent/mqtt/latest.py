"""The topics ``latest``: which channel's newest value is to be told, and when."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from agent.board import Board
from agent.clock import iso
from agent.mqtt.payload import number
from agent.record import Round


@dataclass(slots=True)
class _Told:
    """What was told of one sensor.

    Attributes:
        rounds: by column, the round that it was told from.
        at: by column, when, s.
        qualities: by column, the quality told; 0, which none is, before the first time.
        newest: the round looked at last.
        whole: whether all columns were told from it.
        due: when a column may be told again whose quality hasn't changed, s.
    """

    rounds: list[Round | None]
    at: list[float]
    qualities: bytearray
    newest: Round | None = None
    whole: bool = False
    due: float = 0.0


class Latest:
    """Decides what is due: all at first, then each channel at most so often, at once on a change.

    One object serves one connection: at the next one all channels are told again. A sensor of
    which nothing is due costs a comparison or two, however many channels it has.
    """

    def __init__(self, board: Board, every: float) -> None:
        """Take the board and the least time between two tellings of a channel, s."""
        self._board, self._every = board, every
        self._sensors: dict[str, _Told] = {}

    def due(self, now: float) -> Iterator[tuple[str, bytes]]:
        """Yield topic (below the station's) and payload of each channel that is due."""
        for sensor, newest in self._board.newest.items():
            told = self._sensors.get(sensor)
            if told is None:
                count = len(newest)
                told = _Told([None] * count, [now] * count, bytearray(count))
                self._sensors[sensor] = told
            if newest is told.newest and told.whole:
                continue
            if newest.qualities == told.qualities and now < told.due:
                continue
            for column in self._columns(told, newest, now):
                yield f"latest/{sensor}/{newest.layout.names[column]}", _payload(newest, column)

    def _columns(self, told: _Told, newest: Round, now: float) -> Iterator[int]:
        for column, quality in enumerate(newest.qualities):
            waited = now - told.at[column] >= self._every
            if told.rounds[column] is not newest and (waited or told.qualities[column] != quality):
                told.rounds[column], told.at[column] = newest, now
                told.qualities[column] = quality
                yield column
        told.newest, told.due = newest, min(told.at) + self._every
        told.whole = all(each is newest for each in told.rounds)


def _payload(found: Round, column: int) -> bytes:
    value = found.values[column]
    said = "null" if value is None else number(value)
    reason = f',"reason":{json.dumps(found.reasons[column])}' if value is None else ""
    return (
        f'{{"time":"{iso(found.time)}","value":{said},'
        f'"unit":{json.dumps(found.layout.units[column])},'
        f'"quality":{found.qualities[column]}{reason}}}'
    ).encode()
