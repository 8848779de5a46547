"""The parts of the demonstration: processes of their own, and a broker inside this one."""

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

PATIENCE: Final = 15.0
"""Seconds that a part may take to start or to end."""


class PartError(Exception):
    """A part didn't start, or ended before its time: a sentence that says which, and why."""


class Part:
    """A process of the demonstration: ``aryk`` with other arguments."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        """Take over a process that writes its log there."""
        self._name, self._process, self._log = name, process, log

    async def ready(self) -> str:
        """Return the line that the process prints once it is ready.

        Raises:
            PartError: it prints none.
        """
        assert self._process.stdout is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                if line := await self._process.stdout.readline():
                    return line.decode().strip()
        raise PartError(f"{self._name} didn't start{self._last_words()}")

    async def ended(self) -> PartError:
        """Return when the process has ended by itself, with what that means."""
        status = await self._process.wait()
        if status < 0:
            how = f"was killed by {signal.Signals(-status).name}"
        else:
            how = f"ended by itself with status {status}"
        return PartError(f"{self._name} {how}{self._last_words()}")

    async def stop(self) -> None:
        """End the process in order, or at last by force.

        Raises:
            PartError: it didn't end in order.
        """
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(PATIENCE):
                status = await self._process.wait()
        except TimeoutError:
            self._process.kill()
            status = await self._process.wait()
        if status != 0:
            raise PartError(f"{self._name} didn't end in order{self._last_words()}")

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return f": {lines[-1]}" if lines else ", and left no word."


@asynccontextmanager
async def part(folder: Path, name: str, *arguments: str) -> AsyncIterator[Part]:
    """Run ``aryk`` with arguments; away from the terminal's Ctrl-C, which ends us in order."""
    log = folder / f"{arguments[0]}-{arguments[1].strip('-')}.log"
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # whatever lies in the folder where we were started is none of ours
            "-c",
            "from agent.cli import main; main(prog_name='aryk')",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    running = Part(name, process, log)
    try:
        yield running
    finally:
        with contextlib.suppress(PartError):  # whoever wants to know has stopped it before
            await running.stop()


@asynccontextmanager
async def broker() -> AsyncIterator[int]:
    """Run the embedded broker on a free port of the loopback interface; yield the port.

    Raises:
        PartError: it isn't installed.
    """
    try:
        from amqtt.broker import Broker  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise PartError(
            f"The demonstration needs the package {error.name}: type make demo, or install aryk "
            'with its extra "demo".'
        ) from error
    logging.getLogger("amqtt").setLevel(logging.CRITICAL)
    logging.getLogger("transitions").setLevel(logging.CRITICAL)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    embedded = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {}},
        }
    )
    await embedded.start()
    try:
        yield port
    finally:
        await embedded.shutdown()
