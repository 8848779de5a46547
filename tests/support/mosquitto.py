"""A real broker: mosquitto, which a test may kill, stop, reload and start again."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from signal import SIGCONT, SIGHUP, SIGKILL, SIGTERM, Signals
from typing import Self

from tests.support.network import free_port, listening

MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"


class Mosquitto:
    """One mosquitto on one port; its memory ends with it.

    Attributes:
        port: stays the same over restarts.
        folder: of its files.
        socket: where one that runs elsewhere listens, too: a path, which no network lies before.
    """

    def __init__(
        self,
        folder: Path,
        *lines: str,
        port: int | None = None,
        address: str = "127.0.0.1",
        inside: Sequence[str] = (),
    ) -> None:
        """Take the folder for its files and further lines of its configuration.

        Args:
            folder: for its files.
            lines: of its configuration.
            port: a free one of this machine unless said.
            address: that it listens on.
            inside: what stands before its command, to have it run elsewhere.
        """
        self.port = port or free_port()
        self._address, self._inside = address, inside
        self.folder = folder / f"mosquitto-{self.port}"
        self.folder.mkdir()
        self.socket = self.folder / "socket"
        self._config = self.folder / "mosquitto.conf"
        # Started by root it would otherwise change to a user who can't read the test's files.
        common = ("user root", f"listener {self.port} {address}", "allow_anonymous true")
        if inside:
            lines = (*lines, f"listener 0 {self.socket}")
        self._config.write_text("\n".join((*common, *lines, "")))
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"mqtt://{self._address}:{self.port}"

    async def start(self) -> None:
        """Start, and wait until it listens."""
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._inside, MOSQUITTO, "-c", str(self._config), stdout=log, stderr=log
            )
        await listening(self.socket if self._inside else self.port)

    async def kill(self) -> None:
        """End without a word, as a power cut does."""
        await self._end(SIGKILL)

    async def stop(self) -> None:
        """End in order."""
        await self._end(SIGTERM)

    def allow(self, *rules: str) -> None:
        """Set the access rules, of one that runs as of one that doesn't yet.

        Args:
            rules: lines of an ``acl_file`` for those without a user name.
        """
        acl = self.folder / "acl"
        if not acl.exists():
            assert self._process is None, "without an acl_file from the start it reads none later"
            self._config.write_text(self._config.read_text() + f"acl_file {acl}\n")
        acl.write_text("\n".join((*rules, "")))
        if self._process is not None:
            self.signal(SIGHUP)

    def signal(self, number: Signals) -> None:
        """Send a signal, as SIGSTOP and SIGCONT."""
        assert self._process is not None
        self._process.send_signal(number)

    async def _end(self, number: Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(SIGCONT)
            self._process.send_signal(number)
            await self._process.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()
