"""Serial lines on pseudo-terminals, with a thread at the far end or between two programs."""

import os
import select
import threading
import tty
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def answering(hear: Callable[[bytes, Callable[[bytes], object]], None]) -> Iterator[str]:
    """Yield the path of a port whose far end is a function.

    Args:
        hear: gets what was sent, and what it answers with.
    """
    far, end = os.openpty()
    tty.setraw(end)
    try:
        with _thread({far: lambda data: hear(data, lambda answer: os.write(far, answer))}):
            yield os.ttyname(end)
    finally:
        os.close(far)
        os.close(end)


@contextmanager
def line() -> Iterator[tuple[str, str]]:
    """Yield the paths of the two ends, each to be opened as a serial port."""
    (near, near_end), (far, far_end) = os.openpty(), os.openpty()
    for end in (near_end, far_end):
        tty.setraw(end)
    carry = {
        near: lambda data: os.write(far, data),
        far: lambda data: os.write(near, data),
    }
    try:
        with _thread(carry):
            yield os.ttyname(near_end), os.ttyname(far_end)
    finally:
        for descriptor in (near, near_end, far, far_end):
            os.close(descriptor)


@contextmanager
def _thread(told: Mapping[int, Callable[[bytes], object]]) -> Iterator[None]:
    """Tell functions what comes in, in a thread, until the end of the block."""
    over, woken = os.pipe()

    def serve() -> None:
        while over not in (ready := select.select((*told, over), (), ())[0]):
            for source in ready:
                told[source](os.read(source, 4096))

    serving = threading.Thread(target=serve)
    serving.start()
    try:
        yield
    finally:
        os.write(woken, b"!")
        serving.join()
        os.close(over)
        os.close(woken)
