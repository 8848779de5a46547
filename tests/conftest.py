"""What holds for every test."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")  # no test fails because the machine is


@pytest.fixture(autouse=True)
async def _no_task_is_left_alive() -> AsyncIterator[None]:
    """Fail a test that leaves a task behind: somebody forgot to end it."""
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, f"tasks left alive: {left}"
