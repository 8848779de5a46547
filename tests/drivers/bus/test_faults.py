"""What the wire does to a request, fault by fault, in virtual time.

The numbers are those of the project's catalogue of faults at remote stations.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from structlog.testing import capture_logs

from drivers.base import DeviceError
from drivers.bus import Bus, Peer, SerialBus
from drivers.modbus.device import Device
from drivers.modbus.framing import RtuExchange
from drivers.modbus.pdu import write
from tests.support import virtual
from tests.support.wire import Line, Slave, config, rtu, words

TIMEOUT, LATE = 0.3, 0.4


@dataclass
class Rig:
    """A bus on a line in memory; ``hear`` says what the far end does."""

    line: Line = field(default_factory=Line)
    slave: Slave = field(default_factory=lambda: Slave(1))
    keys: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        table = config(timeout="300 ms", late="400 ms", **self.keys)
        self.bus = Bus("rs485", SerialBus.model_validate(table), self.line)
        self.device = Device(self.bus, 1)
        self.sent: list[tuple[float, bytes]] = []

    def answers(self, reply: Callable[[bytes], list[tuple[float, bytes]]]) -> None:
        """Have each request answered by bytes, each after so many s."""

        def hear(request: bytes) -> None:
            self.sent.append((asyncio.get_running_loop().time(), request))
            for delay, data in reply(request):
                self.line.say(data, delay)

        self.line.hear = hear

    def right(self, request: bytes) -> bytes:
        return self.slave.answer(request)

    async def read(self, start: int = 6) -> bytes:
        return await self.device.read("holding", start, 2)

    async def fails(self) -> DeviceError:
        with pytest.raises(DeviceError) as caught:
            await self.read()
        return caught.value


def in_virtual_time(trial: Callable[[Rig], Awaitable[None]], **keys: Any) -> None:
    async def main() -> None:
        rig = Rig(keys=keys)
        await trial(rig)
        await rig.bus.close()

    virtual.run(main())


def test_1_a_silent_device_is_no_value_when_its_time_is_over() -> None:
    async def trial(rig: Rig) -> None:
        rig.answers(lambda _: [])
        began = asyncio.get_running_loop().time()
        error = await rig.fails()
        assert error.reason == "timeout"
        assert "address 1 on rs485" in str(error)
        assert asyncio.get_running_loop().time() - began < TIMEOUT + 0.1

    in_virtual_time(trial)


def test_2_after_a_failure_the_line_is_silent_for_as_long_as_a_late_answer_may_take() -> None:
    async def trial(rig: Rig) -> None:
        rig.answers(lambda _: [])
        await rig.fails()
        failed = asyncio.get_running_loop().time()
        await rig.fails()
        assert rig.sent[1][0] - failed >= LATE - 0.01

    in_virtual_time(trial)


def test_2_the_next_request_to_it_has_another_shape() -> None:
    async def trial(rig: Rig) -> None:
        rig.answers(lambda _: [])
        for _ in range(4):
            await rig.fails()
        assert sorted(int.from_bytes(sent[4:6]) for _, sent in rig.sent) == [2, 3, 4, 5]

    in_virtual_time(trial)


def test_4_and_5_noise_before_after_and_between_frames_costs_nothing() -> None:
    async def trial(rig: Rig) -> None:
        for noise in (b"\x00", b"\xff\xff", b"\x01\x03", b"\x01\x03\x04", b"\x01\x83"):
            rig.answers(lambda request, n=noise: [(0.01, n + rig.right(request) + n)])  # type: ignore[misc]
            assert (await rig.read())[:2] == words(6, 1, 0)
            rig.line.say(noise, 0.001)
            await asyncio.sleep(0.1)

    in_virtual_time(trial)


def test_6_a_damaged_answer_is_asked_for_once_more_after_silence_then_it_is_no_value() -> None:
    async def trial(rig: Rig) -> None:
        rig.answers(lambda request: [(0.01, rig.right(request)[:-1] + b"!")])
        error = await rig.fails()
        assert (error.reason, len(rig.sent)) == ("crc", 2)
        assert rig.sent[1][0] - rig.sent[0][0] >= TIMEOUT + LATE
        assert rig.bus.counts.damaged == 2
        rig.answers(
            lambda request: [
                (0.01, rig.right(request) if len(rig.sent) == 4 else rig.right(request)[:-1] + b"!")
            ]
        )
        assert (await rig.read())[:2] == words(6, 1, 0)

    in_virtual_time(trial)


def test_7_half_an_answer_is_no_value_and_isnt_kept_for_the_next() -> None:
    async def trial(rig: Rig) -> None:
        rig.answers(lambda request: [(0.01, rig.right(request)[:-2])])
        assert (await rig.fails()).reason == "short"
        rig.answers(lambda request: [(0.01, rig.right(request)[-2:])])
        assert (await rig.fails()).reason in {"timeout", "garbled"}

    in_virtual_time(trial)


def test_8_endless_babble_is_bounded_and_said() -> None:
    async def trial(rig: Rig) -> None:
        async def babble() -> None:
            while True:
                rig.line.say(b"\x55" * 64)
                await asyncio.sleep(0.0005)

        rig.answers(lambda _: [])
        await rig.fails()
        babbling = asyncio.create_task(babble())
        error = await rig.fails()
        assert error.reason == "noise"
        assert "never silent" in str(error)
        assert len(rig.bus._wire._buffer) <= 2048
        babbling.cancel()
        await asyncio.wait({babbling})
        rig.answers(lambda request: [(0.01, rig.right(request))])
        assert (await rig.read())[:2] == words(6, 1, 0)

    in_virtual_time(trial)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda data: rtu(2, 3, len(data), data), id="9 another device"),
        pytest.param(lambda data: rtu(1, 4, len(data), data), id="10 another function"),
        pytest.param(lambda data: rtu(1, 3, len(data) - 2, data[:-2]), id="11 too short"),
        pytest.param(lambda data: rtu(1, 3, len(data) + 2, data, 0, 0), id="11 too long"),
        pytest.param(lambda data: rtu(1, 3, len(data), data[:-2]), id="11 a wrong count"),
    ],
)
def test_9_10_and_11_what_answers_something_else_is_ignored_and_the_right_answer_found_behind(
    wrong: Callable[[bytes], bytes],
) -> None:
    async def trial(rig: Rig) -> None:
        rig.answers(lambda request: [(0.01, wrong(rig.right(request)[3:-2]))])
        assert (await rig.fails()).reason in {"timeout", "crc", "short"}
        rig.answers(
            lambda request: [
                (0.01, wrong(rig.right(request)[3:-2])),
                (0.02, Slave(1).answer(request)),
            ]
        )
        assert (await rig.read())[:2] == words(6, 1, 0)

    in_virtual_time(trial)


@pytest.mark.parametrize("code", [1, 2, 3, 4, 6, 10, 11, 99])
def test_12_an_exception_is_no_value_with_its_number(code: int) -> None:
    async def trial(rig: Rig) -> None:
        rig.answers(lambda _: [(0.01, rtu(1, 0x83, code))])
        error = await rig.fails()
        assert error.reason == f"exception-{code}"
        assert ("register numbers" in str(error)) == (code == 2)
        assert len(rig.sent) == 1

    in_virtual_time(trial)


def test_13_an_adapters_echo_is_taken_off() -> None:
    async def trial(rig: Rig) -> None:
        rig.answers(lambda request: [(0.001, request), (0.02, rig.right(request))])
        assert (await rig.read())[:2] == words(6, 1, 0)

    in_virtual_time(trial)


def test_13_the_echo_of_a_write_is_never_its_confirmation() -> None:
    async def trial(rig: Rig) -> None:
        rig.answers(lambda request: [(0.001, request), (0.02, rig.right(request))])
        await rig.read()
        rig.answers(lambda request: [(0.001, request)])
        exchange = RtuExchange(1, write(4, 7))
        with pytest.raises(DeviceError, match="No answer"):
            await rig.bus.exchange(exchange, Peer("address 1"))
        rig.answers(lambda request: [(0.001, request + request)])
        assert await rig.bus.exchange(exchange, Peer("address 1")) == write(4, 7).pdu

    in_virtual_time(trial)


def test_14_a_second_masters_bytes_are_counted_and_said_once() -> None:
    async def trial(rig: Rig) -> None:
        rig.answers(lambda request: [(0.01, rig.right(request))])
        with capture_logs() as lines:
            for _ in range(5):
                await rig.read()
                await asyncio.sleep(0.2)
                rig.line.say(rtu(9, 3, 0, 0, 0, 1))
                await asyncio.sleep(0.2)
        assert rig.bus.counts.foreign == 40
        assert [line["event"] for line in lines] == ["bus overheard"]

    in_virtual_time(trial)


def test_15_two_devices_with_one_address_are_hinted_at() -> None:
    async def trial(rig: Rig) -> None:
        rig.answers(
            lambda request: [
                (
                    0.01,
                    bytes(
                        a | b for a, b in zip(rig.right(request), b"\0\0\0\xff" * 4, strict=False)
                    ),
                )
            ]
        )
        assert "two devices with one address" in str(await rig.fails())

    in_virtual_time(trial)


def test_16_gaps_of_50_ms_within_a_frame_are_accepted() -> None:
    async def trial(rig: Rig) -> None:
        rig.answers(
            lambda request: [
                (0.05 * (part + 1), rig.right(request)[3 * part : 3 * part + 3])
                for part in range(3)
            ]
        )
        rig.slave.answer = lambda _: rtu(1, 3, 4, b"\0\6\0\1")  # type: ignore[method-assign]
        assert await rig.read() == b"\0\6\0\1"

    in_virtual_time(trial)


def test_17_the_pause_that_a_device_needs_is_kept() -> None:
    async def trial(rig: Rig) -> None:
        rig.answers(lambda request: [(0.01, rig.right(request))])
        slow = Device(rig.bus, 1, pause=0.25)
        for _ in range(3):
            await slow.read("holding", 0, 2)
        gaps = [b - a for (a, _), (b, _) in zip(rig.sent, rig.sent[1:], strict=False)]
        assert all(gap >= 0.26 for gap in gaps)

    in_virtual_time(trial)


def test_17_the_silence_of_3_5_characters_is_kept_between_frames() -> None:
    async def trial(rig: Rig) -> None:
        rig.answers(lambda request: [(0.01, rig.right(request))])
        for _ in range(3):
            await rig.read()
        gaps = [b - a - 0.01 for (a, _), (b, _) in zip(rig.sent, rig.sent[1:], strict=False)]
        assert all(3.5 * 11 / 1200 <= gap < 3.5 * 11 / 1200 + 0.01 for gap in gaps)

    in_virtual_time(trial, baudrate=1200, parity="even")


def test_sensors_of_different_parity_share_a_line() -> None:
    async def trial(rig: Rig) -> None:
        rig.answers(lambda request: [(0.01, Slave(request[0]).answer(request))])
        even, none = Device(rig.bus, 1, parity="even"), Device(rig.bus, 2)
        for _ in range(2):
            await even.read("holding", 0, 2)
            await even.read("holding", 0, 2)
            await none.read("holding", 0, 2)
        assert rig.line.parity == ["even", "none", "even", "none"]

    in_virtual_time(trial)


def test_37_a_port_on_which_nobody_answers_any_more_is_opened_anew() -> None:
    async def trial(rig: Rig) -> None:
        rig.answers(lambda request: [(0.01, rig.right(request))])
        await rig.read()
        rig.answers(lambda _: [])
        with capture_logs() as lines:
            for _ in range(200):
                await rig.fails()
        assert 3 <= rig.line.opened <= 8, "less and less often"
        assert {line["event"] for line in lines} == {"bus silent"}
        rig.answers(lambda request: [(0.01, rig.right(request))])
        assert (await rig.read())[:2] == words(6, 1, 0)

    in_virtual_time(trial)


def test_b3_a_turn_is_held_for_several_exchanges_and_given_back_when_its_holder_is_cancelled() -> (
    None
):
    async def trial(rig: Rig) -> None:
        rig.answers(lambda request: [(0.05, Slave(request[0]).answer(request))])

        async def hold() -> None:
            async with rig.bus.turn(Peer("address 1")) as turn:
                for _ in range(3):
                    await turn.exchange(RtuExchange(1, write(0, 0)))

        holder = asyncio.create_task(hold())
        await asyncio.sleep(0.01)
        other = asyncio.create_task(Device(rig.bus, 2).read("holding", 0, 2))
        await asyncio.sleep(0.01)
        assert [request[0] for _, request in rig.sent] == [1]
        holder.cancel()
        await other
        assert [request[0] for _, request in rig.sent] == [1, 2]
        await asyncio.wait({holder})

    in_virtual_time(trial)
