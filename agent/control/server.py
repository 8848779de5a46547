"""The agent's side of the socket."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import structlog

from agent.acquire import Asked
from agent.control.protocol import LONGEST, Said, to_json

_MODE: Final = 0o660
_PATIENCE: Final = 5.0
"""Seconds that a command has to say what it wants."""

_GONE: Final = (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)
"""Whoever asked has gone, or said nothing whole."""

Ask = Callable[[Sequence[str]], Awaitable[list[Asked]]]
"""Asks sensors by name; raises LookupError with a sentence where it can't."""

_log: Final = structlog.get_logger()


@asynccontextmanager
async def serve(path: Path, ask: Ask) -> AsyncIterator[None]:
    """Answer commands meanwhile. Where there can't be a socket, the agent runs without one."""
    async with asyncio.TaskGroup() as group:
        asked: set[asyncio.Task[None]] = set()
        closing = asyncio.Event()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if closing.is_set():
                writer.close()
                return
            task = group.create_task(_converse(reader, writer, ask), name="command")
            asked.add(task)
            task.add_done_callback(asked.discard)
            task.add_done_callback(lambda _: writer.close())  # also if it never began

        server = await _listen(path, accept)
        try:
            yield
        finally:
            closing.set()
            if server is not None:
                server.close()
                await asyncio.to_thread(path.unlink, missing_ok=True)
            for task in asked:
                task.cancel()


async def _listen(path: Path, accept: Callable[..., None]) -> asyncio.Server | None:
    try:
        # What an agent left that was killed: the store's lock is ours, so it isn't running.
        await asyncio.to_thread(path.unlink, missing_ok=True)
        server = await asyncio.start_unix_server(accept, path, limit=LONGEST)
        await asyncio.to_thread(path.chmod, _MODE)
    except OSError as error:
        _log.warning("no control socket", path=str(path), detail=str(error))
        return None
    return server


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ask: Ask) -> None:
    with suppress(*_GONE):
        async with asyncio.timeout(_PATIENCE):
            line = await reader.readuntil(b"\n")
        writer.write(json.dumps(await _answer(line, ask)).encode() + b"\n")
        await writer.drain()


async def _answer(line: bytes, ask: Ask) -> dict[str, Any]:
    sensors = _wanted(line)
    if sensors is None:
        return {"error": "The agent doesn't know this command: is it of another version?"}
    try:
        answers = await ask(sensors)
    except LookupError as error:
        return {"error": str(error)}
    return {
        "answers": [to_json(Said(each.round, str(each.error or ""))) for each in answers],
    }


def _wanted(line: bytes) -> list[str] | None:
    """Return the sensors that a command wants to be read; None where it wants something else."""
    try:
        sent = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(sent, dict) or sent.get("do") != "read":
        return None
    sensors = sent.get("sensors")
    if not isinstance(sensors, list) or not all(isinstance(each, str) for each in sensors):
        return None
    return list(dict.fromkeys(sensors))
