"""What the judge says of a station that is made by hand."""

from typing import Any

import pytest

from agent.audit import Auditor, LogVerdict, State
from tests.support.station import LOG, entry, event, ledger, pack, reading, readings

NEWER = "m4n5o6p7"


class Listening:
    """An auditor, and what one station publishes to it."""

    def __init__(self, **keys: Any) -> None:
        self.auditor = Auditor(**keys)

    def data(self, payload: bytes, topic: str = "data", retained: bool = False) -> None:
        self.auditor.take(f"aryk/chu-01/{topic}", payload, retained)

    def numbers(self, first: int, last: int, log: str = LOG, topic: str = "data") -> None:
        self.data(readings(range(first, last + 1), log), topic)

    def ledger(self, second: int, *entries: dict[str, Any], retained: bool = False) -> None:
        self.data(ledger(second, *entries), "ledger", retained)

    def log(self, log: str = LOG) -> LogVerdict:
        [station] = self.auditor.verdict().stations
        [found] = (each for each in station.logs if each.log == log)
        return found

    def says(self, log: str = LOG) -> str:
        return self.log(log).sentence

    def notes(self, log: str = LOG) -> list[str]:
        return list(self.log(log).notes)


@pytest.fixture
def late() -> Listening:
    """Somebody who began to listen when number 100 had just gone out."""
    listening = Listening()
    listening.ledger(0, entry(91), retained=True)
    listening.numbers(101, 105)
    listening.ledger(30, entry(106, [(104, 105)]))
    return listening


@pytest.fixture
def whole() -> Listening:
    """Somebody who has everything since the station began."""
    return Listening(whole=True)


# Complete, or exactly what is missing.


def test_all_that_was_acknowledged_came(whole: Listening) -> None:
    whole.numbers(1, 60)
    whole.ledger(30, entry(61))
    assert whole.says() == "complete as of 2026-11-23T12:00:30Z"
    assert whole.auditor.verdict().complete


def test_exactly_the_numbers_that_were_acknowledged_and_did_not_come_are_missing(
    whole: Listening,
) -> None:
    whole.numbers(1, 16)
    whole.numbers(21, 44)
    whole.numbers(46, 60)
    whole.ledger(30, entry(61))
    assert whole.says() == "incomplete: missing 17 to 20, 45"
    because = "acknowledged by the ledger's word: lost on its way to us, or by the station"
    assert whole.notes() == [because]
    assert not whole.auditor.verdict().complete


def test_a_whole_recording_from_which_the_beginning_is_missing(whole: Listening) -> None:
    whole.numbers(5, 60)
    whole.ledger(30, entry(61))
    assert whole.says() == "incomplete: missing 1 to 4"


def test_what_comes_after_all_is_missing_no_more(whole: Listening) -> None:
    whole.numbers(1, 10)
    whole.ledger(30, entry(21))
    assert whole.says() == "incomplete: missing 11 to 20"
    whole.numbers(11, 20)
    assert whole.says() == "complete as of 2026-11-23T12:00:30Z"


def test_the_order_in_which_numbers_come_does_not_matter(whole: Listening) -> None:
    for first in (41, 1, 31, 11, 21):
        whole.numbers(first, first + 9, topic="backfill")
    whole.ledger(30, entry(51))
    assert whole.log().state is State.COMPLETE


def test_what_waits_is_not_missing_and_what_came_of_it_does_not_wait(whole: Listening) -> None:
    whole.numbers(1, 10)
    whole.numbers(41, 50)
    whole.ledger(30, entry(51, [(8, 40)]))
    assert whole.says() == "waiting: 11 to 40"
    assert not whole.auditor.verdict().complete


def test_without_a_ledger_nothing_is_provable_but_holes_are_shown(whole: Listening) -> None:
    whole.numbers(1, 10)
    whole.numbers(15, 20)
    assert whole.says() == "not provable yet: the next ledger will tell"
    assert whole.notes() == ["not arrived so far: 11 to 14"]
    assert not whole.auditor.verdict().judged
    assert not whole.auditor.verdict().complete


def test_nothing_heard_is_nothing_proved() -> None:
    verdict = Auditor().verdict()
    assert not verdict.complete
    assert not verdict.judged


def test_what_came_after_the_ledger_waits_for_the_next(whole: Listening) -> None:
    whole.numbers(1, 10)
    whole.ledger(30, entry(11))
    whole.numbers(13, 14)
    assert whole.log().state is State.COMPLETE, "as of the ledger's time"
    whole.ledger(60, entry(15))
    assert whole.says() == "incomplete: missing 11 to 12"


# Gaps.


def test_a_gap_of_the_ledger_explains_with_its_reason(whole: Listening) -> None:
    whole.numbers(1, 10)
    whole.numbers(21, 30)
    whole.ledger(30, entry(31, gaps=[(11, 17, "full"), (18, 18, "refused"), (19, 20, "full")]))
    assert whole.says() == "complete as of 2026-11-23T12:00:30Z"
    assert whole.notes() == ["in a gap, full: 11 to 17, 19 to 20", "in a gap, refused: 18"]


def test_an_older_gap_stands_in_its_record_alone(whole: Listening) -> None:
    whole.numbers(1, 3)
    whole.data(pack(event(7, "gap", {"from": 4, "to": 6, "reason": "full"})))
    whole.ledger(30, {**entry(8), "gaps_from": 7})
    assert whole.says() == "complete as of 2026-11-23T12:00:30Z"
    assert whole.notes() == ["in a gap, full: 4 to 6"]


def test_a_gap_record_does_not_excuse_what_the_ledger_calls_acknowledged(whole: Listening) -> None:
    whole.numbers(1, 3)
    whole.data(pack(event(7, "gap", {"from": 4, "to": 6, "reason": "full"})))
    whole.ledger(30, entry(8))
    assert whole.says() == "incomplete: missing 4 to 6"


def test_an_older_gap_whose_record_still_waits_is_not_called_missing(whole: Listening) -> None:
    whole.numbers(1, 3)
    whole.ledger(30, {**entry(8, [(7, 7)]), "gaps_from": 7})
    assert whole.says() == "waiting: 4 to 7"
    whole.data(pack(event(7, "gap", {"from": 4, "to": 6, "reason": "full"})))
    whole.ledger(60, {**entry(8), "gaps_from": 7})
    assert whole.log().state is State.COMPLETE


def test_a_gap_record_of_an_older_log(whole: Listening) -> None:
    whole.numbers(1, 3)
    whole.data(pack(event(1, "gap", {"log": LOG, "from": 4, "to": 9, "reason": "disk"}, log=NEWER)))
    whole.ledger(30, {**entry(10), "gaps_from": 10}, entry(2, log=NEWER))
    assert whole.auditor.verdict().complete
    assert whole.notes() == ["in a gap, disk: 4 to 9"]


def test_a_gap_of_what_never_had_a_number_is_counted(whole: Listening) -> None:
    said = {"channel": "radar/distance", "begin": 1, "end": 2, "count": 60, "reason": "memory"}
    whole.data(pack(event(1, "gap", said)))
    [station] = whole.auditor.verdict().stations
    assert station.unnumbered == 1


def test_what_came_although_a_gap_names_it_is_fine(whole: Listening) -> None:
    whole.numbers(1, 10)
    whole.ledger(30, entry(11, gaps=[(4, 6, "full")]))
    assert (whole.log().state, whole.log().gaps) == (State.COMPLETE, {})


# Twice, and different.


def test_the_same_content_twice_is_harmless_and_counted(whole: Listening) -> None:
    whole.numbers(1, 60)
    whole.numbers(11, 30, topic="backfill")
    whole.ledger(30, entry(61))
    assert whole.log().state is State.COMPLETE
    assert whole.notes() == ["came again with the same content, which is harmless: 20"]
    assert list(whole.log().again) == [range(11, 31)]


@pytest.mark.parametrize(
    "changed",
    [
        {"v": 0.008},
        {"v": -0.007},
        {"u": "mm"},
        {"q": 1},
        {"t": 1_795_435_200.001},
        {"n": "chu-01/radar/snr"},
        {"v": None, "vs": "timeout", "q": 9},
        {"q": 3, "why": "spike"},
        {"ver": "2026-2"},
        {"of": 3},
    ],
)
def test_another_content_under_the_same_number_breaks_a_promise(
    whole: Listening, changed: dict[str, Any]
) -> None:
    whole.numbers(1, 60)
    whole.data(pack(reading(7, **changed)))
    whole.ledger(30, entry(61))
    assert whole.says() == "PROMISE BROKEN"
    assert whole.notes()[0] == "came with different contents: 7"
    assert not whole.auditor.verdict().complete


def test_a_change_is_seen_where_python_s_own_sums_are_equal(whole: Listening) -> None:
    assert hash(-1.0) == hash(-2.0)
    whole.data(pack(reading(1, v=-1.0)))
    whole.data(pack(reading(1, v=-2.0)))
    assert whole.log().state is State.BROKEN


def test_contents_are_compared_as_far_back_as_memory_is_given() -> None:
    listening = Listening(whole=True, compared=4096)
    listening.numbers(1, 20_000)
    listening.numbers(1, 10)
    listening.numbers(19_991, 20_000)
    assert (listening.log().repeats, listening.log().uncompared) == (20, 10)
    assert listening.notes()[-1].endswith("harmless: 20, 10 too late to compare")


def test_contents_that_come_again_and_again_are_not_forgotten() -> None:
    listening = Listening(whole=True, compared=4096)
    for first in range(1, 20_000, 1000):
        listening.numbers(1, 10)
        listening.numbers(first + 100, first + 999)
    assert listening.log().uncompared == 0


def test_a_revision_is_a_record_of_its_own_and_no_conflict(whole: Listening) -> None:
    whole.numbers(1, 9)
    whole.data(pack(reading(10, v=7.5, of=7), reading(11, v=7.25, of=7)))
    whole.ledger(30, entry(12))
    assert whole.log().state is State.COMPLETE
    assert whole.notes() == ["revised by newer records: 7"]
    assert whole.log().revisions == 2


def test_a_revision_of_an_older_log_s_record(whole: Listening) -> None:
    whole.numbers(1, 9)
    whole.data(pack(reading(1, log=NEWER, of=7, of_log=LOG)))
    assert list(whole.log().revised) == [range(7, 8)]
    assert not whole.log(NEWER).revised


# The ledger against what came, and against itself.


def test_numbers_that_a_later_ledger_has_not_given_out(whole: Listening) -> None:
    whole.numbers(1, 10)
    whole.ledger(30, entry(11))
    whole.numbers(11, 20)
    whole.ledger(60, entry(21))
    whole.ledger(90, entry(16))
    assert whole.says() == "PROMISE BROKEN"
    assert whole.notes()[0] == "came, but the ledger has not given them out: 16 to 20"


def test_a_ledger_that_was_made_just_before_a_number_and_sent_just_after_is_fine(
    whole: Listening,
) -> None:
    whole.numbers(1, 10)
    whole.ledger(30, entry(11))
    whole.numbers(11, 12)
    whole.ledger(60, entry(11))
    assert whole.log().state is State.COMPLETE


def test_numbers_that_two_ledgers_after_them_have_not_given_out(whole: Listening) -> None:
    whole.numbers(1, 20)
    whole.ledger(60, entry(11))
    assert whole.log().state is State.COMPLETE, "it may have been on its way"
    whole.ledger(90, entry(11))
    assert whole.notes()[0] == "came, but the ledger has not given them out: 11 to 20"


def test_a_kept_ledger_that_comes_after_a_number_says_nothing_of_it() -> None:
    listening = Listening()
    listening.numbers(101, 105)
    listening.ledger(0, entry(91), retained=True)
    listening.ledger(30, entry(105))
    assert not listening.log().given_back


def test_an_older_ledger_that_is_delivered_again_takes_nothing_back(whole: Listening) -> None:
    whole.ledger(30, entry(1))
    whole.ledger(60, entry(11, [(1, 10)]))
    whole.ledger(30, entry(1))
    assert not whole.log().given_back


def test_of_an_older_ledger_that_the_broker_sends_again_nothing_is_taken(late: Listening) -> None:
    late.ledger(0, entry(91), retained=True)
    late.ledger(60, entry(106))
    assert late.says() == "complete as of 2026-11-23T12:01:00Z"


# Who subscribes late.


def test_what_was_before_is_not_claimed(late: Listening) -> None:
    assert late.says() == "not provable yet: the next ledger will tell"
    late.numbers(106, 120)
    late.ledger(60, entry(121))
    assert late.says() == "complete as of 2026-11-23T12:01:00Z"
    assert late.log().judged.first == 106


def test_what_was_given_out_since_is_claimed(late: Listening) -> None:
    late.numbers(108, 120)
    late.ledger(60, entry(121))
    assert late.says() == "incomplete: missing 106 to 107"


def test_a_kept_ledger_alone_proves_nothing() -> None:
    listening = Listening()
    listening.ledger(0, entry(91, [(80, 90)]), retained=True)
    assert listening.says() == "not provable yet: no ledger heard since we listen"


def test_a_backlog_is_claimed_from_the_first_of_it_that_comes() -> None:
    listening = Listening()
    listening.ledger(0, entry(1001, [(1, 1000)]))
    listening.numbers(101, 200, topic="backfill")
    listening.numbers(301, 1000, topic="backfill")
    listening.ledger(30, entry(1001, [(901, 1000)]))
    assert listening.says() == "incomplete: missing 201 to 300"
    assert listening.log().judged.first == 101, "1 to 100 may have gone before"


def test_what_the_broker_had_kept_claims_nothing_of_a_backlog() -> None:
    listening = Listening()
    listening.ledger(0, entry(101, [(1, 100)]))
    listening.data(readings([10]), "backfill", retained=True)
    listening.ledger(30, entry(101))
    assert listening.log().state is State.COMPLETE
    assert listening.log().judged.first == 101


def test_a_station_that_gives_out_nothing_new_is_complete(late: Listening) -> None:
    late.ledger(60, entry(106))
    assert late.log().state is State.COMPLETE


# Interruptions.


def test_what_passed_by_while_we_did_not_listen_is_not_claimed(late: Listening) -> None:
    late.numbers(106, 110)
    late.ledger(60, entry(111))
    late.auditor.interrupt()
    late.ledger(90, entry(131), retained=True)
    late.numbers(135, 140)
    late.ledger(120, entry(141))
    late.numbers(141, 150)
    late.ledger(150, entry(151))
    assert late.says() == "complete as of 2026-11-23T12:02:30Z"
    assert late.log().arrived == 26
    judged = late.log().judged
    assert [number in judged for number in (110, 111, 134, 141)] == [True, False, False, True]
    assert late.auditor.verdict().interruptions == 1


def test_a_log_that_began_while_we_did_not_listen_is_not_claimed_whole(late: Listening) -> None:
    late.ledger(60, entry(106))
    late.auditor.interrupt()
    late.ledger(90, entry(106), entry(21, log=NEWER))
    late.ledger(120, entry(106), entry(21, log=NEWER))
    assert late.auditor.verdict().complete


def test_what_was_missing_before_an_interruption_stays_missing(late: Listening) -> None:
    late.ledger(60, entry(111))
    late.auditor.interrupt()
    late.ledger(90, entry(131))
    late.ledger(120, entry(131))
    assert late.says() == "incomplete: missing 106 to 110"


def test_a_whole_recording_with_an_interruption_claims_until_it(whole: Listening) -> None:
    whole.numbers(2, 10)
    whole.ledger(30, entry(11))
    whole.auditor.interrupt()
    whole.ledger(60, entry(21))
    assert whole.says() == "incomplete: missing 1"


# Logs.


def test_a_log_that_begins_while_we_listen_is_claimed_from_its_first_number(
    late: Listening,
) -> None:
    late.numbers(2, 20, NEWER)
    late.ledger(60, entry(106), entry(21, log=NEWER))
    late.ledger(90, entry(106), entry(21, log=NEWER))
    assert late.says(NEWER) == "incomplete: missing 1"
    assert late.log().state is State.COMPLETE


def test_a_closed_log_is_complete_when_the_ledger_lists_it_no_more(whole: Listening) -> None:
    whole.numbers(1, 10)
    whole.ledger(30, entry(31, [(11, 30)]))
    whole.numbers(11, 30, topic="backfill")
    whole.ledger(50, entry(31, [(30, 30)]), entry(1, log=NEWER))
    whole.numbers(1, 5, NEWER)
    whole.ledger(60, entry(6, log=NEWER))
    assert whole.says() == "complete as of 2026-11-23T12:01:00Z, closed"
    assert whole.auditor.verdict().complete


def test_where_a_log_ended_stands_in_the_start_of_the_next(whole: Listening) -> None:
    whole.numbers(1, 10)
    whole.ledger(30, entry(11))
    start = event(1, "start", {"log_before": LOG, "next_before": 13}, log=NEWER)
    whole.data(pack(start))
    whole.ledger(60, entry(2, log=NEWER))
    assert whole.says() == "incomplete: missing 11 to 12"
    whole.numbers(11, 12)
    assert whole.auditor.verdict().complete


def test_a_log_of_which_nobody_has_said_where_it_ended_is_not_proved_complete(
    whole: Listening,
) -> None:
    whole.numbers(1, 10)
    whole.ledger(30, entry(11))
    whole.ledger(60, entry(1, log=NEWER))
    assert whole.says() == "not provable: it has ended, and nobody has said with which number"
    assert not whole.auditor.verdict().complete


def test_what_a_closed_log_lacks_is_missing_when_the_ledger_lists_it_no_more(
    whole: Listening,
) -> None:
    whole.numbers(1, 10)
    whole.ledger(30, entry(31, [(11, 30)]))
    whole.numbers(1, 5, NEWER)
    whole.ledger(60, entry(6, log=NEWER))
    assert whole.says() == "incomplete: missing 11 to 30"


def test_a_log_that_must_have_come_and_of_which_nothing_did_is_not_provable(
    whole: Listening,
) -> None:
    oldest, between = LOG, "zzzzzzz2"
    whole.numbers(1, 10, oldest)
    whole.ledger(30, entry(11))
    whole.data(pack(event(1, "start", {"log_before": between}, log=NEWER)))
    whole.ledger(60, entry(2, log=NEWER))
    assert whole.says(between) == "not provable yet: the next ledger will tell"
    assert not whole.auditor.verdict().complete


def test_a_log_before_that_had_its_end_before_we_listened_is_not_asked_for(late: Listening) -> None:
    late.data(pack(event(106, "start", {"log_before": "zzzzzzz2"})))
    late.ledger(60, entry(107))
    assert late.auditor.verdict().complete


def test_a_revision_or_gap_of_a_log_that_ended_before_we_listened_asks_for_nothing(
    late: Listening,
) -> None:
    late.data(
        pack(
            reading(106, of=7, of_log=NEWER),
            event(107, "gap", {"log": "zzzzzzz2", "from": 1, "to": 9, "reason": "disk"}),
        )
    )
    late.ledger(60, entry(108))
    assert late.auditor.verdict().complete
    assert [log.log for log in late.auditor.verdict().stations[0].logs] == [LOG]


def test_of_a_log_whose_last_numbers_come_as_we_begin_to_listen_nothing_is_asked() -> None:
    listening = Listening()
    listening.numbers(91, 105)
    for second in (30, 60):
        listening.ledger(second, entry(1, log=NEWER))
    assert listening.says() == "complete as of 2026-11-23T12:01:00Z, closed"
    assert listening.auditor.verdict().complete


def test_a_new_log_is_not_closed_because_a_ledger_is_older_than_it(late: Listening) -> None:
    late.ledger(60, entry(106))
    late.numbers(1, 5, NEWER)
    late.ledger(90, entry(106))
    late.numbers(6, 9, NEWER)
    late.ledger(120, entry(106), entry(10, [(7, 9)], log=NEWER))
    late.ledger(90, entry(106))
    assert late.log(NEWER).state is State.COMPLETE
    assert not late.log(NEWER).closed


def test_a_log_that_nobody_has_ever_listed_is_not_provable_where_all_of_it_had_to_come(
    whole: Listening,
) -> None:
    whole.numbers(1, 5)
    for second in (30, 60, 90):
        whole.ledger(second, entry(1, log=NEWER))
    assert whole.log().state is State.UNPROVED, "nobody has said where it ends"


def test_stations_do_not_mix() -> None:
    auditor = Auditor(whole=True)
    for station, last in (("chu-01", 10), ("chu-02", 9)):
        auditor.take(f"aryk/{station}/data", readings(range(1, last + 1)))
        auditor.take(f"aryk/{station}/ledger", ledger(30, entry(11)))
    first, second = auditor.verdict().stations
    assert (first.complete, second.complete) == (True, False)
    assert not auditor.verdict().complete


# What nobody should send.


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("data", b""),
        ("data", b"\x00"),
        ("data", b"[" * 100_000),
        ("data", b"x\x9c" + b"\x00" * 20),
        ("backfill", b'[{"n":"chu-01/a/b","u":"m","t":1795435200.0,"v":1.0,"q":2}]'),
        ("ledger", b"[]"),
        ("ledger", b'{"time":"yesterday","session":1,"logs":[]}'),
        ("ledger", b'{"time":"2026-11-23T12:00:00","session":1,"logs":[]}'),
        ("ledger", b'{"time":"2026-11-23T12:00:00Z","session":"1","logs":[]}'),
        ("ledger", b"{" * 100_000),
        ("ledger", ledger(0, entry(11), entry(11))),
        ("ledger", ledger(0, entry(11, [(3, 2)]))),
        ("ledger", ledger(0, entry(11, [(0, 2)]))),
        ("ledger", ledger(0, entry(11, [(9, 11)]))),
        ("ledger", ledger(0, entry(11, gaps=[(9, 11, "full")]))),
        ("ledger", ledger(0, entry(0))),
        ("ledger", ledger(0, {**entry(11), "gaps_from": "7"})),
        ("ledger", ledger(0, {**entry(11), "waiting": [[1]]})),
        ("ledger", ledger(0, entry(11, log="../../etc"))),
        ("status", b"\xff"),
    ],
)
def test_what_cannot_be_read_is_counted_and_shown_and_changes_nothing(
    whole: Listening, topic: str, payload: bytes
) -> None:
    whole.numbers(1, 10)
    before = whole.auditor.verdict().stations
    whole.data(payload, topic)
    verdict = whole.auditor.verdict()
    assert verdict.stations == before
    [(what, count)] = verdict.malformed.items()
    assert what.startswith(f"aryk/chu-01/{topic}: ")
    assert count == 1


def test_an_event_that_cannot_be_read_counts_as_a_number_and_spoils_no_other(
    whole: Listening,
) -> None:
    whole.data(
        pack(
            event(1, "gap", {"from": 5, "to": 2}),
            event(2, "gap", "no object"),
            event(3, "gap", {"from": 4, "to": 6, "reason": "full"}),
            reading(7),
        )
    )
    whole.ledger(30, {**entry(8), "gaps_from": 8})
    assert whole.log().state is State.COMPLETE
    assert sum(whole.auditor.verdict().malformed.values()) == 2


def test_topics_of_others_are_passed_over(whole: Listening) -> None:
    for topic in ("aryk/chu-01/latest/a/b", "aryk/chu-01", "other/chu-01/data", "aryk/CHU/data"):
        whole.auditor.take(topic, b"nonsense")
    assert whole.auditor.verdict().messages == 0
    assert not whole.auditor.verdict().malformed


def test_what_is_malformed_in_endless_ways_does_not_fill_the_memory() -> None:
    auditor = Auditor()
    for number in range(1000):
        auditor.take(f"aryk/a-{number}/data", b"nonsense")
    assert len(auditor.verdict().malformed) <= 51
    assert sum(auditor.verdict().malformed.values()) == 1000


def test_words_from_outside_can_not_write_to_a_terminal(whole: Listening) -> None:
    whole.ledger(30, entry(3, gaps=[(1, 2, "\x1b[31mred\n" * 30)]))
    assert whole.notes() == ["in a gap, " + ("?[31mred?" * 30)[:60] + ": 1 to 2"]
