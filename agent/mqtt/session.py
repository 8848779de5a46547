"""One connection to one broker: what it allows, what is sent, what it answers."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.config.model import Broker, Url
from agent.mqtt.dial import dial
from agent.mqtt.reasons import NO_QOS_1, TOO_LARGE, BrokerError, refused_connection
from agent.mqtt.wire import Wire
from drivers.threads import in_thread

_CONNECT_WITHIN: Final = 30.0  # DNS, TCP and TLS, s
_CONNACK_WITHIN: Final = 10.0  # s
_WINDOW: Final = 20  # messages in flight, where the broker allows so many
_ACKNOWLEDGED_WITHIN: Final = 30.0  # s, and what a link of _SLOWEST needs for the payload
_SLOWEST: Final = 1000.0  # bytes a second
_LARGEST: Final = 2**28 - 1  # MQTT 5, 1.5.5


@dataclass(frozen=True, slots=True)
class Limits:
    """What the broker allows, as CONNACK says (MQTT 5, 3.2.2.3).

    Attributes:
        window: messages that may wait for their acknowledgement.
        packet: bytes of a packet.
        retain: whether it keeps retained messages.
    """

    window: int = _WINDOW
    packet: int = _LARGEST
    retain: bool = True


class Session:
    """One connection, from CONNECT to its end.

    Attributes:
        number: the session's, in its will and in ``status``.
        limits: what the broker allows; known when :meth:`connect` has returned.
        error: why the session ended; None as long as it lives.
        used: whether the broker may have seen this session's number.
    """

    def __init__(
        self,
        config: Broker,
        station: str,
        number: int,
        wake: Callable[[], None],
        *,
        retain: bool = True,
    ) -> None:
        """Take the broker's table; connect to nothing yet.

        Args:
            config: the broker's table.
            station: the station's id.
            number: of this session, for its will.
            wake: called when a message was answered, and when the session ends.
            retain: whether the broker takes a will that is retained.
        """
        self.number = number
        self.limits = Limits()
        self.error: BrokerError | None = None
        self.used = False
        self._config, self._wake = config, wake
        self._root = f"{config.topic_root}/{station}"
        self._loop = asyncio.get_running_loop()
        self._pending: dict[int, tuple[Callable[[int], None], int]] = {}
        self._oldest_since = 0.0
        self._answered = asyncio.Event()  # CONNECT, or the session has ended
        self._ended: asyncio.Future[bytes | None] = self._loop.create_future()
        self._wire: Wire | None = None
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=config.client_id or station,
            protocol=MQTTv5 if config.protocol == 5 else MQTTv311,
            reconnect_on_failure=False,
        )
        self._client.max_inflight_messages = _WINDOW
        self._client.on_connect, self._client.on_publish = self._on_connect, self._on_publish
        will = json.dumps({"state": "offline", "session": number}, separators=(",", ":"))
        self._client.will_set(self.topic("status"), will, qos=1, retain=retain)

    @property
    def free(self) -> int:
        """How many more messages may be sent now."""
        return 0 if self.error else self.limits.window - len(self._pending)

    def topic(self, name: str) -> str:
        """Return a topic in full, from its name below the station's."""
        return f"{self._root}/{name}"

    async def connect(self, url: Url) -> None:
        """Connect and wait for the broker's word.

        Raises:
            BrokerError: with the reason, as a sentence.
        """
        self.used = True
        await self._open(url)
        self._wire = Wire(self._client, url, self._end, self._look_at_the_oldest)
        try:
            async with asyncio.timeout(_CONNACK_WITHIN):
                await self._answered.wait()
        except TimeoutError:
            advice = "Check that it is a broker"
            if self._config.protocol == 5:
                advice = "If it doesn't speak MQTT 5, set protocol = 3"
            self._end(BrokerError(f"{url} doesn't answer CONNECT. {advice}"))
        if self.error:
            raise self.error

    def room(self, topic: str, content_type: str | None = None) -> int:
        """Return the bytes of the largest payload that the broker takes on a topic."""
        # MQTT 5, 3.3: type, remaining length (up to 4), topic, packet id, length of properties.
        head = 1 + 4 + 2 + len(topic.encode()) + 2 + 1
        if content_type:
            head += 3 + len(content_type)
        return self.limits.packet - head

    def publish(
        self,
        topic: str,
        payload: bytes,
        answered: Callable[[int], None],
        *,
        retain: bool = False,
        content_type: str | None = None,
    ) -> None:
        """Send at QoS 1; only while :attr:`free` isn't 0, and to no effect in an ended session.

        Args:
            topic: in full.
            payload: the message.
            answered: called with the PUBACK's reason code (0 with MQTT 3.1.1); at once, with
                0x95, where the broker takes no packet so large; never, if the session ends first.
            retain: whether the broker shall keep it, where it can.
            content_type: said with MQTT 5.
        """
        if self.error is not None:
            return
        if len(payload) > self.room(topic, content_type):
            answered(TOO_LARGE)
            return
        info = self._client.publish(
            topic,
            payload,
            qos=1,
            retain=retain and self.limits.retain,
            properties=self._properties(content_type),
        )
        if not self._pending:
            self._oldest_since = self._loop.time()
        self._pending[info.mid] = (answered, len(payload))

    async def retained(self, topic: str, within: float) -> bytes | None:
        """Return a topic's retained message; None where there is none, or it comes too late.

        A broker sends it behind its answer to the subscription, and before that to anything that
        is asked later: so the answer to the cancellation says that there is none.

        Args:
            topic: in full.
            within: seconds to wait for it.
        """
        found: asyncio.Future[bytes | None] = self._loop.create_future()

        def end(said: bytes | None) -> None:
            if not found.done():
                found.set_result(said)

        def heard(_: Client, __: Any, message: MQTTMessage) -> None:
            if message.topic == topic:
                end(bytes(message.payload))

        def subscribed(*_: Any) -> None:
            client.unsubscribe(topic)

        def unsubscribed(*_: Any) -> None:
            end(None)

        client = self._client
        client.on_message = heard
        client.on_subscribe, client.on_unsubscribe = subscribed, unsubscribed
        if self.error is None:
            client.subscribe(topic, qos=1)
            either = {found, self._ended}
            await asyncio.wait(either, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        client.on_message = client.on_subscribe = client.on_unsubscribe = None
        return found.result() if found.done() else None

    def disconnect(self) -> None:
        """End in order: the broker doesn't publish the will."""
        if self._wire is not None and self.error is None:
            self._wire.farewell()
        self.close()

    def close(self) -> None:
        """End now; what is in flight isn't answered any more."""
        self._end(BrokerError("the connection was closed"))

    async def _open(self, url: Url) -> None:
        dialling = in_thread(dial, self._client, self._config, url)
        try:
            async with asyncio.timeout(_CONNECT_WITHIN):
                await asyncio.shield(dialling)
        except TimeoutError:
            raise BrokerError(
                f"{url} didn't let us connect within {_CONNECT_WITHIN:g} s. Check the network, and "
                "that a broker listens there"
            ) from None
        except BrokerError:
            self.used = False  # it was in the way of CONNECT
            raise
        finally:
            if not dialling.done():  # given up: whatever it opens yet is closed
                dialling.add_done_callback(self._close_late)

    def _close_late(self, dialling: "asyncio.Future[None]") -> None:
        if not dialling.cancelled():
            dialling.exception()  # nobody wants to know any more
        if (late := self._client.socket()) is not None:
            late.close()  # type: ignore[union-attr, unused-ignore]

    def _properties(self, content_type: str | None) -> Properties | None:
        if content_type is None or self._config.protocol != 5:
            return None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = content_type
        return properties

    def _look_at_the_oldest(self) -> None:
        """End a session whose oldest message waits too long: a broker answers in order."""
        if not self._pending:
            return
        _, size = next(iter(self._pending.values()))
        if self._loop.time() - self._oldest_since > _ACKNOWLEDGED_WITHIN + size / _SLOWEST:
            self._end(BrokerError("the broker doesn't acknowledge. Its own log may say more"))

    def _end(self, error: BrokerError) -> None:
        """End for the first reason that is given."""
        if self.error is not None:
            return
        self.error = error
        self._ended.set_result(None)
        if self._wire is not None:
            self._wire.close()
        self._pending.clear()
        self._answered.set()
        self._wake()

    def _on_connect(
        self, _: Client, __: Any, ___: ConnectFlags, reason: ReasonCode, said: Properties | None
    ) -> None:
        if self._wire is not None:
            self._wire.greet()
        if self._answered.is_set():
            self._end(BrokerError("the broker answered CONNECT twice"))
        elif reason.is_failure:
            self._end(refused_connection(reason.value))
        elif getattr(said, "MaximumQoS", 1) == 0:
            self._end(refused_connection(NO_QOS_1))
        self.limits = Limits(
            window=min(getattr(said, "ReceiveMaximum", _WINDOW), _WINDOW),
            packet=getattr(said, "MaximumPacketSize", _LARGEST),
            retain=bool(getattr(said, "RetainAvailable", 1)),
        )
        self._answered.set()

    def _on_publish(
        self, _: Client, __: Any, mid: int, reason: ReasonCode, ___: Properties | None
    ) -> None:
        if mid not in self._pending:
            return
        if mid == next(iter(self._pending)):
            self._oldest_since = self._loop.time()
        answered, _size = self._pending.pop(mid)
        answered(reason.value)
        self._wake()
