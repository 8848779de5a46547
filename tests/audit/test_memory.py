"""The judge's memory doesn't grow with the numbers."""

import gc
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.audit import Auditor
from tests.support.station import entry, ledger, readings

_HOLES = 100  # one pack in so many is lost


def packs(numbers: int, count: int) -> Iterator[bytes]:
    for first in range(1, numbers, count):
        if first // count % _HOLES != _HOLES - 1:
            yield readings(range(first, first + count))


def size_after(auditor: Auditor, numbers: int) -> int:
    for payload in packs(numbers, 100):
        auditor.take("aryk/chu-01/data", payload)
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def test_ten_times_the_numbers_take_the_same_memory() -> None:
    size_after(Auditor(whole=True, compared=4096), 5000)  # what is kept once for all
    tracemalloc.start()
    try:
        few = size_after(Auditor(whole=True, compared=4096), 5000)
        many = size_after(Auditor(whole=True, compared=4096), 50_000)
    finally:
        tracemalloc.stop()
    assert many - few < 40_000, "not a byte a number; Python's own free lists take some 20,000"


def resident() -> int:
    """Return the bytes that this process has resident."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_ten_million_numbers() -> None:
    auditor, sizes = Auditor(whole=True), []
    for number, payload in enumerate(packs(10_000_000, 100)):
        auditor.take("aryk/chu-01/data", payload)
        if number % 10_000 == 9999:
            sizes.append(resident())
    auditor.take("aryk/chu-01/ledger", ledger(30, entry(10_000_001)))
    [log] = auditor.verdict().stations[0].logs
    assert log.missing.count == 10_000_000 // _HOLES
    assert max(sizes) - sizes[0] < 4_000_000, "from the first million on, whose sums are kept"
