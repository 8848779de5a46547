"""Sessions with a fake broker."""

from agent.config.model import Broker
from agent.mqtt.session import Session
from tests.support.fakebroker import FakeBroker


def a_session(broker: FakeBroker, **keys: object) -> tuple[Session, Broker]:
    """Return a session with a broker that isn't connected yet, and the broker's table."""
    config = Broker.model_validate({"url": broker.url, **keys})
    return Session(config, "chu-01", 1, lambda: None), config


async def connected(broker: FakeBroker, **keys: object) -> Session:
    """Return a session with a broker that let it in."""
    made, config = a_session(broker, **keys)
    try:
        await made.connect(config.url[0])
    except BaseException:
        made.close()
        raise
    return made
