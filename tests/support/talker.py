"""A simulated instrument that speaks by itself on a pseudo-terminal."""

import asyncio
from collections.abc import Callable

from tests.support.terminal import Terminal


class Talker:
    """Says the next line each so many seconds, until it is stopped."""

    def __init__(self, terminal: Terminal, line: Callable[[int], bytes], every: float) -> None:
        self.said = 0
        self._terminal, self._line, self._every = terminal, line, every
        self._next = asyncio.get_running_loop().call_later(every, self._speak)

    def _speak(self) -> None:
        self._terminal.say(self._line(self.said))
        self.said += 1
        self._next = asyncio.get_running_loop().call_later(self._every, self._speak)

    def stop(self) -> None:
        self._next.cancel()
