"""Two hosts of a test's own with a cable between: network namespaces, which nothing else can reach.

A namespace lives as long as the process that was started in it, and that one as long as the pipe
to its standard input: so both are gone when the test is, even if it was killed, and the cable with
them.
Needs root, iproute2 and nftables.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.support.waiting import until

_TOOLS: Final = ("ip", "tc", "nft", "unshare", "nsenter")
_CABLE: Final = "cable"  # the interface's name at either end
_BURST: Final = 1600  # bytes: a whole Ethernet frame
_QUEUE: Final = 20_000  # bytes that wait before a slow link

_PATH: Final = f"{os.environ['PATH']}:/usr/sbin:/sbin"  # not everybody's has them

_missing = [tool for tool in _TOOLS if not shutil.which(tool, path=_PATH)]

needs_namespaces = pytest.mark.skipif(
    os.geteuid() != 0 or bool(_missing),
    reason="needs root for network namespaces of its own"
    if os.geteuid()
    else f"needs {', '.join(_missing)}: make test installs iproute2 and nftables",
)
"""Marks a test that makes namespaces."""


@dataclass(frozen=True)
class Host:
    """One end of the cable.

    Attributes:
        address: of its end.
        inside: what stands before a command that is to run here.
    """

    address: str
    inside: tuple[str, ...]

    async def run(self, *command: str, said: str | None = None) -> str:
        """Run a command here; return what it prints, fail if it fails."""
        pipe = asyncio.subprocess.PIPE
        running = await asyncio.create_subprocess_exec(
            *self.inside,
            *command,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env={**os.environ, "PATH": _PATH},
        )
        async with asyncio.timeout(10):
            out, errors = await running.communicate(said.encode() if said else None)
        assert running.returncode == 0, f"{command}: {errors.decode()}"
        return out.decode()


@dataclass(frozen=True)
class Cable:
    """Two hosts and the cable between them, which a test makes worse or better."""

    station: Host
    centre: Host

    async def lose(self, percent: int) -> None:
        """Lose a share of the packets, each way."""
        await self._drop(f"numgen random mod 100 < {percent} drop")

    async def cut(self) -> None:
        """Let nothing through; nobody is told."""
        await self._drop("drop")

    async def slow(self, rate: int) -> None:
        """Carry no more than so many bytes a second, each way."""
        shape = ("rate", f"{rate * 8}bit", "burst", str(_BURST), "limit", str(_QUEUE))
        for host in (self.station, self.centre):
            await host.run("tc", "qdisc", "replace", "dev", _CABLE, "root", "tbf", *shape)

    async def mend(self) -> None:
        """Be a good cable again."""
        for host in (self.station, self.centre):
            await host.run("nft", "flush", "ruleset")
            await host.run("tc", "qdisc", "replace", "dev", _CABLE, "root", "pfifo")

    async def _drop(self, rule: str) -> None:
        table = (
            "flush ruleset\ntable inet fault { chain input { type filter hook input priority 0;\n"
            f'iifname "{_CABLE}" {rule}\n}}\n}}\n'
        )
        for host in (self.station, self.centre):
            await host.run("nft", "-f", "-", said=table)


@asynccontextmanager
async def cable() -> AsyncIterator[Cable]:
    """Make two namespaces, and a cable between them."""
    async with _namespace() as station, _namespace() as centre:
        ends = (Host("192.0.2.1", _enter(station)), Host("192.0.2.2", _enter(centre)))
        peer = ("peer", "name", _CABLE, "netns", str(centre))
        await ends[0].run("ip", "link", "add", "name", _CABLE, "type", "veth", *peer)
        for host in ends:
            await host.run("ip", "address", "add", f"{host.address}/30", "dev", _CABLE)
            for interface in ("lo", _CABLE):
                await host.run("ip", "link", "set", interface, "up")
        yield Cable(*ends)


def _network(process: int) -> Path:
    return Path(f"/proc/{process}/ns/net").readlink()


def _enter(process: int) -> tuple[str, ...]:
    return ("nsenter", f"--net=/proc/{process}/ns/net", "--")


@asynccontextmanager
async def _namespace() -> AsyncIterator[int]:
    """Yield the id of a process in a network namespace of its own."""
    pipe = asyncio.subprocess.PIPE
    holder = await asyncio.create_subprocess_exec("unshare", "--net", "cat", stdin=pipe)
    try:
        await until(lambda: _network(holder.pid) != _network(os.getpid()))
        yield holder.pid
    finally:
        assert holder.stdin is not None
        holder.stdin.close()
        await holder.wait()
