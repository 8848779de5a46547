"""The broker's limits, as its CONNACK tells them, are obeyed."""

import json
from pathlib import Path

import pytest

from tests.support.fakebroker import FakeBroker
from tests.support.published import numbers
from tests.support.publishing import bench
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("quick")


@pytest.mark.usefixtures("small_packs")
@pytest.mark.parametrize("most", [1, 3])
async def test_receive_maximum_is_obeyed_and_every_topic_gets_its_turn(
    tmp_path: Path, most: int
) -> None:
    async with FakeBroker() as broker, bench(tmp_path, 40) as station:
        broker.limits, broker.delay = {"receive_maximum": most}, 0.005
        async with station.publishing(broker.url, latest="10 ms"):
            await until(lambda: not station.store.waiting("ministry"))
            await until(lambda: bool(broker.on("/snr")))
        assert broker.most_unanswered == most
        assert numbers(broker.on("/backfill")) == list(range(1, 81))
        topics = [each.topic.split("/")[2] for each in broker.published]
        assert topics.index("latest") < len(topics) - topics[::-1].index("backfill"), "in turn"


async def test_maximum_packet_size_is_obeyed_and_the_station_still_says_that_it_lives(
    tmp_path: Path,
) -> None:
    async with FakeBroker() as broker, bench(tmp_path, 40) as station:
        broker.limits = {"maximum_packet_size": 200}
        async with station.publishing(broker.url) as publisher:
            await until(lambda: not station.store.waiting("ministry"))
            await until(lambda: bool(broker.on("/status")))
        assert max(each.size for each in broker.published) <= 200
        assert numbers(broker.on("/backfill")) == list(range(1, 81))
        status = json.loads(broker.on("/status")[0].payload)
        assert status.keys() == {"state", "session"}, "the rest is too large"
        assert publisher.facts()["refused"] == {}


async def test_a_packet_size_that_no_reading_fits_in_holds_with_a_sentence(tmp_path: Path) -> None:
    async with FakeBroker() as broker, bench(tmp_path, 2) as station:
        broker.limits = {"maximum_packet_size": 100}
        async with station.publishing(broker.url) as publisher:
            await until(lambda: "backfill" in publisher.facts()["refused"])
            assert publisher.facts()["refused"]["backfill"] == (
                "the broker refuses backfill: the message is larger than the broker takes. Raise "
                'its maximum packet size, or try format = "cbor" (0x95)'
            )
        assert max(each.size for each in broker.published) <= 100
        assert station.store.backlog("ministry") == 4


async def test_where_retain_is_not_available_nothing_is_retained(tmp_path: Path) -> None:
    async with FakeBroker() as broker, bench(tmp_path, 2) as station:
        broker.limits = {"retain_available": 0}
        async with station.publishing(broker.url) as publisher:
            await until(lambda: len(broker.on("/snr")) == 1)
            assert publisher.facts()["retains"] is False
            assert not any(each.retain for each in broker.published)
            broker.connections[0].cut()
            await until(lambda: len(broker.connects) == 2)
        assert [each.will[3] for each in broker.connects if each.will] == [True, False]


async def test_the_servers_keepalive_is_kept(tmp_path: Path) -> None:
    async with FakeBroker() as broker, bench(tmp_path) as station:
        broker.limits = {"server_keep_alive": 1}
        async with station.publishing(broker.url):
            await until(lambda: broker.pings >= 1)
        assert broker.connects[0].keepalive == 30


async def test_qos_1_not_available_is_a_sentence_and_nothing_is_sent(tmp_path: Path) -> None:
    async with FakeBroker() as broker, bench(tmp_path, 2) as station:
        broker.limits = {"maximum_qos": 0}
        async with station.publishing(broker.url) as publisher:
            await until(lambda: publisher.facts()["reason"] is not None)
            assert publisher.facts()["reason"] == (
                "the broker doesn't take QoS 1, so it can't acknowledge. Allow QoS 1 there, "
                "or use another broker (0x9b)"
            )
        assert not broker.published
        assert len(broker.connects) == 1
