"""An operator's subscription: aiomqtt, which shares nothing with the publisher but the broker."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt
from paho.mqtt.subscribeoptions import SubscribeOptions

from tests.support import published, senml
from tests.support.network import listening


@dataclass(frozen=True)
class Message:
    """What came in on a topic (below the station's)."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    content_type: str | None

    def json(self) -> Any:
        """Return the payload of a topic that isn't SenML."""
        return json.loads(self.payload)


@dataclass
class Heard:
    """Everything that a subscription received.

    Attributes:
        messages: in the order that they came in.
        records: of ``data`` and ``backfill``, by identity; one identity has one content for ever.
        order: the identities in the order of their first coming.
        subscriptions: how often it subscribed; more than once where the broker went away.
    """

    messages: list[Message] = field(default_factory=list)
    records: dict[tuple[str, int], senml.Record] = field(default_factory=dict)
    order: list[tuple[str, int]] = field(default_factory=list)
    subscriptions: int = 0

    def take(self, message: Message) -> None:
        """Take a message in."""
        self.messages.append(message)
        if message.topic not in {"data", "backfill"}:
            return
        for record in published.records(message.payload):
            key = (record["log"], record["seq"])
            if key not in self.records:
                self.order.append(key)
            assert self.records.setdefault(key, record) == record

    def on(self, topic: str) -> list[Message]:
        """Return the messages of a topic."""
        return [message for message in self.messages if message.topic == topic]

    def states(self) -> list[str]:
        """Return the states that ``status`` told, in order."""
        return [message.json()["state"] for message in self.on("status")]

    @property
    def numbers(self) -> list[int]:
        """The numbers of the records, in the order of their first coming."""
        return [seq for _, seq in self.order]


@asynccontextmanager
async def subscription(where: int | Path, root: str = "aryk/chu-01") -> AsyncIterator[Heard]:
    """Subscribe to all topics of a station; subscribe again whenever the broker is back.

    Args:
        where: a port of this machine, or a socket's path, which no network lies before.
        root: the topics above the station's own.
    """
    heard, subscribed = Heard(), asyncio.Event()
    v5 = aiomqtt.ProtocolVersion.V5

    def a_client() -> aiomqtt.Client:
        if isinstance(where, Path):
            return aiomqtt.Client(str(where), transport="unix", protocol=v5)
        return aiomqtt.Client("127.0.0.1", where, protocol=v5)

    async def listen() -> None:
        if isinstance(where, Path):
            await listening(where, 30)  # paho forgets to close a socket that it can't connect
        async with a_client() as client:
            # With the retain flag as it was published, not as a subscriber usually gets it.
            options = SubscribeOptions(qos=1, retainAsPublished=True)
            await client.subscribe(f"{root}/#", options=options)
            heard.subscriptions += 1
            subscribed.set()
            async for message in client.messages:
                properties = message.properties
                heard.take(
                    Message(
                        str(message.topic).removeprefix(f"{root}/"),
                        bytes(message.payload),
                        message.qos,
                        message.retain,
                        getattr(properties, "ContentType", None),
                    )
                )

    async def listen_again() -> None:
        while True:
            try:
                await listen()
            except aiomqtt.MqttError:
                await asyncio.sleep(0.02)

    task = asyncio.create_task(listen_again(), name="operator")
    try:
        waiting = asyncio.create_task(subscribed.wait())
        await asyncio.wait({task, waiting}, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        assert waiting.done()
        yield heard
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        waiting.cancel()
        await asyncio.wait({task, waiting})
