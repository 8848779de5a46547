"""What the tests of publishing share."""

from collections.abc import AsyncIterator

import pytest

from agent.mqtt import backoff, feed, lane
from tests.support.fakebroker import FakeBroker


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses of hundredths of a second instead of seconds."""
    monkeypatch.setattr(backoff, "_FIRST", 0.02)
    monkeypatch.setattr(backoff, "_EARLY", 0.05)
    monkeypatch.setattr(backoff, "_HOLD_FIRST", 0.1)
    monkeypatch.setattr(feed, "_LOOK", 0.05)
    monkeypatch.setattr(feed, "_STATUS_PAUSE", 0.1)


@pytest.fixture
def small_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four readings a pack, so that a few readings are many packs."""
    monkeypatch.setattr(lane, "_READINGS", 4)


@pytest.fixture
async def broker() -> AsyncIterator[FakeBroker]:
    async with FakeBroker() as fake:
        yield fake
