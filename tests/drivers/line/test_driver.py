"""The driver over a real line, with instruments that speak at its far end, fault by fault."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.base import DeviceError, Sample
from drivers.bench import Answers
from drivers.bus import Bus, SerialBus
from drivers.line import LineConfig, LineDriver
from drivers.line.framing import LineExchange
from tests.support import virtual
from tests.support.talker import Talker
from tests.support.terminal import Terminal
from tests.support.waiting import until

TABLE = {
    "driver": "line",
    "every": "1 s",
    "bus": "b",
    "pattern": r"R(?P<distance>\d{4})",
    "channel": {"distance": {"raw_unit": "mm", "unit": "m"}},
}
POLLED = {"poll": r"M\r", "terminator": r"\r"}
FREE = {"terminator": r"\r", "max_age": "5 s"}


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    with Terminal() as terminal:
        yield terminal


def wire(terminal: Terminal, **keys: Any) -> Bus:
    table = {"device": terminal.path, "framing": "line", "timeout": "150 ms", **keys}
    return Bus("b", SerialBus.model_validate(table))


@pytest.fixture
async def bus(terminal: Terminal) -> AsyncIterator[Bus]:
    bus = wire(terminal)
    yield bus
    await bus.close()


def driver(bus: Bus, **keys: Any) -> LineDriver:
    return LineDriver(LineConfig.model_validate(TABLE | keys), bus)


async def failure(driver: LineDriver) -> str:
    with pytest.raises(DeviceError) as caught:
        await driver.read()
    return caught.value.reason


@pytest.fixture
async def talk(terminal: Terminal) -> AsyncIterator[Callable[..., Talker]]:
    talkers: list[Talker] = []

    def begin(line: Callable[[int], bytes], every: float = 0.02) -> Talker:
        talkers.append(Talker(terminal, line, every))
        return talkers[-1]

    yield begin
    for talker in talkers:
        talker.stop()


Talk = Callable[..., Talker]


def answering(terminal: Terminal, *answers: bytes) -> list[bytes]:
    """Answer each request by the next of some answers, the last one again and again."""
    asked: list[bytes] = []

    def answer(request: bytes) -> None:
        asked.append(request)
        terminal.say(answers[min(len(asked), len(answers)) - 1])

    terminal.hear(answer)
    return asked


# Instruments that speak by themselves.


async def test_the_next_whole_line_is_the_value(bus: Bus, talk: Talk) -> None:
    talk(lambda number: b"R%04d\r" % (1000 + number))
    one = driver(bus, **FREE)
    first, second = (await one.read()).values[0], (await one.read()).values[0]
    assert first is not None
    assert second is not None
    assert 1.0 <= first < second


async def test_what_was_said_before_the_poll_is_never_its_value(
    terminal: Terminal, bus: Bus
) -> None:
    one = driver(bus, **FREE | {"max_age": "200 ms"})
    assert await failure(one) == "timeout"  # and the port is open
    terminal.say(b"R1111\r" * 50)  # while the loop stands still
    assert await failure(one) == "timeout"


async def test_a_line_whose_beginning_was_not_heard_is_not_taken(
    terminal: Terminal, bus: Bus
) -> None:
    one = driver(bus, **FREE | {"pattern": r"R?(?P<distance>\d+)"})
    read = asyncio.create_task(one.read())
    await until(lambda: bus.counts.asked == 1)
    terminal.say(b"34\rR1234\r")  # R12 was before
    assert (await read).values == [1.234]


async def test_a_line_after_a_pause_is_taken_from_its_beginning(
    terminal: Terminal, bus: Bus
) -> None:
    read = asyncio.create_task(driver(bus, **FREE).read())
    await until(lambda: bus.counts.asked == 1)
    terminal.later(0.3, b"R1234\r")  # s: so it isn't the end of one that began before
    assert (await read).values == [1.234]


async def test_a_value_has_the_time_at_which_its_line_began(terminal: Terminal, bus: Bus) -> None:
    loop = asyncio.get_running_loop()
    read = asyncio.create_task(driver(bus, **FREE).read())
    await until(lambda: bus.counts.asked == 1)
    terminal.later(0.2, b"R12")
    terminal.later(0.6, b"34\r")
    sample = await read
    assert sample.values == [1.234]
    assert sample.at <= loop.time() - 0.3


async def test_a_silent_instrument_is_no_value_and_comes_back(bus: Bus, talk: Talk) -> None:
    one = driver(bus, **FREE | {"max_age": "200 ms"})
    assert await failure(one) == "timeout"
    talk(lambda _: b"R1234\r")
    assert (await one.read()).values == [1.234]


async def test_a_greeting_after_the_port_was_opened_is_passed_over(
    terminal: Terminal, bus: Bus
) -> None:
    one = driver(bus, **FREE, skip=2)
    read = asyncio.create_task(one.read())
    await until(lambda: bus.counts.asked == 1)
    terminal.say(b"MaxSonar\rR0001\rR0002\rR1234\rR1235\r")
    assert (await read).values == [1.234]
    again = asyncio.create_task(one.read())
    await until(lambda: bus.counts.asked == 2)
    terminal.say(b"34\rR1236\r")  # nothing was opened: the first whole line counts
    assert (await again).values == [1.236]


async def test_sentences_of_one_instrument_may_be_sensors_of_their_own(
    bus: Bus, talk: Talk
) -> None:
    talk(lambda number: b"V0007\r" if number % 2 else b"R1234\r")
    velocity = {
        "pattern": r"V(?P<velocity>\d+)",
        "channel": {"velocity": {"raw_unit": "mm/s", "unit": "m/s"}},
    }
    samples = await asyncio.gather(
        driver(bus, **FREE).read(), driver(bus, **FREE, **velocity).read()
    )
    assert [sample.values for sample in samples] == [[1.234], [0.007]]


async def test_a_damaged_line_is_passed_over_for_the_next(bus: Bus, talk: Talk) -> None:
    lines = [b"R12\xb34\r", b"R12#4\r", b"R1234\r"]
    talk(lambda number: lines[number % 3])
    assert (await driver(bus, **FREE).read()).values == [1.234]


# Instruments that are asked.


async def test_an_instrument_is_asked_for_its_line(terminal: Terminal, bus: Bus) -> None:
    asked = answering(terminal, b"R1234\r")
    assert (await driver(bus, **POLLED).read()).values == [1.234]
    assert asked == [b"M\r"]


async def test_a_damaged_answer_is_asked_for_once_more(terminal: Terminal, bus: Bus) -> None:
    asked = answering(terminal, b"R12\r", b"R1234\r")
    assert (await driver(bus, **POLLED).read()).values == [1.234]
    assert len(asked) == 2


async def test_an_answer_that_stays_damaged_is_no_value(terminal: Terminal, bus: Bus) -> None:
    asked = answering(terminal, b"R12\r")
    assert await failure(driver(bus, **POLLED)) == "parse"
    assert len(asked) == 2


async def test_silence_is_not_asked_again(terminal: Terminal, bus: Bus) -> None:
    asked = answering(terminal, b"")
    assert await failure(driver(bus, **POLLED)) == "timeout"
    assert len(asked) == 1


async def test_a_late_answer_is_never_given_to_the_next_poll(terminal: Terminal) -> None:
    line = wire(terminal, timeout="100 ms", late="600 ms")
    answers = [(0.4, b"R1111\r"), (0.0, b"R2222\r")]
    terminal.hear(lambda _: terminal.later(*answers.pop(0)))
    one = driver(line, **POLLED)
    assert await failure(one) == "timeout"
    assert (await one.read()).values == [2.222]
    await line.close()


async def test_a_cancelled_poll_leaves_nothing_for_the_next(terminal: Terminal, bus: Bus) -> None:
    answers = [b"R1111\r", b"R2222\r"]
    asked: list[bytes] = []

    def answer(request: bytes) -> None:
        asked.append(request)
        terminal.later(0.1, answers.pop(0))

    terminal.hear(answer)
    one = driver(bus, **POLLED)
    first = asyncio.create_task(one.read())
    await until(lambda: len(asked) == 1)
    first.cancel()
    assert (await one.read()).values == [2.222]


@pytest.mark.parametrize("echo", [b"M\r", b"\x00M\r"])
async def test_the_adapters_echo_is_passed_over(terminal: Terminal, bus: Bus, echo: bytes) -> None:
    answering(terminal, echo + b"R1234\r")
    assert (await driver(bus, **POLLED).read()).values == [1.234]


async def test_a_pulled_adapter_ends_the_wait_at_once(terminal: Terminal) -> None:
    line = wire(terminal)
    read = asyncio.create_task(driver(line, **FREE | {"max_age": "50 s"}).read())
    await until(lambda: line.counts.asked == 1)
    os.close(terminal.master)
    async with asyncio.timeout(10):
        with pytest.raises(DeviceError) as caught:
            await read
    assert caught.value.reason == "no-port"
    await line.close()


# Fault 25, and what else a line may be.


async def test_25_wrong_lines_are_no_value_with_their_reason() -> None:
    wrong = {
        b"R12\xff4\r": "parse",
        "R12°34\r".encode(): "parse",
        b"R1234\xb5\r": "parse",
        b"R1234": "short",
        b"R1234" * 2000: "parse",
        b"\xff\xfe\xfd" * 300: "garbled",
        b"\xff\xfe\xfd\xfc": "garbled",
        b"x" * 257 + b"\r": "parse",
        b"R\r\r\r": "parse",
        b"": "timeout",
    }

    async def trial(said: bytes) -> str:
        with Terminal() as terminal:
            answering(terminal, said[:4000])
            bus = wire(terminal)
            reason = await failure(driver(bus, **POLLED))
            await bus.close()
            return reason

    reasons = await asyncio.gather(*map(trial, wrong))
    assert dict(zip(wrong, reasons, strict=True)) == wrong


async def test_25_a_line_of_a_megabyte_is_bounded_as_it_comes() -> None:
    exchange, buffer = LineExchange(LineConfig.model_validate(TABLE).form), bytearray()
    exchange.begin()
    for _ in range(256):
        buffer += b"R123" * 1024
        assert exchange.feed(buffer) is None
        assert len(buffer) <= 256
    assert exchange.why(buffer) == "parse"


async def test_a_flood_is_no_value_and_after_it_all_is_well(bus: Bus, talk: Talk) -> None:
    flood = talk(lambda _: b"R1234" * 800, every=0.001)
    assert await failure(driver(bus, **FREE | {"max_age": "400 ms"})) == "parse"
    flood.stop()
    talk(lambda _: b"\rR1234\r")
    assert (await driver(bus, **FREE).read()).values == [1.234]


@pytest.mark.parametrize(("gap", "taken"), [(0.07, False), (0.2, True)])
def test_only_a_pause_tells_the_beginning_of_a_line(gap: float, taken: bool) -> None:
    """What follows a line that was too long is its end, unless there was a pause before it."""

    async def heard() -> bool:
        pattern = r"(?P<distance>\d+)"
        form = LineConfig.model_validate(TABLE | {"pattern": pattern, "terminator": r"\r"}).form
        exchange, buffer = LineExchange(form, b"M"), bytearray()
        exchange.begin()
        await asyncio.sleep(0.5)
        buffer += b"1" * 300
        assert exchange.feed(buffer) is None
        await asyncio.sleep(gap)
        buffer += b"9999\r"
        return exchange.feed(buffer) is not None

    assert virtual.run(heard()) == taken


async def test_the_end_of_a_line_that_was_too_long_is_no_line(terminal: Terminal, bus: Bus) -> None:
    answering(terminal, b"1" * 300 + b"9999\r")
    one = driver(bus, **POLLED, pattern=r"(?P<distance>\d{1,20})")
    assert await failure(one) == "parse"


async def test_a_line_with_a_wrong_checksum_is_no_value(terminal: Terminal, bus: Bus) -> None:
    right = b"\x0233;1838;194;11011;2C\r\n\x03"  # Campbell Scientific's SR50A manual
    wrong = right.replace(b"1838", b"1839")
    answering(terminal, wrong, wrong, right)
    pattern = r"33;(?P<distance>\d+);194;11011;"
    one = driver(bus, poll="M", checksum="sr50a", terminator=r"\x03", pattern=pattern)
    assert await failure(one) == "crc"
    assert (await one.read()).values == [1.838]


async def test_a_group_that_is_not_there_costs_only_its_channel(
    terminal: Terminal, bus: Bus
) -> None:
    answering(terminal, b"R1234\r")
    channel = {"distance": {"unit": "m"}, "echo": {"unit": "count"}}
    one = driver(bus, **POLLED, pattern=r"R(?P<distance>\d+)(?:E(?P<echo>\d+))?", channel=channel)
    sample = await one.read()
    assert sample.values == [1234.0, None]
    assert sample.reasons == {1: "parse"}


# The law: however the bytes come, and whatever comes around the line, the value is the same.

NOISE = st.lists(st.sampled_from([b"\x00", b"\xff\xff", b"\r", b"R12\r", b"hello\r", b"\n"]))


async def _through(chunks: list[bytes], **keys: Any) -> Sample:
    """Read once where the far end says these chunks, one after the other."""
    link = Answers(lambda _: b"")
    bus = Bus("b", SerialBus.model_validate({"device": "none", "framing": "line"}), link)
    task = asyncio.create_task(driver(bus, **keys).read())
    for _ in range(10):  # turns of the loop, in which the request goes out
        await asyncio.sleep(0)
    assert bus.counts.asked
    for chunk in chunks:
        link._say(chunk)
        await asyncio.sleep(0)
    try:
        return await task
    finally:
        await bus.close()


@given(st.data(), st.integers(0, 9999), NOISE, NOISE, st.sampled_from([POLLED, FREE]))
def test_any_split_and_any_noise_around_it_leave_a_line_as_it_was(
    data: st.DataObject, number: int, before: list[bytes], after: list[bytes], keys: dict[str, str]
) -> None:
    head = b"34\r" if keys is FREE else b""
    sent = head + b"".join(before) + b"\rR%04d\r" % number + b"".join(after)
    cuts = [0, *sorted(data.draw(st.sets(st.integers(1, len(sent) - 1)))), len(sent)]
    chunks = [sent[a:b] for a, b in pairwise(cuts)]
    assert asyncio.run(_through(chunks, **keys)).values == [number / 1000]
