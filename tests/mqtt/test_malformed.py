"""Bytes that no broker should send end the session, with a reason; nothing hangs."""

import asyncio
import random

import pytest

from agent.mqtt import session
from agent.mqtt.reasons import BrokerError
from tests.support.fakebroker import FakeBroker
from tests.support.sessions import connected
from tests.support.waiting import until

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
