"""One connection to one broker: a new paho client, driven by the event loop."""

import asyncio
import contextlib
import json
import socket
import ssl
import threading
from pathlib import Path
from typing import Any, Final

from paho.mqtt.client import Client, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from agent.config.model import Broker, Url

_KEEPALIVE: Final = 30
_CONNECT_WITHIN: Final = 30.0  # DNS, TCP and TLS, s
_CONNACK_WITHIN: Final = 10.0  # s
_WINDOW: Final = 20
_CONFIG_CODES: Final = frozenset(
    {0x81, 0x82, 0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C}
)  # MQTT 5, 3.2.2.2


class BrokerError(Exception):
    """The broker can't be used now; the message is a sentence for the operator.

    Attributes:
        config: whether somebody has to change something, here or there, for it to work.
    """

    def __init__(self, sentence: str, *, config: bool = False) -> None:
        """Take the sentence."""
        super().__init__(sentence)
        self.config = config


class Session:
    """One connection, from CONNECT to its end.

    Attributes:
        window: messages that may be in flight.
        max_packet: bytes that the broker takes in a packet, or None.
        reached: whether a CONNECT may have left the machine.
    """

    def __init__(self, config: Broker, station: str, number: int) -> None:
        """Take the broker's table, the station's id and the number of this session."""
        self.window = _WINDOW
        self.max_packet: int | None = None
        self.reached = False
        self._config = config
        self._loop = asyncio.get_running_loop()
        self._pending: dict[int, asyncio.Future[int]] = {}
        self._connack: asyncio.Future[None] = self._loop.create_future()
        self.closed: asyncio.Future[str] = self._loop.create_future()
        self._sock: Any = None
        self._timer: asyncio.TimerHandle | None = None
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=config.client_id or station,
            protocol=MQTTv5 if config.protocol == 5 else MQTTv311,
            reconnect_on_failure=False,
        )
        self._client.will_set(
            f"{config.topic_root}/{station}/status",
            json.dumps({"state": "offline", "session": number}),
            qos=1,
            retain=True,
        )
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish

    @property
    def free(self) -> int:
        """How many more messages may be sent now."""
        return self.window - len(self._pending)

    async def connect(self, url: Url) -> None:
        """Connect and wait for the broker's word.

        Raises:
            BrokerError: with the reason, as a sentence.
        """
        opened: asyncio.Future[None] = self._loop.create_future()
        threading.Thread(target=self._open, args=(url, opened), daemon=True).start()
        try:
            async with asyncio.timeout(_CONNECT_WITHIN):
                await opened
        except TimeoutError:
            raise BrokerError(f"{url} didn't let us connect within {_CONNECT_WITHIN:g} s") from None
        self._attach()
        try:
            async with asyncio.timeout(_CONNACK_WITHIN):
                await self._connack
        except TimeoutError:
            self.close()
            hint = " does the broker speak MQTT 5? protocol = 3 is for one that doesn't"
            raise BrokerError(
                f"no answer to CONNECT from {url}:"
                + (hint if self._config.protocol == 5 else " is it a broker?")
            ) from None
        except BaseException:
            self.close()
            raise

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, content_type: str | None = None
    ) -> asyncio.Future[int]:
        """Send at QoS 1; the future gives the PUBACK's reason code (0 with MQTT 3.1.1).

        It raises BrokerError if the connection ends first. Only while :attr:`free` isn't 0.
        """
        properties = None
        if content_type and self._config.protocol == 5:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.ContentType = content_type
        future: asyncio.Future[int] = self._loop.create_future()
        if self.closed.done():
            future.set_exception(BrokerError(self.closed.result()))
            return future
        info = self._client.publish(topic, payload, qos=1, retain=retain, properties=properties)
        self._pending[info.mid] = future
        return future

    def disconnect(self) -> None:
        """End in order: the broker doesn't publish the will."""
        if not self.closed.done():
            self._client.disconnect()
            self._client.loop_write()
        self.close()

    def close(self, reason: str = "the connection was closed") -> None:
        """End now; what is in flight fails."""
        if self._timer is not None:
            self._timer.cancel()
        if (sock := self._sock) is not None:
            self._detach()
            sock.close()
        if not self.closed.done():
            self.closed.set_result(reason)
        if not self._connack.done():
            self._connack.set_exception(BrokerError(reason))
            self._connack.exception()
        for future in self._pending.values():
            if not future.done():
                future.set_exception(BrokerError(reason))
                future.exception()
        self._pending.clear()

    def _open(self, url: Url, opened: asyncio.Future[None]) -> None:
        """Look up, connect and shake hands; in a thread of its own."""
        error: BrokerError | None = None
        try:
            self._prepare(url)
            self._client.connect(url.host, url.port, keepalive=_KEEPALIVE)
            self.reached = True
        except BrokerError as known:
            error = known
        except socket.gaierror as unknown:
            error = BrokerError(f"{url.host} can't be looked up: {unknown.strerror}")
        except ssl.SSLCertVerificationError as untrusted:
            error = BrokerError(f"{url} isn't trusted: {untrusted.verify_message}", config=True)
        except ssl.SSLError as broken:
            error = BrokerError(f"no TLS with {url}: {broken.reason}", config=True)
        except OSError as refused:
            error = BrokerError(f"{url} can't be reached: {refused.strerror or refused}")
        with contextlib.suppress(RuntimeError):  # the loop may be gone by now
            self._loop.call_soon_threadsafe(self._opened, opened, error)

    def _opened(self, opened: asyncio.Future[None], error: BrokerError | None) -> None:
        if opened.done():  # nobody waits any more
            if (late := self._client.socket()) is not None:
                late.close()  # type: ignore[union-attr, unused-ignore]
        elif error is None:
            opened.set_result(None)
        else:
            opened.set_exception(error)

    def _prepare(self, url: Url) -> None:
        config = self._config
        if config.username:
            password = None
            if config.password_file:
                try:
                    password = Path(config.password_file).read_text().strip()
                except (OSError, UnicodeDecodeError) as error:
                    raise BrokerError(
                        f"the password file {config.password_file} can't be read: {error}",
                        config=True,
                    ) from error
            self._client.username_pw_set(config.username, password)
        if url.tls:
            try:
                context = ssl.create_default_context(cafile=config.ca)
                if config.certificate:
                    context.load_cert_chain(config.certificate, config.key, password="")
            except OSError as error:
                named = ", ".join(p for p in (config.ca, config.certificate, config.key) if p)
                raise BrokerError(f"one of {named} can't be used: {error}", config=True) from error
            self._client.tls_set_context(context)

    def _attach(self) -> None:
        self._sock = self._client.socket()
        if self._sock is None:
            raise BrokerError("the broker closed the connection at once")
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _KEEPALIVE * 1000)
        self._client.on_socket_register_write = self._to_write
        self._client.on_socket_unregister_write = self._written
        self._client.on_socket_close = self._detach
        self._loop.add_reader(self._sock.fileno(), self._read)
        if self._client.want_write():
            self._loop.add_writer(self._sock.fileno(), self._write)
        self._tick()

    def _detach(self, *_: Any) -> None:
        """Take the socket out of the event loop; paho tells it just before it closes one."""
        if self._sock is not None:
            self._loop.remove_reader(self._sock.fileno())
            self._loop.remove_writer(self._sock.fileno())
            self._sock = None
            self._client.on_socket_register_write = None
            self._client.on_socket_unregister_write = None
            self._client.on_socket_close = None

    def _read(self) -> None:
        while True:
            self._check(self._client.loop_read())
            if self._sock is None or not getattr(self._sock, "pending", int)():
                return

    def _to_write(self, *_: Any) -> None:
        if self._sock is not None:
            self._loop.add_writer(self._sock.fileno(), self._write)

    def _written(self, *_: Any) -> None:
        if self._sock is not None:
            self._loop.remove_writer(self._sock.fileno())

    def _write(self) -> None:
        self._check(self._client.loop_write())

    def _tick(self) -> None:
        self._timer = self._loop.call_later(1.0, self._tick)
        if not self.closed.done():
            self._check(self._client.loop_misc())

    def _check(self, code: int) -> None:
        if code != 0:
            self.close("the connection was lost")

    def _on_connect(self, _: Any, __: Any, ___: Any, reason: Any, properties: Any) -> None:
        if self._connack.done():
            return
        if reason.is_failure:
            config = reason.value in _CONFIG_CODES
            said = BrokerError(f"the broker refused us: {str(reason).lower()}", config=config)
            self._connack.set_exception(said)
            return
        self.window = min(getattr(properties, "ReceiveMaximum", _WINDOW), _WINDOW)
        self.max_packet = getattr(properties, "MaximumPacketSize", None)
        self._connack.set_result(None)

    def _on_publish(self, _: Any, __: Any, mid: int, reason: Any, ___: Any) -> None:
        future = self._pending.pop(mid, None)
        if future is not None and not future.done():
            future.set_result(reason.value)
