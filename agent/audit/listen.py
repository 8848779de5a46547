"""Listening to a broker, and telling when we didn't."""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import aiomqtt

_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
_PAUSES: Final = (1.0, 2.0, 5.0, 15.0)  # between tries to connect again, s
_KEEPALIVE: Final = 30  # s
_REFUSED: Final = 0x80  # reason codes from here on (MQTT 5, 3.9.3; 3.1.1, 3.9.3)


class ListenError(Exception):
    """The broker can't be listened to; the message is for the operator."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where to listen, and as whom.

    Attributes:
        url: as the operator wrote it.
        tls: what is trusted and shown; None for a connection in the clear.
        protocol: 5, or 3 for MQTT 3.1.1.
    """

    url: str
    host: str
    port: int
    tls: ssl.SSLContext | None = None
    username: str | None = None
    password: str | None = None
    protocol: Literal[3, 5] = 5


def address(url: str) -> tuple[bool, str, int]:
    """Return whether a URL means TLS, its host and its port.

    Raises:
        ListenError: it isn't one of a broker, or holds a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        port = 0
    if port == 0 or parts.scheme not in _PORTS or not parts.hostname:
        raise ListenError(f"{url} isn't a broker's address. Write mqtt://host or mqtts://host:8883")
    if parts.username is not None:  # a command line is seen by everybody on the machine
        raise ListenError(
            "A password doesn't belong into the address. Write --username and --password-file"
        )
    return parts.scheme == "mqtts", parts.hostname, port or _PORTS[parts.scheme]


async def listen(
    broker: Broker,
    topics: Sequence[str],
    heard: Callable[[str, bytes, bool], None],
    interrupted: Callable[[], None],
) -> None:
    """Listen until cancelled; connect again whenever the connection is lost.

    Args:
        broker: where.
        topics: what to subscribe to.
        heard: called with topic, payload and whether the broker had kept the message.
        interrupted: called when messages may have passed us by: each connection is a new session.

    Raises:
        ListenError: the first connection failed, or the broker doesn't let us subscribe.
    """
    connected, tries = False, 0
    while True:
        try:
            async with _client(broker) as client:
                await _subscribe(client, topics, broker.url)
                connected, tries = True, 0
                async for message in client.messages:
                    heard(message.topic.value, bytes(message.payload), message.retain)
        except aiomqtt.MqttError as error:
            if not connected:
                raise ListenError(f"{broker.url}: {error}. Is the broker there?") from error
            if not tries:
                interrupted()
        await asyncio.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
        tries += 1


def _client(broker: Broker) -> aiomqtt.Client:
    version = aiomqtt.ProtocolVersion.V5 if broker.protocol == 5 else aiomqtt.ProtocolVersion.V311
    return aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.username,
        password=broker.password,
        tls_context=broker.tls,
        protocol=version,
        keepalive=_KEEPALIVE,
    )


async def _subscribe(client: aiomqtt.Client, topics: Sequence[str], url: str) -> None:
    answers: Sequence[Any] = await client.subscribe([(topic, 1) for topic in topics])
    for topic, answer in zip(topics, answers, strict=True):
        code: int = getattr(answer, "value", answer)  # with MQTT 5 a ReasonCode
        if code >= _REFUSED:
            raise ListenError(
                f"{url} doesn't let us subscribe to {topic} (0x{code:02x}). "
                "Have its operator allow it"
            )
