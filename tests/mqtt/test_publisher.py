"""From a place in the log to acknowledged, with a broker that does what it is told."""

import json
from pathlib import Path

import pytest

from agent.mqtt import feed, lane
from tests.support.fakebroker import FakeBroker, Published
from tests.support.published import numbers
from tests.support.publishing import a_reading, bench
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("quick")

LANES = ("/data", "/backfill")


async def test_everything_goes_out_in_order_once_and_the_place_follows(tmp_path: Path) -> None:
    async with FakeBroker() as broker, bench(tmp_path, 700) as station:
        async with station.publishing(broker.url) as publisher:
            await until(lambda: not station.store.waiting("ministry"))
            await station.measure(3)
            await until(lambda: not station.store.waiting("ministry"))
        assert numbers(broker.on("/backfill")) == list(range(1, 1401)), "what waited"
        assert numbers(broker.on("/data")) == list(range(1401, 1407)), "what came since"
        assert publisher.facts()["acknowledged"] == station.readings
        assert {each.qos for each in broker.published} == {1}
        packs = broker.on("/data") + broker.on("/backfill")
        assert {each.content_type for each in packs} == {"application/senml+json"}


async def test_a_restart_goes_on_where_the_broker_left_off(tmp_path: Path) -> None:
    async with FakeBroker() as broker:
        for _ in range(2):
            async with bench(tmp_path, 5) as station, station.publishing(broker.url):
                await until(lambda: not station.store.waiting("ministry"))
        assert numbers(broker.on("/backfill")) == list(range(1, 21))


@pytest.mark.usefixtures("small_packs")
async def test_acknowledgements_out_of_order_repeated_and_unknown_count_for_what_they_say(
    tmp_path: Path,
) -> None:
    async with FakeBroker() as broker, bench(tmp_path, 20) as station:
        broker.code = lambda each: None if each.topic.endswith(LANES) else 0
        async with station.publishing(broker.url):
            await until(lambda: len(broker.on("/backfill")) == 10)
            begun = station.store.waiting("ministry")[0].start
            packs = broker.on("/backfill")
            for each in reversed(packs[1:]):
                each.answer()
                each.answer()
                each.connection.raw(b"\x40\x03\xff\xfe\x00")  # PUBACK of what was never sent
            await station.measure(2)  # a round trip: the answers before it are in
            await until(lambda: numbers(broker.on("/data")) == [41, 42, 43, 44])
            new = range(begun + 40, begun + 44)
            assert station.store.waiting("ministry") == (range(begun, begun + 4), new)
            packs[0].answer()
            await until(lambda: station.store.waiting("ministry") == (new,))
            for each in broker.on("/data"):
                each.answer()
        assert not station.store.waiting("ministry")
        assert numbers(broker.on("/backfill")) == list(range(1, 41))


@pytest.mark.usefixtures("small_packs")
async def test_what_was_not_acknowledged_is_sent_again_with_the_same_identity(
    tmp_path: Path,
) -> None:
    async with FakeBroker() as broker, bench(tmp_path, 20) as station:
        broker.code = lambda each: None if each.topic.endswith("/backfill") else 0
        async with station.publishing(broker.url):
            await until(lambda: len(broker.on("/backfill")) == 10)
            first = [each.payload for each in broker.on("/backfill")]
            for each in broker.on("/backfill")[:3]:
                each.answer()
            await until(lambda: station.store.backlog("ministry") == 28)
            broker.code = lambda _: 0
            broker.connections[0].cut()
            await until(lambda: not station.store.waiting("ministry"))
        assert [each.payload for each in broker.on("/backfill")[10:]] == first[3:]
        assert not any(each.dup for each in broker.published), "a new session, a new message"


@pytest.mark.usefixtures("small_packs")
@pytest.mark.parametrize(
    ("code", "again"),
    [(0x80, 2), (0x87, 4), (0x97, 4)],  # a half, where it may lie in the payload
)
async def test_a_refusal_holds_the_place_says_so_and_ends_by_itself(
    tmp_path: Path, code: int, again: int
) -> None:
    def status() -> dict[str, object]:
        return json.loads(broker.on("/status")[-1].payload)["brokers"]["ministry"]

    async with FakeBroker() as broker, bench(tmp_path, 100) as station:
        broker.code = lambda each: code if each.topic.endswith("/backfill") else 0
        async with station.publishing(broker.url) as publisher:
            begun = station.store.waiting("ministry")[0].start
            await until(lambda: "backfill" in publisher.facts()["refused"])
            assert f"(0x{code:02x})" in publisher.facts()["refused"]["backfill"]
            refused = broker.on("/backfill")
            assert len(refused) <= 20
            # One pack a try, with growing pauses: no storm.
            await until(lambda: len(broker.on("/backfill")) == len(refused) + 1)
            assert numbers(broker.on("/backfill")[-1:]) == numbers(refused[:1])[:again]
            assert station.store.waiting("ministry")[0].start == begun
            await until(lambda: status()["refused"] == publisher.facts()["refused"])
            broker.code = lambda _: 0
            await until(lambda: not station.store.waiting("ministry"))
            assert publisher.facts()["refused"] == {}
        assert list(dict.fromkeys(numbers(broker.on("/backfill")))) == list(range(1, 201))


async def test_nobody_subscribed_moves_on_and_is_counted(tmp_path: Path) -> None:
    async with FakeBroker() as broker, bench(tmp_path, 10) as station:
        broker.code = lambda _: 0x10
        async with station.publishing(broker.url) as publisher:
            await until(lambda: not station.store.waiting("ministry"))
            assert (publisher.facts()["unheard"], publisher.facts()["acknowledged"]) == (20, 20)
            assert publisher.facts()["refused"] == {}
            await until(lambda: b'"unheard":20' in broker.on("/status")[-1].payload)


@pytest.mark.usefixtures("small_packs")
async def test_400_refused_topics_are_not_tried_again_and_again(tmp_path: Path) -> None:
    accepted: set[str] = set()

    def accept(each: Published) -> int:
        accepted.add(each.topic)
        return 0

    async with FakeBroker() as broker, bench(tmp_path, 100) as station:
        for sensor in range(200):
            station.board.newest[f"s{sensor}"] = station.board.newest["radar"]
        broker.code = lambda each: 0x87 if "/latest/" in each.topic else 0
        async with station.publishing(broker.url) as publisher:
            await until(lambda: not station.store.waiting("ministry"))
            # The half of a window that was under way, and then one at a time, after a pause.
            await until(lambda: sum("/latest/" in each.topic for each in broker.published) > 11)
            assert publisher.facts()["refused"].keys() == {"latest"}
            assert sum("/latest/" in each.topic for each in broker.published) < 30
            broker.code = accept
            await until(lambda: sum("/latest/" in topic for topic in accepted) == 402)
            await until(lambda: not publisher.facts()["refused"])
            broker.delay, broker.most_unanswered = 0.02, 0
            accepted.clear()
            for sensor in station.board.newest:  # a change of quality goes out at once
                station.board.newest[sensor] = a_reading(100, quality=4)
            await until(lambda: len(accepted) >= 201)
            assert broker.most_unanswered > 10, "many under way again"


async def test_a_refused_about_is_held_and_does_not_hold_up_the_rest(tmp_path: Path) -> None:
    async with FakeBroker() as broker, bench(tmp_path, 10) as station:
        broker.code = lambda each: 0x87 if each.topic.endswith("/about") else 0
        async with station.publishing(broker.url) as publisher:
            await until(lambda: not station.store.waiting("ministry"))
            await until(lambda: bool(broker.on("/status")))
            assert publisher.facts()["refused"] == {
                "about": "the broker refuses about: this station may not write there. "
                "Have the broker allow it (0x87)"
            }
            broker.code = lambda _: 0
            await until(lambda: not publisher.facts()["refused"])
        assert len(broker.on("/about")) == 2


async def test_latest_of_400_channels_and_a_long_backlog_do_not_wait_for_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "_READINGS", 2)
    async with FakeBroker() as broker, bench(tmp_path, 1000) as station:
        for sensor in range(200):
            station.board.newest[f"s{sensor}"] = station.board.newest["radar"]
        async with station.publishing(broker.url):
            await until(lambda: not station.store.waiting("ministry"), 20)
        kinds = [each.topic.split("/")[2] for each in broker.published]
        last_latest = len(kinds) - kinds[::-1].index("latest")
        assert kinds.count("latest") == 402
        # Turn about: 402 of the one among about as many of the other.
        assert 300 < kinds[:last_latest].count("backfill") < 500
        assert kinds[:20].count("latest") >= 5


async def test_the_retained_topics_are_retained_and_records_are_not(tmp_path: Path) -> None:
    async with FakeBroker() as broker, bench(tmp_path, 3) as station:
        async with station.publishing(broker.url):
            await until(lambda: len(broker.on("/snr")) == 1)
            station.store.note("start", {"version": "1"})
            await station.measure(1)
            await until(lambda: not station.store.waiting("ministry"))
        retained = {each.topic.split("/", 2)[2]: each.retain for each in broker.published}
        assert retained == {
            "about": True,
            "status": True,
            "latest/radar/distance": True,
            "latest/radar/snr": True,
            "ledger": True,
            "data": False,
            "backfill": False,
            "event": False,
        }


async def test_latest_can_be_off(tmp_path: Path) -> None:
    async with FakeBroker() as broker, bench(tmp_path, 3) as station:
        async with station.publishing(broker.url, latest="off"):
            await until(lambda: not station.store.waiting("ministry"))
        assert {each.topic.split("/")[2] for each in broker.published} == {
            "about",
            "status",
            "ledger",
            "backfill",
        }


async def test_at_each_connection_about_status_and_all_of_latest_come_again(
    tmp_path: Path,
) -> None:
    async with FakeBroker() as broker, bench(tmp_path, 3) as station:
        async with station.publishing(broker.url):
            for time in (1, 2):
                await until(lambda: len(broker.on("/distance")) == time)  # noqa: B023
                await until(lambda: not broker.connections[0].unanswered)
                if time == 1:
                    broker.connections[0].cut()
        sessions = [json.loads(each.payload)["session"] for each in broker.on("/status")]
        states = [json.loads(each.payload)["state"] for each in broker.on("/status")]
        first = sessions[0]
        assert sessions[-1] == first + 1
        assert sessions == sorted(sessions)
        assert states == ["online"] * (len(states) - 1) + ["stopped"]
        wills = [json.loads(each.will[1]) for each in broker.connects if each.will]
        assert wills == [{"state": "offline", "session": each} for each in (first, first + 1)]
        assert {each.will[0] for each in broker.connects if each.will} == {"aryk/chu-01/status"}
        assert [len(broker.on(topic)) for topic in ("/about", "/distance", "/snr")] == [2, 2, 2]


async def test_about_keeps_its_letters(tmp_path: Path) -> None:
    async with FakeBroker() as broker, bench(tmp_path) as station:
        async with station.publishing(broker.url):
            await until(lambda: bool(broker.on("/about")))
        assert (
            broker.on("/about")[0].payload == '{"id":"chu-01","name":"Чүй, Благовещенка"}'.encode()
        )


async def test_status_follows_a_change_soon_but_not_each_of_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "_STATUS_PAUSE", 0.5)
    async with FakeBroker() as broker, bench(tmp_path) as station:
        async with station.publishing(broker.url):
            await until(lambda: bool(broker.on("/status")))
            for time in range(200):
                station.board.move("radar", ("ok", "lost")[time % 2], "timeout", time)
            await until(lambda: len(broker.on("/status")) == 2)
        assert len(broker.on("/status")) <= 4


@pytest.mark.usefixtures("small_packs")
async def test_stopping_sends_what_is_committed_then_stopped_then_disconnects(
    tmp_path: Path,
) -> None:
    async with FakeBroker() as broker, bench(tmp_path) as station:
        async with station.publishing(broker.url):
            await until(lambda: bool(broker.on("/status")))
            await station.measure(50)
        assert numbers(broker.on("/data")) == list(range(1, 101))
        assert json.loads(broker.published[-1].payload)["state"] == "stopped"
        assert broker.farewells == 1


async def test_stopping_does_not_wait_for_what_is_refused(tmp_path: Path) -> None:
    async with FakeBroker() as broker, bench(tmp_path, 5) as station:
        broker.code = lambda each: 0x87 if each.topic.endswith("/backfill") else 0
        async with station.publishing(broker.url, stop_within=10.0) as publisher:
            await until(lambda: "backfill" in publisher.facts()["refused"])
        assert json.loads(broker.published[-1].payload)["state"] == "stopped"
        assert broker.farewells == 1


async def test_protocol_3_works_and_says_that_refusals_cant_be_seen(tmp_path: Path) -> None:
    async with FakeBroker() as broker, bench(tmp_path, 5) as station:
        broker.code = lambda _: 0x87  # which 3.1.1 has no room for
        async with station.publishing(broker.url, protocol=3) as publisher:
            await until(lambda: not station.store.waiting("ministry"))
            assert publisher.facts()["sees_refusals"] is False
        assert broker.connects[0].level == 4
        assert {each.content_type for each in broker.published} == {None}
        status = json.loads(broker.on("/status")[-1].payload)
        assert status["brokers"]["ministry"]["sees_refusals"] is False


async def test_client_id_and_topic_root_can_be_chosen(tmp_path: Path) -> None:
    async with FakeBroker() as broker, bench(tmp_path, 1) as station:
        keys = {"client_id": "other", "topic_root": "gauges/kg"}
        async with station.publishing(broker.url, **keys):
            await until(lambda: not station.store.waiting("ministry"))
        assert broker.connects[0].client_id == "other"
        assert all(each.topic.startswith("gauges/kg/chu-01/") for each in broker.published)
        assert broker.connects[0].clean


@pytest.mark.parametrize("compress", [False, True])
async def test_cbor_goes_out_with_its_content_type(tmp_path: Path, compress: bool) -> None:
    async with FakeBroker() as broker, bench(tmp_path, 50) as station:
        async with station.publishing(broker.url, format="cbor", compress=compress):
            await until(lambda: not station.store.waiting("ministry"))
        assert numbers(broker.on("/backfill")) == list(range(1, 101))
        assert {each.content_type for each in broker.on("/backfill")} == {"application/senml+cbor"}


async def test_what_an_instrument_tells_of_itself_later_is_in_about_then(tmp_path: Path) -> None:
    async with FakeBroker() as broker, bench(tmp_path) as station:
        async with station.publishing(broker.url):
            await until(lambda: bool(broker.on("/status")))
            station.about = {**station.about, "serial": "A50285BI"}
            station.board.move("radar", "ok", None, 0)
            await until(lambda: len(broker.on("/about")) == 2)
            station.board.move("radar", "lost", "timeout", 1)
            await until(lambda: len(broker.on("/status")) == 3)
        assert [b"serial" in each.payload for each in broker.on("/about")] == [False, True]
