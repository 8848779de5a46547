"""Instruments that speak in lines of text, when asked or by themselves."""

from typing import ClassVar, Final

from drivers.base import DeviceError, Driver, Sample, SensorConfig
from drivers.bus import Bus, Peer
from drivers.line.config import LineConfig
from drivers.line.framing import Heard, LineExchange
from drivers.text import Decoder

__all__ = ["LineConfig", "LineDriver"]

_DAMAGED: Final = frozenset({"crc", "short", "garbled", "parse"})


class LineDriver(Driver):
    """One such instrument."""

    Config: ClassVar[type[SensorConfig]] = LineConfig
    framings: ClassVar[frozenset[str]] = frozenset({"line"})

    def __init__(self, config: SensorConfig, bus: Bus | None) -> None:
        """Make the driver; nothing is opened, nothing is asked."""
        if not isinstance(config, LineConfig) or bus is None:
            raise TypeError("a line driver is made from a LineConfig and its bus")
        self._config, self._bus = config, bus
        self._peer = Peer("the instrument")
        self._decoder = Decoder(config.channel)
        self._names = tuple(config.channel)
        self._opened = 0

    async def read(self) -> Sample:
        """Ask for a line, once more where it comes damaged; or wait for the next one.

        Raises:
            DeviceError: no line came that counts.
        """
        try:
            heard = await self._hear()
        except DeviceError as error:
            if self._config.poll is None or error.reason not in _DAMAGED:
                raise
            heard = await self._hear()
        texts = {i: text for i, name in enumerate(self._names) if (text := heard.groups[name])}
        missing = range(len(self._names)) - texts.keys()
        return self._decoder.sample(heard.at, texts, dict.fromkeys(missing, "parse"))

    async def close(self) -> None:
        """Let go of nothing: the bus isn't the driver's own."""

    async def _hear(self) -> Heard:
        config = self._config
        if config.poll is not None:
            exchange = LineExchange(config.form, config.request)
        else:
            patience = max(config.max_age - self._bus.config.timeout, 0.0)
            exchange = LineExchange(config.form, b"", patience, self._greeting)
        return await self._bus.exchange(exchange, self._peer)

    def _greeting(self) -> int:
        """Return how many lines are passed over, since opening a port may restart who is there."""
        opened, self._opened = self._opened, self._bus.counts.opened
        return self._config.skip if self._opened != opened else 0
