"""What of the device library matters on a line whose devices nobody knows yet."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from drivers.bus import Parity
from drivers.modbus import library
from drivers.modbus.library import Device, Identity, LibraryError

__all__ = ["Known", "LibraryError", "factories", "fits", "known"]

_OTHER: Final = re.compile(r"[^a-z0-9]+")
_PARTS: Final = re.compile(r"[:,(]")
_SEVERAL: Final = "several"  # makers
_SHORT: Final = 3  # letters and figures; fewer stand in many texts


@dataclass(frozen=True, slots=True)
class Known:
    """A model: its name in the library, and what stands there."""

    name: str
    device: Device

    @property
    def title(self) -> str:
        """Maker and product, for people."""
        maker = "" if self.device.maker == _SEVERAL else f"{self.device.maker} "
        return f"{maker}{self.device.name}"

    @property
    def factory(self) -> tuple[int, Parity, int] | None:
        """Speed, parity and address of a new device, where a manual says so."""
        line = self.device.line
        return None if line is None else (line.baudrate, line.parity, line.address)

    @property
    def marks(self) -> tuple[Identity, ...]:
        """The registers that tell it."""
        return tuple(self.device.identity.values())

    @property
    def complete(self) -> bool:
        """Whether any of it can be read without keys that only the station knows."""
        channels = self.device.channel.values()
        return any(not (channel.ask or channel.is_fact) for channel in channels)

    def named_in(self, text: str) -> bool:
        """Return whether a device that says this of itself says that it is this model."""
        said, maker = _letters(text), _letters(self.device.maker)
        if any(_letters(name) in said for name in self.device.also):
            return True
        return maker in said and any(name in said for name in _names(self.device.name))


def known() -> list[Known]:
    """Return the models that there are.

    Raises:
        LibraryError: a file of the library is wrong.
    """
    return [Known(name, library.load(name)) for name in library.names()]


def fits(mark: Identity, holds: int, address: int) -> bool:
    """Return whether a register that tells a model holds what it must."""
    return holds == address if mark.address else holds in mark.accepted


def factories(models: Iterable[Known]) -> list[tuple[int, Parity, int]]:
    """Return how devices leave the factory."""
    return [model.factory for model in models if model.factory is not None]


def _names(product: str) -> Iterator[str]:
    """Yield what a product may call itself, of a name as ``VEGAPULS 61 to 69, C 21``."""
    for part in _PARTS.split(product):
        if len(whole := _letters(part)) >= _SHORT:
            yield whole
    first = _letters(product.split(maxsplit=1)[0])
    if len(first) > _SHORT:
        yield first


def _letters(text: str) -> str:
    return _OTHER.sub("", text.casefold())
