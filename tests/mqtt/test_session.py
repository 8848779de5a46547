"""One connection, and everything that can be wrong with it: it ends, and says why."""

import asyncio
import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from agent.mqtt import session, wire
from agent.mqtt.dial import dial
from agent.mqtt.reasons import BrokerError
from tests.support.fakebroker import DISCONNECT, FakeBroker
from tests.support.network import free_port
from tests.support.sessions import a_session, connected
from tests.support.waiting import until


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


async def test_a_connection_that_comes_when_nobody_waits_any_more_is_closed(
    broker: FakeBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = threading.Event()

    def slow(*arguments: object) -> None:
        assert late.wait(10)
        dial(*arguments)

    monkeypatch.setattr(session, "dial", slow)
    monkeypatch.setattr(session, "_CONNECT_WITHIN", 0.05)
    made, config = a_session(broker)
    with pytest.raises(BrokerError, match=r"didn't let us connect within 0\.05 s"):
        await made.connect(config.url[0])
    assert made.used, "the broker may see its number yet"
    made.close()
    late.set()
    await until(lambda: bool(broker.connects))
    await until(lambda: not broker.connections)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 70])
async def test_a_name_that_nobody_knows_is_a_sentence(broker: FakeBroker, host: str) -> None:
    made, config = a_session(broker)
    with pytest.raises(BrokerError, match=f"{host} can't be looked up: .*Check the name"):
        await made.connect(replace(config.url[0], host=host))
    assert not made.used, "the number may be used again"
    made.close()


async def test_a_port_where_nobody_listens_is_a_sentence(broker: FakeBroker) -> None:
    made, config = a_session(broker)
    with pytest.raises(BrokerError) as refused:
        await made.connect(replace(config.url[0], port=free_port()))
    assert str(refused.value).endswith(
        " can't be reached: Connection refused. Check that a broker listens there"
    )
    made.close()
