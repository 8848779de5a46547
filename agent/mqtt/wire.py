"""paho in the event loop: the socket's readiness and a timer are its only motors."""

import asyncio
import socket
import ssl
import sys
from collections.abc import Callable
from typing import Any, Final

from paho.mqtt.client import Client, DisconnectFlags
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.config.model import Url
from agent.mqtt.dial import KEEPALIVE, LARGEST
from agent.mqtt.reasons import BrokerError, ended_connection
from agent.mqtt.tls import tls_error

_TICK: Final = 1.0  # between two looks at the keepalive, s
_SILENT: Final = 0x8D  # what paho says when a ping got no answer
_NO_BROKER: Final = "Check host and port, and whether it wants mqtts://"


class Wire:
    """Drives a connected client until something ends it, and says what.

    Attributes:
        greeted: whether the broker has answered CONNECT.
    """

    def __init__(
        self,
        client: Client,
        url: Url,
        ended: Callable[[BrokerError], None],
        ticked: Callable[[], None],
    ) -> None:
        """Take over a client that has sent CONNECT.

        Args:
            client: connected.
            url: where to, for the sentences.
            ended: called with the reason, once or more, when it can't go on.
            ticked: called about once a second.
        """
        self.greeted = False
        self._client, self._url = client, url
        self._ended, self._ticked = ended, ticked
        self._loop = asyncio.get_running_loop()
        sock: Any = client.socket()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, KEEPALIVE * 1000)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock: Any = sock
        client.on_disconnect, client.on_log = self._on_disconnect, self._on_log
        client.on_socket_register_write = self._to_write
        client.on_socket_unregister_write = self._written
        client.on_socket_close = self._detach
        self._loop.add_reader(sock.fileno(), self._read)
        if client.want_write():
            self._to_write()
        self._timer = self._loop.call_later(_TICK, self._tick)

    def greet(self) -> None:
        """Note that the broker has answered CONNECT."""
        self.greeted = True
        self._client.on_log = None

    def farewell(self) -> None:
        """Send DISCONNECT, if the socket takes it."""
        self._client.on_disconnect = None
        self._client.disconnect()
        self._client.loop_write()

    def close(self) -> None:
        """Close the socket and stop; nothing is called any more."""
        self._timer.cancel()
        if (sock := self._sock) is not None:
            self._detach()
            sock.close()

    def _detach(self, *_: Any) -> None:
        """Take the socket out of the event loop; paho tells just before it closes one."""
        if self._sock is not None:
            self._loop.remove_reader(self._sock.fileno())
            self._loop.remove_writer(self._sock.fileno())
            self._sock = None

    def _to_write(self, *_: Any) -> None:
        if self._sock is not None:
            self._loop.add_writer(self._sock.fileno(), self._write)

    def _written(self, *_: Any) -> None:
        if self._sock is not None:
            self._loop.remove_writer(self._sock.fileno())

    def _read(self) -> None:
        while self._drive(self._client.loop_read):
            if self._client._in_packet["remaining_length"] > LARGEST:  # noqa: SLF001 - paho would take up to 256 MB into memory
                self._ended(BrokerError("the broker sent a larger packet than it may"))
            elif not getattr(self._sock, "pending", int)():  # TLS has read more than a packet
                return

    def _write(self) -> None:
        self._read()  # a broker that hangs up has said why, and a failed write would hide it
        if self._sock is not None:
            self._drive(self._client.loop_write)

    def _tick(self) -> None:
        self._timer = self._loop.call_later(_TICK, self._tick)
        if self._drive(self._client.loop_misc):
            self._ticked()

    def _drive(self, step: Callable[[], MQTTErrorCode]) -> bool:
        """Let paho do a step; whatever goes wrong in it ends the session. Say if it goes on."""
        try:
            code = step()
        except Exception as error:  # noqa: BLE001 - whatever bytes from outside make paho's parser raise
            self._ended(BrokerError(f"the broker sent what can't be read: {error!r}"))
            return False
        if code == MQTTErrorCode.MQTT_ERR_PROTOCOL:
            self._ended(BrokerError(f"{self._url} sent what isn't MQTT. {_NO_BROKER}"))
        elif self._sock is None and not self.greeted:
            self._ended(
                BrokerError(f"{self._url} hung up before it answered CONNECT. {_NO_BROKER}")
            )
        elif code != MQTTErrorCode.MQTT_ERR_SUCCESS or self._sock is None:
            self._ended(BrokerError("the connection was lost"))
        return self._sock is not None

    def _on_disconnect(
        self,
        _: Client,
        __: Any,
        flags: DisconnectFlags,
        reason: ReasonCode | None,
        ___: Properties | None,
    ) -> None:
        code = 0 if reason is None else reason.value
        if flags.is_disconnect_packet_from_server:
            self._ended(ended_connection(code))
        elif code == _SILENT:
            self._ended(BrokerError("the broker has fallen silent: it doesn't answer a ping"))

    def _on_log(self, *_: Any) -> None:
        """See an error that paho only logs: a TLS alert comes when the handshake is over."""
        if isinstance(error := sys.exception(), ssl.SSLError):
            self._ended(tls_error(self._url, error))
