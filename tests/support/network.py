"""Ports of this machine."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


def free_port() -> int:
    """Return a TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def listening(where: int | Path, timeout: float = 5.0) -> None:  # noqa: ASYNC109 - the deadline is this helper's whole point
    """Return when somebody listens on a port or a path; fail when the time is over."""
    async with asyncio.timeout(timeout):
        while True:
            try:
                if isinstance(where, Path):
                    _, writer = await asyncio.open_unix_connection(where)
                else:
                    _, writer = await asyncio.open_connection("127.0.0.1", where)
            except (ConnectionRefusedError, FileNotFoundError):
                await asyncio.sleep(0.02)
                continue
            writer.close()
            await writer.wait_closed()
            return


@contextmanager
def black_hole() -> Iterator[int]:
    """Yield a port that answers no connection: its queue of waiting ones is full."""
    with ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield full.getsockname()[1]
