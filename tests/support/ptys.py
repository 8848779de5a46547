"""A serial line between two programs: two pseudo-terminals and a thread that carries the bytes."""

import os
import select
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def line() -> Iterator[tuple[str, str]]:
    """Yield the paths of the two ends, each to be opened as a serial port."""
    (near, near_end), (far, far_end) = os.openpty(), os.openpty()
    for end in (near_end, far_end):
        tty.setraw(end)
    over, woken = os.pipe()

    def carry() -> None:
        while True:
            ready, _, _ = select.select((near, far, over), (), ())
            if over in ready:
                return
            for source in ready:
                os.write(far if source == near else near, os.read(source, 4096))

    carrier = threading.Thread(target=carry)
    carrier.start()
    try:
        yield os.ttyname(near_end), os.ttyname(far_end)
    finally:
        os.write(woken, b"!")
        carrier.join()
        for descriptor in (near, near_end, far, far_end, over, woken):
            os.close(descriptor)
