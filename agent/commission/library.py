"""What of the device library matters on a line whose devices nobody knows yet."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from drivers.bus import Parity

_WORD: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Mark:
    """A register that tells a model: it holds one of some numbers, or the device's own address."""

    table: str
    register: int
    size: int = 1
    order: str = "ABCD"
    accepted: frozenset[int] = frozenset()
    address: bool = False

    def fits(self, holds: int, address: int) -> bool:
        """Return whether this is what the model's register holds."""
        return holds == address if self.address else holds in self.accepted


@dataclass(frozen=True, slots=True)
class Known:
    """A model.

    Attributes:
        name: in the library, as ``geolux-lx80``.
        maker: as it writes itself.
        products: names that the device may give itself.
        baudrate: as it leaves the factory; None where no manual says.
        parity: the same.
        address: the same.
        marks: registers that tell it.
        complete: whether it can be read without keys that only the station knows.
    """

    name: str
    maker: str
    products: tuple[str, ...]
    baudrate: int | None = None
    parity: Parity | None = None
    address: int | None = None
    marks: tuple[Mark, ...] = ()
    complete: bool = True

    @property
    def title(self) -> str:
        """Maker and product, for people."""
        return f"{self.maker} {self.products[0]}"

    @property
    def factory(self) -> tuple[int, Parity, int] | None:
        """Return speed, parity and address of a new device, where a manual says all three."""
        if self.baudrate is None or self.parity is None or self.address is None:
            return None
        return self.baudrate, self.parity, self.address

    def named_in(self, said: str) -> bool:
        """Return whether a text that a device gives of itself names this maker and product."""
        text = _WORD.sub("", said.casefold())
        words = [_WORD.sub("", name.casefold()) for name in (self.maker, *self.products)]
        return words[0] in text and any(word in text for word in words[1:])


def library() -> Sequence[Known]:
    """Return the models that there are."""
    return ()
