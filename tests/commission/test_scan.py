import asyncio
from collections.abc import Sequence

import pytest

from agent.commission.dialects import Modbus
from agent.commission.hints import hints
from agent.commission.library import Known, known
from agent.commission.scan import Scan
from agent.commission.search import plan, written
from drivers.bus import Parity, SerialBus
from tests.support.instruments import Instrument, Line
from tests.support.virtual import run

PORT = SerialBus.model_validate({"device": "/dev/ttyUSB0"})
TIMEOUT = 0.2


def search(
    line: Line,
    *,
    speeds: Sequence[int] = (9600, 19200),
    parities: Sequence[Parity] = ("none", "even"),
    addresses: Sequence[int] = range(1, 248),
    library: Sequence[Known] = (),
    within: float = 3600.0,
    stop_after: float | None = None,
) -> Scan:
    """Search a simulated line in virtual time, to the end."""
    asked = plan(PORT, addresses=addresses, speeds=speeds, parities=parities)
    work = Scan(asked, Modbus(library, timeout=TIMEOUT), open=line.open)

    async def whole() -> None:
        if stop_after is not None:
            asyncio.get_running_loop().call_later(stop_after, work.stop)
        await work.run(within)

    run(whole())
    return work


def told(work: Scan) -> list[tuple[int, str]]:
    return [(each.hit.address, written(each.line)) for each in work.found]


def said(work: Scan) -> str:
    return "\n".join(hints(work, PORT))


def test_devices_of_different_parity_and_speed_on_one_line_are_all_found() -> None:
    line = Line(
        Instrument(1, registers={0: 7}),
        Instrument(1, parity="even", registers={0: 8}, taught={b"\x11": b"\x11\x06SENSOR"}),
        Instrument(200, 19200, "even", registers={0: 9}),
    )
    work = search(line)
    assert sorted(told(work)) == [(1, "9600 8E1"), (1, "9600 8N1"), (200, "19200 8E1")]
    assert work.tried == 4 * 247
    assert not work.search.left


def test_everything_is_searched_in_the_time_that_was_said_beforehand() -> None:
    line = Line(Instrument(247, 1200, "odd"))
    asked = plan(PORT, addresses=range(1, 248), speeds=[9600, 1200])
    said_before = asked.seconds(TIMEOUT)
    work = Scan(asked, Modbus([], timeout=TIMEOUT), open=line.open)

    async def whole() -> float:
        began = asyncio.get_running_loop().time()
        await work.run(3600)
        return asyncio.get_running_loop().time() - began

    took = run(whole())
    assert told(work) == [(247, "1200 8O1")]
    assert took == pytest.approx(said_before, rel=0.03)


def test_an_exception_is_an_answer_and_what_a_gateway_says_of_the_absent_is_none() -> None:
    absent = Instrument(5, taught={b"\x03\0\0\0\x01": b"\x83\x0b"})
    work = search(Line(Instrument(4), absent), speeds=[9600], parities=["none"])
    assert [(each.hit.address, each.hit.says) for each in work.found] == [(4, "exception-2")]


def test_a_device_that_knows_neither_function_is_found_all_the_same() -> None:
    only_input = Instrument(9, registers={0: 1}, tables=[4], mute=[0x2B, 0x11])
    work = search(Line(only_input), speeds=[9600], parities=["none"])
    assert [(each.hit.address, each.hit.says) for each in work.found] == [(9, "exception-1")]


@pytest.mark.parametrize("delay", [0.25, 0.35, 0.9])
def test_an_answer_that_comes_while_others_are_asked_is_its_own_devices(delay: float) -> None:
    slow = Instrument(3, registers={0: 3}, delay=delay)
    work = search(Line(slow), speeds=[9600], parities=["none"], addresses=range(1, 20))
    assert [each.hit.address for each in work.found] == [3]
    assert "It answers late" in said(work)
    assert work.found[0].seconds == pytest.approx(delay, abs=0.02)


def test_two_devices_of_one_address_give_a_hint() -> None:
    two = Line(Instrument(7, registers={0: 1}), Instrument(7, registers={0: 2}, delay=0.05))
    work = search(two, speeds=[9600], parities=["none"], addresses=range(1, 20))
    assert [each.hit.address for each in work.found] == [7]
    assert "two devices have this address" in said(work)


def test_only_damaged_answers_are_told_with_what_to_look_for() -> None:
    broken = Instrument(7, registers={0: 1}, spoil=lambda answer: answer[:-1] + b"\x55")
    work = search(Line(broken), speeds=[9600], parities=["none"], addresses=range(1, 20))
    assert not work.found
    assert {address: how for (_, address), how in work.damaged.items()} == {7: "crc"}
    assert "Only damaged answers (crc) at 9600 8N1 from address 7" in said(work)


def test_a_device_whose_first_answer_is_damaged_is_asked_again() -> None:
    spoiled: list[bytes] = []

    def once(answer: bytes) -> bytes:
        spoiled.append(answer)
        return answer if len(spoiled) > 1 else answer[:-1]

    flaky = Instrument(7, registers={0: 1, 1: 2, 2: 3}, spoil=once)
    work = search(Line(flaky), speeds=[9600], parities=["none"], addresses=range(1, 20))
    assert [each.hit.address for each in work.found] == [7]
    assert "Answers were damaged" in said(work)


def test_noise_at_other_settings_says_that_somebody_speaks_there() -> None:
    garbler = Instrument(0, parity="even", heedless=True, spoil=lambda _: b"\xf8\x80")
    work = search(Line(garbler), speeds=[9600], addresses=range(1, 8))
    assert not work.found
    assert "14 bytes at 9600 8E1 belong to no answer" in said(work)


def test_somebody_who_damages_every_answer_does_not_take_all_the_time() -> None:
    babbler = Instrument(0, heedless=True, spoil=lambda _: b"R1234\rR1234\r")
    line = Line(babbler)
    work = search(line, speeds=[9600], parities=["none"], addresses=range(1, 11))
    assert not work.found
    assert "from address 1, 2, 3" in said(work)
    assert len(line.written) == 3 * 4 + 7


def test_an_echoing_adapter_is_no_device() -> None:
    line = Line(Instrument(2, registers={0: 5}), echo=True)
    work = search(line, speeds=[9600], parities=["none"], addresses=range(1, 20))
    assert told(work) == [(2, "9600 8N1")]
    assert not work.noise


def test_one_device_that_answers_at_every_address_is_told_as_one() -> None:
    line = Line(Instrument(1, registers={0: 5}, heedless=True))
    work = search(line, speeds=[9600], parities=["none"])
    assert told(work) == [(1, "9600 8N1")]
    assert "every address" in said(work)
    assert len(line.written) < 20


def test_the_same_device_at_other_settings_is_told_once() -> None:
    line = Line(Instrument(1, registers={0: 5}), Instrument(1, 19200, registers={0: 5}))
    work = search(line, parities=["none"], addresses=range(1, 11))
    assert told(work) == [(1, "9600 8N1")]
    assert "answers at 19200 8N1, too" in said(work)


def test_it_ends_in_time_and_keeps_what_was_found() -> None:
    line = Line(Instrument(1, registers={0: 5}), Instrument(200, registers={0: 5}))
    work = search(line, within=10.0)
    assert [each.hit.address for each in work.found] == [1]
    assert work.search.left
    assert "tries were left" in said(work)


def test_it_is_stopped_by_a_person_and_keeps_what_was_found() -> None:
    line = Line(Instrument(1, registers={0: 5}), Instrument(200, registers={0: 5}))
    work = search(line, stop_after=8.0)
    assert [each.hit.address for each in work.found] == [1]
    assert work.search.left


def test_a_pulled_adapter_ends_it_with_what_was_found_and_a_sentence() -> None:
    class Pulling(Line):
        def put(self, *args: object) -> None:
            super().put(*args)  # type: ignore[arg-type]
            self.lost = len(self.written) > 30

    work = search(Pulling(Instrument(1, registers={0: 5})))
    assert [each.hit.address for each in work.found] == [1]
    assert "plug the adapter in" in work.ended


def test_a_speed_that_the_adapter_cannot_do_is_left_out_and_told() -> None:
    line = Line(Instrument(3, 19200, registers={0: 5}))
    line.unfit = {9600}
    work = search(line, addresses=range(1, 6))
    assert told(work) == [(3, "19200 8N1")]
    assert "can't do 9600 8N1, 9600 8E1" in said(work)


def test_after_a_hit_the_rest_of_its_line_comes_before_other_settings() -> None:
    line = Line(Instrument(2, 9600, "even", registers={0: 5}), Instrument(99, 9600, "even"))
    search(line)
    order = [(c.parity, request[0]) for c, request in line.written if request[1] == 3]
    assert order.index(("even", 99)) < order.index(("none", 11))


def test_nothing_is_ever_written_to_a_device() -> None:
    line = Line(Instrument(1, registers={0: 5}), Instrument(2, heedless=False))
    search(line, addresses=range(1, 20))
    functions = {request[1] for _, request in line.written}
    assert functions <= {0x03, 0x04, 0x11, 0x2B}


def test_a_model_is_known_by_what_its_registers_hold() -> None:
    registers = {0: 30, 1: 2, 3: 500, 6: 1, 9: 0}
    line = Line(Instrument(30, parity="even", registers=registers, mute=[0x2B, 0x11]))
    who = search(line, speeds=[9600], parities=["even"], library=known()).found[0].who
    assert who.model is not None
    assert (who.model.name, who.by) == ("geolux-rss-2-300w", "registers")


def test_a_model_is_known_by_its_own_words() -> None:
    objects = b"\x2b\x0e\x01\x01\x00\x00\x03\x00\x03OTT\x01\x07PLS-500\x02\x041.07"
    teller = Instrument(2, registers={0: 2, 1: 1}, taught={b"\x2b\x0e\x01\x00": objects})
    who = search(Line(teller), speeds=[9600], parities=["none"], library=known()).found[0].who
    assert who.model is not None
    assert (who.model.name, who.by) == ("ott-pls500", "name")
    assert who.texts == (("maker", "OTT"), ("product", "PLS-500"), ("revision", "1.07"))


def test_a_model_that_is_one_of_several_is_told_as_such() -> None:
    registers = dict.fromkeys(range(2000), 0) | {525: 9, 1441: 9}
    both = Line(Instrument(9, registers=registers, mute=[0x2B, 0x11]))
    who = search(both, speeds=[9600], parities=["none"], library=known()).found[0].who
    assert who.model is None
    assert {each.name for each in who.candidates} == {"keller-series-30", "tuf-2000m"}


def test_a_device_that_no_model_fits_is_nobody_of_the_library() -> None:
    nobody = Line(Instrument(2, registers={0: 1, 1: 2}))
    who = search(nobody, speeds=[9600], parities=["none"], library=known()).found[0].who
    assert who.model is None
    assert who.candidates == ()


def test_a_device_that_does_not_answer_other_questions_is_not_asked_for_ever() -> None:
    silent = Instrument(2, registers={0: 1}, mute=[0x2B, 0x11])
    silent.beyond = "silence"
    line = Line(silent)
    search(line, speeds=[9600], parities=["none"], addresses=[2], library=known())
    assert len(line.written) < 12


def test_the_settings_and_addresses_of_the_factory_are_asked_first() -> None:
    line = Line()
    asked = plan(PORT, addresses=range(1, 248), factory=[(19200, "even", 200), (9600, "none", 246)])
    run(Scan(asked, Modbus([], timeout=TIMEOUT), open=line.open).run(1.5))
    first = [(written(config), request[0]) for config, request in line.written][:2]
    assert first == [("9600 8N1", 246), ("19200 8E1", 200)]
