"""Waiting for a condition with a deadline."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], bool], timeout: float = 5.0) -> None:  # noqa: ASYNC109 - the deadline is this helper's whole point
    """Return when the condition holds; fail when the time is over."""
    async with asyncio.timeout(timeout):
        while not condition():  # noqa: ASYNC110 - the condition lies in another process
            await asyncio.sleep(0.02)
