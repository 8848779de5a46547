"""A serial line for tests: a pseudo-terminal with Python at its far end."""

import asyncio
import os
import tty
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self


class Terminal:
    """A pseudo-terminal; a bus opens ``path``."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.path = os.ttyname(self.slave)
        self._loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self.master)
        for fd in (self.master, self.slave):
            with suppress(OSError):
                os.close(fd)

    def hear(self, told: Callable[[bytes], None]) -> None:
        """Have a function told of what the bus sends, from the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self.master, lambda: told(os.read(self.master, 4096)))

    def say(self, data: bytes) -> None:
        """Send at once; what nobody takes in time is lost, as in a UART."""
        with suppress(BlockingIOError):
            os.write(self.master, data)

    def later(self, delay: float, data: bytes) -> None:
        """Send after a delay, s."""
        asyncio.get_running_loop().call_later(delay, self.say, data)
