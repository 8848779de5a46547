"""How much of what waited may be under way, so that what is new needn't wait behind it."""

from typing import Final

_FIRST: Final = 16_000  # bytes
_LEAST: Final = 2_000
_MOST: Final = 1_280_000  # 20 packs of 64,000 bytes
_QUEUED: Final = 2.0  # s that a message may wait in queues on its way
_PACKS: Final = 4  # at least so many share the allowance
_CREDIT: Final = 1.0  # s of the rate that may be made up for: the feed looks twice a second


class Allowance:
    """Bytes of backfill that may wait for their acknowledgement; follows what the link carries.

    A message that takes 2 s longer than the quickest one has waited in a queue: half as much may
    be under way then. Where the link takes all that it is given, half as much again may be. Each
    change waits for what was sent since the one before, else it would overshoot.
    """

    def __init__(self, rate: float | None) -> None:
        """Take a rate that isn't to be exceeded, bytes a second; None for none."""
        self._rate = rate
        self._limit = _FIRST
        self._under_way = 0
        self._not_before = float("-inf")
        self._quickest = float("inf")
        self._changed_at = float("-inf")

    @property
    def pack(self) -> int:
        """Bytes that a pack may have."""
        return max(_LEAST // 2, self._limit // _PACKS)

    def free(self, now: float) -> bool:
        """Say whether a message may go out now."""
        return now >= self._not_before and self._under_way < self._limit

    def sent(self, size: int, now: float) -> None:
        """Take note of a message of so many bytes."""
        self._under_way += size
        if self._rate is not None:
            self._not_before = max(now - _CREDIT, self._not_before) + size / self._rate

    def answered(self, size: int, sent: float, now: float) -> None:
        """Take note of the acknowledgement of a message of so many bytes, sent at a time."""
        self._quickest = min(self._quickest, now - sent)
        if sent >= self._changed_at:
            if now - sent > self._quickest + _QUEUED:
                self._limit, self._changed_at = max(_LEAST, self._limit // 2), now
            elif self._under_way >= self._limit // 2:
                self._limit, self._changed_at = min(self._limit * 3 // 2, _MOST), now
        self._under_way -= size
