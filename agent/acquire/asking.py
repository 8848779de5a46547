"""One question to a sensor, and the round that it gives."""

from dataclasses import dataclass

from agent.acquire.rounds import no_answer, round_of
from agent.clock import Clock
from agent.record import Layout, Round
from drivers.base import DeviceError, Driver, Sample


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking a sensor once.

    Attributes:
        round: its values; where it gave nothing, the reason.
        sample: what its driver gave; None where that was nothing.
        error: why it was nothing.
    """

    round: Round
    sample: Sample | None = None
    error: DeviceError | None = None


async def ask(layout: Layout, driver: Driver, clock: Clock) -> Asked:
    """Ask a sensor once. Anything but the driver's own errors is a bug, and raised."""
    began = clock.monotonic()
    try:
        sample = await driver.read()
    except DeviceError as error:
        middle = (began + clock.monotonic()) / 2
        time = clock.stamp(middle if error.at is None else error.at)
        return Asked(no_answer(layout, error.reason, time), error=error)
    return Asked(round_of(layout, sample, clock.stamp(sample.at)), sample)
