"""Real processes, which don't outlive their test."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any

ARYK = str(Path(sys.executable).with_name("aryk"))


@asynccontextmanager
async def process(
    *command: str,
    stdout: int | IO[Any] = asyncio.subprocess.DEVNULL,
    stderr: int | IO[Any] = asyncio.subprocess.DEVNULL,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command; kill it at the end, if it still runs."""
    running = await asyncio.create_subprocess_exec(*command, stdout=stdout, stderr=stderr)
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()
