"""An SDI-12 bus on a line whose far end is the test's."""

from collections.abc import AsyncIterator, Iterator

import pytest

from drivers.bus import Bus, SerialBus
from tests.support.terminal import Terminal


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with Terminal() as terminal:
        yield terminal


@pytest.fixture
async def bus(terminal: Terminal) -> AsyncIterator[Bus]:
    table = {"device": terminal.path, "framing": "sdi12", "timeout": "150 ms"}
    bus = Bus("sdi", SerialBus.model_validate(table))
    yield bus
    await bus.close()
