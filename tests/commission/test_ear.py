"""What is heard on a line: frames of whoever, and noise."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agent.commission.ear import Ear
from tests.support.instruments import frame

ANSWER = frame(7, b"\x03\x02\x12\x34")
EXCEPTION = frame(9, b"\x83\x02")
REQUEST = frame(7, b"\x03\0\0\0\x01")


def heard(*parts: bytes, sent: bytes = b"", last: bool = True) -> tuple[tuple[int, ...], int]:
    ear = Ear()
    if sent:
        ear(">", sent)
    for part in parts:
        ear("<", part)
    told = ear.take(last=last)
    return told.addresses, told.noise


def test_answers_and_exceptions_of_anybody_are_frames() -> None:
    assert heard(ANSWER, EXCEPTION) == ((7, 9), 0)


def test_a_gateway_that_says_that_nobody_is_there_is_no_device() -> None:
    assert heard(frame(9, b"\x83\x0b"), frame(9, b"\x84\x0a")) == ((), 0)


def test_an_echo_is_neither_a_device_nor_noise() -> None:
    assert heard(REQUEST, ANSWER, sent=REQUEST) == ((7,), 0)


def test_bytes_of_no_frame_are_noise() -> None:
    assert heard(b"\x00\xff" + ANSWER + b"R1234\r") == ((7,), 8)


def test_a_frame_that_has_only_begun_waits_for_its_end() -> None:
    ear = Ear()
    ear("<", ANSWER[:4])
    assert ear.take().noise == 0
    ear("<", ANSWER[4:])
    assert ear.take().addresses == (7,)


@given(
    st.lists(st.sampled_from([ANSWER, EXCEPTION]), min_size=1, max_size=4),
    st.lists(st.integers(0, 40), max_size=6),
)
def test_it_does_not_matter_how_the_bytes_come_in_or_when_it_is_looked_at(
    frames: list[bytes], cuts: list[int]
) -> None:
    whole = b"".join(frames)
    edges = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    ear, addresses, noise = Ear(), [], 0
    for begin, end in pairwise(edges):
        ear("<", whole[begin:end])
        told = ear.take()
        addresses += told.addresses
        noise += told.noise
    told = ear.take(last=True)
    assert [*addresses, *told.addresses] == [each[0] for each in frames]
    assert noise + told.noise == 0
