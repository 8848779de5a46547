"""Against a real broker, with a subscriber that knows nothing of the publisher."""

from pathlib import Path
from signal import SIGCONT, SIGSTOP

import pytest

from agent.mqtt import session, wire
from tests.support.mosquitto import Mosquitto
from tests.support.operator import subscription
from tests.support.published import numbers
from tests.support.publishing import bench
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("quick", "small_packs")


async def test_a_subscriber_sees_the_topics_as_the_interface_says(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path) as broker, bench(tmp_path, 3) as station:
        async with subscription(broker.port) as heard:
            async with station.publishing(broker.url):
                await until(lambda: len(heard.records) == 6)
                await until(lambda: len(heard.on("latest/radar/snr")) == 1)
                await station.measure(1)
                await until(lambda: len(heard.records) == 8)
            await until(lambda: heard.states()[-1] == "stopped")
            assert [each.json() for each in heard.on("about")] == [
                {"id": "chu-01", "name": "Чүй, Благовещенка"}
            ]
            assert heard.on("latest/radar/distance")[0].payload == (
                b'{"time":"2026-11-23T12:00:02Z","value":0.002,"unit":"m","quality":2}'
            )
            assert {(each.topic.split("/")[0], each.retain) for each in heard.messages} == {
                ("data", False),
                ("backfill", False),
                ("ledger", True),
                ("latest", True),
                ("status", True),
                ("about", True),
            }
            assert {each.qos for each in heard.messages} == {1}
            assert {each.content_type for each in heard.on("data")} == {"application/senml+json"}
            assert numbers(heard.on("backfill")) == list(range(1, 7))
            assert numbers(heard.on("data")) == [7, 8]
        async with subscription(broker.port) as late:
            await until(lambda: len(late.messages) == 5)
            assert {each.topic for each in late.messages} == {
                "about",
                "status",
                "ledger",
                "latest/radar/distance",
                "latest/radar/snr",
            }
            assert late.states() == ["stopped"]


@pytest.mark.parametrize(
    "keys", [{"protocol": 3}, {"format": "cbor"}, {"format": "cbor", "compress": True}]
)
async def test_every_form_and_protocol_arrives(tmp_path: Path, keys: dict[str, object]) -> None:
    async with (
        Mosquitto(tmp_path) as broker,
        bench(tmp_path, 50) as station,
        subscription(broker.port) as heard,
        station.publishing(broker.url, **keys),
    ):
        await until(lambda: len(heard.records) == 100)
        assert heard.numbers == list(range(1, 101))


READ_ONLY = ("topic read aryk/#",)
OPEN = ("topic readwrite aryk/#",)


async def test_of_two_brokers_one_that_is_down_delays_nothing_and_gets_all_when_it_is_up(
    tmp_path: Path,
) -> None:
    late = Mosquitto(tmp_path)
    late.allow(*READ_ONLY)  # so that its subscriber can be there first
    async with (
        Mosquitto(tmp_path) as broker,
        bench(tmp_path) as station,
        subscription(broker.port) as heard,
        station.publishing(broker.url, name="basin"),
        station.publishing(late.url, name="ministry") as other,
    ):
        for count in range(1, 11):
            await station.measure(10)
            await until(lambda: len(heard.records) == 20 * count)  # noqa: B023
        assert (other.facts()["waiting"], other.facts()["connected"]) == (200, False)
        async with late, subscription(late.port) as heard_late:
            late.allow(*OPEN)
            await until(lambda: len(heard_late.records) == 200)
            assert heard_late.numbers == list(range(1, 201))
            await station.measure(1)
            await until(lambda: len(heard_late.records) == len(heard.records) == 202)


async def test_a_refusal_by_access_rules_holds_everything_until_they_allow_it(
    tmp_path: Path,
) -> None:
    def status() -> dict[str, object]:
        return heard.on("status")[-1].json()["brokers"]["ministry"]

    broker = Mosquitto(tmp_path)
    broker.allow(*READ_ONLY, "topic write aryk/chu-01/status")
    async with (
        broker,
        bench(tmp_path, 20) as station,
        subscription(broker.port) as heard,
        station.publishing(broker.url) as publisher,
    ):
        await until(lambda: len(publisher.facts()["refused"]) == 4)
        assert publisher.facts()["refused"] == {
            topic: f"the broker refuses {topic}: this station may not write there. "
            "Have the broker allow it (0x87)"
            for topic in ("about", "backfill", "latest", "ledger")
        }
        await until(lambda: bool(heard.on("status")))
        refused = publisher.facts()["refused"]
        await until(
            lambda: heard.on("status")[-1].json()["brokers"]["ministry"]["refused"] == refused
        )
        assert station.store.backlog("ministry") == 40
        broker.allow(*OPEN)
        await until(lambda: len(heard.records) == 40)
        await until(lambda: not publisher.facts()["refused"])
        assert heard.numbers == list(range(1, 41))
        assert [len(heard.on(topic)) for topic in ("about", "latest/radar/snr")] == [1, 1]


async def test_what_nobody_subscribed_to_counts_as_unheard_and_moves_on(tmp_path: Path) -> None:
    async with (
        Mosquitto(tmp_path) as broker,
        bench(tmp_path, 20) as station,
        station.publishing(broker.url) as publisher,
    ):
        await until(lambda: not station.store.waiting("ministry"))
        assert (publisher.facts()["unheard"], publisher.facts()["acknowledged"]) == (40, 40)


async def test_a_broker_killed_again_and_again_with_its_memory_loses_nothing_that_waits(
    tmp_path: Path,
) -> None:
    broker = Mosquitto(tmp_path)
    async with (
        broker,
        bench(tmp_path) as station,
        subscription(broker.port) as heard,
        station.publishing(broker.url) as publisher,
    ):
        for life in range(1, 5):
            await station.measure(20)
            await until(lambda: not publisher.facts()["waiting"])
            # What goes out before the subscriber is back, the broker says that nobody heard.
            lost = publisher.facts()["unheard"]
            await until(lambda: len(heard.records) >= station.readings - lost)  # noqa: B023
            await broker.kill()
            await station.measure(20)
            await broker.start()
            await until(lambda: heard.subscriptions > life)  # noqa: B023
        await until(lambda: not publisher.facts()["waiting"])
        assert publisher.facts()["acknowledged"] == station.readings
        lost = publisher.facts()["unheard"]
        await until(lambda: len(heard.records) >= station.readings - lost)
        sessions = [each.json()["session"] for each in heard.on("status")]
        assert sessions == sorted(sessions)


async def test_a_broker_that_is_stopped_for_a_while_gets_everything_when_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "_TICK", 0.05)
    monkeypatch.setattr(session, "_ACKNOWLEDGED_WITHIN", 0.3)
    monkeypatch.setattr(session, "_CONNACK_WITHIN", 0.3)
    async with (
        Mosquitto(tmp_path) as broker,
        bench(tmp_path, 5) as station,
        subscription(broker.port) as heard,
        station.publishing(broker.url) as publisher,
    ):
        await until(lambda: len(heard.records) == 10)
        broker.signal(SIGSTOP)
        await station.measure(50)
        await until(lambda: "doesn't answer CONNECT" in str(publisher.facts()["reason"]))
        broker.signal(SIGCONT)
        await until(lambda: not station.store.waiting("ministry"))
        await until(lambda: len(heard.records) == 110)
        assert sorted(heard.numbers) == list(range(1, 111))


NO_QOS_1 = (
    "the broker doesn't take QoS 1, so it can't acknowledge. Allow QoS 1 there, or use another "
    "broker (0x9b)"
)
NOT_LET_IN = (
    "the broker doesn't let this station in. Check username and password_file, and the broker's "
    "own rules (0x87)"
)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("max_qos 0", NO_QOS_1),
        ("password_file /dev/null\nallow_anonymous false", NOT_LET_IN),
    ],
)
async def test_what_mosquitto_refuses_is_a_sentence(
    tmp_path: Path, line: str, sentence: str
) -> None:
    async with (
        Mosquitto(tmp_path, line) as broker,
        bench(tmp_path, 5) as station,
        station.publishing(broker.url) as publisher,
    ):
        await until(lambda: publisher.facts()["reason"] is not None)
        assert publisher.facts()["reason"] == sentence
        assert station.store.backlog("ministry") == 10


async def test_without_retain_everything_else_goes_on(tmp_path: Path) -> None:
    async with (
        Mosquitto(tmp_path, "retain_available false") as broker,
        bench(tmp_path, 5) as station,
        subscription(broker.port) as heard,
        station.publishing(broker.url) as publisher,
    ):
        await until(lambda: len(heard.records) == 10)
        await until(lambda: bool(heard.on("latest/radar/snr")))
        assert not any(each.retain for each in heard.messages)
        assert publisher.facts()["retains"] is False


async def test_small_packets_and_a_window_of_one_still_carry_everything(tmp_path: Path) -> None:
    limits = ("max_packet_size 300", "max_inflight_messages 1", "max_keepalive 10")
    async with (
        Mosquitto(tmp_path, *limits) as broker,
        bench(tmp_path, 50) as station,
        subscription(broker.port) as heard,
        station.publishing(broker.url),
    ):
        await until(lambda: len(heard.records) == 100)
        assert heard.numbers == list(range(1, 101))


async def test_a_clone_that_the_broker_lets_in_instead_is_thought_of(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    async with (
        Mosquitto(tmp_path) as broker,
        bench(tmp_path / "one", 5) as station,
        bench(tmp_path / "two", 5) as clone,
        station.publishing(broker.url) as publisher,
        clone.publishing(broker.url) as copy,
    ):
        # mosquitto closes the older connection without a word of why.
        both = (publisher, copy)
        await until(lambda: any("same client id" in str(each.facts()["reason"]) for each in both))
