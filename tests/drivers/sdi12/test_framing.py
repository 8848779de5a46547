from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.sdi12.framing import Announcement, Command, Data, Start, crc

VECTORS = [  # SDI-12 v1.3, its examples of checksums
    "0+3.14OqZ",
    "0+3.14+2.718+1.414Ipz",
    "0+1.11+2.22+3.33+4.44+5.55+6.66I]q",
    "0+7.77+8.88+9.99IvW",
    "0+3.14+2.718IWO",
    "0AP@",
]


@pytest.mark.parametrize("line", VECTORS)
def test_the_checksum_is_the_standards(line: str) -> None:
    assert crc(line[:-3].encode()) == line[-3:].encode()


@pytest.mark.parametrize("line", VECTORS)
def test_the_standards_examples_are_read(line: str) -> None:
    values = Data("0", "D0", checked=True).feed(bytearray(line.encode() + b"\r\n"))
    assert values == tuple(f"+{part}" for part in line[1:-3].split("+")[1:])


def whole(command: Command[object], chunks: list[bytes]) -> object:
    """Return what a command makes of chunks, fed as a bus feeds them."""
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        if (answer := command.feed(buffer)) is not None:
            return answer
    return None


VALUES = st.lists(
    st.tuples(st.sampled_from("+-"), st.integers(0, 9999999), st.integers(0, 6)), min_size=1
).map(lambda some: tuple(f"{sign}{digits}."[: 9 - at % 2] for sign, digits, at in some[:7]))
NOISE = st.lists(st.sampled_from([b"\x00", b"\xff\xff", b"\r\n", b"\n"])).map(b"".join)


@st.composite
def split(draw: st.DrawFn, line: bytes) -> list[bytes]:
    cuts = sorted(draw(st.sets(st.integers(0, len(line)))))
    ends = [0, *cuts, len(line)]
    return [line[a:b] for a, b in pairwise(ends)]


@given(st.data(), VALUES, NOISE, NOISE, st.booleans())
def test_any_split_and_any_noise_around_it_leave_an_answer_as_it_was(
    data: st.DataObject, values: tuple[str, ...], before: bytes, after: bytes, checked: bool
) -> None:
    echoed = data.draw(st.booleans())
    command = Data("a", "D0", checked=checked)
    line = ("a" + "".join(values)).encode()
    line += (crc(line) if checked else b"") + b"\r\n"
    sent = before + (command.request if echoed else b"") + line + after
    assert whole(command, data.draw(split(sent))) == values


@given(st.data(), VALUES, st.binary(min_size=1, max_size=3))
def test_a_damaged_checked_answer_is_never_taken(
    data: st.DataObject, values: tuple[str, ...], burst: bytes
) -> None:
    line = ("a" + "".join(values)).encode()
    line += crc(line)
    at = data.draw(st.integers(1, len(line) - 1))
    spoilt = bytearray(line)
    for offset, mask in enumerate(burst):
        if at + offset < len(spoilt):
            spoilt[at + offset] ^= mask & 0x7F
    answer = Data("a", "D0", checked=True).feed(spoilt + b"\r\n")
    assert answer in (None, values)


@given(st.binary(max_size=60))
def test_noise_is_never_an_announcement_of_anything_but_itself(noise: bytes) -> None:
    answer = Start("0", "M").feed(bytearray(noise))
    if answer is not None:
        said = f"0{answer.seconds:03d}{answer.count}".encode()
        assert said in noise


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"", "timeout"),
        (b"0D0!", "timeout"),
        (b"1+3.14\r\n", "timeout"),
        (b"0+3.1", "short"),
        (b"0+3.14x\r\n", "parse"),
        (b"0+3.1\xb4\r\n", "parse"),
        (b"0+12345678\r\n", "parse"),
        (b"0+1.2.3\r\n", "parse"),
        (b"00013\r\n", "parse"),
        (b"\xff\xfe\xfd\xfc\xfb\xfa\xf9", "garbled"),
        (b"???\r\n", "garbled"),
    ],
)
def test_what_is_no_answer_has_its_reason(sent: bytes, reason: str) -> None:
    command = Data("0", "D0", checked=False)
    assert command.feed(bytearray(sent)) is None
    assert command.why(bytearray(sent)) == reason


def test_an_announcement_of_another_kind_of_command_is_none() -> None:
    assert Start("0", "M").feed(bytearray(b"000112\r\n")) is None
    assert Start("0", "C").feed(bytearray(b"00011\r\n")) is None


def test_a_service_request_that_comes_with_the_announcement_is_seen() -> None:
    buffer = bytearray(b"00303\r\n0\r\n")
    assert Start("0", "M").feed(buffer) == Announcement(30, 3, ready=True)


def test_nothing_in_a_flood_is_an_answer() -> None:
    buffer = bytearray(b"1+0+3.14\r\n" * 200)
    del buffer[: len(buffer) - 1024]  # as the wire lets go of its beginning
    del buffer[: buffer.index(b"0+3.14")]
    assert buffer.startswith(b"0+3.14\r\n")
    assert Data("0", "R0", checked=False).feed(buffer) is None
