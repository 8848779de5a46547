"""Commands as a person types them: in a process, with pipes or on a terminal."""

import asyncio
import os
import pty
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ARYK = str(Path(sys.executable).with_name("aryk"))


def aryk(*arguments: str, **keys: Any) -> subprocess.CompletedProcess[str]:
    """Run a command whose output goes into pipes."""
    return subprocess.run(
        [ARYK, *arguments], capture_output=True, text=True, timeout=50, check=False, **keys
    )


def on_terminal(*arguments: str, typed: str = "", **environment: str) -> tuple[int, str]:
    """Run a command on a terminal of its own; return its exit status and all that it showed.

    Args:
        arguments: of the command.
        typed: what is typed as soon as the command has asked a question.
        environment: variables beside those of the tests.
    """
    child, master = pty.fork()
    if child == 0:
        os.execve(ARYK, [ARYK, *arguments], {**os.environ, "TERM": "xterm", **environment})
    seen = bytearray()
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        try:
            seen += os.read(master, 4096)
        except OSError:  # the command has ended
            break
        if typed and seen.rstrip().endswith(b"]:"):
            os.write(master, typed.encode())
            typed = ""
    os.close(master)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), seen.decode(errors="replace")


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
