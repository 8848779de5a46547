"""One connection, and everything that can be wrong with it: it ends, and says why."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.config.model import Broker
from agent.mqtt import session, wire
from agent.mqtt.reasons import BrokerError
from agent.mqtt.session import Session
from tests.support.fakebroker import DISCONNECT, FakeBroker
from tests.support.network import free_port
from tests.support.waiting import until


@pytest.fixture
async def broker() -> AsyncIterator[FakeBroker]:
    async with FakeBroker() as fake:
        yield fake


def a_session(broker: FakeBroker, **keys: object) -> tuple[Session, Broker]:
    config = Broker.model_validate({"url": broker.url, **keys})
    return Session(config, "chu-01", 1, lambda: None), config


async def connected(broker: FakeBroker, **keys: object) -> Session:
    made, config = a_session(broker, **keys)
    try:
        await made.connect(config.url[0])
    except BaseException:
        made.close()
        raise
    return made


@pytest.mark.parametrize(
    ("protocol", "advice"),
    [(5, "If it doesn't speak MQTT 5, set protocol = 3"), (3, "Check that it is a broker")],
)
async def test_connect_without_an_answer_ends_with_what_to_try(
    broker: FakeBroker, monkeypatch: pytest.MonkeyPatch, protocol: int, advice: str
) -> None:
    monkeypatch.setattr(session, "_CONNACK_WITHIN", 0.1)
    broker.welcome = None
    with pytest.raises(BrokerError) as refused:
        await connected(broker, protocol=protocol)
    assert str(refused.value) == f"{broker.url} doesn't answer CONNECT. {advice}"
    await until(lambda: not broker.connections)


VERSION = "the broker doesn't speak this version of MQTT. Set protocol = 3 for one without MQTT 5"
RULES = (
    "the broker doesn't let this station in. Check username and password_file, and the broker's "
    "own rules"
)
CLONE = (
    "another client with the same client id took the connection over. Look for a copy of this "
    "station's memory card, and give each station its own id"
)
MISSING = (
    "password_file {} can't be read: No such file or directory. Have the file there, readable for "
    "the user that runs aryk"
)
REFUSED = "the broker refuses the connection: {}. Its own log may say more"
ENDED = "the broker ended the connection: {}. Its own log may say more"


@pytest.mark.parametrize(
    ("code", "config", "sentence"),
    [
        (0x80, False, REFUSED.format("no reason given")),
        (0x84, True, VERSION),
        (
            0x85,
            True,
            "the broker doesn't accept the client id. Set client_id to one that it accepts",
        ),
        (
            0x86,
            True,
            "the broker doesn't accept the user name or password. Check username and password_file",
        ),
        (0x87, True, RULES),
        (0x88, False, REFUSED.format("unavailable")),
        (0x8A, True, "the broker has banned this station. Have its operator lift the ban"),
        (0x9F, False, REFUSED.format("connection rate exceeded")),
    ],
)
async def test_each_refusal_is_a_sentence_and_tells_who_can_mend_it(
    broker: FakeBroker, code: int, config: bool, sentence: str
) -> None:
    broker.welcome = code
    with pytest.raises(BrokerError) as refused:
        await connected(broker)
    assert str(refused.value) == f"{sentence} (0x{code:02x})"
    assert refused.value.config is config


@pytest.mark.parametrize(
    ("code", "same_as"),
    [
        (2, "doesn't accept the client id"),
        (3, "unavailable"),
        (4, "user name or password"),
        (5, "doesn't let this station in"),
    ],
)
async def test_refusals_of_3_1_1_get_the_same_sentences(
    broker: FakeBroker, code: int, same_as: str
) -> None:
    broker.welcome = code
    with pytest.raises(BrokerError, match=same_as):
        await connected(broker, protocol=3)


MALFORMED = {
    "no packet type": b"\x00\x00",
    "a length of five bytes": b"\x40\xff\xff\xff\xff\x01",
    "a short PUBACK": b"\x40\x01\x00",
    "an unknown reason code": b"\x40\x03\x00\x01\x7f",
    "properties cut off": b"\x40\x06\x00\x01\x00\x10\x1f\xff",
    "a PUBLISH without topic": b"\x30\x01\x00",
    "a topic longer than its packet": b"\x30\x03\xff\xff\x61",
    "a QoS of 3": b"\x36\x07\x00\x01a\x00\x01\x00b",
    "a SUBACK for nothing": b"\x90\x01\x00",
    "a second CONNACK": b"\x20\x03\x00\x00\x00",
    "a PINGRESP with content": b"\xd0\x01\x00",
    "an AUTH": b"\xf0\x00",
    "an HTTP answer": b"HTTP/1.1 400 Bad Request\r\n\r\n" + 20 * b"<p>",
    "a TLS alert": b"\x15\x03\x03\x00\x02\x02\x28",
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
async def test_malformed_bytes_end_the_session_with_a_reason(
    broker: FakeBroker, data: bytes
) -> None:
    made = await connected(broker)
    broker.connections[0].raw(data)
    await until(lambda: made.error is not None or not broker.connections)
    if made.error is None:  # bytes that only the end of the stream shows to be wrong
        broker.connections[0].cut()
        await until(lambda: made.error is not None)
    assert str(made.error)
    await until(lambda: not broker.connections)


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
async def test_malformed_bytes_instead_of_a_welcome_end_the_attempt(
    broker: FakeBroker, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_CONNACK_WITHIN", 0.2)
    broker.welcome = None
    attempt = asyncio.create_task(connected(broker))
    await until(lambda: bool(broker.connects))
    broker.connections[0].raw(data)
    if data == MALFORMED["a second CONNACK"]:  # which is the first one here
        (await attempt).close()
        return
    with pytest.raises(BrokerError, match=r"isn't MQTT|doesn't answer|hung up|can't be read"):
        await attempt


async def test_whatever_bytes_come_the_session_ends_when_the_broker_hangs_up(
    broker: FakeBroker,
) -> None:
    dice = random.Random(8428)
    for _ in range(60):
        made = await connected(broker)
        kind = dice.choice((dice.randrange(256), 0x40, 0x30, 0x32, 0x20, 0xE0, 0x90, 0x62))
        body = dice.randbytes(dice.randrange(12))
        broker.connections[-1].raw(bytes((kind, len(body))) + body)
        broker.connections[-1].writer.close()
        await until(lambda: made.error is not None)  # noqa: B023
        assert made.free == 0


async def test_an_error_in_pahos_parser_ends_the_session_and_is_named(
    broker: FakeBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await connected(broker)

    def broken() -> None:
        raise IndexError("out of range")

    monkeypatch.setattr(made._client, "_handle_pubackcomp", lambda _: broken())
    broker.connections[0].raw(b"\x40\x02\x00\x01")
    await until(lambda: made.error is not None)
    assert str(made.error) == "the broker sent what can't be read: IndexError('out of range')"


async def test_a_packet_larger_than_asked_for_is_not_read_into_memory(broker: FakeBroker) -> None:
    made = await connected(broker)
    broker.connections[0].raw(b"\x30\xff\xff\xff\x7f" + bytes(1000))  # 256 MB are to follow
    await until(lambda: made.error is not None)
    assert str(made.error) == "the broker sent a larger packet than it may"


async def test_an_unasked_message_is_harmless(broker: FakeBroker) -> None:
    made = await connected(broker)
    broker.connections[0].raw(b"\x30\x05\x00\x01a\x00b")
    done: list[int] = []
    made.publish("aryk/chu-01/data", b"[]", done.append)
    await until(lambda: done == [0])
    made.close()


@pytest.mark.parametrize(
    ("code", "config", "sentence"),
    [
        (0x8B, False, ENDED.format("shutting down")),
        (0x8E, True, CLONE),
        (0x95, False, ENDED.format("packet too large")),
        (0x98, True, ENDED.format("administrative action")),
    ],
)
async def test_a_disconnect_from_the_broker_says_why(
    broker: FakeBroker, code: int, config: bool, sentence: str
) -> None:
    made = await connected(broker)
    broker.connections[0].send(DISCONNECT, bytes((code, 0)))
    await until(lambda: made.error is not None)
    assert made.error is not None
    assert str(made.error) == f"{sentence} (0x{code:02x})"
    assert made.error.config is config


async def test_swallowed_acknowledgements_end_the_session(
    broker: FakeBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "_TICK", 0.05)
    monkeypatch.setattr(session, "_ACKNOWLEDGED_WITHIN", 0.3)
    made = await connected(broker)
    # All but the first are acknowledged, all the time: the first is missed nevertheless.
    broker.code = lambda each: None if each is broker.published[0] else 0
    done: list[int] = []
    while made.error is None:
        if made.free:
            made.publish("aryk/chu-01/data", b"[]", done.append)
        await asyncio.sleep(0.01)
    assert str(made.error) == "the broker doesn't acknowledge. Its own log may say more"
    assert len(done) > 3


async def test_a_broker_that_falls_silent_is_noticed_by_its_missing_ping(
    broker: FakeBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "_TICK", 0.1)
    broker.silent, broker.limits = True, {"server_keep_alive": 1}
    made = await connected(broker)
    await until(lambda: made.error is not None)
    assert str(made.error) == "the broker has fallen silent: it doesn't answer a ping"
    assert broker.pings == 1


async def test_the_will_is_told_where_the_status_is(broker: FakeBroker) -> None:
    made = await connected(broker)
    made.close()
    topic, payload, qos, retain = broker.connects[0].will or ("", b"", 0, False)
    assert (topic, qos, retain) == ("aryk/chu-01/status", 1, True)
    assert payload == b'{"state":"offline","session":1}'
    assert json.loads(payload)["session"] == made.number


async def test_user_name_and_password_come_from_the_file(
    broker: FakeBroker, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("жашыруун\n")
    (await connected(broker, username="chu-01", password_file=str(secret))).close()
    assert broker.connects[0].username == "chu-01"
    assert broker.connects[0].password == "жашыруун".encode()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, MISSING),
        (b"\xff\xfe", "password_file {} isn't UTF-8 text. Write the password into it"),
    ],
)
async def test_a_password_file_that_is_no_use_is_a_sentence(
    broker: FakeBroker, tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_bytes(content)
    with pytest.raises(BrokerError) as refused:
        await connected(broker, username="chu-01", password_file=str(secret))
    assert str(refused.value) == sentence.format(secret)
    assert refused.value.config
    assert not broker.connects


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 70])
async def test_a_name_that_nobody_knows_is_a_sentence(broker: FakeBroker, host: str) -> None:
    made, config = a_session(broker)
    with pytest.raises(BrokerError, match=f"{host} can't be looked up: .*Check the name"):
        await made.connect(config.url[0].model_copy(update={"host": host}))
    assert not made.used, "the number may be used again"
    made.close()


async def test_a_port_where_nobody_listens_is_a_sentence(broker: FakeBroker) -> None:
    made, config = a_session(broker)
    with pytest.raises(BrokerError) as refused:
        await made.connect(config.url[0].model_copy(update={"port": free_port()}))
    assert str(refused.value).endswith(
        " can't be reached: Connection refused. Check that a broker listens there"
    )
    made.close()
