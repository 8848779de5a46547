"""The command's side of the socket."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from agent.control.protocol import LONGEST, Said, from_json

_PATIENCE: Final = 120.0
"""Seconds: an agent's wires may be slow, and what is asked waits for its turn."""


class ControlError(Exception):
    """The running agent can't or won't do it; the message says what to do."""


async def read(path: Path, sensors: Sequence[str]) -> list[Said] | None:
    """Have the running agent ask sensors; None where no agent runs.

    Raises:
        ControlError: it runs, but didn't answer.
    """
    sent = await _sent(path, {"do": "read", "sensors": list(sensors)})
    if sent is None:
        return None
    try:
        if "error" in sent:
            raise ControlError(sent["error"])
        return [from_json(each) for each in sent["answers"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ControlError(
            "The running agent is of another version: start it anew (sudo systemctl restart aryk)."
        ) from error


async def runs(path: Path) -> bool:
    """Return whether an agent listens there, also where this user may not talk to it."""
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except PermissionError:
        return True
    except OSError:
        return False
    writer.close()
    return True


async def _sent(path: Path, request: dict[str, Any]) -> Any:
    """Return what the agent says to a request; None where no agent runs."""
    try:
        reader, writer = await asyncio.open_unix_connection(path, limit=LONGEST)
    except PermissionError:
        raise ControlError(
            "The agent holds the wires, and this user may not talk to it: use sudo, or add the "
            "user to the agent's group (sudo usermod -aG aryk USER, then log in again)."
        ) from None
    except OSError:
        return None
    try:
        writer.write(json.dumps(request).encode() + b"\n")
        async with asyncio.timeout(_PATIENCE):
            return json.loads(await reader.readuntil(b"\n"))
    except (OSError, ValueError, EOFError, asyncio.LimitOverrunError) as error:
        raise ControlError(
            f"The running agent didn't answer ({error}): look into its log (journalctl -u aryk)."
        ) from error
    finally:
        writer.close()
