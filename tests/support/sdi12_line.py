"""SDI-12 sensors behind an adapter, on a pseudo-terminal."""

import os
import re
import select
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


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
    master, slave = os.openpty()
    tty.setraw(slave)
    over, woken = os.pipe()

    def serve() -> None:
        while over not in (ready := select.select((master, over), (), ())[0]):
            assert ready
            command = os.read(master, 64)
            if echo:
                os.write(master, command)
            answers = [each.answer(command.decode("ascii")) for each in sensors]
            said = "".join(f"{answer}\r\n" for answer in answers if answer is not None)
            os.write(master, said.encode())

    serving = threading.Thread(target=serve)
    serving.start()
    try:
        yield os.ttyname(slave)
    finally:
        os.write(woken, b"!")
        serving.join()
        for descriptor in (master, slave, over, woken):
            os.close(descriptor)
