import json
from dataclasses import replace

import pytest

from agent.board import Board
from agent.mqtt.latest import Latest
from agent.record import Layout, Round

LAYOUT = Layout("radar", ("distance", "snr"), ("m", "dB"))
NOON = 1_795_466_700_000


def a_round(tick: int = 0, qualities: tuple[int, int] = (1, 1)) -> Round:
    values = tuple(None if quality == 9 else tick + 0.5 for quality in qualities)
    reasons = {i: "timeout" for i, quality in enumerate(qualities) if quality == 9}
    return Round(LAYOUT, NOON + 1000 * tick, values, bytes(qualities), reasons)


@pytest.fixture
def board() -> Board:
    return Board({"radar": LAYOUT}, newest={"radar": a_round()})


def due(latest: Latest, now: float) -> dict[str, object]:
    return {topic: json.loads(payload) for topic, payload in latest.due(now)}


def test_the_payload_is_the_published_interface(board: Board) -> None:
    board.newest["radar"] = replace(a_round(qualities=(1, 9)), values=(1.234, None))
    assert dict(Latest(board, 10.0).due(0.0)) == {
        "latest/radar/distance": b'{"time":"2026-11-23T20:45:00Z","value":1.234,"unit":"m",'
        b'"quality":1}',
        "latest/radar/snr": b'{"time":"2026-11-23T20:45:00Z","value":null,"unit":"dB","quality":9,'
        b'"reason":"timeout"}',
    }


def test_a_small_value_keeps_its_decimal_point(board: Board) -> None:
    board.newest["radar"] = replace(a_round(), values=(1e-7, 3.0))
    payloads = dict(Latest(board, 10.0).due(0.0))
    assert b'"value":1.0e-07,' in payloads["latest/radar/distance"]
    assert b'"value":3.0,' in payloads["latest/radar/snr"]


def test_all_channels_come_first_and_then_each_at_most_so_often(board: Board) -> None:
    latest = Latest(board, 10.0)
    assert len(due(latest, 100.0)) == 2
    told = []
    for tick in range(1, 301):  # a new round each 100 ms
        board.newest["radar"] = a_round(tick)
        told += [(tick, topic) for topic in due(latest, 100.0 + tick / 10)]
    assert [tick for tick, topic in told if topic == "latest/radar/distance"] == [100, 200, 300]
    assert [tick for tick, topic in told if topic == "latest/radar/snr"] == [100, 200, 300]


def test_a_value_is_told_once(board: Board) -> None:
    latest = Latest(board, 10.0)
    due(latest, 100.0)
    assert not any(due(latest, 100.0 + tick) for tick in range(60))


def test_what_came_too_soon_is_told_when_its_time_comes(board: Board) -> None:
    latest = Latest(board, 10.0)
    due(latest, 100.0)
    board.newest["radar"] = a_round(1)
    assert not due(latest, 105.0)
    assert len(due(latest, 110.0)) == 2


def test_a_channel_whose_quality_changes_is_told_at_once_and_it_alone(board: Board) -> None:
    latest = Latest(board, 10.0)
    due(latest, 100.0)
    board.newest["radar"] = a_round(1, (1, 9))
    assert due(latest, 101.0).keys() == {"latest/radar/snr"}
    board.newest["radar"] = a_round(2, (1, 9))
    assert not due(latest, 102.0)
    assert due(latest, 110.0).keys() == {"latest/radar/distance"}, "the other was told at 101"
    board.newest["radar"] = a_round(3, (1, 9))
    assert due(latest, 111.0).keys() == {"latest/radar/snr"}


def test_a_sensor_that_was_not_polled_yet_says_nothing(board: Board) -> None:
    board.newest.clear()
    latest = Latest(board, 10.0)
    assert not due(latest, 100.0)
    board.newest["radar"] = a_round()
    assert len(due(latest, 100.5)) == 2
