"""SDI-12 sensors behind an adapter, on a pseudo-terminal."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support.ptys import answering


@dataclass
class Sensor:
    """A sensor that acknowledges, says what it is, and takes another address."""

    address: str
    identity: str = "13CAMPBELLCS451 1.0SN123"

    def answer(self, command: str) -> str | None:
        if command in (f"{self.address}!", "?!"):
            return self.address
        if command == f"{self.address}I!":
            return self.address + self.identity
        if change := re.fullmatch(rf"{self.address}A(.)!", command):
            self.address = change[1]
            return self.address
        return None


@contextmanager
def adapter(*sensors: Sensor, echo: bool = False) -> Iterator[str]:
    """Serve sensors; yield the path of the adapter's port."""

    def hear(sent: bytes, say: Callable[[bytes], object]) -> None:
        if echo:
            say(sent)
        answers = [each.answer(sent.decode("ascii")) for each in sensors]
        said = "".join(f"{answer}\r\n" for answer in answers if answer is not None)
        say(said.encode())

    with answering(hear) as path:
        yield path
