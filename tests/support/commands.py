"""Commands of ours, in processes of their own."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.processes import ARYK


def aryk(*arguments: str, **keys: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; its output goes into pipes."""
    return subprocess.run(
        [ARYK, *arguments], capture_output=True, text=True, timeout=50, check=False, **keys
    )


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command until the end of the block, and then stop it in order."""
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(ARYK, *arguments, stdout=quiet, stderr=quiet)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), 20)
