"""Commands of ours, in processes of their own."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from click.testing import CliRunner, Result

from agent.cli import main
from tests.support.processes import ARYK


def aryk(*arguments: str, **keys: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; its output goes into pipes."""
    return subprocess.run(
        [ARYK, *arguments], capture_output=True, text=True, timeout=50, check=False, **keys
    )


def typed(*arguments: str) -> Result:
    """Run a command in this process: what it says is the same, and its start costs nothing."""
    try:
        result = CliRunner().invoke(main, arguments)
    finally:
        structlog.reset_defaults()  # commands decide what is logged
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


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
