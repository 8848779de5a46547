"""No line repeats a thousand times."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from agent.config.model import Url
from agent.mqtt.outage import Outage
from agent.mqtt.reasons import BrokerError
from agent.mqtt.refusals import Refusals

A, B = (Url(scheme="mqtt", host=host, port=1883) for host in ("a", "b"))
REFUSED, GONE = BrokerError("refused"), BrokerError("gone")


@pytest.fixture
def lines() -> Iterator[list[MutableMapping[str, Any]]]:
    with capture_logs() as captured:
        yield captured


def told(lines: list[MutableMapping[str, Any]]) -> list[tuple[str, Any]]:
    return [(line["event"], line.get("reason", line.get("failures"))) for line in lines]


def test_a_broker_that_is_down_for_a_month_gets_a_line_and_one_when_it_is_back(lines) -> None:
    outage = Outage("ministry")
    assert outage.lost(A, GONE)
    for _ in range(10_000):
        outage.lost(A, REFUSED)
    outage.connected(A)
    assert told(lines) == [
        ("broker lost", "gone"),
        ("broker lost", "refused"),
        ("broker connected", 10_001),
    ]
    assert outage.reason is None


def test_nodes_that_fail_in_turn_each_for_its_own_reason_get_a_line_each(lines) -> None:
    outage = Outage("ministry")
    for _ in range(1000):
        outage.lost(A, GONE)
        outage.lost(B, REFUSED)
    assert told(lines) == [("broker lost", "gone"), ("broker lost", "refused")]


def test_a_connection_that_comes_and_goes_is_told_when_it_stays(lines) -> None:
    outage = Outage("ministry")
    for _ in range(1000):
        outage.connected(A)
        outage.lost(A, GONE)
    outage.connected(A)
    clone = (
        "gone soon after it was made, again and again. If the link is good, look for another "
        "client with the same client id, as a copied memory card makes one"
    )
    first = [("broker connected", 0), ("broker lost", "gone"), ("broker lost", clone)]
    assert told(lines) == first
    outage.proved(A)
    assert told(lines)[3:] == [("broker connected", 1000)]
    outage.lost(A, GONE)
    outage.connected(A)
    assert told(lines)[4:] == [("broker lost", "gone"), ("broker connected", 1)]


def test_what_a_person_must_mend_is_an_error_and_the_rest_a_warning(lines) -> None:
    outage = Outage("ministry")
    outage.lost(A, GONE)
    outage.lost(A, BrokerError("wrong password", config=True))
    assert [line["log_level"] for line in lines] == ["warning", "error"]


def test_four_hundred_refused_topics_of_a_kind_are_two_lines(lines) -> None:
    changes: list[str] = []
    refusals = Refusals("ministry", lambda: changes.append(""))
    topics = [f"latest/radar/c{number}" for number in range(400)]
    for _ in range(10):
        for topic in topics:
            refusals.refuse(topic, "not allowed")
    assert refusals.facts() == {"latest": "not allowed"}
    for topic in topics:
        assert refusals.facts()
        refusals.accept(topic)
    assert refusals.facts() == {}
    assert [line["event"] for line in lines] == ["held back", "accepted again"]
    assert lines[1]["refused"] == 4000
    assert len(changes) == 2


def test_reasons_that_alternate_are_told_once_each(lines) -> None:
    refusals = Refusals("ministry", lambda: None)
    for _ in range(100):
        refusals.refuse("data", "quota")
        refusals.refuse("data", "not allowed")
    refusals.accept("status")
    assert refusals.facts() == {"data": "not allowed"}
    assert len(lines) == 2
