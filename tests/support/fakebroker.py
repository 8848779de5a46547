"""A broker that misbehaves as told: it refuses, delays, reorders, repeats, swallows, babbles.

Written from the MQTT 5 and 3.1.1 standards; it knows CONNECT, PUBLISH at QoS 1, SUBSCRIBE and
UNSUBSCRIBE to one topic, PINGREQ and DISCONNECT, and nothing of the agent.
"""

import asyncio
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Self

CONNECT, CONNACK, PUBLISH, PUBACK, PINGREQ, PINGRESP, DISCONNECT = 1, 2, 3, 4, 12, 13, 14
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK = 8, 9, 10, 11

# MQTT 5, 2.2.2.2: identifier and form of the properties that a CONNACK may carry here.
_LIMITS: Final = {
    "server_keep_alive": (0x13, ">H"),
    "receive_maximum": (0x21, ">H"),
    "maximum_qos": (0x24, ">B"),
    "retain_available": (0x25, ">B"),
    "maximum_packet_size": (0x27, ">I"),
}


@dataclass(frozen=True)
class Connect:
    """A CONNECT: what the client says of itself."""

    level: int
    client_id: str
    keepalive: int
    clean: bool
    will: tuple[str, bytes, int, bool] | None  # topic, payload, QoS, retain
    username: str | None
    password: bytes | None


@dataclass(eq=False)
class Published:
    """A PUBLISH that came in, and the connection that it came on."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    packet_id: int
    size: int
    content_type: str | None
    connection: "Connection"

    def answer(self, code: int = 0) -> None:
        """Acknowledge it, or refuse it, now."""
        self.connection.send(PUBACK, struct.pack(">HB", self.packet_id, code))


@dataclass(eq=False)
class Connection:
    """One client's connection."""

    writer: asyncio.StreamWriter
    unanswered: set[int] = field(default_factory=set)
    level: int = 5

    def send(self, kind: int, body: bytes) -> None:
        """Send a packet."""
        if kind == PUBACK:
            self.unanswered.discard(int.from_bytes(body[:2], "big"))
            if self.level < 5:
                body = body[:2]
        self.raw(bytes((kind << 4,)) + remaining_length(len(body)) + body)

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        if not self.writer.is_closing():
            self.writer.write(data)

    def cut(self) -> None:
        """End the connection without a word."""
        self.writer.transport.abort()


class FakeBroker:
    """Listens on a port of the loopback interface.

    Attributes:
        welcome: reason code of CONNACK; None for no answer at all.
        welcome_to: gives it for a CONNECT; ``welcome`` unless it is replaced.
        limits: what CONNACK announces, by the names in ``_LIMITS``.
        code: gives the reason code that a PUBLISH is answered with; None for no answer.
        delay: of those answers, s.
        connects: every CONNECT.
        published: every PUBLISH.
        connections: those that are open.
        most_unanswered: the most that ever waited for an answer on one connection.
        pings: how many PINGREQ came.
        silent: whether they get no answer.
        farewells: how many DISCONNECT came.
        kept: the retained messages, by topic.
        deaf: whether subscriptions get no answer.
    """

    def __init__(self) -> None:
        """Behave well, until told otherwise."""
        self.welcome: int | None = 0
        self.welcome_to: Callable[[Connect], int | None] = lambda _: self.welcome
        self.limits: dict[str, int] = {}
        self.code: Callable[[Published], int | None] = lambda _: 0
        self.delay = 0.0
        self.connects: list[Connect] = []
        self.published: list[Published] = []
        self.connections: list[Connection] = []
        self.most_unanswered = self.pings = self.farewells = 0
        self.port, self.silent, self.deaf = 0, False, False
        self.kept: dict[str, bytes] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"mqtt://127.0.0.1:{self.port}"

    def on(self, topic: str) -> list[Published]:
        """Return what was published on a topic, by its end."""
        return [each for each in self.published if each.topic.endswith(topic)]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for connection in self.connections:
            connection.cut()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        connection = Connection(writer)
        self.connections.append(connection)
        try:
            while True:
                head, body = await read_packet(reader)
                self._take(connection, head, body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.connections.remove(connection)
            writer.close()

    def _take(self, connection: Connection, head: int, body: bytes) -> None:
        kind = head >> 4
        if kind == CONNECT:
            connect = _connect(body)
            connection.level = connect.level
            self.connects.append(connect)
            self._welcome(connection, self.welcome_to(connect))
        elif kind == PUBLISH:
            published = _published(connection, head, body)
            self.published.append(published)
            connection.unanswered.add(published.packet_id)
            self.most_unanswered = max(self.most_unanswered, len(connection.unanswered))
            code = self.code(published)
            if published.retain and code is not None and code < 0x80:
                self.kept[published.topic] = published.payload
            if code is not None:
                asyncio.get_running_loop().call_later(self.delay, published.answer, code)
        elif kind in {SUBSCRIBE, UNSUBSCRIBE}:
            if not self.deaf:
                self._subscription(connection, kind, body)
        elif kind == PINGREQ:
            self.pings += 1
            if not self.silent:
                connection.send(PINGRESP, b"")
        elif kind == DISCONNECT:
            self.farewells += 1

    def _subscription(self, connection: Connection, kind: int, body: bytes) -> None:
        """Answer, and send what is retained there (MQTT 5, 3.3.1.3, 3.8.4 and 3.10.4)."""
        fields = _Fields(body)
        packet_id, none = fields.take(2), b""
        if connection.level == 5:
            none = b"\0"
            fields.properties()
        topic = fields.text()
        if kind == UNSUBSCRIBE:
            connection.send(UNSUBACK, packet_id + none + none)
            return
        connection.send(SUBACK, packet_id + none + b"\1")
        if topic in self.kept:
            name = struct.pack(">H", len(topic.encode())) + topic.encode()
            connection.raw(b"\x31" + remaining_length(len(name + none + self.kept[topic])))
            connection.raw(name + none + self.kept[topic])

    def _welcome(self, connection: Connection, code: int | None) -> None:
        if code is None:
            return
        if connection.level < 5:
            connection.send(CONNACK, bytes((0, code)))
            return
        properties = b"".join(
            bytes((_LIMITS[name][0],)) + struct.pack(_LIMITS[name][1], value)
            for name, value in self.limits.items()
        )
        connection.send(CONNACK, bytes((0, code, len(properties))) + properties)


def remaining_length(number: int) -> bytes:
    """Return a length as a packet's head has it (MQTT 5, 2.1.4)."""
    digits = bytearray()
    while True:
        number, digit = divmod(number, 128)
        digits.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(digits)


async def read_packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return the next packet's first byte and its body."""
    head = (await reader.readexactly(1))[0]
    length = shift = 0
    while True:
        digit = (await reader.readexactly(1))[0]
        length |= (digit & 0x7F) << shift
        shift += 7
        if digit < 0x80:
            return head, await reader.readexactly(length)


class _Fields:
    """Reads the fields of a packet's body, one after the other."""

    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    def take(self, count: int) -> bytes:
        found = self._body[self._at : self._at + count]
        assert len(found) == count, "the packet is too short"
        self._at += count
        return found

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "big")

    def binary(self) -> bytes:
        return self.take(self.number(2))

    def text(self) -> str:
        return self.binary().decode()

    def properties(self) -> bytes:
        """Return the properties as they are; they are shorter than 128 bytes here."""
        return self.take(self.number(1))

    def rest(self) -> bytes:
        return self._body[self._at :]


def _connect(body: bytes) -> Connect:
    fields = _Fields(body)
    assert fields.text() == "MQTT"
    level, flags, keepalive = fields.number(1), fields.number(1), fields.number(2)
    if level == 5:
        fields.properties()
    client_id = fields.text()
    will = None
    if flags & 0x04:
        if level == 5:
            fields.properties()
        will = (fields.text(), fields.binary(), flags >> 3 & 3, bool(flags & 0x20))
    username = fields.text() if flags & 0x80 else None
    password = fields.binary() if flags & 0x40 else None
    return Connect(level, client_id, keepalive, bool(flags & 0x02), will, username, password)


def _published(connection: Connection, head: int, body: bytes) -> Published:
    fields = _Fields(body)
    topic, packet_id = fields.text(), fields.number(2)
    content_type = None
    if connection.level == 5 and (properties := fields.properties()):
        assert properties[0] == 0x03, "the only property that a PUBLISH has here"
        content_type = properties[3:].decode()
    return Published(
        topic,
        fields.rest(),
        qos=head >> 1 & 3,
        retain=bool(head & 1),
        dup=bool(head & 8),
        packet_id=packet_id,
        size=1 + len(remaining_length(len(body))) + len(body),
        content_type=content_type,
        connection=connection,
    )
