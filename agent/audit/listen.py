"""Listening to a broker, and telling when we didn't."""

import asyncio
import logging
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

_ADVICE: Final = {
    "certificate verify failed": "Set --ca to the certificate of the authority that signed it",
    "certificate required": "Show your own: --certificate and --key",
    "authorized": "Check --username and --password-file",
    "user name": "Check --username and --password-file",
    "wrong version number": "Check the port: it doesn't seem to speak TLS",
}


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


class Listener:
    """Listens to a broker; connects again whenever the connection is lost.

    Attributes:
        connected: whether it has ever been.
    """

    def __init__(
        self,
        broker: Broker,
        topics: Sequence[str],
        heard: Callable[[str, bytes, bool], None],
        interrupted: Callable[[], None],
    ) -> None:
        """Take where to listen, and who hears.

        Args:
            broker: where.
            topics: what to subscribe to.
            heard: called with topic, payload and whether the broker had kept the message.
            interrupted: called when messages may have passed by: each connection is a new session.
        """
        self._broker, self._topics = broker, topics
        self._heard, self._interrupted = heard, interrupted
        self._log = _LastWords()
        self.connected = False

    async def run(self) -> None:
        """Listen until cancelled.

        Raises:
            ListenError: the first connection failed, or the broker doesn't let us subscribe.
        """
        tries = 0
        while True:
            try:
                async with self._client() as client:
                    await self._subscribe(client)
                    self.connected, tries = True, 0
                    async for message in client.messages:
                        self._heard(message.topic.value, bytes(message.payload), message.retain)
            except aiomqtt.MqttError as error:
                if not self.connected:
                    raise self._unheard(str(error)) from error
                if not tries:
                    self._interrupted()
            await asyncio.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
            tries += 1

    def late(self) -> ListenError:
        """Return the error for a broker that didn't let us in, in the time that it had."""
        return self._unheard("it didn't answer in time")

    def _unheard(self, why: str) -> ListenError:
        said = self._log.words or why
        fitting = (advice for part, advice in _ADVICE.items() if part in said.lower())
        advice = next(fitting, "Is the broker there, and does it speak MQTT 5 (else --protocol 3)?")
        return ListenError(f"{self._broker.url}: {said}. {advice}")

    def _client(self) -> aiomqtt.Client:
        broker, versions = self._broker, aiomqtt.ProtocolVersion
        return aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.username,
            password=broker.password,
            tls_context=broker.tls,
            protocol=versions.V5 if broker.protocol == 5 else versions.V311,
            keepalive=_KEEPALIVE,
            logger=self._log.logger,
        )

    async def _subscribe(self, client: aiomqtt.Client) -> None:
        answers: Sequence[Any] = await client.subscribe([(topic, 1) for topic in self._topics])
        for topic, answer in zip(self._topics, answers, strict=True):
            code: int = getattr(answer, "value", answer)  # with MQTT 5 a ReasonCode
            if code >= _REFUSED:
                raise ListenError(
                    f"{self._broker.url} doesn't let us subscribe to {topic} (0x{code:02x}). "
                    "Have its operator allow it"
                )


class _LastWords(logging.Handler):
    """Keeps what paho only logs: why a broker hung up before it answered."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.words = ""
        self.logger = logging.Logger("audit", logging.WARNING)  # noqa: LOG001 - nobody else's
        self.logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.words = record.getMessage()
