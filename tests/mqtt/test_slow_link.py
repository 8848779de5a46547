"""A link so slow that a single pack takes longer than the keepalive."""

from pathlib import Path

import pytest

from agent.mqtt import dial, lane, wire
from tests.support.fakebroker import FakeBroker
from tests.support.proxy import Proxy
from tests.support.publishing import bench
from tests.support.waiting import until


async def test_a_backlog_gets_through_however_slow_the_link_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dial, "KEEPALIVE", 1)  # as 30 s and 64 kB, a scale smaller
    monkeypatch.setattr(wire, "KEEPALIVE", 1)
    monkeypatch.setattr(lane, "_READINGS", 100)
    async with FakeBroker() as broker, Proxy(broker.port) as line, bench(tmp_path, 50) as station:
        line.rate = 3000.0  # 100 readings are about 10 kB
        async with station.publishing(line.url, latest="off"):
            await until(lambda: not station.store.waiting("ministry"), 10)
