"""An event loop whose clock jumps to the next timer instead of waiting for it."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_TURN = 1e-5  # s that a turn of the loop takes


class _Jumping(selectors.SelectSelector):
    """Never waits: what it would have waited for has passed at once."""

    advance: Callable[[float], None]

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "nothing will ever happen any more"
            self.advance(timeout)
        self.advance(_TURN)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop for what has no part in the real world: no threads, sockets or processes."""

    def __init__(self) -> None:
        self._now = 1000.0
        selector = _Jumping()
        selector.advance = self._advance
        super().__init__(selector)

    def time(self) -> float:
        return self._now

    def _advance(self, seconds: float) -> None:
        self._now += seconds


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
